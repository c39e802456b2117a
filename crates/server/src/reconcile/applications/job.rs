//! A piece of work on an application: its steps, some of which last longer than a look, how the host's
//! refusals are told, and how it ends.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use portolan_types::{
    DeploymentState, Failure, MovedVolume, OperationId, OperationKind, StepState, Timestamp,
};
use tokio::time::Instant;

use super::{
    super::{
        PassError,
        beside::Beside,
        recorder::{OpenStep, Recorder},
        work::{Halt, halt},
    },
    Progress, Scene, across, carry, serve,
    workshop::{Failed, Made, Told, Workshop},
};
use crate::{
    Error,
    applications::{in_its_words, word},
    db::{
        self, Transaction,
        application::moving::{self, Moving},
    },
    events::{self, Entry, Happened},
    host::{HostError, PullProgress},
};

/// What is remembered of work that goes on after the look.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) operation: OperationId,
    /// How far the image is that is being pulled.
    pub(super) pull: Option<PullProgress>,
    /// What the registry answered.
    pub(super) resolved: Arc<OnceLock<String>>,
    /// How many replicas were ready, and since when it is so many.
    pub(super) ready: Option<(usize, Instant)>,
    /// Where replicas have answered.
    pub(super) answered: BTreeSet<IpAddr>,
    /// How far the image is that is being built.
    pub(super) told: Option<Told>,
    /// How far volumes are that are being copied, and how often that was begun.
    pub(super) carried: Option<carry::Progress>,
    pub(super) tries: u32,
    /// Whether what an earlier process left on the other host was removed.
    pub(super) swept: bool,
    /// What it needs of its stack was there when it was begun.
    pub(super) needs_met: bool,
    /// It was built on another server, and is in its registry.
    pub(super) pushed: bool,
    step: Option<(&'static str, OpenStep, Instant)>,
}

impl Open {
    pub(super) fn new(operation: &OperationId) -> Self {
        Self {
            operation: operation.clone(),
            pull: None,
            told: None,
            carried: None,
            tries: 0,
            swept: false,
            needs_met: false,
            pushed: false,
            resolved: Arc::default(),
            ready: None,
            answered: BTreeSet::new(),
            step: None,
        }
    }
}

/// One operation in work.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) recorder: Recorder<'a>,
    pub(super) open: Open,
    pub(super) beside: &'a mut Beside,
    pub(super) builds: &'a mut Beside<Made, Failed>,
    pub(super) carries: &'a mut Beside<Vec<MovedVolume>, carry::Failed>,
    pub(super) workshop: &'a Workshop,
}

impl Job<'_> {
    /// The same work on another host. What is open of it has to be taken back afterwards.
    pub(super) fn at<'b>(&'b mut self, scene: &'b Scene<'b>) -> Job<'b> {
        let id = &self.recorder.id;
        Job {
            scene,
            recorder: Recorder::going_on(scene.app, self.recorder.kind(), id),
            open: std::mem::replace(&mut self.open, Open::new(id)),
            beside: &mut *self.beside,
            builds: &mut *self.builds,
            carries: &mut *self.carries,
            workshop: self.workshop,
        }
    }

    /// A host's answer. Its refusal is an outcome; a lost connection ends the pass.
    pub(super) fn answer<T>(&self, answer: Result<T, HostError>, action: &str) -> Result<T, Halt> {
        answer.map_err(|error| halt(self.scene.server_name(), error, action))
    }

    /// Begins a step that may last longer than this look, unless it is open already. Answers since
    /// when it is.
    pub(super) async fn enter(&mut self, name: &'static str) -> Result<Instant, Halt> {
        match &self.open.step {
            Some((open, _, since)) if *open == name => return Ok(*since),
            Some(_) => self.leave("").await?,
            None => {}
        }
        let (step, since) = (self.recorder.begin(name).await?, Instant::now());
        self.open.step = Some((name, step, since));
        Ok(since)
    }

    /// Says how far the open step is.
    pub(super) async fn say(&self, words: &str) -> Result<(), Halt> {
        match &self.open.step {
            Some((_, step, _)) => Ok(self.recorder.say(step, words).await?),
            None => Ok(()),
        }
    }

    /// The open step is done.
    pub(super) async fn leave(&mut self, words: &str) -> Result<(), Halt> {
        self.end(StepState::Succeeded, words).await
    }

    /// The same, if that is the step that is open: it may have been done in a look before.
    pub(super) async fn leave_if(&mut self, name: &str, words: &str) -> Result<(), Halt> {
        match &self.open.step {
            Some((open, _, _)) if *open == name => self.leave(words).await,
            Some(_) | None => Ok(()),
        }
    }

    /// The open step is done, with something to know.
    pub(super) async fn warn(&mut self, words: &str) -> Result<(), Halt> {
        self.end(StepState::Warned, words).await
    }

    async fn end(&mut self, state: StepState, words: &str) -> Result<(), Halt> {
        let Some((_, step, _)) = self.open.step.take() else { return Ok(()) };
        match state {
            StepState::Warned => Ok(self.recorder.warn(step, words).await?),
            _ => Ok(self.recorder.done(step, words).await?),
        }
    }

    /// The work ends without having come to its end. What served before goes on serving.
    pub(super) async fn failed(&mut self, failure: &Failure) -> Result<Progress, PassError> {
        let failure = &self.named(failure);
        if let Some((_, step, _)) = self.open.step.take() {
            self.recorder.fail(step, failure).await?;
        }
        let (kind, what) = match self.recorder.kind() {
            OperationKind::DeployApplication => ("application.not-deployed", "was not deployed"),
            OperationKind::MoveApplication => ("application.not-moved", "was not moved"),
            OperationKind::RemoveApplication => ("application.not-removed", "was not removed"),
            OperationKind::ConfirmMove => {
                ("application.not-cleared", "is not gone where it was before")
            }
            OperationKind::TakeBackMove => ("application.not-taken-back", "was not taken back"),
            OperationKind::StopApplication => ("application.not-stopped", "was not stopped"),
            _ => ("application.not-started", "was not started"),
        };
        let now = Timestamp::now();
        let mut tx = self.scene.app.db.begin().await?;
        let made = db::deployment::find_by_operation(&mut tx, &self.recorder.id).await?;
        if let Some(made) = &made {
            serve::give_back(&mut tx, self.scene, made, now).await?;
            let end = (DeploymentState::Failed, Some(failure.message.as_str()));
            db::deployment::finish(&mut tx, &made.deployment.id, end, now).await?;
        }
        let moved = match self.recorder.kind() {
            OperationKind::MoveApplication => self.give_up(&mut tx).await?,
            _ => None,
        };
        let what = format!("{what}: {}", failure.message);
        events::record(&mut tx, self.event(kind, &what), now).await?;
        self.recorder.finish(&mut tx, Some(failure)).await?;
        tx.commit().await?;
        self.recorder.tell();
        // What the try left behind goes at once.
        self.scene.app.wake(&self.scene.server.server.id);
        if let Some(moved) = moved {
            across::wake(self.scene.app, &moved);
        }
        Ok(Progress::Done)
    }

    /// A move came to nothing: what is left of it is to go.
    async fn give_up(&self, tx: &mut Transaction) -> Result<Option<Moving>, Error> {
        let id = &self.scene.row.application.id;
        moving::give_up(tx, id).await?;
        Ok(moving::find(tx, id).await?)
    }

    /// What is to be done is named as it is done with what the application runs.
    fn named(&self, failure: &Failure) -> Failure {
        let application = &self.scene.row.application;
        let named = |text: &str| in_its_words(application, text).into_owned();
        Failure {
            message: named(&failure.message),
            remedy: failure.remedy.as_deref().map(named),
            ..failure.clone()
        }
    }

    /// The work came to its end, in the transaction of the moves that it made.
    pub(super) async fn succeeded(
        &mut self,
        mut tx: Transaction,
        (kind, what): (&'static str, &str),
    ) -> Result<Progress, Halt> {
        events::record(&mut tx, self.event(kind, what), Timestamp::now()).await?;
        self.recorder.finish(&mut tx, None).await?;
        tx.commit().await?;
        self.recorder.tell();
        Ok(Progress::Done)
    }

    fn event(&self, kind: &'static str, what: &str) -> Entry<'_> {
        let application = &self.scene.row.application;
        let happened = Happened {
            team: &self.scene.row.team_id,
            kind,
            subject: self.scene.subject(),
            name: application.name.as_str(),
            message: format!("{} `{}` {what}", word(application), application.name),
        };
        let task = events::portolan(self.recorder.kind().as_str());
        happened.by(task).part_of(&self.recorder.id).of(&application.destination_id)
    }
}

/// Whether so much time has passed since the step was begun.
pub(super) fn has_passed(since: Instant, time: Duration) -> bool {
    since.elapsed() >= time
}
