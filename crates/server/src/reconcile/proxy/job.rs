//! A piece of work on a proxy: its steps, how the host's refusals are told, and how it ends.

use portolan_types::{
    DriftState, Facts, Failure, ObservedProxy, OperationKind, ProxyState, Timestamp,
};

use super::{
    super::{
        PassError,
        recorder::Recorder,
        work::{self, Halt},
    },
    Scene, down,
};
use crate::{
    Error,
    db::{self, proxy::Move},
    events::{self, Happened},
    host::{ContainerDetail, HostError},
    operations::{self, Task},
};

/// One operation in work.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub scene: &'a Scene<'a>,
    pub kind: OperationKind,
    pub recorder: Recorder<'a>,
}

impl Job<'_> {
    /// A host's answer. Its refusal is an outcome; a lost connection ends the pass.
    pub(super) fn answer<T>(&self, answer: Result<T, HostError>, action: &str) -> Result<T, Halt> {
        answer.map_err(|error| halt(self.scene, &error, action))
    }

    /// One step with what it found.
    pub(super) async fn step<T>(
        &self,
        name: &str,
        doing: impl Future<Output = Result<(T, String), Halt>> + Send,
    ) -> Result<T, Halt> {
        let step = self.recorder.begin(name).await?;
        match Box::pin(doing).await {
            Ok((found, detail)) => {
                self.recorder.done(step, &detail).await?;
                Ok(found)
            }
            Err(Halt::Refused(failure)) => {
                self.recorder.fail(step, &failure).await?;
                Err(failure.into())
            }
            Err(halt @ Halt::Pass(_)) => Err(halt),
        }
    }

    /// The container runs and was looked at.
    pub(super) async fn running(&self, observed: &ObservedProxy) -> Result<(), Error> {
        let what = match self.kind {
            OperationKind::RepairProxy => "was repaired and runs again",
            OperationKind::RestartProxy => "was restarted",
            OperationKind::UpgradeProxy => "was upgraded",
            _ => "runs",
        };
        self.ended(ProxyState::Running, None, Some(observed), "proxy.running", what).await
    }

    /// It was stopped on purpose.
    pub(super) async fn stopped(&self) -> Result<(), Error> {
        self.ended(ProxyState::Stopped, None, None, "proxy.stopped", "was stopped").await
    }

    /// The work did not come to its end.
    pub(super) async fn failed(&self, failure: &Failure) -> Result<(), Error> {
        let what = format!("could not be made what it is to be: {}", failure.message);
        self.ended(ProxyState::Failed, Some(failure), None, "proxy.failed", &what).await
    }

    async fn ended(
        &self,
        to: ProxyState,
        failure: Option<&Failure>,
        observed: Option<&ObservedProxy>,
        kind: &'static str,
        what: &str,
    ) -> Result<(), Error> {
        let server = &self.scene.server.server.id;
        let reason = failure.map(|failure| failure.message.as_str());
        let proxy = &self.scene.row.proxy;
        let by = proxy.operation_id.as_ref();
        let step = Move { from: proxy.state, to, by, reason, operation: None };
        let now = Timestamp::now();
        let mut tx = self.scene.app.db.begin().await?;
        if db::proxy::advance(&mut tx, server, &step, now).await? {
            if observed.is_some() {
                db::proxy::set_observed(&mut tx, server, observed).await?;
            }
            let mended = observed.map(down::facts).unwrap_or_default();
            let outcome = failure.map_or_else(|| Ok((drift_after(to), &mended)), Err);
            down::settled(&mut tx, self.scene, outcome, now).await?;
            events::record(&mut tx, happened(self.scene, kind, what), now).await?;
        }
        self.recorder.finish(&mut tx, failure).await?;
        tx.commit().await?;
        self.recorder.tell();
        Ok(())
    }
}

/// A refusal is put into words; a lost connection, or a swarm that cannot be asked, is none.
pub(super) fn halt(scene: &Scene<'_>, error: &HostError, action: &str) -> Halt {
    work::halt(scene.server_name(), error.clone(), action)
}

pub(super) fn happened<'a>(scene: &'a Scene<'_>, kind: &'static str, what: &str) -> Happened<'a> {
    Happened {
        team: &scene.row.team_id,
        kind,
        subject: scene.subject(),
        name: scene.server_name(),
        message: format!("the proxy of server `{}` {what}", scene.server_name()),
    }
}

/// What becomes of a difference by work that ends in a state: what a person stopped is not repaired.
const fn drift_after(to: ProxyState) -> DriftState {
    match to {
        ProxyState::Running => DriftState::Healed,
        ProxyState::Stopped
        | ProxyState::Pending
        | ProxyState::Drifted
        | ProxyState::Failed
        | ProxyState::Removing => DriftState::Gone,
    }
}

/// The operation begins that makes it anew by the present definition. `false` when it moved
/// meanwhile.
pub(super) async fn outdated(scene: &Scene<'_>, reason: &str) -> Result<bool, Error> {
    let from = scene.row.proxy.state;
    let mut tx = scene.app.db.begin().await?;
    // Before the operations, as those do who ask for work.
    db::proxy::lock(&mut tx, &scene.row.team_id, &scene.server.server.id).await?;
    let (kind, subject) = (OperationKind::RepairProxy, scene.subject());
    let task = Task { kind, subject, name: scene.server_name(), input: None };
    let operation = operations::queue(&mut tx, &scene.row.team_id, task).await?;
    let running = from == ProxyState::Running;
    let step = Move {
        from,
        to: if running { ProxyState::Drifted } else { ProxyState::Pending },
        by: None,
        reason: Some(reason),
        operation: Some(&operation.id),
    };
    let now = Timestamp::now();
    if !db::proxy::advance(&mut tx, &scene.server.server.id, &step, now).await? {
        return Ok(false);
    }
    let what = format!("is made anew: {reason}");
    events::record(&mut tx, happened(scene, "proxy.outdated", &what), now).await?;
    tx.commit().await?;
    Ok(true)
}

/// A failed or drifted proxy was found running as it is to.
pub(super) async fn runs_again(
    scene: &Scene<'_>,
    container: &ContainerDetail,
) -> Result<(), PassError> {
    let step = Move {
        from: scene.row.proxy.state,
        to: ProxyState::Running,
        by: None,
        reason: None,
        operation: None,
    };
    let now = Timestamp::now();
    let version = scene.row.proxy.observed.as_ref().and_then(|seen| seen.version.clone());
    let observed = observed(container, version);
    let mut tx = scene.app.db.begin().await?;
    if db::proxy::advance(&mut tx, &scene.server.server.id, &step, now).await? {
        db::proxy::set_observed(&mut tx, &scene.server.server.id, Some(&observed)).await?;
        let mended: Facts = down::facts(&observed);
        down::settled(&mut tx, scene, Ok((DriftState::Gone, &mended)), now).await?;
        events::record(&mut tx, happened(scene, "proxy.running", "runs again"), now).await?;
    }
    tx.commit().await?;
    Ok(())
}

pub(super) fn observed(container: &ContainerDetail, version: Option<String>) -> ObservedProxy {
    ObservedProxy {
        docker_id: container.member.docker_id.clone(),
        image_id: container.image_id.clone(),
        version,
        status: container.member.state.clone(),
        started_at: container.started_at,
        inspected_at: Timestamp::now(),
    }
}
