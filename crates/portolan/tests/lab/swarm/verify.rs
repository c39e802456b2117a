//! Proofs of overlays between real nodes: across them, and on the wire between them.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Swarm, inspected, servers};
use crate::{
    reach::{is, prove},
    support::{Container, Host, Portolan, create, eventually, unique},
    verify::Checks,
};

/// What lets VXLAN pass by the rules that come after.
const PAST: [&str; 6] = ["-p", "udp", "--dport", "4789", "-j", "ACCEPT"];

/// An overlay and a container on each node.
struct Sea {
    network: String,
    ends: [Container; 3],
}

impl Sea {
    fn create(portolan: &Portolan, swarm: &Swarm, options: &[&str]) -> Result<Self> {
        let network = unique("verify-sea");
        portolan.run(&[&create("echo", &network), options].concat())?;
        let on = |host: &Host| host.container(&network, &unique("verify-end"));
        let ends = [on(swarm.echo())?, on(swarm.foxtrot())?, on(swarm.golf())?];
        Ok(Self { network, ends })
    }

    /// Whether the first one's requests are answered by the second one.
    fn carries(&self) -> Result<bool> {
        let [from, to, _] = &self.ends;
        let url = format!("http://{}/", to.name);
        from.succeeds(&["wget", "-q", "-t", "1", "-T", "3", "-O", "/dev/null", &url])
    }
}

#[test]
#[ignore = "needs the lab"]
fn a_node_that_is_cut_off_is_named() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let sea = Sea::create(&portolan, &swarm, &[])?;
    eventually("the overlay carries", || Ok(sea.carries()?.then_some(())))?;
    let sound = Checks::of(&portolan, &sea.network)?;
    sound.passed(&["network", "tcp-inside", "across-nodes"])?;
    sound.untried("encrypted", "not asked for")?;
    let [from, to, _] = &sea.ends;
    is(&prove(&portolan, &[&from.name, &to.name])?, ("yes", "connected", false), "")?;

    let drop_vxlan = ["INPUT", "-p", "udp", "--dport", "4789", "-j", "DROP"];
    let rule = swarm.foxtrot().rule("filter", &drop_vxlan)?;
    let cut = Checks::of(&portolan, &sea.network)?;
    let lost = prove(&portolan, &[&from.name, &to.name])?;
    drop(rule);
    cut.failed("across-nodes", &["`echo` and `foxtrot`", "do not reach each other"])?;
    cut.passed(&["tcp-inside"])?;
    is(&lost, ("yes", "timed-out", true), "on server `foxtrot` get lost")?;
    Checks::of(&portolan, &sea.network)?.passed(&["across-nodes"])
}

/// What Docker calls encrypted is proved on the wire alone. A kernel without `IPsec` lets nothing
/// through, which proves nothing; once the packets get past Docker's own rules they are readable.
#[test]
#[ignore = "needs the lab"]
fn an_overlay_that_only_poses_as_encrypted_is_named() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let sea = Sea::create(&portolan, &swarm, &["--encrypted"])?;
    let honest = Checks::of(&portolan, &sea.network)?;
    if honest.has_passed("across-nodes")? {
        honest.passed(&["encrypted"])?;
    } else {
        honest.failed("across-nodes", &["do not reach each other"])?;
        honest.untried("encrypted", "IPsec")?;
    }

    // The containers on each node keep Docker's own rules in their place, behind these.
    let past = |host: &Host| -> Result<_> {
        let chain = |table, name| host.rule(table, &[&[name], &PAST[..]].concat());
        Ok((chain("mangle", "OUTPUT")?, chain("filter", "INPUT")?))
    };
    let hosts = [swarm.echo(), swarm.foxtrot(), swarm.golf()];
    let rules: Vec<_> = hosts.into_iter().map(past).collect::<Result<_>>()?;
    eventually("the overlay carries, in the open", || Ok(sea.carries()?.then_some(())))?;
    let open = Checks::of(&portolan, &sea.network)?;
    drop(rules);
    let seen = inspected(swarm.echo(), &sea.network)?;
    assert_eq!(seen["Options"]["encrypted"], "true", "Docker says that it is: {seen}");
    open.passed(&["network", "across-nodes"])?;
    open.failed("encrypted", &["can be read on the way", &sea.network])
}

/// Somebody made the network anew without the option.
#[test]
#[ignore = "needs the lab"]
fn an_overlay_that_was_made_without_encryption_is_named() -> Result<()> {
    let swarm = Swarm::form(2)?;
    let portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("verify-sea");
    portolan.run(&[&create("echo", &network), &["--encrypted"][..]].concat())?;
    portolan.run(&["drift", "policy", "set", "--destination", &network, "--all", "tell"])?;
    let before = inspected(swarm.echo(), &network)?;
    let labels: Vec<String> = before["Labels"]
        .as_object()
        .context("labels")?
        .iter()
        .map(|(key, value)| format!("--label={key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let subnet = before["IPAM"]["Config"][0]["Subnet"].as_str().context("a subnet")?;
    swarm.echo().docker(&["network", "rm", &network])?;
    let made = ["network", "create", "-d", "overlay", "--attachable", "--subnet", subnet];
    eventually("it is made anew", || {
        let again = swarm.echo().try_docker(&[&made, &labels[..], &[network.as_str()]].concat())?;
        Ok((again.code == 0).then_some(()))
    })?;
    let open = Checks::of(&portolan, &network)?;
    open.failed("network", &["encrypt"])?;
    let shown: Value = portolan.json(&["destination", "show", &network])?;
    ensure!(shown["options"]["encrypted"] == true, "{shown}");
    Ok(())
}
