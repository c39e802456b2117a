//! The address plan on a real host: far more networks than the engine has pools for.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use ipnet::Ipv4Net;
use serde_json::{Value, json};

use crate::support::{Host, Portolan, create, eventually, unique};

/// The engine's own pools end at about thirty.
const MANY: usize = 300;
/// Who ask for them. A database that three hundred ask at once on a machine that does other work answers some of
/// them that it is busy, as it should.
const CALLERS: usize = 50;

#[tokio::test]
#[ignore = "needs the lab"]
async fn three_hundred_destinations_on_one_host() -> Result<()> {
    let host = Host::find("delta")?;
    let prefix = unique("many");
    // Dropped after the control plane, which would make again what is removed.
    let _gone = Networks { host: &host, prefix: prefix.clone() };
    let portolan = Portolan::start()?;
    let server = portolan.add_server(&host, "root")?;
    let api = portolan.api()?;
    let made = at_once((0..MANY).map(|n| {
        let body = json!({ "server_id": server["id"], "network": format!("{prefix}-{n}") });
        let api = api.clone();
        async move { api.create(&body).await }
    }))
    .await?;

    // Docker has them all, each with the subnet that was planned, and no two overlap.
    let networks = host.subnets_of(&prefix)?;
    assert_eq!(networks.len(), MANY);
    let planned: BTreeSet<Ipv4Net> = made
        .iter()
        .map(|one| one["planned"]["subnet"].as_str().context("a subnet")?.parse().context("a net"))
        .collect::<Result<_>>()?;
    assert_eq!(networks.values().copied().collect::<BTreeSet<_>>(), planned);
    let mut sorted: Vec<Ipv4Net> = planned.into_iter().collect();
    sorted.sort();
    let overlaps = sorted.windows(2).any(|pair| pair[0].broadcast() >= pair[1].network());
    ensure!(sorted.len() == MANY && !overlaps, "subnets overlap: {sorted:?}");

    // They are networks that work: two containers meet on the last one.
    let last = format!("{prefix}-{}", MANY - 1);
    let (one, other) = (unique("one"), unique("other"));
    let one = host.container(&last, &one)?;
    let other = host.container(&last, &other)?;
    let url = format!("http://{}/", other.name);
    eventually("the containers meet", || {
        Ok(one
            .succeeds(&["wget", "-q", "-t", "1", "-T", "5", "-O", "/dev/null", &url])?
            .then_some(()))
    })?;
    drop((one, other));

    let shown = portolan.json(&["addresses", "show", "--server", "delta"])?;
    let used = shown["ipv4"]["used"].as_u64().context("a count")?;
    ensure!(used >= MANY as u64, "{used} subnets are used: {}", shown["ipv4"]);
    let picture = portolan.run(&["addresses", "chart", "--server", "delta"])?;
    ensure!(picture.matches(&prefix).count() >= MANY, "destinations are missing in the picture");

    at_once(made.iter().map(|one| {
        let (api, id) = (api.clone(), one["id"].as_str().unwrap_or_default().to_owned());
        async move { api.remove(&id).await }
    }))
    .await?;
    ensure!(host.subnets_of(&prefix)?.is_empty(), "networks are left");
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn an_exhausted_plan_is_explained_before_anything_is_made() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "root")?;
    portolan.run(&["server", "edit", "bravo", "--pool", "10.213.96.0/28:29"])?;
    let networks = [unique("tiny"), unique("tiny")];
    for network in &networks {
        portolan.create("bravo", network)?;
    }
    let late = unique("late");
    let said = portolan.refuse(&create("bravo", &late))?;
    ensure!(said.contains("all 2 subnets of 10.213.96.0/28:29 are taken"), "no counts: {said}");
    ensure!(said.contains("2 by destinations of this server"), "no cause: {said}");
    ensure!(said.contains("hint:") && said.contains("server edit --pool"), "no way out: {said}");
    ensure!(host.networks(&late)?.is_empty(), "something was made");
    // The way out works.
    portolan.run(&["server", "edit", "bravo", "--pool", "10.213.96.0/27:29"])?;
    portolan.create("bravo", &late)?;
    for network in networks.iter().chain([&late]) {
        portolan.remove(network)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn routes_of_a_host_are_kept_clear_of() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "operator")?;
    let shown = eventually("the host was looked at", || {
        let shown = portolan.json(&["addresses", "show", "--server", "bravo"])?;
        Ok((!shown["seen_at"].is_null()).then_some(shown))
    })?;
    // The link by which the host is reached.
    let ranges = shown["ranges"].as_array().context("ranges")?;
    let link = ranges.iter().find(|range| range["kind"] == "route");
    let link = link.and_then(|range| range["range"].as_str()).context("no route was seen")?;
    let mut inside = link.parse::<Ipv4Net>()?.subnets(29)?;
    let subnet = inside.next().context("a subnet")?.to_string();
    let network = unique("route");
    let command = create("bravo", &network);
    let said = portolan.refuse(&[&command[..], &["--subnet", &subnet]].concat())?;
    ensure!(said.contains("overlaps a route of the host"), "{said}");
    ensure!(host.networks(&network)?.is_empty(), "something was made");
    Ok(())
}

/// Networks of a test that failed before it removed them.
struct Networks<'a> {
    host: &'a Host,
    prefix: String,
}

impl Drop for Networks<'_> {
    fn drop(&mut self) {
        let Ok(left) = self.host.subnets_of(&self.prefix) else { return };
        if !left.is_empty() {
            let names = left.keys().map(String::as_str);
            let remove: Vec<&str> = ["network", "rm"].into_iter().chain(names).collect();
            drop(self.host.try_docker(&remove));
        }
    }
}

/// Many at once; the first failure ends it.
async fn at_once<F>(work: impl Iterator<Item = F>) -> Result<Vec<Value>>
where
    F: Future<Output = Result<Value>>,
{
    stream::iter(work).buffered(CALLERS).try_collect().await
}
