//! Proofs on a real host: a sound destination passes, each planted fault is named, and nothing of a
//! verification stays, not even after `kill -9`.

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::support::{Host, PATIENCE, Portolan, unique};

/// The checks by name: outcome and reason.
fn checks(portolan: &Portolan, destination: &str) -> Result<Vec<(String, String, String)>> {
    let said = portolan.try_run(&["destination", "verify", destination, "--json"])?;
    let operation: Value = serde_json::from_str(&said.out).with_context(|| said.err.clone())?;
    let checks = operation["result"]["checks"].as_array().context("checks")?;
    let failed = checks.iter().any(|check| check["outcome"] == "failed");
    ensure!((said.code == 1) == failed, "ended with {}: {}", said.code, said.err);
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    Ok(checks
        .iter()
        .map(|check| (text(check, "name"), text(check, "outcome"), text(check, "reason")))
        .collect())
}

fn outcome<'a>(checks: &'a [(String, String, String)], name: &str) -> Result<(&'a str, &'a str)> {
    let found = checks.iter().find(|(of, _, _)| of == name);
    let (_, outcome, reason) = found.with_context(|| format!("no check {name}: {checks:?}"))?;
    Ok((outcome, reason))
}

/// Probes and networks of verifications on a host.
fn left(host: &Host, label: &str) -> Result<Vec<String>> {
    let filter = format!("label={label}");
    let containers = host.docker(&["ps", "-aq", "--filter", &filter])?;
    let networks = host.docker(&["network", "ls", "-q", "--filter", &filter])?;
    Ok(containers.lines().chain(networks.lines()).map(str::to_owned).collect())
}

#[test]
#[ignore = "needs the lab"]
fn planted_faults_are_named() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    // A machine outside that answers: the lab's hosts have no gateway.
    portolan.add_server(&Host::find("alpha")?, "deploy")?;
    let sea = unique("verify-sea");
    portolan.create("bravo", &sea)?;

    let sound = checks(&portolan, &sea)?;
    for name in ["network", "name-resolution", "tcp-inside", "isolation-inward", "outbound"] {
        assert_eq!(outcome(&sound, name)?.0, "passed", "{sound:?}");
    }
    let listed = portolan.json(&["destination", "verifications", &sea])?;
    assert_eq!(listed["items"][0]["outcome"], "passed");

    let shown = portolan.json(&["destination", "show", &sea])?;
    let subnet = shown["observed"]["subnets"][0].as_str().context("a subnet")?;
    let rule = |act| ["iptables", act, "DOCKER-USER", "-s", subnet, "-j", "DROP"];
    host.as_root(&rule("-I"))?;
    let dropped = checks(&portolan, &sea);
    host.as_root(&rule("-D"))?;
    let dropped = dropped?;
    let (failed, reason) = outcome(&dropped, "tcp-inside")?;
    ensure!(failed == "failed" && reason.contains("firewall"), "{dropped:?}");
    assert_eq!(outcome(&dropped, "outbound")?.0, "failed");

    let quiet = unique("verify-quiet");
    let icc = "com.docker.network.bridge.enable_icc=false";
    host.docker(&["network", "create", "-o", icc, &quiet])?;
    let adopted = portolan.run(&["destination", "adopt", "--server", "bravo", &quiet]);
    let off = adopted.and_then(|_| checks(&portolan, &quiet));
    host.docker(&["network", "rm", &quiet])?;
    let off = off?;
    let (failed, reason) = outcome(&off, "tcp-inside")?;
    ensure!(failed == "failed" && reason.contains("enable_icc=false"), "{off:?}");
    portolan.remove(&sea)
}

#[test]
#[ignore = "needs the lab"]
fn nothing_of_a_verification_outlives_a_kill() -> Result<()> {
    let mut portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    let sea = unique("verify-sea");
    portolan.create("bravo", &sea)?;
    let begun = portolan.json(&["destination", "verify", &sea, "--no-wait"])?;
    let operation = begun["id"].as_str().context("an id")?.to_owned();
    let label = format!("dev.portolan.probe={operation}");
    until("a probe runs", || Ok(!left(&host, &label)?.is_empty()))?;
    portolan.kill_and_restart()?;
    let over = portolan.json(&["operation", "wait", &operation])?;
    assert_eq!(over["state"], "succeeded", "{over}");
    let stays = left(&host, &label)?;
    ensure!(stays.is_empty(), "left behind: {stays:?}");
    portolan.remove(&sea)
}

/// Each look is a process of its own: that is pause enough.
fn until(what: &str, is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if is_so()? {
            return Ok(());
        }
    }
    bail!("never happened: {what}")
}
