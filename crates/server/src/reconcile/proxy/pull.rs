//! Fetching the proxy's image beside the keeper's other work: it takes minutes, and the server's
//! destinations do not wait for it.
//!
//! Owns the step of the operation that it is; the task is in `beside`.

use std::sync::Arc;

use portolan_types::{Failure, OperationId, OperationKind};
use tokio::sync::Notify;

use super::{
    super::{
        PassError,
        beside::{self, Beside},
        recorder::{OpenStep, Recorder, failure, host_failure},
        work::Halt,
    },
    Scene,
    job::halt,
};
use crate::{
    App, Error, db,
    host::{HostError, PullProgress},
    registries,
};

/// The pull under way on a server, if there is one.
#[derive(Debug)]
pub(super) struct Pulls {
    beside: Beside,
    under_way: Option<Pull>,
}

#[derive(Debug)]
struct Pull {
    operation: OperationId,
    kind: OperationKind,
    image: String,
    step: OpenStep,
    progress: PullProgress,
}

/// How far the image is that some work needs.
#[derive(Debug)]
pub(super) enum Stage {
    /// It is on the host.
    Ready,
    UnderWay,
    /// It cannot be had.
    Refused(Failure),
}

impl Pulls {
    /// The bell is the keeper's: it looks when an image has come.
    pub(super) fn new(bell: Arc<Notify>) -> Self {
        Self { beside: Beside::new(bell), under_way: None }
    }

    /// The image for a piece of work: on the host, or on its way there from now on.
    pub(super) async fn stage(
        &mut self,
        scene: &Scene<'_>,
        kind: OperationKind,
        operation: &OperationId,
    ) -> Result<Stage, PassError> {
        let image = scene.row.proxy.image.as_str();
        let is_it = |pull: &Pull| pull.operation == *operation && pull.image == image;
        if !self.under_way.as_ref().is_some_and(is_it) {
            self.abandon(scene.app).await?;
            return self.begin(scene, kind, operation).await;
        }
        let Some(pull) = self.under_way.take() else { return Ok(Stage::Ready) };
        match self.beside.stage(operation.as_str()) {
            beside::Stage::Ended(outcome) => self.ended(scene, pull, outcome).await,
            beside::Stage::UnderWay => {
                say(scene, image, &pull.progress).await?;
                self.under_way = Some(pull);
                Ok(Stage::UnderWay)
            }
            beside::Stage::Idle => {
                self.under_way = Some(pull);
                self.abandon(scene.app).await?;
                self.begin(scene, kind, operation).await
            }
        }
    }

    /// Other work took the place of the one that it was for.
    pub(super) async fn abandon(&mut self, app: &App) -> Result<(), Error> {
        let Some(pull) = self.under_way.take() else { return Ok(()) };
        let Pull { operation, kind, image, step, .. } = pull;
        self.beside.forget(&operation);
        let failure = failure(
            "interrupted",
            format!("pulling image `{image}` was broken off"),
            "it is begun anew when it is needed",
        );
        Recorder::going_on(app, kind, &operation).fail(step, &failure).await
    }

    async fn begin(
        &mut self,
        scene: &Scene<'_>,
        kind: OperationKind,
        operation: &OperationId,
    ) -> Result<Stage, PassError> {
        let image = scene.row.proxy.image.as_str();
        if kind != OperationKind::UpgradeProxy {
            match scene.host.find_image(image).await {
                Ok(Some(_)) => return Ok(Stage::Ready),
                Ok(None) => {}
                Err(error) => {
                    return stage(halt(scene, &error, &format!("look for image `{image}`")));
                }
            }
        }
        let login = registries::login_for(scene.app, &scene.row.team_id, image, None).await?;
        let Some(recorder) = Recorder::start(scene.app, kind, operation).await? else {
            // It was ended at this moment: whoever takes it up finds that too.
            return Ok(Stage::Ready);
        };
        let step = recorder.begin("pull").await?;
        let host = scene.round.host;
        let progress = self.beside.pull(operation.as_str(), host, (image, login));
        say(scene, image, &progress).await?;
        self.under_way = Some(Pull {
            operation: operation.clone(),
            kind,
            image: image.to_owned(),
            step,
            progress,
        });
        Ok(Stage::UnderWay)
    }

    async fn ended(
        &mut self,
        scene: &Scene<'_>,
        pull: Pull,
        outcome: Result<(), HostError>,
    ) -> Result<Stage, PassError> {
        let Pull { operation, kind, image, step, .. } = pull;
        let recorder = Recorder::going_on(scene.app, kind, &operation);
        let error = match outcome {
            Ok(()) => {
                recorder.done(step, &format!("image `{image}` was pulled")).await?;
                return Ok(Stage::Ready);
            }
            Err(error) => error,
        };
        let failure = host_failure(&format!("pull image `{image}`"), scene.server_name(), &error);
        recorder.fail(step, &failure).await?;
        if error.is_connection() {
            // It was lost with an earlier connection.
            return self.begin(scene, kind, &operation).await;
        }
        Ok(Stage::Refused(failure))
    }
}

fn stage(halt: Halt) -> Result<Stage, PassError> {
    match halt {
        Halt::Refused(failure) => Ok(Stage::Refused(failure)),
        Halt::Pass(error) => Err(error),
    }
}

/// Why the proxy is not there yet.
async fn say(scene: &Scene<'_>, image: &str, progress: &PullProgress) -> Result<(), Error> {
    let reason = match progress.percent() {
        Some(percent) => format!("pulling image `{image}`: {percent}%"),
        None => format!("pulling image `{image}`"),
    };
    let mut conn = scene.app.db.acquire().await?;
    db::proxy::set_reason(&mut conn, &scene.row.proxy, &reason).await?;
    Ok(())
}
