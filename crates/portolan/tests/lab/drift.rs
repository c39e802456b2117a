//! What is done about what somebody does to real networks and real proxies: in time, never as a
//! fight, and only as far as the policy says.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    proxies::{NAME, Stage, between_events},
    support::{Host, Portolan, create, eventually, unique},
};

/// The newest difference of a kind, where it is in a state.
fn newest(portolan: &Portolan, kind: &str, state: &str) -> Result<Option<Value>> {
    let listed = portolan.json(&["drift", "list", "--kind", kind])?;
    let newest = listed["items"].as_array().and_then(|all| all.first()).cloned();
    Ok(newest.filter(|drift| drift["state"] == state))
}

/// How many differences of a kind there are.
fn count(portolan: &Portolan, kind: &str) -> Result<usize> {
    let listed = portolan.json(&["drift", "list", "--all", "--kind", kind])?;
    Ok(listed["items"].as_array().map_or(0, Vec::len))
}

fn id(drift: &Value) -> Result<&str> {
    drift["id"].as_str().context("an id")
}

/// Does something again and again until it is asked about; answers how often it was repaired, and
/// what is asked.
fn fight(portolan: &Portolan, kind: &str, harm: impl Fn() -> Result<()>) -> Result<(usize, Value)> {
    let mut repaired = 0;
    loop {
        let before = count(portolan, kind)?;
        harm()?;
        let found = eventually("it is repaired, or asked about", || {
            if count(portolan, kind)? == before {
                return Ok(None);
            }
            let asked = newest(portolan, kind, "asked")?;
            Ok(match asked {
                Some(asked) => Some(Some(asked)),
                None => newest(portolan, kind, "healed")?.map(|_| None),
            })
        })?;
        match found {
            Some(asked) => return Ok((repaired, asked)),
            None => repaired += 1,
        }
        ensure!(repaired < 10, "it fights on");
    }
}

/// What is asked is listed, told with its way out, and mended when a person says so.
fn answered(portolan: &Portolan, asked: &Value) -> Result<()> {
    let id = id(asked)?;
    let listed = portolan.run(&["drift", "list", "--open"])?;
    ensure!(listed.contains(id) && listed.contains("asked"), "{listed}");
    let shown = portolan.run(&["drift", "show", id])?;
    ensure!(shown.contains("3 times within 10 minutes"), "{shown}");
    portolan.run(&["drift", "heal", id])?;
    let healed = portolan.json(&["drift", "show", id])?;
    ensure!(healed["state"] == "healed", "{healed}");
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_removed_network_heals_within_two_seconds() -> Result<()> {
    let (portolan, host) = (Portolan::start()?, Host::find("delta")?);
    portolan.add_server(&host, "deploy")?;
    let network = unique("drift");
    portolan.run(&create(&host.name, &network))?;
    for _ in 0..3 {
        let before = host.networks(&network)?;
        let since = host.docker(&["info", "--format", "{{.SystemTime}}"])?;
        host.docker(&["network", "rm", &network])?;
        eventually("the network is back", || {
            let now = host.networks(&network)?;
            Ok((now.len() == 1 && now != before).then_some(()))
        })?;
        let took = between_events(&host, since.trim(), &network, ["destroy", "create"])?;
        ensure!(took < Duration::from_secs(2), "{took:?}");
        eventually("it is on record", || {
            let healed = newest(&portolan, "missing", "healed")?;
            Ok(healed.filter(|drift| drift["before"]["docker_id"] == before[0].as_str()))
        })?;
    }
    portolan.run(&["destination", "remove", &network, "--yes"])?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_script_that_removes_a_network_is_asked_about() -> Result<()> {
    let (portolan, host) = (Portolan::start()?, Host::find("delta")?);
    portolan.add_server(&host, "deploy")?;
    let network = unique("drift");
    portolan.run(&create(&host.name, &network))?;
    let harm = || host.docker(&["network", "rm", &network]).map(drop);
    let (repaired, asked) = fight(&portolan, "missing", harm)?;
    assert_eq!(repaired, 3);
    ensure!(host.networks(&network)?.is_empty(), "it was made again");
    answered(&portolan, &asked)?;
    assert_eq!(host.networks(&network)?.len(), 1);
    portolan.run(&["destination", "remove", &network, "--yes"])?;
    Ok(())
}

fn is_on(host: &Host, network: &str) -> Result<bool> {
    let format = "{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{end}}";
    Ok(host.docker(&["inspect", "-f", format, NAME])?.contains(network))
}

#[test]
#[ignore = "needs the lab"]
fn a_script_that_disconnects_the_proxy_is_asked_about() -> Result<()> {
    let stage = Stage::set("charlie")?;
    stage.proxy("caddy", &[])?;
    let (network, _echo) = stage.echo()?;
    let host = &stage.host;
    eventually("the first attachment", || Ok(is_on(host, &network)?.then_some(())))?;
    let harm = || host.docker(&["network", "disconnect", &network, NAME]).map(drop);
    let (repaired, asked) = fight(&stage.portolan, "attachment-lost", harm)?;
    assert_eq!(repaired, 3);
    ensure!(!is_on(host, &network)?, "it was put back");
    answered(&stage.portolan, &asked)?;
    ensure!(is_on(host, &network)?, "it is off");
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_removed_proxy_is_left_to_people_who_want_it() -> Result<()> {
    let stage = Stage::set("charlie")?;
    stage.proxy("caddy", &[])?;
    let (network, echo) = stage.echo()?;
    stage.route("a.example.com", &network, &format!("{}:80", echo.name), &[])?;
    eventually("an answer", || Ok(stage.answers("a.example.com")?.then_some(())))?;
    let (portolan, host) = (&stage.portolan, &stage.host);
    for (policy, state) in [("ask", "asked"), ("tell", "told")] {
        let rule = format!("proxy-down={policy}");
        portolan.run(&["drift", "policy", "set", "--server", &host.name, "--kind", &rule])?;
        host.docker(&["rm", "-f", NAME])?;
        let found = eventually("it is on record", || newest(portolan, "proxy-down", state))?;
        let shown = portolan.json(&["proxy", "show", &host.name])?;
        ensure!(shown["state"] == "drifted", "{shown}");
        // Two looks later it is still left alone.
        for _ in 0..2 {
            portolan.run(&["server", "scan", &host.name])?;
        }
        ensure!(host.try_docker(&["inspect", NAME])?.code != 0, "{policy}: it was repaired");
        portolan.run(&["drift", "heal", id(&found)?])?;
        eventually("an answer", || Ok(stage.answers("a.example.com")?.then_some(())))?;
        let shown = portolan.json(&["proxy", "show", &host.name])?;
        ensure!(shown["state"] == "running", "{shown}");
    }
    Ok(())
}
