//! Swarms of real hosts. Each test forms its own on `echo`, `foxtrot` and `golf`, which no other
//! test uses, and dissolves it; they run one at a time.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, create, eventually, eventually_within, unique};

mod applications;
mod change;
mod proxy;
mod verify;

/// A swarm of the lab, dissolved when it goes.
struct Swarm {
    hosts: [Host; 3],
}

impl Swarm {
    /// `echo` and the first `managers - 1` others manage it.
    fn form(managers: usize) -> Result<Self> {
        let names = ["echo", "foxtrot", "golf"];
        let [echo, foxtrot, golf] = names.map(Host::find);
        let swarm = Self { hosts: [echo?, foxtrot?, golf?] };
        swarm.dissolve();
        let [first, others @ ..] = &swarm.hosts;
        first.docker(&["swarm", "init", "--advertise-addr", &first.address])?;
        for (place, host) in others.iter().enumerate() {
            swarm.join(host, if place + 1 < managers { "manager" } else { "worker" })?;
        }
        swarm.is_complete()?;
        swarm.gossips()?;
        Ok(swarm)
    }

    fn join(&self, host: &Host, role: &str) -> Result<()> {
        let first = &self.hosts[0];
        let token = first.docker(&["swarm", "join-token", "-q", role])?;
        let address = format!("{}:2377", first.address);
        host.docker(&["swarm", "join", "--token", token.trim(), &address]).map(drop)
    }

    /// Every node is known, and the swarm's own network is there.
    fn is_complete(&self) -> Result<()> {
        eventually("three nodes are ready", || {
            let nodes = self.hosts[0].docker(&["node", "ls", "--format", "{{.Status}}"])?;
            let ready = nodes.lines().filter(|line| *line == "Ready").count();
            Ok((ready == 3).then_some(()))
        })
    }

    /// Nodes tell each other by gossip where the containers of overlays are. An engine that has just
    /// left another swarm sometimes keeps the port of that one's gossip, and then takes no part in
    /// any other until it is started anew (moby/moby#31913): no story of ours, so it is.
    fn gossips(&self) -> Result<()> {
        if self.all_met().is_err() {
            for host in &self.hosts {
                if peers(host)? < 2 {
                    host.fault("engine-restart")?.clear();
                }
            }
            self.is_complete()?;
        }
        self.all_met()
    }

    fn all_met(&self) -> Result<()> {
        eventually_within(Duration::from_secs(20), "each node gossips with all", || {
            let peers: Result<Vec<usize>> = self.hosts.iter().map(peers).collect();
            Ok((peers? == [3, 3, 3]).then_some(()))
        })
    }

    fn echo(&self) -> &Host {
        &self.hosts[0]
    }

    fn foxtrot(&self) -> &Host {
        &self.hosts[1]
    }

    fn golf(&self) -> &Host {
        &self.hosts[2]
    }

    /// Whatever an earlier test left.
    fn dissolve(&self) {
        for host in self.hosts.iter().rev() {
            // A host that is in no swarm refuses, and so does one without containers.
            let left = host.try_docker(&["swarm", "leave", "--force"]);
            drop(left);
        }
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        self.dissolve();
    }
}

/// How many nodes the engine is in touch with, itself among them.
fn peers(host: &Host) -> Result<usize> {
    let said = host.try_docker(&["network", "inspect", "ingress", "-f", "{{len .Peers}}"])?;
    // It has just joined, or has just been started.
    Ok(if said.code == 0 { said.out.trim().parse()? } else { 0 })
}

/// Three servers of a swarm.
fn servers(portolan: &Portolan, swarm: &Swarm) -> Result<[Value; 3]> {
    let [echo, foxtrot, golf] = &swarm.hosts;
    Ok([
        portolan.add_server(echo, "root")?,
        portolan.add_server(foxtrot, "deploy")?,
        portolan.add_server(golf, "operator")?,
    ])
}

fn is(portolan: &Portolan, server: &str, kind: &str, within: Duration) -> Result<Value> {
    eventually_within(within, &format!("{server} is {kind}"), || {
        let shown = portolan.json(&["server", "show", server])?;
        Ok((shown["kind"] == kind).then_some(shown))
    })
}

fn inspected(host: &Host, network: &str) -> Result<Value> {
    let text = host.docker(&["network", "inspect", network])?;
    Ok(serde_json::from_str::<Value>(&text)?[0].clone())
}

#[test]
#[ignore = "needs the lab"]
fn a_role_is_shown_and_followed() -> Result<()> {
    let portolan = Portolan::start()?;
    let golf = Host::find("golf")?;
    let before = portolan.add_server(&golf, "root")?;
    assert_eq!((&before["kind"], &before["swarm"]), (&Value::from("standalone"), &Value::Null));
    let swarm = Swarm::form(2)?;
    let soon = Duration::from_secs(10);
    let worker = is(&portolan, "golf", "swarm-worker", soon)?;
    ensure!(worker["swarm"]["managers"].as_array().is_some_and(|all| all.len() == 2), "{worker}");

    let echo = portolan.add_server(swarm.echo(), "root")?;
    assert_eq!(echo["kind"], "swarm-manager");
    let cluster = echo["swarm"]["cluster_id"].as_str().context("a swarm")?;
    let validation = portolan.run(&["operation", "show", text(&echo, "operation_id")?])?;
    ensure!(validation.contains(cluster) && validation.contains("10.88.0.16"), "{validation}");
    let together = portolan.json(&["server", "show", "golf"])?["swarm"]["servers"].clone();
    assert_eq!(together.as_array().map(Vec::len), Some(2), "{together}");

    swarm.echo().docker(&["node", "promote", "golf"])?;
    is(&portolan, "golf", "swarm-manager", Duration::from_secs(90))?;
    swarm.echo().docker(&["node", "demote", "golf"])?;
    is(&portolan, "golf", "swarm-worker", Duration::from_secs(90))?;
    golf.docker(&["swarm", "leave"])?;
    is(&portolan, "golf", "standalone", Duration::from_secs(90))?;
    let events = portolan.run(&["event", "list", "--all"])?;
    ensure!(events.contains("is standalone now; it was swarm-worker"), "{events}");
    Ok(())
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("no {field} in {value}"))
}

/// "On Swarm managers, creates an attachable overlay network."
#[test]
#[ignore = "needs the lab"]
fn an_overlay_joins_containers_of_two_nodes() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("sea");
    portolan.create("echo", &network)?;
    let shown = portolan.json(&["destination", "show", &network])?;
    let seen = inspected(swarm.echo(), &network)?;
    assert_eq!((&shown["kind"], &shown["state"]), (&Value::from("swarm"), &Value::from("ready")));
    assert_eq!((&seen["Driver"], &seen["Scope"]), (&Value::from("overlay"), &Value::from("swarm")));
    assert_eq!(
        (&seen["Attachable"], &seen["Id"]),
        (&Value::from(true), &shown["observed"]["docker_id"])
    );

    let web = swarm.echo().container(&network, &unique("web"))?;
    let db = swarm.golf().container(&network, &unique("db"))?;
    eventually("the worker's container answers by name", || {
        let url = format!("http://{}/", db.name);
        Ok(web
            .succeeds(&["wget", "-q", "-t", "1", "-T", "5", "-O", "/dev/null", &url])?
            .then_some(()))
    })?;
    let live = eventually("it is live on two nodes", || {
        let shown = portolan.json(&["destination", "show", &network])?;
        let nodes = shown["nodes"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<String> =
            nodes.iter().filter_map(|node| node["hostname"].as_str().map(str::to_owned)).collect();
        names.sort();
        Ok((names.len() == 2).then_some(names))
    })?;
    assert_eq!(live, ["echo", "golf"]);

    // In use on a node that is asked through another: refused, and traffic goes on.
    let name = web.name.clone();
    drop(web);
    let said = portolan.refuse(&["destination", "remove", &network, "--yes"])?;
    ensure!(said.contains("on node golf") && !said.contains(&name), "{said}");
    drop(db);
    eventually("the swarm has seen the container go", || {
        let shown = portolan.json(&["destination", "show", &network])?;
        Ok(shown["nodes"].is_null().then_some(()))
    })?;
    portolan.remove(&network)?;
    // The name is free at once, on every node that had it.
    portolan.create("foxtrot", &network)?;
    portolan.remove(&network)?;
    ensure!(swarm.echo().networks(&network)?.is_empty(), "it is still there");
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn every_option_of_an_overlay_is_what_docker_made() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("full");
    let options = [
        "--encrypted",
        "--internal",
        "--mtu",
        "1400",
        "--subnet",
        "10.77.7.0/24",
        "--gateway",
        "10.77.7.1",
        "--range",
        "10.77.7.128/25",
        "--label",
        "com.example.team=blue",
    ];
    portolan.run(&[&create("echo", &network), &options[..]].concat())?;
    let seen = inspected(swarm.foxtrot(), &network)?;
    let subnet = &seen["IPAM"]["Config"][0];
    assert_eq!(
        (subnet["Subnet"].as_str(), subnet["Gateway"].as_str(), subnet["IPRange"].as_str()),
        (Some("10.77.7.0/24"), Some("10.77.7.1"), Some("10.77.7.128/25"))
    );
    assert_eq!(
        (&seen["Internal"], &seen["Options"]["encrypted"]),
        (&Value::from(true), &Value::from("true"))
    );
    assert_eq!(seen["Options"]["com.docker.network.driver.mtu"], "1400");
    assert_eq!(seen["Labels"]["com.example.team"], "blue");
    let overlap = unique("overlap");
    let wanted = ["--subnet", "10.77.7.0/25"];
    let said = portolan.refuse(&[&create("foxtrot", &overlap), &wanted[..]].concat())?;
    ensure!(said.contains("overlaps"), "{said}");
    ensure!(swarm.echo().networks(&overlap)?.is_empty(), "it was made");
    let six = unique("six");
    let said = portolan.refuse(&[&create("echo", &six), &["--ipv6"][..]].concat())?;
    ensure!(said.contains("an overlay takes no IPv6"), "{said}");
    portolan.remove(&network)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_swarm_has_a_network_once_and_no_worker_makes_it() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("once");
    portolan.create("echo", &network)?;
    let said = portolan.refuse(&create("foxtrot", &network))?;
    ensure!(said.contains("Network already added to this server's swarm"), "{said}");
    ensure!(said.contains("of server `echo`"), "{said}");
    let said = portolan.refuse(&create("golf", &unique("worker")))?;
    ensure!(said.contains("swarm worker") && said.contains("use `echo` or `foxtrot`"), "{said}");
    let listed = portolan.json(&["destination", "list"])?;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    portolan.remove(&network)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_destination_is_kept_through_another_manager() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("kept");
    portolan.create("echo", &network)?;
    let fault = swarm.echo().fault("sshd-stop")?;
    eventually("echo is missed", || {
        let shown = portolan.json(&["server", "show", "echo"])?;
        Ok((shown["reachability"] == "unreachable").then_some(()))
    })?;
    let meanwhile = unique("meanwhile");
    portolan.create("echo", &meanwhile)?;
    assert_eq!(swarm.foxtrot().networks(&meanwhile)?.len(), 1);
    portolan.remove(&network)?;
    ensure!(swarm.foxtrot().networks(&network)?.is_empty(), "it is still there");
    fault.clear();
    portolan.remove(&meanwhile)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_lost_leader_is_outlived() -> Result<()> {
    let swarm = Swarm::form(3)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("led");
    portolan.create("echo", &network)?;
    // Another manager leads when the leader's engine is gone.
    let fault = swarm.echo().fault("engine-stop")?;
    let during = unique("during");
    portolan.create("foxtrot", &during)?;
    portolan.remove(&network)?;
    ensure!(swarm.golf().networks(&network)?.is_empty(), "it is still there");
    fault.clear();
    portolan.remove(&during)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn without_a_leader_work_waits_and_says_so() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let (kept, doomed) = (unique("kept"), unique("doomed"));
    portolan.create("foxtrot", &kept)?;
    portolan.create("foxtrot", &doomed)?;
    let id = swarm.echo().networks(&kept)?.pop().context("a network")?;
    // Of two managers both are needed.
    let fault = swarm.echo().fault("engine-stop")?;
    eventually("the swarm is without a leader", || {
        let said = swarm.foxtrot().try_docker(&["node", "ls"])?;
        Ok((said.code != 0).then_some(()))
    })?;
    portolan.run(&["destination", "remove", &doomed, "--yes", "--no-wait"])?;
    let waits = eventually("the reason is told", || {
        let shown = portolan.json(&["destination", "show", &doomed])?;
        Ok(shown["reason"].as_str().filter(|why| why.contains("leader")).map(str::to_owned))
    })?;
    ensure!(waits.contains("it waits for the swarm"), "{waits}");
    assert_eq!(portolan.json(&["destination", "show", &kept])?["state"], "ready");
    fault.clear();
    eventually_within(Duration::from_secs(90), "the removal is done", || {
        let said = portolan.try_run(&["destination", "show", &doomed])?;
        Ok((said.code == 1).then_some(()))
    })?;
    // Without a leader `docker network ls` leaves networks out, too.
    let listed = eventually("the swarm has a leader again", || {
        if swarm.echo().try_docker(&["node", "ls"])?.code != 0 {
            return Ok(None);
        }
        Ok(Some(swarm.echo().networks(&kept)?).filter(|ids| !ids.is_empty()))
    })?;
    assert_eq!(listed, [id], "it was made again");
    ensure!(swarm.echo().networks(&doomed)?.is_empty(), "it is still there");
    portolan.remove(&kept)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_demoted_manager_gives_its_destinations_away() -> Result<()> {
    let swarm = Swarm::form(3)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("given");
    portolan.create("golf", &network)?;
    swarm.echo().docker(&["node", "demote", "golf"])?;
    let moved = eventually_within(Duration::from_secs(90), "it moved", || {
        let shown = portolan.json(&["destination", "show", &network])?;
        Ok((shown["server_name"] != "golf").then_some(shown))
    })?;
    assert_eq!(
        (&moved["state"], &moved["server_name"]),
        (&Value::from("ready"), &Value::from("echo"))
    );
    // Removing the server passes it on, too.
    portolan.run(&["server", "remove", "echo", "--yes"])?;
    let shown = portolan.json(&["destination", "show", &network])?;
    assert_eq!(shown["server_name"], "foxtrot");
    portolan.remove(&network)?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_stacks_network_is_scanned_adopted_and_taken_over() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let stack = unique("shop");
    let network = format!("{stack}_default");
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(
        file.path(),
        "version: '3.8'\nservices:\n  web:\n    image: echo:1\n    deploy:\n      endpoint_mode: dnsrr\n",
    )?;
    let path = file.path().display().to_string();
    swarm.echo().docker(&["stack", "deploy", "-c", &path, &stack])?;
    let service = format!("{stack}_web");
    let scanned = eventually("the service is on the network", || {
        let scan = portolan.json(&["server", "scan", "foxtrot"])?;
        let networks = scan["result"]["networks"].as_array().cloned().unwrap_or_default();
        let found = networks.into_iter().find(|one| one["name"] == network.as_str());
        Ok(found.filter(|one| one["members"][0]["name"] == service.as_str()))
    })?;
    assert_eq!(scanned["maker"]["kind"], "swarm-stack");
    assert_eq!(
        (&scanned["maker"]["detail"], &scanned["members"][0]["kind"]),
        (&Value::from(stack.as_str()), &Value::from("service"))
    );
    assert_eq!(scanned["adoptability"]["type"], "adoptable");
    let refused = portolan.refuse(&["destination", "adopt", "--server", "foxtrot", "ingress"])?;
    ensure!(refused.contains("Docker keeps it for itself"), "{refused}");

    let before = inspected(swarm.foxtrot(), &network)?;
    portolan.run(&["destination", "adopt", "--server", "foxtrot", &network])?;
    let again = portolan.refuse(&["destination", "adopt", "--server", "echo", &network])?;
    ensure!(again.contains("of server `foxtrot`"), "{again}");
    portolan.run(&["destination", "take-over", &network, "--yes"])?;
    assert_eq!(inspected(swarm.foxtrot(), &network)?["Id"], before["Id"]);
    let said = portolan.refuse(&["destination", "remove", &network, "--yes"])?;
    ensure!(said.contains(&service), "{said}");

    swarm.echo().docker(&["service", "rm", &service])?;
    eventually("the service's container is gone", || {
        let scan = portolan.json(&["server", "scan", "foxtrot"])?;
        let networks = scan["result"]["networks"].as_array().cloned().unwrap_or_default();
        let found = networks.into_iter().find(|one| one["name"] == network.as_str());
        Ok(found.filter(|one| one["members"].as_array().is_some_and(Vec::is_empty)).map(drop))
    })?;
    portolan.remove(&network)?;
    ensure!(swarm.foxtrot().networks(&network)?.is_empty(), "it is still there");
    // Another node keeps its own until the service's container has gone.
    eventually("it has left the other node", || {
        Ok(swarm.echo().networks(&network)?.is_empty().then_some(()))
    })
}
