//! Where images are built: a task beside the keeper's looks, from the repository to the image, and to
//! its registry when another server builds.
//!
//! Owns the order of what is done, and what is told of it meanwhile.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use portolan_types::{
    Build, Commit, Deployment, Server, ServerId, TeamId, VariableName, VariableValue,
};
use tokio::sync::Notify;

use super::{
    super::{hosts::Hosts, work::Halt},
    build_log,
};
use crate::{
    App, Error,
    applications::{plan::Plan, sources},
    db,
    git::{self, Access, Context, ContextError, GitError, Login},
    host::{Host, HostError, ImageBuild, PullProgress, RegistryLogin, clean},
    registries,
};

/// What builds need beside a host.
#[derive(Debug, Clone)]
pub(in super::super) struct Workshop {
    pub(in super::super) app: Arc<App>,
    pub(in super::super) hosts: Arc<Hosts>,
}

/// What is to be built.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) build: Build,
    pub(super) deployment: Deployment,
    pub(super) team: TeamId,
    pub(super) plan: Plan,
    pub(super) labels: BTreeMap<String, String>,
    /// Whether the nodes of a swarm are to fetch it.
    pub(super) is_service: bool,
}

/// Where the image is.
#[derive(Debug)]
pub(super) enum Made {
    /// On the host of the deployment, by its id.
    Here(String),
    /// In its registry.
    Pushed,
}

/// Why there is no image.
#[derive(Debug)]
pub(super) enum Failed {
    Source(GitError),
    Context(ContextError),
    Host {
        server: String,
        error: HostError,
    },
    /// The server that is to build has no connection.
    NoBuilder,
    Halt(Halt),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Halt(error.into())
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Error::from(error).into()
    }
}

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Source,
    Build,
    Push,
}

impl Phase {
    /// The name of its step.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Build => "build",
            Self::Push => "push",
        }
    }
}

/// What the keeper is told of a build.
#[derive(Debug, Clone)]
pub(super) struct Told {
    now: Arc<Mutex<Now>>,
    bell: Arc<Notify>,
}

#[derive(Debug)]
struct Now {
    phase: Phase,
    commit: Option<Commit>,
    words: Option<String>,
    push: PullProgress,
}

impl Told {
    fn new(bell: Arc<Notify>) -> Self {
        let now =
            Now { phase: Phase::Source, commit: None, words: None, push: PullProgress::default() };
        Self { now: Arc::new(Mutex::new(now)), bell }
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still whole.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn phase(&self) -> Phase {
        self.now().phase
    }

    pub(super) fn commit(&self) -> Option<Commit> {
        self.now().commit.clone()
    }

    /// How far the step is.
    pub(super) fn words(&self) -> Option<String> {
        let now = self.now();
        match now.phase {
            Phase::Push => now.push.percent().map(|percent| format!("{percent}%")),
            Phase::Source | Phase::Build => now.words.clone(),
        }
    }

    fn enter(&self, phase: Phase) {
        let mut now = self.now();
        (now.phase, now.words) = (phase, None);
        drop(now);
        self.bell.notify_one();
    }

    pub(super) fn say(&self, words: String) {
        self.now().words = Some(words);
        self.bell.notify_one();
    }
}

/// The server that builds.
struct Builder {
    name: String,
    host: Arc<dyn Host>,
}

impl Workshop {
    /// Begins a build. What is answered first says how far it is.
    pub(super) fn begin(
        &self,
        own: (&Server, &Arc<dyn Host>),
        order: Order,
        bell: Arc<Notify>,
    ) -> (Told, impl Future<Output = Result<Made, Failed>> + Send + use<>) {
        let told = Told::new(bell);
        let other = order.build.server_id.clone().filter(|id| *id != own.0.id);
        let own = Builder { name: own.0.name.to_string(), host: own.1.clone() };
        let (shop, tell) = (self.clone(), told.clone());
        let building = async move {
            match other {
                None if order.is_service => shop.build_and_push(&own, &order, &tell).await,
                None => shop.build(&own, &order, &tell).await.map(Made::Here),
                Some(other) => {
                    let builder = shop.builder(&other, &order).await?;
                    shop.build_and_push(&builder, &order, &tell).await
                }
            }
        };
        (told, building)
    }

    /// Another server, if it is connected.
    async fn builder(&self, server: &ServerId, order: &Order) -> Result<Builder, Failed> {
        let mut conn = self.app.db.acquire().await?;
        let found = db::server::find_assigned(&mut conn, server).await?;
        drop(conn);
        let found = found.filter(|row| row.team_id == order.team).ok_or(Failed::NoBuilder)?;
        let host = self.hosts.find(server).ok_or(Failed::NoBuilder)?;
        Ok(Builder { name: found.server.name.to_string(), host })
    }

    /// The image goes to its registry, for those who run it.
    async fn build_and_push(
        &self,
        builder: &Builder,
        order: &Order,
        told: &Told,
    ) -> Result<Made, Failed> {
        let image = order.deployment.image.as_str();
        let there = builder.host.find_image(image).await.map_err(|error| builder.failed(error))?;
        if there.is_none() {
            self.build(builder, order, told).await?;
        }
        told.enter(Phase::Push);
        let chosen = order.plan.spec.registry_id.as_ref();
        let login = registries::login_for(&self.app, &order.team, image, chosen).await?;
        let (progress, bell) = (told.now().push.clone(), told.bell.clone());
        let ring = move || bell.notify_one();
        let listener = progress.on_news(&ring);
        let pushed = builder.host.push_image(image, login.as_ref(), &listener).await;
        pushed.map(|()| Made::Pushed).map_err(|error| builder.failed(error))
    }

    async fn build(&self, builder: &Builder, order: &Order, told: &Told) -> Result<String, Failed> {
        let context = self.context(order, told).await?;
        told.enter(Phase::Build);
        let logins = self.logins(order, &context.dockerfile).await?;
        let wanted = image_build(order, &context, logins);
        let (listener, lines) = build_log::channel(told.clone());
        listener.heard(&context.summary());
        let building = async {
            let built = builder.host.build_image(&wanted, &listener).await;
            // The log ends when nobody can say anything more.
            drop(listener);
            built
        };
        let writing = build_log::write(&self.app, &order.deployment, lines);
        let (built, written) = tokio::join!(building, writing);
        written?;
        built.map_err(|error| builder.failed(error))
    }

    /// What is built from, as the repository has it now.
    async fn context(&self, order: &Order, told: &Told) -> Result<Context, Failed> {
        let (build, config) = (&order.build, &self.app.config);
        let wanted = git::Order {
            repository: build.repository.clone(),
            reference: build.reference.clone(),
            access: self.access(order).await?,
        };
        let place = config.sources();
        let checkout = git::fetch(&config.builds.guard(), wanted, &place).await;
        let checkout = checkout.map_err(Failed::Source)?;
        let subject: String = clean(&checkout.subject).chars().take(200).collect();
        let commit = Commit { id: checkout.commit.clone(), subject };
        let mut conn = self.app.db.acquire().await?;
        db::deployment::set_commit(&mut conn, &order.deployment.id, &commit).await?;
        drop(conn);
        told.now().commit = Some(commit);
        let packing = checkout.pack(build.folder.clone(), build.dockerfile.clone());
        packing.await.map_err(Failed::Context)
    }

    /// As whom the repository is asked.
    async fn access(&self, order: &Order) -> Result<Access, Failed> {
        let build = &order.build;
        if let Some(key) = &build.key_id {
            let access = sources::by_key(&self.app, key, build.host_key.clone()).await?;
            return access.ok_or(Failed::Source(GitError::NoKey));
        }
        let login = build.login.as_ref().zip(order.plan.password.as_ref());
        Ok(login.map_or(Access::Anybody, |(login, password)| {
            let (user, password) = (login.user.clone(), String::from(password.clone()).into());
            Access::Password(Login { user, password })
        }))
    }

    /// The logins for the images that it is built on: those that the team has one of for a registry.
    async fn logins(&self, order: &Order, dockerfile: &str) -> Result<Vec<RegistryLogin>, Failed> {
        let mut logins: Vec<RegistryLogin> = Vec::new();
        for image in bases(dockerfile) {
            let found = registries::login_for(&self.app, &order.team, image, None).await?;
            logins.extend(found.filter(|new| logins.iter().all(|one| one.host != new.host)));
        }
        Ok(logins)
    }
}

impl Builder {
    fn failed(&self, error: HostError) -> Failed {
        Failed::Host { server: self.name.clone(), error }
    }
}

fn image_build(order: &Order, context: &Context, logins: Vec<RegistryLogin>) -> ImageBuild {
    let argument =
        |(name, value): (&VariableName, &VariableValue)| (name.to_string(), value.to_string());
    let secret = |(name, value): (&VariableName, &VariableValue)| {
        (name.to_string(), String::from(value.clone()).into())
    };
    ImageBuild {
        reference: order.deployment.image.to_string(),
        dockerfile: order.build.dockerfile.to_string(),
        stage: order.build.stage.as_ref().map(ToString::to_string),
        arguments: order.plan.arguments.iter().map(argument).collect(),
        secrets: order.plan.secrets.iter().map(secret).collect(),
        labels: order.labels.clone(),
        context: context.archive.to_path_buf(),
        fresh: order.plan.fresh,
        logins,
    }
}

/// The images that a recipe begins with, copies from, and is read by. One that an argument names is not
/// known here, and is fetched without a login; a stage of the recipe looks like an image, and is harmless.
fn bases(dockerfile: &str) -> impl Iterator<Item = &str> {
    let named = dockerfile.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        match words.next()?.to_ascii_lowercase().as_str() {
            "from" => words.find(|word| !word.starts_with("--")),
            "copy" => words.find_map(|word| word.strip_prefix("--from=")),
            "#" => words.next()?.strip_prefix("syntax="),
            _ => None,
        }
    });
    named.filter(|image| !image.contains('$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_names_what_it_is_built_on() {
        let recipe = "# syntax=e/f:1\n# FROM x\nARG V=1\nFROM --platform=linux/amd64 a/b:1 AS build\n\
                      from host:5000/c\nFROM d:$V\nRUN echo FROM e\nCOPY . /\n\
                      COPY --link --from=ghcr.io/g /a /b\n";
        let named = ["e/f:1", "a/b:1", "host:5000/c", "ghcr.io/g"];
        assert_eq!(bases(recipe).collect::<Vec<_>>(), named);
    }
}
