//! What a deployment is made by, as it was when it was asked for, and its container.

use super::{
    super::{links, stacks, work::Halt},
    Scene, definition,
    job::Job,
};
use crate::{
    Error,
    applications::{
        plan::{Plan, PlannedFile},
        remove::volumes_of,
    },
    db::{self, application::moving::Moving, deployment::Planned},
    host::{FileContent, FileOwner, NewFile, Place},
};

/// What a deployment goes by.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) made: Planned,
    pub(super) plan: Plan,
    /// The network on which its container is made.
    network: String,
    /// That it moves its application.
    pub(super) moving: Option<Moving>,
}

impl Course {
    pub(super) fn of(scene: &Scene<'_>, made: Planned) -> Result<Self, Error> {
        let plan = Plan::open(&scene.app.vault, &made.deployment.id, &made.sealed_plan)?;
        Ok(Self { made, plan, network: scene.row.network.clone(), moving: None })
    }

    /// The same of one that moves its application.
    pub(super) fn moving(self, moving: Option<Moving>) -> Self {
        let to = moving.as_ref().map(|moving| moving.to.network.clone());
        Self { network: to.unwrap_or(self.network), moving, ..self }
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
        let places = self.places(scene).await?;
        let new = definition::wanted(application, places, (&self.made, &self.plan), image);
        let made = scene.host.create_container(&new).await;
        let id = job.answer(made, &format!("make container `{}`", self.container()))?;
        self.put_files(job, &id).await?;
        Ok(id)
    }

    /// Where its container is: on the destination, unless its stack keeps it off, and on networks beside.
    async fn places(&self, scene: &Scene<'_>) -> Result<Vec<Place>, Halt> {
        let application = &scene.row.application;
        let (host, of) = (scene.host.as_ref(), (scene.server, &application.id));
        let mut conn = scene.app.db.acquire().await?;
        let mut places = Vec::new();
        if !db::stack::service::is_apart(&mut conn, &application.id).await? {
            places.push(definition::place(application, &self.network, &self.plan));
        }
        places.extend(stacks::joined(&mut conn, host, of).await?);
        places.extend(links::joined(&mut conn, host, of).await?);
        Ok(places)
    }

    /// Puts its files into a container that was not started yet; those that are there are put again.
    pub(super) async fn put_files(&self, job: &Job<'_>, id: &str) -> Result<(), Halt> {
        let file = |one: &PlannedFile| NewFile {
            path: one.path.clone(),
            content: FileContent::Bytes(one.content.as_str().as_bytes().to_vec()),
            mode: one.mode.bits(),
            owner: FileOwner { uid: one.uid, gid: one.gid },
        };
        let files: Vec<NewFile> = self.plan.files.iter().map(file).collect();
        if files.is_empty() {
            return Ok(());
        }
        let put = job.scene.host.put_files(id, "/", &files).await;
        job.answer(put, &format!("put files into container `{}`", self.container()))
    }
}
