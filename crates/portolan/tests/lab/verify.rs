//! Proofs on a real host: a sound destination passes, each planted fault is named, and nothing of a
//! verification stays, not even after `kill -9`. Faults of proxies are in `proxies::verify`, those of
//! overlays in `swarm::verify`.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, eventually, unique};

/// The checks of a destination, as a verification left them.
pub(crate) struct Checks(Vec<Value>);

impl Checks {
    /// Verifies, and holds the command to its exit code.
    pub(crate) fn of(portolan: &Portolan, destination: &str) -> Result<Self> {
        let said = portolan.try_run(&["destination", "verify", destination, "--json"])?;
        let operation: Value = serde_json::from_str(&said.out).with_context(|| said.err.clone())?;
        let checks = operation["result"]["checks"].as_array();
        let checks = checks.with_context(|| format!("no checks: {operation}"))?.clone();
        let failed = checks.iter().any(|check| check["outcome"] == "failed");
        ensure!((said.code == 1) == failed, "ended with {}: {}", said.code, said.err);
        Ok(Self(checks))
    }

    fn find(&self, name: &str) -> Result<&Value> {
        let found = self.0.iter().find(|check| check["name"] == name);
        found.with_context(|| format!("no check {name}: {:?}", self.0))
    }

    /// Each of them was tried, and went well.
    pub(crate) fn passed(&self, names: &[&str]) -> Result<()> {
        for name in names {
            let check = self.find(name)?;
            ensure!(check["outcome"] == "passed", "{check}");
            ensure!(check["evidence"].as_array().is_some_and(|all| !all.is_empty()), "{check}");
        }
        Ok(())
    }

    /// It failed, for a reason with all these words, and says what to do.
    pub(crate) fn failed(&self, name: &str, words: &[&str]) -> Result<()> {
        let check = self.find(name)?;
        let reason = check["reason"].as_str().unwrap_or_default();
        ensure!(check["outcome"] == "failed", "{check}");
        ensure!(words.iter().all(|word| reason.contains(word)), "not {words:?}: {check}");
        ensure!(check["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{check}");
        Ok(())
    }

    /// It could not be tried, for a reason with this word: neither passed nor failed.
    pub(crate) fn untried(&self, name: &str, word: &str) -> Result<()> {
        let check = self.find(name)?;
        let reason = check["reason"].as_str().unwrap_or_default();
        ensure!(check["outcome"] == "skipped" && reason.contains(word), "{check}");
        Ok(())
    }

    pub(crate) fn has_passed(&self, name: &str) -> Result<bool> {
        Ok(self.find(name)?["outcome"] == "passed")
    }
}

/// Probes and networks of proofs on a host.
pub(crate) fn left(host: &Host, label: &str) -> Result<Vec<String>> {
    let filter = format!("label={label}");
    let containers = host.docker(&["ps", "-aq", "--filter", &filter])?;
    let networks = host.docker(&["network", "ls", "-q", "--filter", &filter])?;
    Ok(containers.lines().chain(networks.lines()).map(str::to_owned).collect())
}

/// A control plane with `bravo`, and a machine outside that answers: the lab's hosts have no gateway.
fn on_bravo() -> Result<(Portolan, Host)> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    portolan.add_server(&Host::find("alpha")?, "deploy")?;
    Ok((portolan, host))
}

#[test]
#[ignore = "needs the lab"]
fn a_rule_that_drops_is_named() -> Result<()> {
    let (portolan, host) = on_bravo()?;
    let sea = unique("verify-sea");
    portolan.create("bravo", &sea)?;
    let sound = Checks::of(&portolan, &sea)?;
    sound.passed(&["network", "name-resolution", "tcp-inside"])?;
    sound.passed(&["isolation-inward", "isolation-outward", "outbound"])?;
    let listed = portolan.json(&["destination", "verifications", &sea])?;
    assert_eq!(listed["items"][0]["outcome"], "passed");

    let shown = portolan.json(&["destination", "show", &sea])?;
    let subnet = shown["observed"]["subnets"][0].as_str().context("a subnet")?;
    let rule = host.rule("filter", &["DOCKER-USER", "-s", subnet, "-j", "DROP"])?;
    let dropped = Checks::of(&portolan, &sea)?;
    drop(rule);
    dropped.failed("tcp-inside", &["firewall", &sea])?;
    dropped.failed("outbound", &["do not get out"])?;
    // Of a fleet the one that failed is named, and is the command's failure.
    let calm = unique("verify-calm");
    portolan.create("bravo", &calm)?;
    let rule = host.rule("filter", &["DOCKER-USER", "-s", subnet, "-j", "DROP"])?;
    let said = portolan.try_run(&["destination", "verify", "--all"])?;
    drop(rule);
    ensure!(said.code == 1 && said.out.contains(&format!("{sea}: tcp-inside: ")), "{said:?}");
    ensure!(said.err.contains("2 destinations: 1 failed, 1 passed"), "{said:?}");
    portolan.run(&["destination", "verify", &sea, &calm])?;
    for network in [&sea, &calm] {
        portolan.remove(network)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn icc_that_is_off_is_named() -> Result<()> {
    let (portolan, host) = on_bravo()?;
    let quiet = unique("verify-quiet");
    let icc = "com.docker.network.bridge.enable_icc=false";
    host.docker(&["network", "create", "-o", icc, &quiet])?;
    let adopted = portolan.run(&["destination", "adopt", "--server", "bravo", &quiet]);
    let off = adopted.and_then(|_| Checks::of(&portolan, &quiet));
    host.docker(&["network", "rm", &quiet])?;
    off?.failed("tcp-inside", &["enable_icc=false"])
}

#[test]
#[ignore = "needs the lab"]
fn nothing_of_a_verification_outlives_a_kill() -> Result<()> {
    let (mut portolan, host) = on_bravo()?;
    let sea = unique("verify-sea");
    portolan.create("bravo", &sea)?;
    let begun = portolan.json(&["destination", "verify", &sea, "--no-wait"])?;
    is_cut_off_and_clean(&mut portolan, &host, &begun)?;
    portolan.remove(&sea)
}

/// Kills the control plane while a probe of the operation runs: the work is done anew after the
/// restart, and nothing of it stays.
pub(crate) fn is_cut_off_and_clean(
    portolan: &mut Portolan,
    host: &Host,
    begun: &Value,
) -> Result<()> {
    let operation = begun["id"].as_str().context("an id")?;
    let label = format!("dev.portolan.probe={operation}");
    eventually("a probe runs", || Ok((!left(host, &label)?.is_empty()).then_some(())))?;
    portolan.kill_and_restart()?;
    // That no connection came about ends the command with 1, and the work well.
    let said = portolan.try_run(&["operation", "wait", operation, "--json"])?;
    let over: Value = serde_json::from_str(&said.out).with_context(|| said.err.clone())?;
    assert_eq!(over["state"], "succeeded", "{over}");
    let stays = left(host, &label)?;
    ensure!(stays.is_empty(), "left behind: {stays:?}");
    Ok(())
}
