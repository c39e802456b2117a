//! What a build said, for those who may read it: all of it, or as it is said.

use std::{collections::VecDeque, num::NonZeroU32, sync::Arc, time::Duration};

use futures_util::{Stream, stream};
use portolan_types::{
    ApplicationId, DeploymentId, LogLine, LogStream, OperationId, ReadingCause, ReadingEnd,
};
use tokio::{sync::broadcast, time::timeout};

use super::{deployments, find};
use crate::{
    Actor, App, Error, credentials,
    db::{self, build_log::Part},
    readings::{Lines, Said},
};

/// Parts that are read at once; each has some lines.
const AT_ONCE: i64 = 100;
/// How often it is looked whether its reader may still read it, when nothing is said.
const PATIENCE: Duration = Duration::from_secs(30);

/// All that was said until now.
pub(crate) async fn read(
    app: &App,
    actor: &Actor,
    (id, number): (&ApplicationId, NonZeroU32),
) -> Result<Lines, Error> {
    let deployment = deployments::show(app, actor, id, number).await?;
    let (mut lines, mut part) = (Vec::new(), 0);
    loop {
        let mut conn = app.db.acquire().await?;
        let parts = db::build_log::list_after(&mut conn, &deployment.id, part, AT_ONCE).await?;
        let Some(last) = parts.last() else { return Ok(Lines { lines, left_out: 0 }) };
        part = last.number;
        lines.extend(parts.iter().flat_map(lines_of));
    }
}

fn lines_of(part: &Part) -> impl Iterator<Item = LogLine> {
    let line = |text: &str| LogLine {
        stream: LogStream::Stdout,
        at: Some(part.at),
        text: text.to_owned(),
    };
    part.lines.lines().map(line)
}

/// What was said, and what is said from now on, until the image is there or there will be none.
pub(crate) async fn follow(
    app: Arc<App>,
    actor: Actor,
    (id, number): (ApplicationId, NonZeroU32),
) -> Result<impl Stream<Item = Said> + Send + use<>, Error> {
    let changes = app.watch();
    let deployment = deployments::show(&app, &actor, &id, number).await?;
    let reader = Reader {
        changes,
        application: id,
        number,
        deployment: deployment.id,
        operation: deployment.operation_id,
        part: 0,
        ahead: VecDeque::new(),
        actor,
        app,
    };
    Ok(stream::unfold(Some(reader), |reader| async { reader?.next().await }))
}

/// Somebody who follows one.
struct Reader {
    app: Arc<App>,
    actor: Actor,
    application: ApplicationId,
    number: NonZeroU32,
    deployment: DeploymentId,
    operation: OperationId,
    /// The last part that was read.
    part: i64,
    ahead: VecDeque<LogLine>,
    changes: broadcast::Receiver<OperationId>,
}

impl Reader {
    /// The next that is told, and who goes on.
    async fn next(mut self) -> Option<(Said, Option<Self>)> {
        match self.line().await {
            Ok(Ok(line)) => Some((Said::Line(line), Some(self))),
            Ok(Err(end)) => Some((Said::Ended(end), None)),
            Err(error) => {
                tracing::warn!(%error, "could not follow a build's log");
                let end =
                    end(ReadingCause::Lost, "it could not be read on", Some("follow it again"));
                Some((Said::Ended(end), None))
            }
        }
    }

    async fn line(&mut self) -> Result<Result<LogLine, ReadingEnd>, Error> {
        loop {
            if let Some(line) = self.ahead.pop_front() {
                return Ok(Ok(line));
            }
            // Before the last reading, or what is said between the two would be missed.
            let over = self.is_over().await?;
            if self.read_on().await? {
                continue;
            }
            if over {
                return Ok(Err(end(ReadingCause::Ended, "the build is over", None)));
            }
            if self.app.stopping.is_cancelled() {
                let words = "Portolan stops";
                return Ok(Err(end(ReadingCause::Stopping, words, Some("follow it again"))));
            }
            self.wait().await;
            if !self.may_read().await? {
                let words = "its reader may not read it any more, or it is gone";
                return Ok(Err(end(ReadingCause::Revoked, words, None)));
            }
        }
    }

    /// Whether more was said.
    async fn read_on(&mut self) -> Result<bool, Error> {
        let mut conn = self.app.db.acquire().await?;
        let parts =
            db::build_log::list_after(&mut conn, &self.deployment, self.part, AT_ONCE).await?;
        let Some(last) = parts.last() else { return Ok(false) };
        self.part = last.number;
        self.ahead.extend(parts.iter().flat_map(lines_of));
        Ok(true)
    }

    async fn is_over(&self) -> Result<bool, Error> {
        let mut conn = self.app.db.acquire().await?;
        let found = db::deployment::find(&mut conn, &self.deployment).await?;
        let has_image = found.is_none_or(|found| found.deployment.image_id.is_some());
        Ok(has_image || !db::operation::is_at_work(&mut conn, &self.operation).await?)
    }

    async fn may_read(&self) -> Result<bool, Error> {
        if !credentials::is_good(&self.app, &self.actor).await? {
            return Ok(false);
        }
        let mut conn = self.app.db.acquire().await?;
        match find(&mut conn, &self.actor, &self.application).await {
            Ok(_) => Ok(db::deployment::find_by_number(&mut conn, &self.application, self.number)
                .await?
                .is_some()),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Until something of the work changed. Who fell behind reads, which is what it wants.
    async fn wait(&mut self) {
        let (changes, operation) = (&mut self.changes, &self.operation);
        let told = async {
            while let Ok(of) = changes.recv().await {
                if of == *operation {
                    return;
                }
            }
        };
        // At the end of its patience it looks anyway.
        let waiting = self.app.stopping.run_until_cancelled(timeout(PATIENCE, told));
        let _whichever = waiting.await;
    }
}

fn end(cause: ReadingCause, message: &str, remedy: Option<&str>) -> ReadingEnd {
    ReadingEnd { cause, message: message.to_owned(), remedy: remedy.map(str::to_owned) }
}
