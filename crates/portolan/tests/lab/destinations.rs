//! Destinations that truly exist: seen by Docker itself, joined by containers, kept apart.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, eventually, unique};

#[test]
#[ignore = "needs the lab"]
fn a_destination_exists_and_does_what_a_network_does() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    portolan.add_server(&host, "deploy")?;
    let (shop, other) = (unique("shop"), unique("other"));
    for network in [&shop, &other] {
        portolan.run(&[
            "destination",
            "create",
            "--server",
            "alpha",
            "--network",
            network,
            "--name",
            network,
        ])?;
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
            .succeeds(&["wget", "-q", "-T", "5", "-O", "/dev/null", &reach(&db.name)])?
            .then_some(()))
    })?;
    let address = db.address()?;
    ensure!(
        web.succeeds(&["wget", "-q", "-T", "5", "-O", "/dev/null", &reach(&address)])?,
        "not by address"
    );
    ensure!(
        !stranger.succeeds(&["getent", "hosts", &db.name])?,
        "another destination resolves the name"
    );
    ensure!(
        !stranger.succeeds(&["wget", "-q", "-T", "3", "-O", "/dev/null", &reach(&address)])?,
        "another destination reaches the container"
    );

    // In use: refused by name, running or stopped, and traffic goes on.
    let said = portolan.refuse(&["destination", "remove", &shop, "--yes"])?;
    ensure!(said.contains(&web.name) && said.contains(&db.name), "{said}");
    ensure!(
        web.succeeds(&["wget", "-q", "-T", "5", "-O", "/dev/null", &reach(&db.name)])?,
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
        portolan.run(&["destination", "remove", network, "--yes"])?;
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
    portolan.run(&[
        "destination",
        "create",
        "--server",
        "bravo",
        "--network",
        &network,
        "--name",
        &network,
        "--subnet",
        "10.99.7.0/24",
        "--gateway",
        "10.99.7.1",
        "--range",
        "10.99.7.128/25",
        "--ipv6",
        "--internal",
        "--mtu",
        "1400",
        "--label",
        "com.example.team=blue",
    ])?;
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
    portolan.run(&["destination", "remove", &network, "--yes"])?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn docker_refuses_in_its_own_words() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "root")?;
    let create = |network: &str, more: &[&str]| -> Result<String> {
        let args =
            ["destination", "create", "--server", "bravo", "--network", network, "--name", network];
        portolan.refuse(&[&args, more].concat())
    };

    // A stranger's network of that name is neither taken nor removed.
    let taken = unique("taken");
    host.docker(&["network", "create", "--subnet", "10.98.1.0/24", &taken])?;
    let said = create(&taken, &[])?;
    ensure!(said.contains("already exists on server `bravo`") && said.contains("adopt"), "{said}");
    portolan.run(&["destination", "remove", &taken, "--yes"])?;
    assert_eq!(host.networks(&taken)?.len(), 1, "a stranger's network was removed");

    let overlap = unique("overlap");
    let said = create(&overlap, &["--subnet", "10.98.1.0/25"])?;
    ensure!(said.contains("overlaps") && said.contains("hint:"), "{said}");
    host.docker(&["network", "rm", &taken])?;
    // With the cause gone a retry works.
    portolan.run(&["destination", "retry", &overlap])?;
    portolan.run(&["destination", "remove", &overlap, "--yes"])?;

    let duplicate = unique("twice");
    portolan.run(&[
        "destination",
        "create",
        "--server",
        "bravo",
        "--network",
        &duplicate,
        "--name",
        &duplicate,
    ])?;
    let said = create(&duplicate, &[])?;
    ensure!(said.contains("Network already added to this server."), "{said}");
    portolan.run(&["destination", "remove", &duplicate, "--yes"])?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_network_that_somebody_removes_is_back_in_two_seconds() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    portolan.add_server(&host, "root")?;
    let network = unique("kept");
    portolan.run(&[
        "destination",
        "create",
        "--server",
        "alpha",
        "--network",
        &network,
        "--name",
        &network,
    ])?;
    let before = portolan.json(&["destination", "show", &network])?;
    host.docker(&["network", "rm", &network])?;
    let gone = std::time::Instant::now();
    let id = eventually("the network is back", || Ok(host.networks(&network)?.pop()))?;
    ensure!(gone.elapsed().as_secs() < 2, "it took {:?}", gone.elapsed());
    eventually("the row has the new network", || {
        let shown = portolan.json(&["destination", "show", &network])?;
        Ok((shown["state"] == "ready" && shown["observed"]["docker_id"] == id.as_str())
            .then_some(()))
    })?;
    assert_ne!(before["observed"]["docker_id"], id.as_str());
    let events = portolan.json(&["event", "list"])?;
    let kinds = events.to_string();
    ensure!(
        kinds.contains("destination.drifted") && kinds.contains("destination.repaired"),
        "{kinds}"
    );
    portolan.run(&["destination", "remove", &network, "--yes"])?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn exhausted_pools_are_explained() -> Result<()> {
    let portolan = Portolan::start()?;
    // No other test makes networks from the pools of this host.
    let host = Host::find("charlie")?;
    portolan.add_server(&host, "root")?;
    let mut filled = Vec::new();
    let words = loop {
        let name = unique("filler");
        let said = host.try_docker(&["network", "create", &name])?;
        if said.code != 0 {
            break said.err;
        }
        filled.push(name);
        ensure!(filled.len() < 200, "the pools have no end");
    };
    let network = unique("late");
    let create =
        ["destination", "create", "--server", "charlie", "--network", &network, "--name", &network];
    let said = portolan.refuse(&create)?;
    let cause = words.rsplit(": ").next().context("Docker's words")?.trim();
    ensure!(said.contains(cause), "no {cause:?} in {said}");
    ensure!(said.contains("--subnet"), "no way out: {said}");
    portolan.run(&["destination", "remove", &network, "--yes"])?;
    // The way out works.
    portolan.run(&[&create[..], &["--subnet", "10.97.3.0/24"]].concat())?;
    portolan.run(&["destination", "remove", &network, "--yes"])?;
    for name in filled {
        host.docker(&["network", "rm", &name])?;
    }
    Ok(())
}
