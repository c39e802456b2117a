//! Writes down what an operation does while it does it: steps, outcome, time.

use portolan_types::{
    Blocker, Failure, OperationId, OperationKind, OperationResult, StepState, Timestamp,
};

use crate::{
    App, Error,
    db::{self, Transaction, step},
    host::HostError,
    metrics::OperationLabels,
};

/// The record of one running operation.
#[derive(Debug)]
pub(super) struct Recorder<'a> {
    app: &'a App,
    kind: OperationKind,
    pub(super) id: OperationId,
}

/// A step that was begun.
#[derive(Debug)]
#[must_use = "a step that was begun has to end"]
pub(super) struct OpenStep {
    position: i64,
}

impl<'a> Recorder<'a> {
    /// Takes an operation up, after a crash too. `None` when it is over already.
    pub(super) async fn start(
        app: &'a App,
        kind: OperationKind,
        id: &OperationId,
    ) -> Result<Option<Self>, Error> {
        let now = Timestamp::now();
        let mut tx = app.db.begin().await?;
        if !db::operation::start(&mut tx, id, now).await? {
            return Ok(None);
        }
        let cut = "interrupted before its end; the work is taken up again from the start";
        db::step::interrupt(&mut tx, id, cut, now).await?;
        tx.commit().await?;
        app.changed(id);
        Ok(Some(Self { app, kind, id: id.clone() }))
    }

    /// The record of work that this process has taken up already, and that is under way.
    pub(super) fn going_on(app: &'a App, kind: OperationKind, id: &OperationId) -> Self {
        Self { app, kind, id: id.clone() }
    }

    pub(super) const fn kind(&self) -> OperationKind {
        self.kind
    }

    pub(super) async fn begin(&self, name: &str) -> Result<OpenStep, Error> {
        let mut conn = self.app.db.acquire().await?;
        let position = db::step::insert(&mut conn, &self.id, name, Timestamp::now()).await?;
        self.app.changed(&self.id);
        Ok(OpenStep { position })
    }

    /// How far a step is that goes on.
    pub(super) async fn say(&self, step: &OpenStep, detail: &str) -> Result<(), Error> {
        let mut conn = self.app.db.acquire().await?;
        if db::step::set_detail(&mut conn, &self.id, step.position, detail).await? {
            self.app.changed(&self.id);
        }
        Ok(())
    }

    pub(super) async fn done(&self, step: OpenStep, detail: &str) -> Result<(), Error> {
        let end = step::End { state: StepState::Succeeded, detail: Some(detail), remedy: None };
        self.end(step, end).await
    }

    /// Done, with something to know.
    pub(super) async fn warn(&self, step: OpenStep, detail: &str) -> Result<(), Error> {
        let end = step::End { state: StepState::Warned, detail: Some(detail), remedy: None };
        self.end(step, end).await
    }

    pub(super) async fn fail(&self, step: OpenStep, failure: &Failure) -> Result<(), Error> {
        let end = step::End {
            state: StepState::Failed,
            detail: Some(&failure.message),
            remedy: failure.remedy.as_deref(),
        };
        self.end(step, end).await
    }

    async fn end(&self, step: OpenStep, end: step::End<'_>) -> Result<(), Error> {
        let mut conn = self.app.db.acquire().await?;
        let now = Timestamp::now();
        db::step::finish(&mut conn, &self.id, step.position, &end, now).await?;
        self.app.changed(&self.id);
        Ok(())
    }

    /// Ends the operation in the transaction of the move that it made. Call [`Self::tell`] after
    /// the commit.
    pub(super) async fn finish(
        &self,
        tx: &mut Transaction,
        failure: Option<&Failure>,
    ) -> Result<(), Error> {
        if !db::operation::finish(tx, &self.id, failure, Timestamp::now()).await? {
            // Newer work took its place meanwhile, and says how that went.
            return Ok(());
        }
        let outcome = if failure.is_some() { "failed" } else { "succeeded" };
        let labels = OperationLabels { kind: self.kind.as_str(), outcome };
        self.app.metrics.operations.get_or_create(&labels).inc();
        Ok(())
    }

    /// Ends an operation that made no move of its own, with what it found.
    pub(super) async fn conclude(
        &self,
        failure: Option<&Failure>,
        result: Option<&OperationResult>,
    ) -> Result<(), Error> {
        let mut tx = self.app.db.begin().await?;
        if let Some(result) = result {
            db::operation::set_result(&mut tx, &self.id, result).await?;
        }
        self.finish(&mut tx, failure).await?;
        tx.commit().await?;
        self.tell();
        Ok(())
    }

    /// Tells those who wait.
    pub(super) fn tell(&self) {
        self.app.changed(&self.id);
    }
}

/// A failure with a code for programs.
pub(crate) fn failure(
    code: &str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Failure {
    Failure {
        code: code.to_owned(),
        message: message.into(),
        remedy: Some(remedy.into()),
        blockers: Vec::new(),
    }
}

/// A host's error as the outcome of what was tried: what, on which server, why, and what to do.
pub(super) fn host_failure(action: &str, server: &str, error: &HostError) -> Failure {
    failure(
        "host-error",
        format!("could not {action} on server `{server}`: {error}"),
        error.remedy(),
    )
}

/// A failure that names what is in the way.
pub(super) fn blocked(message: String, remedy: &str, blockers: Vec<Blocker>) -> Failure {
    Failure { blockers, ..failure("network-in-use", message, remedy) }
}
