//! Across the nodes of a swarm: whether its containers reach each other, and whether what travels
//! between the machines can be read on the way. The other end is a probe on another node that is a
//! server of the team, started over that server's own connection.

use std::{net::IpAddr, time::Duration};

use portolan_types::{Check, CheckName};
use tokio::task::yield_now;

use super::{
    super::{
        answer::{Captured, Dialled, Word, Xfrm},
        draft::{Draft, Verdict},
        probes::{Power, Probe, Stop, Trouble},
        prover::{Companion, Prover},
    },
    inside::{Inside, TCP},
};
use crate::host::NetworkMode;

/// An overlay learns where a new address is within a few seconds.
const DIAL: Duration = Duration::from_secs(8);
const CAPTURE: Duration = Duration::from_secs(3);
const COUNT: Duration = Duration::from_secs(2);
/// How many other nodes are tried.
const NODES: usize = 3;

/// A probe on another node.
#[derive(Debug)]
struct Far<'a> {
    node: &'a Companion,
    probe: Probe,
}

/// A probe in the host's own network, where packets leave.
#[derive(Debug)]
struct Wire {
    probe: Probe,
    /// Packets for which there was no key, before anything was tried.
    without_key: u64,
}

impl Prover<'_> {
    /// Both checks: the second one watches what the first one sends.
    pub(in super::super) async fn across(&self, inside: &Inside) -> Result<Vec<Check>, Stop> {
        let asked_for = self.row.destination.options.encrypted;
        let wire = if asked_for { Some(self.wire().await) } else { None };
        let mut draft = Draft::new(CheckName::AcrossNodes);
        let mut far = None;
        let verdict = self.try_across(&mut draft, inside, &mut far).await;
        let across = draft.end(verdict)?;
        let encrypted = self.encrypted(inside, far.as_ref(), wire).await?;
        Ok(vec![across, encrypted])
    }

    async fn try_across<'a>(
        &'a self,
        draft: &mut Draft,
        inside: &Inside,
        far: &mut Option<Far<'a>>,
    ) -> Result<Verdict, Trouble> {
        if self.companions.is_empty() {
            return Ok(Verdict::untried(
                format!(
                    "no other node of the swarm of server `{}` is a server of Portolan that \
                     answers",
                    self.ground.server
                ),
                "add another node of the swarm (`create_server`): a probe has to be started on it",
            ));
        }
        for node in self.companions.iter().take(NODES) {
            let ground = node.ground();
            let server = ground.server;
            self.probes.bring_image(&ground).await?;
            let id = &inside.network.docker_id;
            let probe = self.probes.start_on(&ground, "far", id).await?;
            for (from_ground, from, to) in
                [(&self.ground, &inside.first, &probe), (&ground, &probe, &inside.first)]
            {
                let dialled = self.probes.dial(from_ground, from, to, DIAL).await?;
                let to_at = to.address().map_or_else(|| to.at(), |address| to.at_port(address));
                let from_at = format!("{} on server `{}`", from.at(), from_ground.server);
                draft.saw((from_at, to_at), TCP, dialled.in_words());
                if dialled.answer != Word::Answered {
                    return Ok(broken(inside, self.ground.server, server, &dialled));
                }
            }
            far.get_or_insert(Far { node, probe });
        }
        Ok(Verdict::Passed)
    }

    async fn wire(&self) -> Result<Wire, Trouble> {
        let probe = self.probes.start(&self.ground, "wire", NetworkMode::Host, Power::Watch);
        let probe = probe.await?;
        let without_key = self.without_key(&probe).await?;
        Ok(Wire { probe, without_key })
    }

    async fn without_key(&self, probe: &Probe) -> Result<u64, Trouble> {
        let counted: Xfrm = self.probes.ask(&self.ground, probe, &["xfrm"], COUNT).await?;
        Ok(counted.without_key)
    }

    /// Without a wire encryption was not asked for.
    async fn encrypted(
        &self,
        inside: &Inside,
        far: Option<&Far<'_>>,
        wire: Option<Result<Wire, Trouble>>,
    ) -> Result<Check, Stop> {
        let mut draft = Draft::new(CheckName::Encrypted);
        let verdict = match (wire, far) {
            (None, _) => Ok(Verdict::not_here("encryption was not asked for")),
            (Some(Err(trouble)), _) => Err(trouble),
            (Some(Ok(wire)), Some(far)) => self.watch(&mut draft, &wire.probe, inside, far).await,
            (Some(Ok(wire)), None) => self.unseen(&mut draft, &wire).await,
        };
        draft.end(verdict)
    }

    /// Nothing got to another node, so nothing is proved; the kernel may know why.
    async fn unseen(&self, draft: &mut Draft, wire: &Wire) -> Result<Verdict, Trouble> {
        let server = self.ground.server;
        let lost = self.without_key(&wire.probe).await?.saturating_sub(wire.without_key);
        draft.saw(
            (format!("server `{server}`"), "its kernel's counters of IPsec"),
            "reading them before and after",
            format!("{lost} packets that were to be encrypted found no key"),
        );
        Ok(keyless(lost, server))
    }

    /// Sends what is known between two nodes, and looks at the packets as they leave and arrive.
    async fn watch(
        &self,
        draft: &mut Draft,
        watcher: &Probe,
        inside: &Inside,
        far: &Far<'_>,
    ) -> Result<Verdict, Trouble> {
        let Some(peer) = far.node.address() else {
            let reason = format!("the address of node `{}` is not known", far.node.server.name);
            return Ok(Verdict::untried(reason, "validate the server again"));
        };
        let (captured, answered) = self.capture_while_sending(watcher, peer, inside, far).await?;
        let from = format!("server `{}`, on the wire", self.ground.server);
        let tried = format!(
            "watching its packets while the probes sent each other a word ({answered} times)"
        );
        draft.saw(
            (from, format!("node `{}` ({peer})", far.node.server.name)),
            tried,
            captured.in_words(),
        );
        Ok(judge(&captured, answered, &inside.network.name))
    }

    async fn capture_while_sending(
        &self,
        watcher: &Probe,
        peer: IpAddr,
        inside: &Inside,
        far: &Far<'_>,
    ) -> Result<(Captured, u32), Trouble> {
        let (millis, peer) = (CAPTURE.as_millis().to_string(), peer.to_string());
        let question = ["capture", &millis, &peer, &far.probe.nonce];
        let capture = self.probes.ask(&self.ground, watcher, &question, CAPTURE);
        let mut answered = 0;
        let send = async {
            loop {
                let dialled =
                    self.probes.dial(&self.ground, &inside.first, &far.probe, DIAL).await?;
                answered += u32::from(dialled.answer == Word::Answered);
                // A host that answers at once must not keep the capture from being heard.
                yield_now().await;
            }
        };
        let captured = tokio::select! {
            biased;
            stopped = send => match stopped {
                Ok(never) => never,
                Err(trouble) => return Err(trouble),
            },
            captured = capture => captured?,
        };
        Ok((captured, answered))
    }
}

fn judge(captured: &Captured, answered: u32, network: &str) -> Verdict {
    if captured.readable > 0 {
        return Verdict::failed(
            format!(
                "what containers of network `{network}` send to another node can be read on the way: {} packets were",
                captured.readable
            ),
            "make the network anew with encryption; if it has it, see whether the kernels of the nodes have IPsec (`modprobe esp4`, `modprobe xfrm_user`) and the engine's log (`journalctl -u docker`)",
        );
    }
    match (answered, captured.esp) {
        (0, _) => Verdict::untried(
            "nothing was sent to the other node, so nothing could be watched",
            "see the check across nodes",
        ),
        (_, 0) => Verdict::untried(
            "the packets took a way that was not watched: neither readable nor encrypted ones went by",
            "see which way the nodes' packets take (`ip route get`)",
        ),
        (_, _) => Verdict::Passed,
    }
}

/// An engine asks for encryption whether or not its kernel can do it: then nothing leaves.
fn keyless(lost: u64, server: &str) -> Verdict {
    if lost == 0 {
        return Verdict::untried(
            "no packet could be sent to another node, so none was watched on its way",
            "see the check across nodes",
        );
    }
    Verdict::untried(
        format!(
            "server `{server}` is to encrypt what goes to other nodes and has no key for it, so that \
             nothing leaves: its kernel lacks IPsec (ESP)"
        ),
        "load it on every node (`modprobe esp4`) or use a kernel that has it, and see the engine's log (`journalctl -u docker`)",
    )
}

fn broken(inside: &Inside, here: &str, there: &str, dialled: &Dialled) -> Verdict {
    let name = &inside.network.name;
    let what = dialled.in_words();
    Verdict::failed(
        format!(
            "containers of network `{name}` on servers `{here}` and `{there}` do not reach each other: {what}"
        ),
        "open UDP 4789, TCP and UDP 7946, and for encrypted networks protocol 50 (ESP), between all nodes of the swarm; for encrypted ones the kernels of both need IPsec (`modprobe esp4`, `modprobe xfrm_user`)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(readable: u64, esp: u64, answered: u32) -> Verdict {
        judge(&Captured { packets: readable + esp, readable, vxlan: 0, esp }, answered, "sea")
    }

    #[test]
    fn what_could_not_leave_is_neither_proved_nor_refuted() {
        for (lost, word) in [(0, "no packet could be sent"), (8, "lacks IPsec")] {
            let Verdict::Skipped { reason, remedy } = keyless(lost, "web-1") else {
                panic!("{lost} packets prove nothing");
            };
            assert!(reason.contains(word) && remedy.is_some(), "{reason}");
        }
    }

    #[test]
    fn only_what_was_seen_encrypted_is_encrypted() {
        assert_eq!(outcome(0, 4, 2), Verdict::Passed);
        assert!(matches!(outcome(1, 4, 2), Verdict::Failed { .. }));
        assert!(matches!(outcome(4, 0, 2), Verdict::Failed { .. }));
        assert!(matches!(outcome(0, 0, 2), Verdict::Skipped { .. }));
        assert!(matches!(outcome(0, 4, 0), Verdict::Skipped { .. }));
    }
}
