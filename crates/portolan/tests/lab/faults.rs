//! Hosts that break: the error that the design asks for, and convergence when they are back.
//!
//! All of them use the host `charlie`, which no other story needs; nextest runs them one after
//! another.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, create, eventually, unique};

/// Promise 3: within a minute of a server coming back.
const BACK: Duration = Duration::from_mins(1);

fn reachability(portolan: &Portolan, host: &Host, wanted: &str) -> Result<Value> {
    eventually(&format!("{} is {wanted}", host.name), || {
        let server = portolan.json(&["server", "show", &host.name])?;
        Ok((server["reachability"] == wanted).then_some(server))
    })
}

#[test]
#[ignore = "needs the lab"]
fn a_changed_host_key_is_refused_until_repinned() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("charlie")?;
    portolan.add_server(&host, "root")?;
    let fault = host.fault("host-key-change")?;
    let said = portolan.refuse(&["server", "validate", "charlie"])?;
    let offered = Host::find("charlie")?.fingerprint;
    ensure!(said.contains("the host key changed"), "{said}");
    ensure!(said.contains(&host.fingerprint) && said.contains(&offered), "not both keys: {said}");
    ensure!(said.contains("server repin"), "no way out: {said}");
    portolan.run(&["server", "repin", "charlie", "--fingerprint", &offered])?;
    assert_eq!(portolan.json(&["server", "show", "charlie"])?["state"], "ready");
    fault.clear();
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn forbidden_forwarding_is_a_slower_way_not_a_fault() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("charlie")?;
    let fault = host.fault("forwarding-off")?;
    let server = portolan.add_server(&host, "deploy")?;
    assert_eq!(
        (server["state"].as_str(), server["access"].as_str()),
        (Some("ready"), Some("dial-stdio"))
    );
    let network = unique("slow");
    portolan.create("charlie", &network)?;
    portolan.remove(&network)?;
    fault.clear();
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_dead_host_is_noticed_and_refuses_work_with_its_age() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("charlie")?;
    portolan.add_server(&host, "root")?;
    let fault = host.fault("sshd-stop")?;
    reachability(&portolan, &host, "unreachable")?;
    let said = portolan.refuse(&["destination", "create", "--server", "charlie"])?;
    ensure!(said.contains("cannot be reached (last heard of"), "{said}");
    fault.clear();
    let back = Instant::now();
    reachability(&portolan, &host, "reachable")?;
    ensure!(back.elapsed() < BACK, "it took {:?}", back.elapsed());
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn what_was_lost_during_a_reboot_is_back_a_minute_later() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("charlie")?;
    portolan.add_server(&host, "root")?;
    let network = unique("survivor");
    portolan.create("charlie", &network)?;
    let fault = host.fault("sshd-stop")?;
    host.docker(&["network", "rm", &network])?;
    reachability(&portolan, &host, "unreachable")?;
    // What is asked for meanwhile is done when the host is back.
    portolan.run(&["destination", "rename", &network, "renamed"])?;
    fault.clear();
    let back = Instant::now();
    eventually("the network is back", || Ok(host.networks(&network)?.pop()))?;
    ensure!(back.elapsed() < BACK, "it took {:?}", back.elapsed());
    portolan.settled("renamed", "ready")?;
    portolan.remove("renamed")?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_restarted_engine_keeps_its_destinations() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("charlie")?;
    portolan.add_server(&host, "root")?;
    let network = unique("kept");
    portolan.create("charlie", &network)?;
    let before = host.networks(&network)?;
    host.fault("engine-restart")?.clear();
    let back = Instant::now();
    reachability(&portolan, &host, "reachable")?;
    ensure!(back.elapsed() < BACK, "it took {:?}", back.elapsed());
    assert_eq!(host.networks(&network)?, before);
    portolan.settled(&network, "ready")?;
    portolan.remove(&network)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_cut_link_is_noticed_and_a_host_gone_for_good_is_forgotten() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("charlie")?;
    portolan.add_server(&host, "root")?;
    let network = unique("orphan");
    portolan.create("charlie", &network)?;
    let said = portolan.refuse(&["server", "remove", "charlie", "--yes"])?;
    ensure!(said.contains(&network), "the destination in the way is not named: {said}");
    let fault = host.fault("link-cut")?;
    // No packet says goodbye: only keep-alives tell.
    reachability(&portolan, &host, "unreachable")?;
    let said = portolan.try_run(&["server", "remove", "charlie", "--forget", "--yes"])?;
    ensure!(
        said.code == 0 && (said.out + &said.err).contains(&network),
        "the network left behind is not named"
    );
    fault.clear();
    host.docker(&["network", "rm", &network])?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_full_disk_is_said_in_dockers_words() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("charlie")?;
    let fault = host.fault("disk-full")?;
    portolan.add_server(&host, "root")?;
    let server = portolan.json(&["server", "show", "charlie"])?;
    let warnings = server["engine"]["warnings"].to_string();
    ensure!(warnings.contains("disk are free"), "no warning: {warnings}");
    let network = unique("full");
    let create = create("charlie", &network);
    let said = portolan.try_run(&create)?;
    // Docker may still have room in its own database; if not, its words are passed on.
    if said.code == 1 {
        ensure!(said.err.contains("no space left on device"), "{said:?}");
        fault.clear();
        portolan.run(&["destination", "retry", &network])?;
    } else {
        assert_eq!(said.code, 0, "{said:?}");
        fault.clear();
    }
    portolan.remove(&network)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn exhausted_pools_of_the_engine_are_no_obstacle() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("charlie")?;
    portolan.add_server(&host, "root")?;
    let filled = Fillers::until_the_pools_end(&host)?;
    let network = unique("late");
    portolan.create("charlie", &network)?;
    let shown = portolan.json(&["destination", "show", &network])?;
    assert_eq!(shown["state"], "ready");
    assert_eq!(shown["planned"]["subnet"], shown["observed"]["subnets"][0]);
    portolan.remove(&network)?;
    drop(filled);
    Ok(())
}

/// Networks that use the engine's pools up, removed when the guard goes.
struct Fillers<'a> {
    host: &'a Host,
    names: Vec<String>,
}

impl<'a> Fillers<'a> {
    fn until_the_pools_end(host: &'a Host) -> Result<Self> {
        let mut fillers = Self { host, names: Vec::new() };
        loop {
            let name = unique("filler");
            let said = host.try_docker(&["network", "create", &name])?;
            if said.code != 0 {
                ensure!(said.err.contains("address pool"), "another failure: {said:?}");
                return Ok(fillers);
            }
            fillers.names.push(name);
            ensure!(fillers.names.len() < 200, "the pools have no end");
        }
    }
}

impl Drop for Fillers<'_> {
    fn drop(&mut self) {
        for name in &self.names {
            // A test that failed already has its own story to tell.
            drop(self.host.try_docker(&["network", "rm", name]));
        }
    }
}
