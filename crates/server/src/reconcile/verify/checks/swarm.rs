//! Across the nodes of a swarm: whether its containers reach each other, and whether what travels
//! between the machines can be read on the way. The other end is a probe on another node that is a
//! server of the team, started over that server's own connection.

use std::{net::IpAddr, time::Duration};

use portolan_types::{Check, CheckName};

use super::{
    super::{
        answer::{Captured, Dialled, Word},
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
/// How many other nodes are tried.
const NODES: usize = 3;

/// A probe on another node.
#[derive(Debug)]
struct Far<'a> {
    node: &'a Companion,
    probe: Probe,
}

impl Prover<'_> {
    /// Both checks: the second one watches what the first one sends.
    pub(in super::super) async fn across(&self, inside: &Inside) -> Result<Vec<Check>, Stop> {
        let mut draft = Draft::new(CheckName::AcrossNodes);
        let mut far = None;
        let verdict = self.try_across(&mut draft, inside, &mut far).await;
        let across = draft.end(verdict)?;
        let encrypted = self.encrypted(inside, far.as_ref()).await?;
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
                "add another node of the swarm (`portolan server add`): a probe has to be started on it",
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

    async fn encrypted(&self, inside: &Inside, far: Option<&Far<'_>>) -> Result<Check, Stop> {
        let mut draft = Draft::new(CheckName::Encrypted);
        if !self.row.destination.options.encrypted {
            return Ok(draft.with(Verdict::not_here("encryption was not asked for")));
        }
        let Some(far) = far else {
            let reason = "no packet could be sent to another node, so none was watched on its way";
            return Ok(draft.with(Verdict::untried(reason, "see the check across nodes")));
        };
        let verdict = self.watch(&mut draft, inside, far).await;
        draft.end(verdict)
    }

    /// Sends what is known between two nodes, and looks at the packets as they leave and arrive.
    async fn watch(
        &self,
        draft: &mut Draft,
        inside: &Inside,
        far: &Far<'_>,
    ) -> Result<Verdict, Trouble> {
        let Some(peer) = far.node.address() else {
            let reason = format!("the address of node `{}` is not known", far.node.server.name);
            return Ok(Verdict::untried(reason, "validate the server again"));
        };
        let watcher = self.probes.start(&self.ground, "wire", NetworkMode::Host, Power::Watch);
        let watcher = watcher.await?;
        let (captured, answered) = self.capture_while_sending(&watcher, peer, inside, far).await?;
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
            }
        };
        let captured = tokio::select! {
            captured = capture => captured?,
            stopped = send => match stopped {
                Ok(never) => never,
                Err(trouble) => return Err(trouble),
            },
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
    fn only_what_was_seen_encrypted_is_encrypted() {
        assert_eq!(outcome(0, 4, 2), Verdict::Passed);
        assert!(matches!(outcome(1, 4, 2), Verdict::Failed { .. }));
        assert!(matches!(outcome(4, 0, 2), Verdict::Failed { .. }));
        assert!(matches!(outcome(0, 0, 2), Verdict::Skipped { .. }));
        assert!(matches!(outcome(0, 4, 0), Verdict::Skipped { .. }));
    }
}
