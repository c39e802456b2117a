//! Removing a destination from a real host: shown first, then done exactly.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, create, unique};

/// Names of the networks that a container is on.
fn networks_of(host: &Host, container: &str) -> Result<String> {
    let format = "{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{end}}";
    host.docker(&["inspect", "-f", format, container])
}

#[test]
#[ignore = "needs the lab"]
fn containers_are_detached_as_previewed() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    let network = unique("net");
    portolan.run(&create("bravo", &network))?;
    let running = host.container(&network, &unique("run"))?;
    let stopped = unique("stop");
    host.docker(&["create", "--name", &stopped, "--network", &network, "echo:1"])?;

    let said = portolan.refuse(&["destination", "remove", &network, "--yes"])?;
    ensure!(said.contains(&running.name) && said.contains(&stopped), "{said}");
    let said = portolan.refuse(&["destination", "remove", &network, "--dry-run"])?;
    ensure!(said.contains("allowed") && said.contains("--detach"), "{said}");
    let preview = portolan.json(&["destination", "remove", &network, "--detach", "--dry-run"])?;
    let affected = preview["affected"].as_array().context("affected")?;
    let state =
        |name: &str| affected.iter().find(|one| one["name"] == name).map(|one| &one["state"]);
    assert_eq!(state(&running.name), Some(&Value::from("running")));
    assert_eq!(state(&stopped), Some(&Value::from("created")));
    ensure!(networks_of(&host, &running.name)?.contains(&network), "the preview disconnected it");

    portolan.run(&["destination", "remove", &network, "--detach", "--yes"])?;
    ensure!(host.networks(&network)?.is_empty(), "the network stayed");
    for name in [&running.name, &stopped] {
        ensure!(!networks_of(&host, name)?.contains(&network), "{name} is still on it");
    }
    host.docker(&["rm", &stopped])?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_proxy_on_the_network_and_its_routes_are_named() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    let network = unique("net");
    portolan.run(&create("bravo", &network))?;
    let (proxy, web) = (unique("edge"), unique("web"));
    let rule = "traefik.http.routers.web.rule=Host(`shop.example.com`)";
    host.docker(&["run", "-d", "--name", &proxy, "--network", &network, "traefik:v3"])?;
    let labelled = ["--network", &network, "--label", rule];
    host.docker(&[&["run", "-d", "--name", &web], &labelled[..], &["echo:1"]].concat())?;

    let preview = portolan.json(&["destination", "remove", &network, "--detach", "--dry-run"])?;
    assert_eq!(preview["dark_routes"][0]["rule"], "Host(`shop.example.com`)");
    assert_eq!(preview["dark_routes"][0]["container"], web.as_str());
    assert_eq!(preview["affected"][1]["kind"], "proxy");
    host.docker(&["rm", "-f", &proxy, &web])?;
    portolan.remove(&network)
}
