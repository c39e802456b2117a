//! What probes answer on a fake engine: a small model of who reaches whom. Containers of one
//! network reach each other, those of different ones do not, and what is outside is reached from the
//! host and from networks that are not internal; unless a test has it otherwise.

use serde_json::json;

use super::{World, swarm::Heard};
use crate::host::{ContainerDetail, ExecOutput, HostNetwork};

/// What is wrong on a network, as a host can have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkFault {
    /// A rule of the host drops what its containers send each other.
    DropsInside,
    /// The host lets others in and out.
    Leaks,
    /// Nothing gets out of the host.
    DropsOutward,
    /// Names are not answered.
    NoNames,
    /// What goes to other nodes gets lost.
    DropsAcross,
    /// What goes to other nodes is to be encrypted, and there is no key for it.
    WithoutKeys,
    /// What goes to other nodes can be read on the way, whatever was asked for.
    Readable,
}

/// Somebody outside who answers.
pub(super) const OUTSIDE: &str = "192.0.2.1";

impl World {
    /// The answer of a probe, or `None` when the program is none.
    pub(super) fn probe_answer(
        &self,
        container: &ContainerDetail,
        command: &[String],
    ) -> Option<ExecOutput> {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let told = match words.as_slice() {
            [program, question @ ..] if *program == crate::host::probe::PATH => match question {
                ["resolve", name, _] => self.resolve(container, name),
                ["dial", to, _] => self.dial(container, to, None),
                ["dial", to, _, nonce] => self.dial(container, to, Some(nonce)),
                ["routes"] => self.default_routes(container),
                ["listeners"] => self.listeners(container),
                ["capture", _, peer, _] => self.capture(peer),
                ["xfrm"] => json!({ "without_key": self.without_key.get() }),
                _ => return None,
            },
            _ => return None,
        };
        Some(ExecOutput { stdout: format!("{told}\n"), ..ExecOutput::default() })
    }

    /// The one whose network it has: its own, or another's.
    fn resident<'a>(&'a self, container: &'a ContainerDetail) -> &'a ContainerDetail {
        let of = container.network_mode.strip_prefix("container:");
        of.and_then(|id| self.containers.get(id)).unwrap_or(container)
    }

    /// The networks that a container is on.
    fn networks_of(&self, container: &ContainerDetail) -> Vec<HostNetwork> {
        let places = self.resident(container).endpoints.iter();
        places.filter_map(|place| self.network(&place.attachment.network_id)).collect()
    }

    fn has(&self, network: &HostNetwork, fault: NetworkFault) -> bool {
        self.network_faults.contains(&(network.name.clone(), fault))
    }

    fn resolve(&self, container: &ContainerDetail, name: &str) -> serde_json::Value {
        let mut addresses = Vec::new();
        for network in self.networks_of(container) {
            let alone = name.strip_suffix(&format!(".{}", network.name)).unwrap_or(name);
            if self.has(&network, NetworkFault::NoNames) {
                continue;
            }
            let named = self.container(alone);
            let place = named.and_then(|one| one.endpoint(&network.docker_id, &network.name));
            addresses.extend(place.and_then(|place| place.attachment.address.clone()));
            let swarm = self.membership.as_ref().map(|one| &one.swarm);
            let of_swarm = swarm.map(|swarm| swarm.addresses_of(&network.docker_id, alone));
            addresses.extend(of_swarm.into_iter().flatten());
        }
        addresses.sort();
        addresses.dedup();
        let why = addresses.is_empty().then_some("there is no such name (NXDOMAIN)");
        json!({ "name": name, "resolver": "127.0.0.11", "addresses": addresses, "why": why })
    }

    fn dial(&self, from: &ContainerDetail, to: &str, nonce: Option<&str>) -> serde_json::Value {
        let answer = self.answer_of(from, to, nonce);
        json!({ "to": to, "answer": answer, "milliseconds": 1, "why": null })
    }

    fn answer_of(&self, from: &ContainerDetail, to: &str, nonce: Option<&str>) -> &'static str {
        let Some((address, port)) = to.rsplit_once(':') else { return "unreachable" };
        if address == OUTSIDE {
            return if self.gets_out(from) { "refused" } else { "silent" };
        }
        let at = |one: &&ContainerDetail| {
            let mut places = one.endpoints.iter();
            places.any(|place| place.attachment.address.as_deref() == Some(address))
        };
        let Some(target) = self.containers.values().find(at) else {
            return self.across(from, (address, port), nonce);
        };
        let own = self.resident(from).member.docker_id == target.member.docker_id;
        if !own && !self.gets_across(from, target) {
            return "silent";
        }
        let asked = self.workloads.asked_for(&target.member.docker_id);
        let listens = asked.map(|new| new.command.as_slice()).unwrap_or_default();
        match (nonce, listens) {
            (None, _) if self.deaf.contains(&target.member.name) => "refused",
            (None, _) => "answered",
            (Some(nonce), [hold, _, own_port, own]) if hold == "hold" && own_port == port => {
                if own == nonce { "answered" } else { "stranger" }
            }
            (Some(_), _) => "refused",
        }
    }

    /// To a container of another node of the swarm.
    fn across(
        &self,
        from: &ContainerDetail,
        at: (&str, &str),
        nonce: Option<&str>,
    ) -> &'static str {
        let Some(membership) = &self.membership else { return "silent" };
        let heard = self.networks_of(from).into_iter().find_map(|network| {
            let heard = membership.swarm.hear(&network.docker_id, at, nonce)?;
            Some((network, heard))
        });
        match heard {
            None => "silent",
            Some((network, _)) if self.has(&network, NetworkFault::DropsAcross) => "silent",
            Some((network, _)) if self.has(&network, NetworkFault::WithoutKeys) => {
                self.without_key.set(self.without_key.get() + 1);
                "silent"
            }
            Some((_, Heard::TheNonce)) => "answered",
            Some((_, Heard::SomethingElse)) => "stranger",
            Some((_, Heard::Nothing)) => "refused",
        }
    }

    /// What goes by on the wire while probes talk to each other.
    fn capture(&self, peer: &str) -> serde_json::Value {
        let open = self.network_faults.iter().any(|(_, fault)| *fault == NetworkFault::Readable);
        let (readable, esp) = if open { (4, 0) } else { (0, 4) };
        json!({ "peer": peer, "packets": 4, "readable": readable, "vxlan": readable, "esp": esp })
    }

    fn gets_across(&self, from: &ContainerDetail, to: &ContainerDetail) -> bool {
        let icc = "com.docker.network.bridge.enable_icc";
        let theirs = self.networks_of(to);
        let carries = |network: &&HostNetwork| {
            let off = network.options.get(icc).is_some_and(|value| value == "false");
            theirs.contains(network) && !off && !self.has(network, NetworkFault::DropsInside)
        };
        let ours = self.networks_of(from);
        let leaks = |network: &&HostNetwork| self.has(network, NetworkFault::Leaks);
        from.network_mode == "host"
            || ours.iter().any(|network| carries(&network))
            || ours.iter().chain(&theirs).any(|network| leaks(&network))
    }

    fn gets_out(&self, from: &ContainerDetail) -> bool {
        let open = |network: &&HostNetwork| {
            !network.internal && !self.has(network, NetworkFault::DropsOutward)
        };
        from.network_mode == "host" || self.networks_of(from).iter().any(|one| open(&one))
    }

    /// Whoever is not deaf listens at one port; the engine's resolver at another, inside.
    fn listeners(&self, container: &ContainerDetail) -> serde_json::Value {
        let resident = self.resident(container);
        let open = (!self.deaf.contains(&resident.member.name)).then_some("0.0.0.0:80");
        let all: Vec<&str> = ["127.0.0.11:40123"].into_iter().chain(open).collect();
        json!({ "listeners": all })
    }

    fn default_routes(&self, container: &ContainerDetail) -> serde_json::Value {
        let leads_out = self.networks_of(container).iter().any(|network| !network.internal);
        let gateways = match (container.network_mode.as_str(), leads_out) {
            ("host", _) => vec![OUTSIDE],
            (_, true) => vec!["172.16.0.1"],
            (_, false) => Vec::new(),
        };
        json!({ "gateways": gateways, "ipv6_default_routes": 0 })
    }
}
