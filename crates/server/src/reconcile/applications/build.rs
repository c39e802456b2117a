//! The image of a deployment, built from a repository: on the destination's own server, or on another
//! one, whose image goes to its registry.
//!
//! Owns the steps that are shown, and why there is no image. What is done is in `workshop`, beside the
//! keeper's looks.

use portolan_types::{Build, Failure};

use super::{
    super::{beside::Stage, recorder::failure, work::Halt},
    course::Course,
    definition,
    job::Job,
    workshop::{Failed, Made, Order, Phase},
};
use crate::{
    db,
    git::GitError,
    host::{HostError, HostImage},
};

/// So many deployments that served keep their images, to be gone back to.
const KEPT: i64 = 5;

/// How far a build is after a look.
#[derive(Debug)]
pub(super) enum Built {
    NotYet,
    /// It is on this host, by its id.
    Here(String),
    /// It is in its registry.
    Pushed,
}

pub(super) async fn image(
    job: &mut Job<'_>,
    course: &Course,
    build: &Build,
) -> Result<Built, Halt> {
    if job.open.pushed {
        return Ok(Built::Pushed);
    }
    let key = format!("build:{}", course.made.deployment.operation_id);
    match job.builds.stage(&key) {
        Stage::Idle => {
            // It was built before a crash: no other deployment's image is called so. What the nodes of
            // a swarm fetch may not have been sent yet.
            let is_service = job.scene.row.application.is_service();
            if let Some(id) = ours(job, course).await?.filter(|_| !is_service) {
                return came(job, course, id).await;
            }
            begin(job, &key, course, build);
        }
        Stage::UnderWay => {}
        // It went with an earlier connection: it is begun anew over this one.
        Stage::Ended(Err(Failed::Host { error, .. })) if error.is_undecided() => {
            begin(job, &key, course, build);
        }
        Stage::Ended(Err(failed)) => {
            show(job, course).await?;
            return Err(refused(build, failed));
        }
        Stage::Ended(Ok(made)) => {
            show(job, course).await?;
            return ended(job, course, made).await;
        }
    }
    show(job, course).await?;
    Ok(Built::NotYet)
}

fn begin(job: &mut Job<'_>, key: &str, course: &Course, build: &Build) {
    let scene = job.scene;
    let order = Order {
        build: build.clone(),
        deployment: course.made.deployment.clone(),
        team: scene.row.team_id.clone(),
        plan: course.plan.clone(),
        labels: definition::labels(&scene.row.application),
        is_service: scene.row.application.is_service(),
    };
    let own = (&scene.server.server, scene.host);
    let (told, building) = job.workshop.begin(own, order, job.builds.bell());
    job.builds.begin(key, building);
    job.open.told = Some(told);
}

/// An image of this deployment's name that was made for the application.
async fn ours(job: &Job<'_>, course: &Course) -> Result<Option<String>, Halt> {
    let image = &course.made.deployment.image;
    let found = job.scene.host.find_image(image.as_str()).await;
    let found = job.answer(found, &format!("look for image `{image}`"))?;
    let is_ours = |one: &HostImage| definition::marks(&job.scene.row.application, &one.labels);
    Ok(found.filter(is_ours).map(|one| one.docker_id))
}

/// Goes from step to step as the work does.
async fn show(job: &mut Job<'_>, course: &Course) -> Result<(), Halt> {
    let Some(told) = job.open.told.clone() else { return Ok(()) };
    let phase = told.phase();
    if phase > Phase::Source {
        let commit = told.commit().map(|commit| {
            let short: String = commit.id.chars().take(12).collect();
            format!("commit {short}: {}", commit.subject)
        });
        job.leave_if("source", &commit.unwrap_or_default()).await?;
    }
    if phase > Phase::Build {
        let words = format!("`{}` was built", course.made.deployment.image);
        job.leave_if("build", &words).await?;
    }
    job.enter(phase.as_str()).await?;
    match told.words() {
        Some(words) => job.say(&words).await,
        None => Ok(()),
    }
}

/// On this host the image is there; on another one it went to its registry.
async fn ended(job: &mut Job<'_>, course: &Course, made: Made) -> Result<Built, Halt> {
    job.open.told = None;
    match made {
        Made::Here(id) => came(job, course, id).await,
        Made::Pushed => {
            job.open.pushed = true;
            job.leave(&format!("`{}` is in its registry", course.made.deployment.image)).await?;
            Ok(Built::Pushed)
        }
    }
}

async fn came(job: &mut Job<'_>, course: &Course, id: String) -> Result<Built, Halt> {
    let deployment = &course.made.deployment;
    job.leave(&format!("`{}` was built", deployment.image)).await?;
    let mut conn = job.scene.app.db.acquire().await?;
    db::deployment::set_image(&mut conn, &deployment.id, (&id, None)).await?;
    Ok(Built::Here(id))
}

/// Removes images that were built for the application and that nobody goes back to. One that the host
/// keeps, because somebody has it, is told of and stays.
pub(super) async fn trim(job: &mut Job<'_>) -> Result<(), Halt> {
    let application = &job.scene.row.application.id;
    let mut conn = job.scene.app.db.acquire().await?;
    let old = db::deployment::list_outdated_images(&mut conn, application, KEPT).await?;
    drop(conn);
    if old.is_empty() {
        return Ok(());
    }
    job.enter("images").await?;
    let mut stay = Vec::new();
    for (id, image) in &old {
        match job.scene.host.remove_image(image).await {
            Err(error) if error.is_undecided() => return Err(Halt::Pass(error.into())),
            Err(error) => stay.push(format!("`{image}` stays: {error}")),
            Ok(()) => {}
        }
        let mut conn = job.scene.app.db.acquire().await?;
        db::deployment::forget_image(&mut conn, id).await?;
    }
    match stay.as_slice() {
        [] => job.leave(&format!("{} older images were removed", old.len())).await,
        stay => job.warn(&stay.join("; ")).await,
    }
}

fn refused(build: &Build, failed: Failed) -> Halt {
    let failure = match failed {
        Failed::Halt(halt) => return halt,
        Failed::NoBuilder => failure(
            "build-server-away",
            "the server that is to build is not connected",
            "see why (`show_server`), or let the destination's own server build \
             (`update_application`)",
        ),
        Failed::Host { server, error } => not_built(&server, &error),
        Failed::Source(error) => not_fetched(build, &error),
        Failed::Context(error) => failure(
            "nothing-to-build",
            format!("nothing can be built from `{}`: {error}", build.repository),
            "name the folder and the Dockerfile that are in it (`update_application`), or add them",
        ),
    };
    failure.into()
}

/// What an engine says of a build that failed is little: the log has the rest.
fn not_built(server: &str, error: &HostError) -> Failure {
    let words = error.to_string();
    let remedy = not_built_remedy(&words);
    let message = format!("could not build the image on server `{server}`: {words}");
    failure("build-failed", message, remedy)
}

/// The engine's own builder names BuildKit where it would need it; BuildKit names a secret as the
/// Dockerfile does.
fn not_built_remedy(words: &str) -> &'static str {
    if words.contains("BuildKit") {
        "let the server's engine offer BuildKit (no `\"buildkit\": false` among the `features` of its \
         daemon.json), or write the Dockerfile without what only BuildKit knows (`--mount`)"
    } else if words.contains("secret ") && words.contains("not found") {
        "set the secret as a variable for builds (`change_variables`, with `secret` and `build`), and \
         deploy again"
    } else {
        "see what the build said (`read_build_log`), mend it, and deploy again"
    }
}

fn not_fetched(build: &Build, error: &GitError) -> Failure {
    let (code, remedy) = match error {
        GitError::Login => (
            "repository-login",
            "give the build a login (`update_application`) and a secret variable for builds with \
             the password or token (`change_variables`); by SSH, let the repository's host know the \
             key that the build names",
        ),
        GitError::HostKey(_) => (
            "repository-host-key",
            "compare it with what the repository's host publishes, and name it where it is the same \
             (`update_application`)",
        ),
        GitError::NoKey => {
            ("repository-key-gone", "name another key that may read it (`update_application`)")
        }
        GitError::NoReference(_) => {
            ("no-such-reference", "name a branch or tag that is there (`update_application`)")
        }
        GitError::Empty => ("repository-empty", "push a commit to it, and deploy again"),
        GitError::Refused(_) => {
            ("repository-refused", "ask the operator of Portolan, or use another repository")
        }
        GitError::TooLong | GitError::Other(_) => {
            ("repository-unreachable", "see that it is there and can be reached, and deploy again")
        }
    };
    failure(code, format!("could not fetch `{}`: {error}", build.repository), remedy)
}
