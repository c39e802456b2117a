//! Destinations that truly exist: seen by Docker itself, joined by containers, kept apart.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, create, eventually, unique};

#[test]
#[ignore = "needs the lab"]
fn a_destination_exists_and_does_what_a_network_does() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    portolan.add_server(&host, "deploy")?;
    let (shop, other) = (unique("shop"), unique("other"));
    for network in [&shop, &other] {
        portolan.create("alpha", network)?;
    }

    let inspected: Value = serde_json::from_str(&host.docker(&["network", "inspect", &shop])?)?;
    let shown = portolan.json(&["destination", "show", &shop])?;
    assert_eq!(inspected[0]["Driver"], "bridge");
    assert_eq!(inspected[0]["Id"], shown["observed"]["docker_id"]);
    assert_eq!(inspected[0]["IPAM"]["Config"][0]["Subnet"], shown["observed"]["subnets"][0]);
    assert_eq!(inspected[0]["Labels"]["dev.portolan.destination"], shown["id"]);

    // Within a destination containers find each other by name; another destination is out of reach.
    let (web, db) = (unique("web"), unique("db"));
    let web = host.container(&shop, &web)?;
    let db = host.container(&shop, &db)?;
    let stranger = host.container(&other, &unique("stranger"))?;
    let reach = |address: &str| format!("http://{address}/");
    eventually("the container answers by name", || {
        Ok(web
            .succeeds(&["wget", "-q", "-t", "1", "-T", "5", "-O", "/dev/null", &reach(&db.name)])?
            .then_some(()))
    })?;
    let address = db.address()?;
    ensure!(
        web.succeeds(&["wget", "-q", "-t", "1", "-T", "5", "-O", "/dev/null", &reach(&address)])?,
        "not by address"
    );
    ensure!(
        !stranger.succeeds(&["getent", "hosts", &db.name])?,
        "another destination resolves the name"
    );
    ensure!(
        !stranger.succeeds(&[
            "wget",
            "-q",
            "-t",
            "1",
            "-T",
            "3",
            "-O",
            "/dev/null",
            &reach(&address)
        ])?,
        "another destination reaches the container"
    );

    // In use: refused by name, running or stopped, and traffic goes on.
    let said = portolan.refuse(&["destination", "remove", &shop, "--yes"])?;
    ensure!(said.contains(&web.name) && said.contains(&db.name), "{said}");
    ensure!(
        web.succeeds(&["wget", "-q", "-t", "1", "-T", "5", "-O", "/dev/null", &reach(&db.name)])?,
        "traffic was cut"
    );
    host.docker(&["stop", "-t", "0", &web.name])?;
    let name = db.name.clone();
    drop(db);
    let said = portolan.refuse(&["destination", "remove", &shop, "--yes"])?;
    ensure!(
        said.contains(&web.name) && !said.contains(&name),
        "a stopped container is in the way too: {said}"
    );
    drop((web, stranger));

    for network in [&shop, &other] {
        portolan.remove(network)?;
        ensure!(host.networks(network)?.is_empty(), "{network} is still there");
    }
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn every_option_is_what_docker_made() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "root")?;
    let network = unique("full");
    let options = [
        "--subnet",
        "10.99.7.0/24",
        "--gateway",
        "10.99.7.1",
        "--range",
        "10.99.7.128/25",
        "--mtu",
        "1400",
        "--label",
        "com.example.team=blue",
        "--ipv6",
        "--internal",
    ];
    portolan.run(&[&create("bravo", &network), &options[..]].concat())?;
    let inspected: Value = serde_json::from_str(&host.docker(&["network", "inspect", &network])?)?;
    let inspected = &inspected[0];
    let v4 = &inspected["IPAM"]["Config"][0];
    assert_eq!(
        (v4["Subnet"].as_str(), v4["Gateway"].as_str(), v4["IPRange"].as_str()),
        (Some("10.99.7.0/24"), Some("10.99.7.1"), Some("10.99.7.128/25"))
    );
    assert_eq!(inspected["Internal"], true);
    assert_eq!(inspected["EnableIPv6"], true);
    assert_eq!(inspected["Options"]["com.docker.network.driver.mtu"], "1400");
    assert_eq!(inspected["Options"]["com.docker.network.bridge.enable_icc"], "true");
    assert_eq!(inspected["Labels"]["com.example.team"], "blue");
    portolan.remove(&network)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn docker_refuses_in_its_own_words() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "root")?;
    let refused = |network: &str, more: &[&str]| -> Result<String> {
        portolan.refuse(&[&create("bravo", network), more].concat())
    };

    // A stranger's network of that name is neither taken nor removed.
    let taken = unique("taken");
    host.docker(&["network", "create", "--subnet", "10.98.1.0/24", &taken])?;
    let said = refused(&taken, &[])?;
    ensure!(said.contains("already exists on server `bravo`") && said.contains("adopt"), "{said}");
    portolan.remove(&taken)?;
    assert_eq!(host.networks(&taken)?.len(), 1, "a stranger's network was removed");

    let overlap = unique("overlap");
    let said = refused(&overlap, &["--subnet", "10.98.1.0/25"])?;
    ensure!(said.contains("overlaps") && said.contains("hint:"), "{said}");
    ensure!(said.contains(&taken) && host.networks(&overlap)?.is_empty(), "{said}");
    host.docker(&["network", "rm", &taken])?;
    // With the cause gone, and that seen, it works.
    let again = [&create("bravo", &overlap)[..], &["--subnet", "10.98.1.0/25"]].concat();
    eventually("the subnet is free", || Ok((portolan.try_run(&again)?.code == 0).then_some(())))?;
    portolan.remove(&overlap)?;

    let duplicate = unique("twice");
    portolan.create("bravo", &duplicate)?;
    let said = refused(&duplicate, &[])?;
    ensure!(said.contains("Network already added to this server."), "{said}");
    portolan.remove(&duplicate)?;
    Ok(())
}
