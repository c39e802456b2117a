//! Whether a backup restores: into an engine of its own, on no network, which goes again whatever came of
//! it. The database itself is not touched.
//!
//! What the end of a process leaves is labelled as probes are, and swept by the keeper as they are.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use portolan_types::{DatabaseId, Failure};
use tokio::time::{Instant, sleep};

use super::{
    super::{
        applications::definition,
        compare::LABEL_MANAGED,
        recorder::{Recorder, failure},
        target,
    },
    give,
    talk::{self, Outcome},
};
use crate::{
    App, Error,
    databases::backups::{Asked, Trial, Work},
    host::{
        ContainerDetail, Dialer, Exec, Host, LogQuery, NetworkMode, NewContainer, PullProgress,
        clean, probe,
    },
    registries,
    storages::object::Object,
};

/// An engine makes its data when it starts for the first time.
const MADE_WITHIN: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_millis(250);
/// How long it may think about whether it is well.
const ANSWERS_WITHIN: Duration = Duration::from_mins(1);
/// Last words of an engine that ended.
const WORDS: LogQuery = LogQuery { lines: 10, since: None, timestamps: false };
const MOST_WORDS: usize = 600;
const NO_ANSWER: &str = "no-answer";

/// Whether a failure is about the backup, and not about the way to it.
pub(super) fn is_verdict(failure: &Failure) -> bool {
    [give::CORRUPT, give::REFUSED, give::NOT_READ, NO_ANSWER].contains(&failure.code.as_str())
}

pub(super) async fn check(
    (app, dialer): (&App, &dyn Dialer),
    recorder: &Recorder<'_>,
    (asked, object): (&Asked, &Object),
) -> Outcome<()> {
    let step = recorder.begin("check").await?;
    if let Err(failure) = give::check(asked, object).await {
        return talk::fail(recorder, step, failure).await;
    }
    recorder.done(step, "the backup is what was stored").await?;
    let step = recorder.begin("prepare").await?;
    let bench = match prepare((app, dialer), asked).await? {
        Ok(bench) => bench,
        Err(failure) => return talk::fail(recorder, step, failure).await,
    };
    let (image, server) = (&bench.image, &asked.place.server.name);
    recorder.done(step, &format!("a database of `{image}` on server `{server}`")).await?;
    let tried = bench.try_it(recorder, (asked, object)).await;
    bench.clear(asked).await;
    tried
}

/// An engine that is there for one backup.
struct Bench {
    host: Arc<dyn Host>,
    docker_id: String,
    image: String,
    /// How it is asked whether it is well.
    health: Vec<String>,
}

/// Makes it, with its image at hand.
async fn prepare((app, dialer): (&App, &dyn Dialer), asked: &Asked) -> Outcome<Bench> {
    let own = || asked.backup.database_id.clone();
    let beside = asked.place.application.as_ref().map_or_else(own, |one| DatabaseId::from(&one.id));
    let trial = match Trial::of(app, &beside, &asked.backup).await {
        Ok(trial) => trial,
        Err(error @ (Error::NotFound(_) | Error::Invalid(_))) => return Ok(Err(unknown(&error))),
        Err(error) => return Err(error),
    };
    let target = target::of(app, &asked.place.server).await?;
    let host = match dialer.dial_apart(&target).await {
        Ok(reached) => reached.host,
        Err(error) => return Ok(Err(talk::of_host(asked, "reach the engine", &error))),
    };
    let image = trial.spec.image.to_string();
    if let Err(failure) = fetch(app, asked, (host.as_ref(), image.as_str())).await? {
        return Ok(Err(failure));
    }
    let health = trial.spec.health.as_ref().map(|one| &one.command[..]).unwrap_or_default();
    let health = health.iter().map(ToString::to_string).collect();
    let made = host.create_container(&wanted(asked, trial)).await;
    Ok(match made {
        Ok(docker_id) => Ok(Bench { host, docker_id, image, health }),
        Err(error) => Err(talk::of_host(asked, "make a database for it", &error)),
    })
}

fn unknown(error: &Error) -> Failure {
    failure(
        "not-prepared",
        format!("could not say what a database for this backup is made of: {error}"),
        "check it beside another database of its engine (`check_backup.database_id`)",
    )
}

/// One that the host has is not fetched anew: it may be the one that wrote the backup.
async fn fetch(app: &App, asked: &Asked, (host, image): (&dyn Host, &str)) -> Outcome<()> {
    match host.find_image(image).await {
        Ok(Some(_)) => return Ok(Ok(())),
        Ok(None) => {}
        Err(error) => return Ok(Err(talk::of_host(asked, "look for its image", &error))),
    }
    let login = registries::login_for(app, &asked.team, image, None).await?;
    let (progress, unheard) = (PullProgress::default(), || {});
    let pulled = host.pull_image(image, login.as_ref(), &progress.on_news(&unheard)).await;
    Ok(pulled.map_err(|error| talk::of_host(asked, &format!("pull image `{image}`"), &error)))
}

/// Nothing leads to it: it has neither a network nor a port nor a volume with a name.
fn wanted(asked: &Asked, Trial { spec, environment }: Trial) -> NewContainer {
    NewContainer {
        name: format!("portolan-check-{}", asked.operation),
        image: spec.image.to_string(),
        command: spec.command.iter().map(ToString::to_string).collect(),
        environment,
        labels: BTreeMap::from([
            (LABEL_MANAGED.to_owned(), "true".to_owned()),
            (probe::LABEL.to_owned(), asked.operation.to_string()),
        ]),
        network: NetworkMode::None,
        limits: definition::limits(spec.limits),
        health: spec.health.as_ref().map(definition::health),
        ..NewContainer::default()
    }
}

impl Bench {
    async fn try_it(
        &self,
        recorder: &Recorder<'_>,
        (asked, object): (&Asked, &Object),
    ) -> Outcome<()> {
        let step = recorder.begin("start").await?;
        let started = self.host.start_container(&self.docker_id).await;
        let started = started.map_err(|error| talk::of_host(asked, "start the database", &error));
        let ready = match started {
            Ok(()) => self.is_ready(asked).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = ready {
            return talk::fail(recorder, step, failure).await;
        }
        recorder.done(step, "it answers").await?;
        let container = (self.host.as_ref(), self.docker_id.as_str());
        if let Err(failure) = give::restore(recorder, (asked, object), container).await? {
            return Ok(Err(failure));
        }
        let step = recorder.begin("answer").await?;
        if let Err(failure) = self.answers(asked).await {
            return talk::fail(recorder, step, failure).await;
        }
        recorder.done(step, "it answers with what the backup has").await?;
        Ok(Ok(()))
    }

    /// Looks until it is well, or has ended.
    async fn is_ready(&self, asked: &Asked) -> Result<(), Failure> {
        let until = Instant::now() + MADE_WITHIN;
        while Instant::now() < until {
            let found = self.host.find_container(&self.docker_id).await;
            let found = found.map_err(|error| talk::of_host(asked, "look at it", &error))?;
            match found.as_ref().map(|one| (one.is_running(), one.health.as_deref())) {
                Some((true, None | Some("healthy"))) => return Ok(()),
                Some((true, Some("unhealthy"))) => return Err(self.ended("is not well").await),
                Some((true, Some(_))) => sleep(PAUSE).await,
                Some((false, _)) | None => return Err(self.ended(&how(found.as_ref())).await),
            }
        }
        Err(talk::silent("the engine", MADE_WITHIN))
    }

    /// With what it said last: that is where the cause most often is.
    async fn ended(&self, how: &str) -> Failure {
        let said = self.host.container_logs(&self.docker_id, &WORDS).await;
        let said = said.unwrap_or_else(|error| format!("nothing that could be read: {error}"));
        let said: String = clean(said.trim()).chars().take(MOST_WORDS).collect();
        failure(
            "not-ready",
            format!("the database that was made for it {how}; it said last: {said}"),
            "look at the memory that the database may have, and check the backup again \
             (`check_backup`)",
        )
    }

    /// The engine's own question, asked anew: what its health was may be of before.
    async fn answers(&self, asked: &Asked) -> Result<(), Failure> {
        self.is_ready(asked).await.map_err(|why| no_answer(&why.message))?;
        let exec = Exec {
            command: self.health.clone(),
            user: None,
            environment: Vec::new(),
            within: ANSWERS_WITHIN,
        };
        match self.host.exec(&self.docker_id, &exec).await {
            Ok(said) if said.exit_code == 0 => Ok(()),
            Ok(said) => Err(no_answer(&clean(said.stderr.trim()))),
            Err(error) if error.is_late() => Err(no_answer(&error.to_string())),
            Err(error) => Err(talk::of_host(asked, "ask the database", &error)),
        }
    }

    /// What does not go now is swept by the keeper.
    async fn clear(&self, asked: &Asked) {
        if let Err(error) = self.host.remove_container(&self.docker_id).await {
            tracing::warn!(
                operation.id = %asked.operation, %error,
                "could not remove the database of a check; the next look does"
            );
        }
    }
}

fn how(found: Option<&ContainerDetail>) -> String {
    found.map_or_else(|| "is gone".to_owned(), |one| format!("ended with code {}", one.exit_code))
}

fn no_answer(why: &str) -> Failure {
    failure(
        NO_ANSWER,
        format!("the engine read the backup, and does not answer with it: {why}"),
        talk::again(Work::Check),
    )
}
