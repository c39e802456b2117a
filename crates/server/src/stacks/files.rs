//! Files beside a stack's Compose file: those that were sent, those that its repository has, and what of
//! them is put into the containers of its services.

use std::{collections::BTreeSet, time::Duration};

use portolan_types::{
    Application, ApplyStack, CreateStack, DestinationKind, FileText, RepositoryPath, Right,
    StackFile, StackId, StackRepository,
};
use sqlx::AnyConnection;
use tokio::time::timeout;

use super::{Source, apply::values, find};
use crate::{
    Actor, App, Error,
    applications::{plan::PlannedFile, sources},
    compose::{self, Composed, Files, ServiceFile, Values},
    db, environments, git,
    rights::Visible,
};

/// A person waits for it.
const FETCH: Duration = Duration::from_secs(45);

/// Adds to what was sent with a new stack what its repository has of the files that are named.
pub(super) async fn of_new(app: &App, actor: &Actor, input: &mut CreateStack) -> Result<(), Error> {
    let Some(repository) = &input.repository else { return Ok(()) };
    let mut conn = app.db.acquire().await?;
    sources::of_stack(&mut conn, actor, (None, repository)).await?;
    let values = values(Values::new(), input.variables.clone(), &[])?;
    let named = compose::files_named_with(input.file.as_str(), &values);
    let missing = missing(named, &input.files);
    if missing.is_empty() {
        return Ok(());
    }
    // Nobody has a repository fetched for a stack that they may not make.
    let environment = environments::find(&mut conn, actor, &input.environment_id).await?;
    drop(conn);
    actor.require_on(Right::Manage, &environment.project_id)?;
    let fetched = fetched(app, repository, missing).await?;
    input.files.extend(fetched);
    Ok(())
}

/// The same of one that is applied to.
pub(super) async fn of_change(
    app: &App,
    actor: &Actor,
    (id, input): (&StackId, &mut ApplyStack),
) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let kept = find(&mut conn, actor, id).await?;
    actor.require_on(Right::Manage, &kept.stack.project_id)?;
    let source = Source::open(&app.vault, &kept)?;
    if let Some(repository) = &input.repository {
        sources::of_stack(&mut conn, actor, (source.repository.as_ref(), repository)).await?;
    }
    drop(conn);
    let Some(repository) = input.repository.as_ref().or(source.repository.as_ref()) else {
        return Ok(());
    };
    let file = input.file.as_ref().unwrap_or(&source.file);
    let values = values(source.values, input.variables.clone(), &input.unset)?;
    let named = compose::files_named_with(file.as_str(), &values);
    let missing = missing(named, &input.files);
    if !missing.is_empty() {
        let fetched = fetched(app, repository, missing).await?;
        input.files.extend(fetched);
    }
    Ok(())
}

fn missing(mut named: BTreeSet<RepositoryPath>, sent: &[StackFile]) -> BTreeSet<RepositoryPath> {
    named.retain(|path| sent.iter().all(|one| one.path != *path));
    named
}

/// What a repository has of them now. What it has not is refused where the file is read, unless it is not
/// needed.
async fn fetched(
    app: &App,
    from: &StackRepository,
    wanted: BTreeSet<RepositoryPath>,
) -> Result<Vec<StackFile>, Error> {
    let refused = |why: &dyn std::fmt::Display| {
        Error::refused(
            "stack-repository",
            format!("could not take files from `{}`: {why}", from.repository),
            "name the repository, the branch and the folder of the file (`apply_stack`), or send the \
             files along",
        )
    };
    let access = match &from.key_id {
        Some(key) => sources::by_key(app, key, from.host_key.clone())
            .await?
            .ok_or_else(|| refused(&git::GitError::NoKey))?,
        None => git::Access::Anybody,
    };
    let order = git::Order {
        repository: from.repository.clone(),
        reference: from.reference.clone(),
        access,
    };
    let guard = app.config.builds.guard();
    let place = app.config.sources();
    let fetching = timeout(FETCH, git::fetch(&guard, order, &place)).await;
    let late = format!("it took longer than {} s", FETCH.as_secs());
    let checkout = fetching.map_err(|_| refused(&late))?.map_err(|why| refused(&why))?;
    let read = checkout.read(from.folder.clone(), wanted).await.map_err(|why| refused(&why))?;
    let file = |(path, bytes): (RepositoryPath, Vec<u8>)| {
        let text =
            String::from_utf8(bytes).map_err(|_| refused(&format!("`{path}` is no text")))?;
        let content: FileText = text.parse().map_err(|why| refused(&format!("`{path}`: {why}")))?;
        Ok(StackFile { path, content })
    };
    read.into_iter().map(file).collect()
}

/// Those that are kept: what was sent goes first, and what nothing names is forgotten.
pub(super) fn kept(
    mut kept: Files,
    sent: Vec<StackFile>,
    (file, values): (&str, &Values),
) -> Result<Files, Error> {
    kept.extend(sent.into_iter().map(|one| (one.path, one.content)));
    let named = compose::files_named_with(file, values);
    kept.retain(|path, _| named.contains(path));
    let bytes: usize = kept.values().map(|one| one.as_str().len()).sum();
    if kept.len() > StackFile::MOST || bytes > StackFile::BYTES {
        let why = format!(
            "at most {} files of at most {} bytes together",
            StackFile::MOST,
            StackFile::BYTES
        );
        return Err(Error::field("files", why));
    }
    Ok(kept)
}

/// A swarm chooses by itself where a container is, and when: nothing can be put into one before it runs.
pub(super) fn check(kind: DestinationKind, composed: &Composed) -> Result<(), Error> {
    let with = composed.services.iter().filter(|one| !one.files.is_empty());
    let named: Vec<&str> = with.map(|one| one.name.as_str()).collect();
    if kind == DestinationKind::Standalone || named.is_empty() {
        return Ok(());
    }
    Err(Error::refused(
        "stack-files-on-a-swarm",
        format!(
            "on a swarm no configs and secrets are put into containers: `{}`",
            named.join("`, `")
        ),
        "use secret variables (`${NAME}` under `environment`), or choose a destination of a server that \
         stands alone",
    ))
}

/// What is put into the container of an application that is a service of a stack.
pub(crate) async fn files_of(
    app: &App,
    conn: &mut AnyConnection,
    (actor, application): (&Actor, &Application),
) -> Result<Vec<PlannedFile>, Error> {
    let Some(id) = &application.stack_id else { return Ok(Vec::new()) };
    let found = db::stack::find(conn, Visible::whole(actor.team_id()), id).await?;
    let kept = found.ok_or(Error::NotFound("stack"))?;
    let services = db::stack::service::list(conn, &[id]).await?.remove(id).unwrap_or_default();
    let service = services.into_iter().find(|one| one.application_id == application.id);
    let Some(service) = service else { return Ok(Vec::new()) };
    let source = Source::open(&app.vault, &kept)?;
    let composed = source.composed(&kept.stack.name, &kept.network)?;
    let service = composed.services.into_iter().find(|one| one.name == service.name);
    let files = service.map(|service| service.files).unwrap_or_default();
    Ok(files.into_iter().map(planned).collect())
}

fn planned(file: ServiceFile) -> PlannedFile {
    let ServiceFile { target, content, uid, gid, mode } = file;
    let path = target.as_str().trim_start_matches('/').to_owned();
    PlannedFile { path, content, uid, gid, mode }
}
