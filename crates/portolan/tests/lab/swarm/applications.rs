//! An application on a real swarm: a replica on each node, found by its names and behind a proxy,
//! replaced under requests, and whole again without a node that was lost.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    Swarm,
    proxy::{Proxies, set},
    servers,
};
use crate::{
    proxies::undisturbed::visit,
    support::{Host, Portolan, eventually, eventually_within, unique},
};

/// Of the route that visitors ask for.
const ADDRESS: &str = "a.example.com";
/// A swarm misses a node only after a while.
const MISSED: Duration = Duration::from_secs(90);

/// The nodes on which its replicas run, sorted.
fn nodes(portolan: &Portolan, name: &str) -> Result<Vec<String>> {
    let tasks = portolan.json(&["app", "tasks", name])?;
    let tasks = tasks["items"].as_array().context("tasks")?;
    let runs = |task: &&Value| task["wanted"] == true && task["state"] == "running";
    let node = |task: &Value| task["node"].as_str().map(str::to_owned);
    let mut nodes: Vec<String> = tasks.iter().filter(runs).filter_map(node).collect();
    nodes.sort();
    Ok(nodes)
}

/// How often each status came, and how often none, until it is over.
fn visits(host: &Host, over: &AtomicBool) -> Result<(BTreeMap<String, usize>, usize)> {
    let (mut answers, mut cut) = (BTreeMap::new(), 0);
    while !over.load(Ordering::Relaxed) {
        *answers.entry(visit(host, &mut cut)?).or_default() += 1;
    }
    Ok((answers, cut))
}

#[test]
#[ignore = "needs the lab"]
fn an_application_outlives_updates_and_a_node() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let _proxies = Proxies::none_yet([swarm.echo(), swarm.foxtrot()])?;
    let mut portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let (network, project, name) = (unique("sea"), unique("shop"), unique("web"));
    portolan.create("echo", &network)?;
    set(&portolan, "echo", "caddy")?;
    portolan.run(&["project", "create", &project])?;
    let environment = format!("{project}/production");
    let add = ["app", "add", &name, "--environment", &environment, "--destination", &network];
    // The lab's kernel has no IPVS.
    let more = ["--image", "echo:1", "--port", "80", "--replicas", "3", "--balance", "names"];
    let check = "wget -q -t 1 -T 2 -O /dev/null http://127.0.0.1/";
    let health = ["--health-command", check, "--health-interval", "1", "--alias", "store"];
    let plain = ["--stop-within", "2", "--deploy"];
    portolan.run(&[&add[..], &more, &health, &plain].concat())?;
    portolan.run(&["route", "add", ADDRESS, "--app", &name, "--https", "off"])?;
    assert_eq!(nodes(&portolan, &name)?, ["echo", "foxtrot", "golf"]);
    let other = swarm.foxtrot().container(&network, &unique("visitor"))?;
    for called in [name.as_str(), "store"] {
        eventually(&format!("`{called}` answers"), || {
            let url = format!("http://{called}/");
            let wget = ["wget", "-q", "-t", "1", "-T", "3", "-O", "/dev/null", &url];
            Ok(other.succeeds(&wget)?.then_some(()))
        })?;
    }
    drop(other);
    answers_again(swarm.echo())?;

    loses_nothing(&portolan, &swarm, &name)?;

    let fault = swarm.golf().fault("engine-stop")?;
    eventually_within(MISSED, "the others run what golf ran", || {
        let now = nodes(&portolan, &name)?;
        Ok((now.len() == 3 && !now.contains(&"golf".to_owned())).then_some(()))
    })?;
    answers_again(swarm.echo())?;
    eventually("it is whole", || {
        Ok((portolan.json(&["app", "show", &name])?["state"] == "running").then_some(()))
    })?;
    fault.clear();

    portolan.run(&["app", "remove", &name, "--yes"])?;
    let left = swarm.echo().docker(&["service", "ls", "-q"])?;
    ensure!(left.trim().is_empty(), "its service stays: {left}");
    portolan.run(&["proxy", "remove", "echo", "--force", "--yes"])?;
    portolan.kill()
}

/// Each of many requests in a row is answered.
fn answers_again(host: &Host) -> Result<()> {
    eventually_within(MISSED, "every request is answered", || {
        let mut cut = 0;
        for _ in 0..50 {
            if visit(host, &mut cut)? != "200" {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
}

/// While each of its replicas is replaced.
fn loses_nothing(portolan: &Portolan, swarm: &Swarm, name: &str) -> Result<()> {
    let over = AtomicBool::new(false);
    let (deployed, seen) = std::thread::scope(|scope| {
        let visitor = scope.spawn(|| visits(swarm.echo(), &over));
        let deployed = portolan.run(&["app", "deploy", name]);
        over.store(true, Ordering::Relaxed);
        (deployed, visitor.join())
    });
    deployed?;
    let (answers, _) = seen.map_err(|_| anyhow::anyhow!("the visitor panicked"))??;
    ensure!(answers.keys().eq(["200"]) && answers["200"] > 100, "{answers:?}");
    Ok(())
}
