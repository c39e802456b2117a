//! Further places of an application on real hosts: the very image out of a registry with a login, followed
//! when the first place deploys.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, create, eventually, unique};

const REGISTRY: &str = "10.88.0.2:5001";

fn login(portolan: &Portolan) -> Result<()> {
    let file = portolan.path("password");
    std::fs::write(&file, "open sesame")?;
    let typed = ["registry", "add", "lab", "--host", REGISTRY, "--user", "robot"];
    portolan.run(&[&typed[..], &["--password-file", &file]].concat()).map(drop)
}

/// The only place of an application.
fn place(portolan: &Portolan, name: &str) -> Result<Value> {
    let listed = portolan.json(&["app", "place", "list", name])?;
    listed["items"].get(0).cloned().context("a place")
}

#[test]
#[ignore = "needs the lab"]
fn an_application_runs_on_two_hosts_and_is_followed() -> Result<()> {
    let (portolan, here, there) = (Portolan::start()?, Host::find("alpha")?, Host::find("delta")?);
    login(&portolan)?;
    let networks = [unique("here"), unique("there")];
    for (host, network) in [&here, &there].into_iter().zip(&networks) {
        portolan.add_server(host, "deploy")?;
        portolan.run(&create(&host.name, network))?;
    }
    let (project, name) = (unique("project"), unique("web").chars().take(20).collect::<String>());
    portolan.run(&["project", "create", &project])?;
    let (environment, image) =
        (format!("{project}/production"), format!("{REGISTRY}/library/caddy:2"));
    let add = ["app", "add", &name, "--environment", &environment, "--image", &image];
    let more = ["--destination", &networks[0], "--port", "80", "--volume", "data:/data"];
    portolan.run(&[&add[..], &more, &["--stop-within", "1", "--deploy"]].concat())?;

    let added = portolan.run(&["app", "place", "add", &name, &networks[1]])?;
    ensure!(added.contains("place of"), "{added}");
    let first = place(&portolan, &name)?;
    let spec = first["spec"]["image"].as_str().context("an image")?;
    ensure!(spec.contains("/library/caddy@sha256:"), "{spec}");
    let container = |place: &Value| place["container"].as_str().map(str::to_owned);
    let before = container(&first).context("a container")?;
    let runs = there.docker(&["inspect", "--format", "{{.Config.Image}}", &before])?;
    let id = ["image", "inspect", "--format", "{{.Id}}"];
    let ids =
        [here.docker(&[&id[..], &[&image]].concat())?, there.docker(&[&id[..], &[spec]].concat())?];
    ensure!(ids[0] == ids[1], "{ids:?}, and it runs {runs}");

    portolan.run(&["app", "env", "set", &name, "MODE=live"])?;
    portolan.run(&["app", "deploy", &name])?;
    let after = eventually("the place follows", || {
        let now = place(&portolan, &name)?;
        let is_new = container(&now).is_some_and(|name| name != before);
        Ok((is_new && now["state"] == "running" && now["changed"] == false).then_some(now))
    })?;
    let name_there = container(&after).context("a container")?;
    let variables = there.docker(&["inspect", "--format", "{{.Config.Env}}", &name_there])?;
    ensure!(variables.contains("MODE=live"), "{variables}");
    portolan.refuse(&["app", "remove", &name, "--yes"])?;
    portolan.run(&["app", "place", "remove", &name, &networks[1], "--volumes", "--yes"])?;
    portolan.run(&["app", "remove", &name, "--volumes", "--yes"])?;
    networks.iter().try_for_each(|network| portolan.remove(network))?;
    for (host, image) in [(&here, image.as_str()), (&there, spec)] {
        host.docker(&["image", "rm", image])?;
    }
    Ok(())
}
