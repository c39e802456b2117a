//! Inside the network: names, and connections between two of its containers.

use std::{net::IpAddr, time::Duration};

use portolan_types::{Check, CheckName};

use super::super::{
    answer::{Dialled, Resolved, Word},
    draft::{Draft, Verdict},
    probes::{Probe, Stop, Trouble},
    prover::Prover,
};
use crate::host::HostNetwork;

/// Docker's option for connections between the containers of a bridge, which are on without it.
const ICC: &str = "com.docker.network.bridge.enable_icc";

const DIAL: Duration = Duration::from_secs(3);
const RESOLVE: Duration = Duration::from_secs(3);

/// Two probes on the destination's network.
#[derive(Debug)]
pub(in super::super) struct Inside {
    pub(in super::super) network: HostNetwork,
    pub(in super::super) first: Probe,
    pub(in super::super) second: Probe,
}

impl Prover<'_> {
    /// Puts two probes on the network. A refusal is the check's failure: nothing else could be
    /// placed there either.
    pub(in super::super) async fn enter(
        &self,
        network: HostNetwork,
    ) -> Result<Result<Inside, Check>, Stop> {
        let id = network.docker_id.clone();
        let started = async {
            let first = self.probes.start_on(&self.ground, "first", &id).await?;
            let second = self.probes.start_on(&self.ground, "second", &id).await?;
            Ok((first, second))
        };
        match started.await {
            Ok((first, second)) => Ok(Ok(Inside { network, first, second })),
            Err(Trouble::Stop(stop)) => Err(stop),
            Err(Trouble::Refused(error)) => {
                let draft = Draft::new(CheckName::TcpInside);
                let reason =
                    format!("no container can be started on network `{}`: {error}", network.name);
                Ok(Err(draft.with(Verdict::failed(reason, error.remedy()))))
            }
        }
    }

    /// A container's name leads to its address, alone and with the network behind it.
    pub(in super::super) async fn name_resolution(&self, inside: &Inside) -> Result<Check, Stop> {
        let mut draft = Draft::new(CheckName::NameResolution);
        let verdict = self.resolve_both(&mut draft, inside).await;
        draft.end(verdict)
    }

    async fn resolve_both(&self, draft: &mut Draft, inside: &Inside) -> Result<Verdict, Trouble> {
        let Inside { network, first, second } = inside;
        for name in [first.name.clone(), format!("{}.{}", first.name, network.name)] {
            let resolved = self.resolve(second, &name).await?;
            let to = format!("the resolver {}", resolved.resolver);
            let tried = format!("asking for `{name}`");
            draft.saw((second.at(), to), tried, resolved.in_words());
            if let Some(wrong) = wrong_answer(&name, &resolved, &first.addresses) {
                return Ok(Verdict::failed(
                    wrong,
                    "names are answered by the engine itself: restart the Docker engine of the host if containers of yours cannot resolve each other either, and see its log (`journalctl -u docker`)",
                ));
            }
        }
        Ok(Verdict::Passed)
    }

    pub(in super::super) async fn resolve(
        &self,
        probe: &Probe,
        name: &str,
    ) -> Result<Resolved, Trouble> {
        let millis = RESOLVE.as_millis().to_string();
        // Two questions, one for each family.
        let question = ["resolve", name, millis.as_str()];
        self.probes.ask(&self.ground, probe, &question, RESOLVE).await
    }

    /// Both ways, because rules of a firewall have a direction.
    pub(in super::super) async fn tcp_inside(&self, inside: &Inside) -> Result<Check, Stop> {
        let mut draft = Draft::new(CheckName::TcpInside);
        let verdict = self.dial_both_ways(&mut draft, inside).await;
        draft.end(verdict)
    }

    async fn dial_both_ways(&self, draft: &mut Draft, inside: &Inside) -> Result<Verdict, Trouble> {
        let Inside { network, first, second } = inside;
        for (from, to) in [(second, first), (first, second)] {
            for address in &to.addresses {
                let at = (*address, Probe::PORT);
                let dialled =
                    self.probes.dial_at(&self.ground, from, at, Some(&to.nonce), DIAL).await?;
                draft.saw((from.at(), to.at_port(*address)), TCP, dialled.in_words());
                if dialled.answer != Word::Answered {
                    return Ok(broken(network, &dialled));
                }
            }
        }
        if first.addresses.is_empty() {
            let reason = format!("network `{}` gave its containers no address", network.name);
            return Ok(Verdict::failed(reason, "see `docker network inspect` on the host"));
        }
        Ok(Verdict::Passed)
    }
}

/// What is tried again and again.
pub(super) const TCP: &str = "a TCP connection";

fn wrong_answer(name: &str, resolved: &Resolved, right: &[IpAddr]) -> Option<String> {
    if resolved.addresses.is_empty() {
        return Some(format!("`{name}` does not resolve: {}", resolved.in_words()));
    }
    let stray = resolved.addresses.iter().find(|address| !right.contains(address))?;
    Some(format!("`{name}` resolves to {stray}, which is not its address on this network"))
}

/// Why two containers of one network do not reach each other.
fn broken(network: &HostNetwork, dialled: &Dialled) -> Verdict {
    let name = &network.name;
    if network.options.get(ICC).is_some_and(|value| value == "false") {
        return Verdict::failed(
            format!(
                "connections between the containers of network `{name}` are switched off ({ICC}=false)"
            ),
            "make the network anew without that option: Docker cannot change it on one that is there",
        );
    }
    match dialled.answer {
        Word::Silent | Word::Unreachable => Verdict::failed(
            format!(
                "packets between the containers of network `{name}` get lost: a firewall rule of \
                 the host drops them"
            ),
            "look for it on the host: `iptables -vnL DOCKER-USER`, `iptables -vnL FORWARD`, `nft list ruleset`, and what a firewall program adds there",
        ),
        Word::Refused => Verdict::failed(
            format!(
                "connections between the containers of network `{name}` are refused, although \
                 the other one listens: a firewall rule of the host rejects them"
            ),
            "look for it on the host: `iptables -vnL DOCKER-USER`, `iptables -vnL FORWARD`, `nft list ruleset`",
        ),
        Word::Answered | Word::Stranger => Verdict::failed(
            format!("somebody else answers at a container's address on network `{name}`"),
            "something else of the host, or of its neighbours, has the same address: look for overlapping subnets (`show_addresses`)",
        ),
    }
}
