//! Changes in place of an overlay: containers of two nodes and a service, which reach each other by
//! name throughout.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Swarm, inspected, servers};
use crate::support::{Container, Host, Portolan, create, eventually_within, unique};

/// Asks under each of the names without pause, and writes down what does not answer.
fn ask(names: &[&str]) -> String {
    let names = names.join(" ");
    format!(
        "while :; do for name in {names}; do at=$(date +%s%3N); \
         wget -q -t 1 -T 1 -O /dev/null http://$name/ && how=ok || how=no; \
         echo $name $at $how; done; done > /tmp/log 2>&1"
    )
}

/// Milliseconds of the widest gap between two answers under a name, and how many there were.
fn answers(client: &Container, name: &str) -> Result<(u64, usize)> {
    let log = client.says(&["cat", "/tmp/log"])?;
    let ok = log.lines().filter_map(|line| line.strip_prefix(name)?.strip_suffix(" ok"));
    let at: Vec<u64> = ok.filter_map(|at| at.trim().parse().ok()).collect();
    let widest = at.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    Ok((widest, at.len()))
}

/// A service that is found by its tasks: the lab's kernel has no IPVS for addresses of services.
pub(super) struct Service<'a> {
    manager: &'a Host,
    pub(super) name: String,
}

impl<'a> Service<'a> {
    pub(super) fn create(manager: &'a Host, network: &str, alias: &str) -> Result<Self> {
        let name = unique("shop");
        let attach = format!("name={network},alias={alias}");
        manager.docker(&[
            "service",
            "create",
            "--name",
            &name,
            "--network",
            &attach,
            "--replicas",
            "2",
            "--endpoint-mode",
            "dnsrr",
            "--update-monitor",
            "1s",
            "--update-order",
            "start-first",
            "--stop-grace-period",
            "2s",
            "--no-resolve-image",
            "--detach",
            "echo:1",
        ])?;
        Ok(Self { manager, name })
    }

    fn networks(&self) -> Result<Value> {
        let format = "{{json .Spec.TaskTemplate.Networks}}";
        let text = self.manager.docker(&["service", "inspect", "-f", format, &self.name])?;
        Ok(serde_json::from_str(&text)?)
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // The swarm may be dissolved already.
        drop(self.manager.try_docker(&["service", "rm", &self.name]));
    }
}

fn reaches(from: &Container, name: &str) -> Result<()> {
    let url = format!("http://{name}/");
    let wget = ["wget", "-q", "-t", "1", "-T", "3", "-O", "/dev/null", &url];
    eventually_within(Duration::from_secs(40), &format!("`{name}` answers"), || {
        Ok(from.succeeds(&wget)?.then_some(()))
    })
}

/// What an overlay is made by can be changed under its members, wherever they run.
#[test]
#[ignore = "needs the lab"]
fn an_overlay_changes_under_requests() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("sea");
    let subnet = ["--subnet", "10.91.7.0/24"];
    portolan.run(&[&create("echo", &network), &subnet[..]].concat())?;
    let alias = |name| ["--network-alias", name];
    let web = swarm.echo().container_with(&network, &unique("web"), &alias("www"))?;
    let db = swarm.golf().container_with(&network, &unique("db"), &alias("postgres"))?;
    let job = swarm.golf().container_with(&network, &unique("job"), &alias("cron"))?;
    let shop = Service::create(swarm.echo(), &network, "store")?;
    for name in ["store", "postgres"] {
        reaches(&web, name)?;
    }
    reaches(&db, "www")?;
    swarm.golf().docker(&["stop", "-t", "0", &job.name])?;
    swarm.echo().docker(&["exec", "-d", &web.name, "sh", "-c", &ask(&["store", "postgres"])])?;
    eventually_within(Duration::from_mins(1), "all tasks of the service run", || {
        let ps = ["service", "ps", "-f", "desired-state=running", "--format", "{{.CurrentState}}"];
        let said = swarm.echo().docker(&[&ps[..], &[&shop.name]].concat())?;
        let running = said.lines().filter(|line| line.starts_with("Running")).count();
        Ok((running == 2).then_some(()))
    })?;

    let seen = portolan.json(&["destination", "edit", &network, "--mtu", "1400", "--dry-run"])?;
    let affected: Vec<&str> = seen["affected"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["name"].as_str())
        .collect();
    for name in [&web.name, &db.name, &job.name, &shop.name] {
        ensure!(affected.contains(&name.as_str()), "no {name} in {seen}");
    }
    let edit =
        ["destination", "edit", &network, "--subnet", "10.92.7.0/24", "--mtu", "1400", "--yes"];
    let operation = portolan.json(&edit)?;
    assert_eq!(operation["state"], "succeeded", "{operation}");
    assert_eq!(operation["result"]["services"][0]["restarts"], 4, "{operation}");
    let containers = operation["result"]["containers"].as_array().context("containers")?;
    assert_eq!(containers.len(), 3, "{operation}");
    for name in ["store", "postgres"] {
        let (widest, count) = answers(&web, name)?;
        tell(name, widest, count, containers);
        ensure!(count > 20, "{name}: only {count} answers");
        ensure!(widest < 20_000, "{name}: {widest} ms without an answer");
    }

    // The network is another, with the same members by the same names.
    for host in [swarm.echo(), swarm.foxtrot()] {
        let seen = inspected(host, &network)?;
        assert_eq!(seen["IPAM"]["Config"][0]["Subnet"], "10.92.7.0/24");
        assert_eq!(seen["Options"]["com.docker.network.driver.mtu"], "1400");
    }
    let targets = shop.networks()?;
    assert_eq!(targets.as_array().map(Vec::len), Some(1), "{targets}");
    assert_eq!(targets[0]["Aliases"][0], "store", "{targets}");
    for (container, alias) in [(&web, "www"), (&db, "postgres")] {
        let places = container.places()?;
        ensure!(places.keys().eq([&network]), "{places:?}");
        ensure!(places[&network]["Aliases"].to_string().contains(alias), "{places:?}");
        ensure!(
            places[&network]["IPAddress"].as_str().is_some_and(|ip| ip.starts_with("10.92.7."))
        );
    }
    for name in ["store", "postgres", &shop.name] {
        reaches(&web, name)?;
    }
    reaches(&db, "www")?;
    swarm.golf().docker(&["start", &job.name])?;
    reaches(&web, "cron")?;

    let operation = portolan.json(&["destination", "edit", &network, "--label", "a=b", "--yes"])?;
    assert_eq!(operation["state"], "succeeded", "{operation}");
    assert_eq!(inspected(swarm.foxtrot(), &network)?["Labels"]["a"], "b");
    reaches(&web, "store")?;
    reaches(&db, "www")?;
    drop((web, db, job, shop));
    eventually_within(Duration::from_secs(30), "it can be removed", || {
        let said = portolan.try_run(&["destination", "remove", &network, "--yes"])?;
        Ok((said.code == 0).then_some(()))
    })
}

/// For whoever reads the test's output: what was measured.
#[expect(clippy::print_stderr, reason = "measurements are for the reader of the test's output")]
fn tell(name: &str, widest: u64, count: usize, containers: &[Value]) {
    let gaps: Vec<String> = containers.iter().map(|one| one["gap_ms"].to_string()).collect();
    eprintln!("{name}: {count} answers, widest gap {widest} ms; by portolan: {}", gaps.join(", "));
}
