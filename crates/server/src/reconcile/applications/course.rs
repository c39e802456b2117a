//! What a deployment is made by, as it was when it was asked for, and its container.

use super::{super::work::Halt, Scene, definition, job::Job};
use crate::{
    Error,
    applications::{
        plan::{Plan, PlannedFile},
        remove::volumes_of,
    },
    db::{self, deployment::Planned},
    host::{FileContent, NewFile},
};

/// What a deployment goes by.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) made: Planned,
    pub(super) plan: Plan,
}

impl Course {
    pub(super) fn of(scene: &Scene<'_>, made: Planned) -> Result<Self, Error> {
        let plan = Plan::open(&scene.app.vault, &made.deployment.id, &made.sealed_plan)?;
        Ok(Self { made, plan })
    }

    /// That of the deployment that serves.
    pub(super) async fn serving(scene: &Scene<'_>) -> Result<Option<Self>, Error> {
        let Some(id) = &scene.row.application.deployment_id else { return Ok(None) };
        let mut conn = scene.app.db.acquire().await?;
        let found = db::deployment::find(&mut conn, id).await?;
        found.map(|made| Self::of(scene, made)).transpose()
    }

    /// What its image was found to be, or what it was asked for as.
    pub(super) fn image(&self) -> &str {
        let deployment = &self.made.deployment;
        deployment.image_id.as_deref().unwrap_or(deployment.image.as_str())
    }

    pub(super) fn container(&self) -> &str {
        self.made.deployment.container.as_str()
    }

    /// Makes its container of an image, with the volumes that it mounts; answers Docker's id.
    pub(super) async fn create(&self, job: &Job<'_>, image: &str) -> Result<String, Halt> {
        let (scene, application) = (job.scene, &job.scene.row.application);
        for volume in volumes_of(application, &self.plan.spec) {
            let made = scene.host.create_volume(&volume, &definition::labels(application)).await;
            job.answer(made, &format!("make volume `{volume}`"))?;
        }
        let network = scene.row.network.as_str();
        let new = definition::wanted(application, network, (&self.made, &self.plan), image);
        let made = scene.host.create_container(&new).await;
        let id = job.answer(made, &format!("make container `{}`", self.container()))?;
        self.put_files(job, &id).await?;
        Ok(id)
    }

    /// Puts its files into a container that was not started yet; those that are there are put again.
    pub(super) async fn put_files(&self, job: &Job<'_>, id: &str) -> Result<(), Halt> {
        let file = |one: &PlannedFile| NewFile {
            path: one.path.clone(),
            content: FileContent::Bytes(one.content.as_str().as_bytes().to_vec()),
            // An engine reads it as a user of its own.
            mode: 0o644,
        };
        let files: Vec<NewFile> = self.plan.files.iter().map(file).collect();
        if files.is_empty() {
            return Ok(());
        }
        let put = job.scene.host.put_files(id, "/", &files).await;
        job.answer(put, &format!("put files into container `{}`", self.container()))
    }
}
