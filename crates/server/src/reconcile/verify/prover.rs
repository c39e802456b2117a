//! A verification from its first check to its last.
//!
//! Owns the order. What each check tries is in `checks`; probes are made in `probes` and removed by
//! whoever called for the verification, however it ended.

use std::{net::IpAddr, sync::Arc};

use portolan_types::{Check, CheckName, CheckOutcome, DestinationKind, Server};

use super::{
    checks::Inside,
    draft::{Draft, Verdict},
    probes::{Ground, Probes, Stop, Trouble, Whose, foreign_machine},
};
use crate::{
    App,
    db::{destination, server},
    host::{ContainerDetail, Host, HostNetwork},
    reconcile::recorder::{Recorder, failure},
};

/// Another node of the destination's swarm.
#[derive(Debug)]
pub(super) struct Companion {
    pub(super) server: Server,
    pub(super) host: Arc<dyn Host>,
}

impl Companion {
    pub(super) fn ground(&self) -> Ground<'_> {
        let server = self.server.name.as_str();
        Ground { host: self.host.as_ref(), server, whose: Whose::Others }
    }

    /// Where the other nodes reach it.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.server.swarm.as_ref()?.address.as_ref()?.parse().ok()
    }
}

/// What a verification has at hand.
#[derive(Debug)]
pub(super) struct Prover<'a> {
    pub(super) app: &'a App,
    pub(super) server: &'a server::Assigned,
    pub(super) row: &'a destination::Assigned,
    pub(super) ground: Ground<'a>,
    pub(super) companions: &'a [Companion],
    pub(super) probes: Probes<'a>,
    pub(super) recorder: &'a Recorder<'a>,
}

/// The checks that need probes, in order.
const PROBED: [CheckName; 8] = [
    CheckName::NameResolution,
    CheckName::TcpInside,
    CheckName::IsolationInward,
    CheckName::IsolationOutward,
    CheckName::Outbound,
    CheckName::RoutedTargets,
    CheckName::AcrossNodes,
    CheckName::Encrypted,
];

impl Prover<'_> {
    /// All checks.
    pub(super) async fn run(&self) -> Result<Vec<Check>, Stop> {
        let mut checks = Vec::new();
        let step = self.recorder.begin(CheckName::Network.as_str()).await?;
        let (check, network) = self.network().await?;
        self.end(step, &check).await?;
        checks.push(check);
        let Some(network) = network else {
            let reason = "there is no network to try it on";
            checks.push(Draft::new(CheckName::ProxyAttached).with(Verdict::not_here(reason)));
            checks.extend(self.without_probes(reason, None));
            return Ok(checks);
        };
        let step = self.recorder.begin(CheckName::ProxyAttached.as_str()).await?;
        let (check, proxy) = self.proxy_attached(&network).await?;
        self.end(step, &check).await?;
        checks.push(check);
        checks.extend(self.probed(network, proxy.as_ref()).await?);
        Ok(checks)
    }

    async fn probed(
        &self,
        network: HostNetwork,
        proxy: Option<&ContainerDetail>,
    ) -> Result<Vec<Check>, Stop> {
        if let Err(why) = self.prepare().await? {
            return Ok(self.without_probes(&why.0, Some(&why.1)));
        }
        let inside = match self.enter(network).await? {
            Ok(inside) => inside,
            Err(check) => {
                let step = self.recorder.begin(check.name.as_str()).await?;
                self.end(step, &check).await?;
                let mut checks = vec![check];
                let rest = self.without_probes("no probe could be started on the network", None);
                checks.extend(rest.into_iter().filter(|one| one.name != CheckName::TcpInside));
                return Ok(checks);
            }
        };
        let mut checks = Vec::new();
        self.take(&mut checks, CheckName::NameResolution, self.name_resolution(&inside)).await?;
        self.take(&mut checks, CheckName::TcpInside, self.tcp_inside(&inside)).await?;
        self.isolated(&mut checks, &inside).await?;
        self.take(&mut checks, CheckName::Outbound, self.outbound(&inside)).await?;
        let routed = self.routed_targets(&inside.network, proxy);
        self.take(&mut checks, CheckName::RoutedTargets, routed).await?;
        if self.row.destination.kind == DestinationKind::Swarm {
            let step = self.recorder.begin(CheckName::AcrossNodes.as_str()).await?;
            let across = self.across(&inside).await?;
            self.end_all(step, &across).await?;
            checks.extend(across);
        }
        Ok(checks)
    }

    async fn isolated(&self, checks: &mut Vec<Check>, inside: &Inside) -> Result<(), Stop> {
        match self.go_abroad().await? {
            Ok(foreign) => {
                let inward = self.isolation_inward(inside, &foreign);
                self.take(checks, CheckName::IsolationInward, inward).await?;
                let outward = self.isolation_outward(inside, &foreign);
                self.take(checks, CheckName::IsolationOutward, outward).await
            }
            Err(error) => {
                let reason = format!("no foreign network could be made to try it from: {error}");
                for name in [CheckName::IsolationInward, CheckName::IsolationOutward] {
                    let verdict = Verdict::untried(&reason, error.remedy());
                    checks.push(Draft::new(name).with(verdict));
                }
                Ok(())
            }
        }
    }

    /// Whether probes can run here at all; what is in the way and what to do about it otherwise.
    async fn prepare(&self) -> Result<Result<(), (String, String)>, Stop> {
        let step = self.recorder.begin("prepare").await?;
        let (outcome, words) = match self.bring_probe().await {
            Ok(Ok(words)) => (Ok(()), words.to_owned()),
            Ok(Err(why)) => (Err(why.clone()), why.0),
            Err(Trouble::Refused(error)) => {
                let why = (format!("no probe could be started: {error}"), error.remedy());
                (Err(why.clone()), why.0)
            }
            Err(Trouble::Stop(ended)) => return Err(ended),
        };
        match &outcome {
            Ok(()) => self.recorder.done(step, &words).await?,
            Err(_) => self.recorder.warn(step, &words).await?,
        }
        Ok(outcome)
    }

    async fn bring_probe(&self) -> Result<Result<&'static str, (String, String)>, Trouble> {
        if let Some(foreign) = foreign_machine(&self.server.server) {
            return Ok(Err(foreign));
        }
        self.probes.bring_image(&self.ground).await.map(Ok)
    }

    fn without_probes(&self, reason: &str, remedy: Option<&str>) -> Vec<Check> {
        let of_swarm =
            |name: &CheckName| matches!(name, CheckName::AcrossNodes | CheckName::Encrypted);
        let swarm = self.row.destination.kind == DestinationKind::Swarm;
        let skipped = |name: CheckName| {
            let (reason, remedy) = (reason.to_owned(), remedy.map(str::to_owned));
            Draft::new(name).with(Verdict::Skipped { reason, remedy })
        };
        PROBED.into_iter().filter(|name| swarm || !of_swarm(name)).map(skipped).collect()
    }

    /// One check as a step of the operation.
    async fn take(
        &self,
        checks: &mut Vec<Check>,
        name: CheckName,
        doing: impl Future<Output = Result<Check, Stop>>,
    ) -> Result<(), Stop> {
        let step = self.recorder.begin(name.as_str()).await?;
        let check = doing.await?;
        self.end(step, &check).await?;
        checks.push(check);
        Ok(())
    }

    async fn end_all(
        &self,
        step: crate::reconcile::recorder::OpenStep,
        checks: &[Check],
    ) -> Result<(), Stop> {
        let mut open = Some(step);
        for check in checks {
            let step = match open.take() {
                Some(step) => step,
                None => self.recorder.begin(check.name.as_str()).await?,
            };
            self.end(step, check).await?;
        }
        Ok(())
    }

    async fn end(
        &self,
        step: crate::reconcile::recorder::OpenStep,
        check: &Check,
    ) -> Result<(), Stop> {
        let reason = check.reason.as_deref().unwrap_or("passed");
        match check.outcome {
            CheckOutcome::Passed => {
                let last = check.evidence.last().map_or(reason, |one| one.answer.as_str());
                self.recorder.done(step, last).await?;
            }
            CheckOutcome::Skipped => {
                self.recorder.warn(step, &format!("skipped: {reason}")).await?;
            }
            CheckOutcome::Failed => {
                let remedy = check.remedy.as_deref().unwrap_or_default();
                self.recorder.fail(step, &failure("check-failed", reason, remedy)).await?;
            }
        }
        Ok(())
    }
}
