//! What probes answer on a fake engine: a small model of who reaches whom. Containers of one
//! network reach each other, those of different ones do not, and what is outside is reached from the
//! host and from networks that are not internal; unless a test has it otherwise.

use serde_json::json;

use super::World;
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
    fn networks_of(&self, container: &ContainerDetail) -> Vec<&HostNetwork> {
        let places = self.resident(container).endpoints.iter();
        places.filter_map(|place| self.networks.get(&place.attachment.network_id)).collect()
    }

    fn has(&self, network: &HostNetwork, fault: NetworkFault) -> bool {
        self.network_faults.contains(&(network.name.clone(), fault))
    }

    fn resolve(&self, container: &ContainerDetail, name: &str) -> serde_json::Value {
        let mut addresses = Vec::new();
        for network in self.networks_of(container) {
            let alone = name.strip_suffix(&format!(".{}", network.name)).unwrap_or(name);
            let named = self.container(alone).filter(|_| !self.has(network, NetworkFault::NoNames));
            let place = named.and_then(|one| one.endpoint(&network.docker_id, &network.name));
            addresses.extend(place.and_then(|place| place.attachment.address.clone()));
        }
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
        let Some(target) = self.containers.values().find(at) else { return "silent" };
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
            || ours.iter().copied().any(|network| carries(&network))
            || ours.iter().chain(&theirs).copied().any(|network| leaks(&network))
    }

    fn gets_out(&self, from: &ContainerDetail) -> bool {
        let open = |network: &&HostNetwork| {
            !network.internal && !self.has(network, NetworkFault::DropsOutward)
        };
        from.network_mode == "host" || self.networks_of(from).into_iter().any(|one| open(&one))
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
