//! Validating a server: dialling it with an audience, then judging what it says of itself.

use portolan_types::{
    Engine, Failure, OperationId, OperationKind, Server, ServerKind, ServerState, Subject,
    Timestamp, server::Pool,
};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Surroundings, reachability,
    recorder::{OpenStep, Recorder, failure, host_failure},
    role,
};
use crate::{
    App, Error,
    db::{
        self,
        server::{Assigned, Validated},
    },
    events::{self, Happened},
    host::{DialReport, Dialed, HostError, HostNetwork, HostRole, Progress, System, Target},
    servers,
};

mod advisories;
mod judge;

/// What a validation found.
#[derive(Clone, Copy)]
enum Outcome<'a> {
    Usable(&'a Validated),
    Unusable(&'a Failure),
    /// It did not answer, which says nothing of what it is.
    Away(&'a Failure),
}

impl<'a> Outcome<'a> {
    const fn failure(self) -> Option<&'a Failure> {
        match self {
            Self::Usable(_) => None,
            Self::Unusable(failure) | Self::Away(failure) => Some(failure),
        }
    }
}

/// Dials and judges. The connection is kept when the host answered, whatever the judgement.
pub(super) async fn run(
    around: &Surroundings,
    row: &Assigned,
    target: &Target,
    operation: &OperationId,
) -> Result<Result<Dialed, HostError>, Error> {
    let app = &around.app;
    let kind = OperationKind::ValidateServer;
    let Some(recorder) = Recorder::start(app, kind, operation).await? else {
        return Ok(around.dialer.dial(target, &Progress::silent()).await);
    };
    let dialed = match dial(around, &recorder, target).await? {
        Ok(dialed) => dialed,
        Err(error) => {
            let failure = host_failure("reach Docker", &target.server, &error);
            let outcome = if error.needs_a_person() {
                Outcome::Unusable(&failure)
            } else {
                Outcome::Away(&failure)
            };
            conclude(app, &recorder, row, outcome).await?;
            return Ok(Err(error));
        }
    };
    reachability::found(app, row).await?;
    match judged(app, &recorder, row, &dialed).await? {
        Ok(found) => conclude(app, &recorder, row, Outcome::Usable(&found)).await?,
        Err(failure) => conclude(app, &recorder, row, Outcome::Unusable(&failure)).await?,
    }
    Ok(Ok(dialed))
}

/// Dials while each stage is written down as a step.
async fn dial(
    around: &Surroundings,
    recorder: &Recorder<'_>,
    target: &Target,
) -> Result<Result<Dialed, HostError>, Error> {
    let (progress, reports) = Progress::channel();
    let dial = async {
        let dialed = around.dialer.dial(target, &progress).await;
        // The scribe ends when nobody can report any more.
        drop(progress);
        dialed
    };
    let (dialed, open) = tokio::join!(dial, write_down(recorder, reports));
    if let (Err(error), Some(step)) = (&dialed, open?) {
        recorder.fail(step, &failure("host-error", error.to_string(), error.remedy())).await?;
    }
    Ok(dialed)
}

/// Writes reports until they end; answers the step that was begun and not done.
async fn write_down(
    recorder: &Recorder<'_>,
    mut reports: UnboundedReceiver<DialReport>,
) -> Result<Option<OpenStep>, Error> {
    let mut open = None;
    while let Some(report) = reports.recv().await {
        match (report, open.take()) {
            (DialReport::Began(step), None) => open = Some(recorder.begin(step.as_str()).await?),
            (DialReport::Done(_, detail), Some(step)) => recorder.done(step, &detail).await?,
            (DialReport::Began(next), Some(step)) => {
                recorder.done(step, "done").await?;
                open = Some(recorder.begin(next.as_str()).await?);
            }
            (DialReport::Done(step, detail), None) => {
                let step = recorder.begin(step.as_str()).await?;
                recorder.done(step, &detail).await?;
            }
        }
    }
    Ok(open)
}

/// Asks the host what it is and judges each answer in a step.
async fn judged(
    app: &App,
    recorder: &Recorder<'_>,
    row: &Assigned,
    dialed: &Dialed,
) -> Result<Result<Validated, Failure>, Error> {
    let step = recorder.begin("engine").await?;
    let asked = async { Ok((dialed.host.system().await?, dialed.host.list_networks().await?)) };
    let (system, networks) = match asked.await {
        Ok(answers) => answers,
        Err(error) => {
            let server = row.server.name.as_str();
            let failure = host_failure("inspect the engine", server, &error);
            recorder.fail(step, &failure).await?;
            return Ok(Err(failure));
        }
    };
    let mut warnings = system.warnings.clone();
    let managers = managers(app, row, &system).await?;
    let judgements = [
        judge::engine(&system),
        judge::system(&system),
        judge::role(&system, &managers),
        judge::resources(&system),
        judge::pools(&system, &networks),
    ];
    let mut step = Some(step);
    for judgement in judgements {
        let open = match step.take() {
            Some(open) => open,
            None => recorder.begin(judgement.step).await?,
        };
        match judgement.verdict {
            judge::Verdict::Good(detail) => recorder.done(open, &detail).await?,
            judge::Verdict::Known(detail) => {
                recorder.warn(open, &detail).await?;
                warnings.push(detail);
            }
            judge::Verdict::Bad(failure) => {
                recorder.fail(open, &failure).await?;
                return Ok(Err(failure));
            }
        }
    }
    Ok(Ok(validated(&row.server, system, warnings, dialed)))
}

/// The managers of the host's swarm, for people.
async fn managers(app: &App, row: &Assigned, system: &System) -> Result<String, Error> {
    let server = Server { swarm: system.swarm.clone(), ..row.server.clone() };
    let mut conn = app.db.acquire().await?;
    let companions = servers::companions(&mut conn, &row.team_id, &server).await?;
    Ok(servers::managers_in_words(&server, &companions))
}

fn validated(server: &Server, system: System, warnings: Vec<String>, dialed: &Dialed) -> Validated {
    let role = HostRole { kind: system.kind, swarm: system.swarm };
    let role = role::remembering(role, server);
    Validated {
        kind: role.kind,
        swarm: role.swarm,
        access: dialed.access,
        key: dialed.key.clone(),
        engine: Engine {
            engine_id: system.engine_id,
            hostname: system.hostname,
            version: system.version,
            api_version: system.api_version,
            operating_system: system.operating_system,
            architecture: system.architecture,
            kernel: system.kernel,
            cpus: system.cpus,
            memory_bytes: system.memory_bytes,
            disk_total_bytes: system.disk.map(|disk| disk.total_bytes),
            disk_free_bytes: system.disk.map(|disk| disk.free_bytes),
            pools: system.pools,
            warnings,
        },
    }
}

/// Stores the outcome, its event and the end of the operation together.
async fn conclude(
    app: &App,
    recorder: &Recorder<'_>,
    row: &Assigned,
    outcome: Outcome<'_>,
) -> Result<(), Error> {
    let now = Timestamp::now();
    let id = &row.server.id;
    let name = &row.server.name;
    let mut tx = app.db.begin().await?;
    let (kind, message) = match outcome {
        Outcome::Usable(found) => {
            db::server::set_validated(&mut tx, id, row.revision, found, now).await?;
            let engine = &found.engine.version;
            (
                "server.validated",
                format!("server `{name}` was validated: {}, Docker {engine}", found.kind),
            )
        }
        // What was learned of it still holds: when it is back, its destinations are kept again.
        Outcome::Away(failure) if row.server.state == ServerState::Ready => {
            ("server.not-validated", failure.message.clone())
        }
        Outcome::Unusable(failure) | Outcome::Away(failure) => {
            db::server::set_invalid(&mut tx, id, row.revision, &failure.message, now).await?;
            ("server.invalid", failure.message.clone())
        }
    };
    let subject = Subject::Server(id.clone());
    let happened = Happened { team: &row.team_id, kind, subject, name: name.as_str(), message };
    let task = events::portolan(recorder.kind().as_str());
    events::record(&mut tx, happened.by(task).part_of(&recorder.id), now).await?;
    recorder.finish(&mut tx, outcome.failure()).await?;
    tx.commit().await?;
    recorder.tell();
    Ok(())
}
