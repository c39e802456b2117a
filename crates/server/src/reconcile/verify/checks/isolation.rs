//! Between the network and a foreign one: nothing gets in, and nothing gets out. The foreign one is
//! a network of our own that lives for a moment: other people's are left alone.

use std::time::Duration;

use portolan_types::{Check, CheckName, DestinationKind, NetworkName, NetworkOptions};

use super::{
    super::{
        draft::{Draft, Verdict},
        probes::{Probe, Stop, Trouble},
        prover::Prover,
    },
    inside::{Inside, TCP},
};
use crate::{
    Error, addresses,
    host::{HostError, NewNetwork},
    rights::Visible,
};

/// Silence is the right answer, so it is waited for.
const SILENCE: Duration = Duration::from_secs(2);
const DIAL: Duration = Duration::from_secs(3);

impl Prover<'_> {
    /// Makes a network that has nothing to do with the destination, and puts a probe on it. The
    /// inner error says why it could not be.
    pub(in super::super) async fn go_abroad(&self) -> Result<Result<Probe, HostError>, Stop> {
        match self.make_foreign().await {
            Ok(foreign) => Ok(Ok(foreign)),
            Err(Trouble::Refused(error)) => Ok(Err(error)),
            Err(Trouble::Stop(stop)) => Err(stop),
        }
    }

    async fn make_foreign(&self) -> Result<Probe, Trouble> {
        let name = self.probes.name("foreign");
        let network = NewNetwork {
            kind: DestinationKind::Standalone,
            name: name.parse::<NetworkName>().map_err(|invalid| {
                Trouble::Refused(HostError::Protocol { why: invalid.to_string() })
            })?,
            options: self.spare_addresses().await?,
            labels: self.probes.labels(),
        };
        let docker_id = self.ground.answer(self.ground.host.create_network(&network).await)?;
        self.probes.start_on(&self.ground, "foreign", &docker_id).await
    }

    /// A subnet that nobody has, from the plan; the engine's own choice where the plan is used up.
    async fn spare_addresses(&self) -> Result<NetworkOptions, Stop> {
        let options = NetworkOptions::default();
        let mut tx = self.app.db.begin().await?;
        let (team, server) = (&self.row.team_id, &self.server.server);
        // Never committed: the subnet is given back in a moment.
        match addresses::choose(&mut tx, Visible::whole(team), server, &options).await {
            Ok(chosen) => Ok(NetworkOptions { subnet: chosen.subnet, ..options }),
            Err(Error::Refused { .. }) => Ok(options),
            Err(error) => Err(error.into()),
        }
    }

    /// From the foreign network into the destination.
    pub(in super::super) async fn isolation_inward(
        &self,
        inside: &Inside,
        foreign: &Probe,
    ) -> Result<Check, Stop> {
        let draft = Draft::new(CheckName::IsolationInward);
        let way = format!("from a foreign network into `{}`", inside.network.name);
        self.isolation(draft, (foreign, &inside.first), &way).await
    }

    /// From the destination into the foreign network.
    pub(in super::super) async fn isolation_outward(
        &self,
        inside: &Inside,
        foreign: &Probe,
    ) -> Result<Check, Stop> {
        let draft = Draft::new(CheckName::IsolationOutward);
        let way = format!("from `{}` into a foreign network", inside.network.name);
        self.isolation(draft, (&inside.first, foreign), &way).await
    }

    async fn isolation(
        &self,
        mut draft: Draft,
        between: (&Probe, &Probe),
        way: &str,
    ) -> Result<Check, Stop> {
        let verdict = self.try_to_cross(&mut draft, between, way).await;
        draft.end(verdict)
    }

    async fn try_to_cross(
        &self,
        draft: &mut Draft,
        (from, to): (&Probe, &Probe),
        way: &str,
    ) -> Result<Verdict, Trouble> {
        // That nobody gets through proves something only while somebody is there.
        let own = self.probes.dial(&self.ground, to, to, DIAL).await?;
        draft.saw((to.at(), to.at()), "a TCP connection to itself", own.in_words());
        if !own.is_through() {
            let reason = "the probe that was to be reached did not answer itself";
            return Ok(Verdict::untried(reason, "verify again"));
        }
        for address in &to.addresses {
            let at = (*address, Probe::PORT);
            let crossed =
                self.probes.dial_at(&self.ground, from, at, Some(&to.nonce), SILENCE).await?;
            draft.saw((from.at(), to.at_port(*address)), TCP, crossed.in_words());
            if crossed.is_through() {
                return Ok(Verdict::failed(
                    format!("a container gets {way}: the host does not keep its networks apart"),
                    "look on the host for what lets it through: the engine's own rules (`iptables -vnL DOCKER-ISOLATION-STAGE-1`, `DOCKER-USER`), `\"iptables\": false` in /etc/docker/daemon.json, or a gateway mode that routes",
                ));
            }
        }
        Ok(Verdict::Passed)
    }
}
