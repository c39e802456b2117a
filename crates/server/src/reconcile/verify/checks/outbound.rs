//! Out of the host: as configured. An internal network leads nowhere; any other one has a way out,
//! and it is tried where a machine outside is known that answers the host itself. The internet is
//! not required.

use std::{net::IpAddr, time::Duration};

use portolan_types::{Check, CheckName, Connection};

use super::{
    super::{
        answer::Routes,
        draft::{Draft, Verdict},
        probes::{Power, Stop, Trouble},
        prover::Prover,
    },
    inside::{Inside, TCP},
};
use crate::{db, host::NetworkMode};

const ROUTES: Duration = Duration::from_secs(2);
const DIAL: Duration = Duration::from_secs(2);
/// A port at which a gateway refuses, if it says anything.
const ANY_PORT: u16 = 9;
/// How many machines outside are tried, and among how many servers they are looked for.
const OUTSIDE: usize = 4;
const OTHERS: i64 = 16;

/// A machine outside that answers the host.
#[derive(Debug, Clone, Copy)]
struct Outside {
    address: IpAddr,
    port: u16,
}

impl Prover<'_> {
    pub(in super::super) async fn outbound(&self, inside: &Inside) -> Result<Check, Stop> {
        let mut draft = Draft::new(CheckName::Outbound);
        let verdict = self.try_outbound(&mut draft, inside).await;
        draft.end(verdict)
    }

    async fn try_outbound(&self, draft: &mut Draft, inside: &Inside) -> Result<Verdict, Trouble> {
        let probe = &inside.first;
        let routes: Routes = self.probes.ask(&self.ground, probe, &["routes"], ROUTES).await?;
        draft.saw((probe.at(), "its own routes"), "reading them", routes.in_words());
        let outside = self.known_outside(draft).await?;
        let dialled = match outside {
            Some(Outside { address, port }) => {
                let at = (address, port);
                let dialled = self.probes.dial_at(&self.ground, probe, at, None, DIAL).await?;
                draft.saw((probe.at(), format!("{address}, port {port}")), TCP, dialled.in_words());
                Some(dialled)
            }
            None => None,
        };
        let gets_out = dialled.as_ref().map(super::super::answer::Dialled::is_there);
        Ok(judge(inside.network.internal, routes.lead_out(), gets_out, &inside.network.name))
    }

    /// A machine outside that answers the host itself: without one, silence would prove nothing.
    async fn known_outside(&self, draft: &mut Draft) -> Result<Option<Outside>, Trouble> {
        let host = self.probes.start(&self.ground, "host", NetworkMode::Host, Power::Nothing);
        let host = host.await?;
        let routes: Routes = self.probes.ask(&self.ground, &host, &["routes"], ROUTES).await?;
        let gateways =
            routes.gateways.into_iter().map(|address| Outside { address, port: ANY_PORT });
        let candidates = gateways.chain(self.other_servers().await?).take(OUTSIDE);
        for outside in candidates {
            let Outside { address, port } = outside;
            let at = (address, port);
            let dialled = self.probes.dial_at(&self.ground, &host, at, None, DIAL).await?;
            let from = format!("server `{}` itself", self.ground.server);
            draft.saw((from, format!("{address}, port {port}")), TCP, dialled.in_words());
            if dialled.is_there() {
                return Ok(Some(outside));
            }
        }
        Ok(None)
    }

    /// The team's other servers, by the addresses at which Portolan reaches them.
    async fn other_servers(&self) -> Result<Vec<Outside>, Stop> {
        let mut conn = self.app.db.acquire().await?;
        let servers = db::server::list_reachable(&mut conn, &self.row.team_id, OTHERS).await?;
        let others = servers.iter().filter(|server| server.id != self.server.server.id);
        Ok(others.filter_map(|server| outside(&server.connection)).collect())
    }
}

fn outside(connection: &Connection) -> Option<Outside> {
    match connection {
        Connection::Local { .. } => None,
        Connection::Ssh { host, port, .. } => {
            let address: IpAddr = host.as_str().parse().ok()?;
            (!address.is_loopback()).then_some(Outside { address, port: port.get() })
        }
    }
}

fn judge(internal: bool, lead_out: bool, gets_out: Option<bool>, network: &str) -> Verdict {
    match (internal, lead_out, gets_out) {
        (true, _, Some(true)) | (true, true, _) => Verdict::failed(
            format!("network `{network}` is internal, and yet its containers get out"),
            "make the network anew (`retry_destination`, or a change in place), and look at the firewall rules of the host",
        ),
        (true, false, Some(false) | None) | (false, true, Some(true) | None) => Verdict::Passed,
        (false, false, _) => Verdict::failed(
            format!("network `{network}` is not internal, and yet its containers have no way out"),
            "see whether the network has a gateway (`docker network inspect`), and whether another network of the containers is meant to lead out",
        ),
        (false, true, Some(false)) => Verdict::failed(
            format!("packets of network `{network}` do not get out of the host, which itself does"),
            "see on the host whether it forwards (`sysctl net.ipv4.ip_forward`) and translates addresses (`iptables -t nat -vnL POSTROUTING`), and which rule drops (`iptables -vnL DOCKER-USER`, `iptables -vnL FORWARD`)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_is_as_configured() {
        let passes = |internal, lead_out, gets_out| {
            judge(internal, lead_out, gets_out, "web") == Verdict::Passed
        };
        assert!(passes(true, false, None) && passes(true, false, Some(false)));
        assert!(passes(false, true, None) && passes(false, true, Some(true)));
        for (internal, lead_out, gets_out) in [
            (true, true, None),
            (true, false, Some(true)),
            (false, false, None),
            (false, false, Some(true)),
            (false, true, Some(false)),
        ] {
            assert!(!passes(internal, lead_out, gets_out), "{internal} {lead_out} {gets_out:?}");
        }
    }
}
