//! Hooks: a host of repositories tells of a push, and the application is deployed.
//!
//! Owns the secret that proves who calls, and the token with whose rights it is done. What a call says
//! is read in `hooks::push`.

mod push;

use axum::http::HeaderMap;
use portolan_types::{
    Abilities, Ability, Application, ApplicationId, CreatedHook, DeployApplication, Hook,
    HookAnswer, Name, Right, Subject, Timestamp,
};
use secrecy::ExposeSecret;

use super::{deployments, find};
use crate::{
    Actor, App, Error, audit,
    db::{self, hook::Kept},
    events::{self, Happened},
    policy::Policy,
    rights::{self, Thing},
    tokens, vault,
};
use push::{Meaning, meaning};

/// By which secret scanners find them.
const SECRET_PREFIX: &str = "portolan_hook_";
const UNKNOWN: &str = "there is no such hook, or the call is not signed with its secret";

/// What a hook's secret is sealed for.
pub(crate) fn hook_context(application: &str) -> String {
    format!("hook:{application}")
}

/// The hook of an application, without its secret.
pub async fn show(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Hook, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await?;
    Ok(db::hook::find(&mut conn, id).await?.ok_or(Error::NotFound("hook"))?.hook)
}

/// Makes a hook, in the place of the one before. The answer is the only place where its secret is
/// ever seen.
pub async fn create(app: &App, actor: &Actor, id: &ApplicationId) -> Result<CreatedHook, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let application = find(&mut tx, actor, id).await?.application;
    revoke(&mut tx, actor, id).await?;
    let abilities = Abilities::only(Ability::Deploy);
    let name: Name = format!("hook of {}", application.name)
        .parse()
        .map_err(|why: portolan_types::Invalid| Error::field("name", why.to_string()))?;
    let token = tokens::mint_for_long(&mut tx, actor, name, abilities).await?;
    let secret = vault::random_secret(SECRET_PREFIX);
    let sealed = app.vault.seal(&secret, &hook_context(id.as_str()))?;
    let now = Timestamp::now();
    db::hook::put(&mut tx, (actor.team_id(), id), &token.id, &sealed, now).await?;
    let entry = told(actor, &application, "application.hook-made", "was made");
    events::record(&mut tx, entry.by(actor.author()).of(&application.destination_id), now).await?;
    tx.commit().await?;
    let hook = show(app, actor, id).await?;
    Ok(CreatedHook { hook, secret: secret.expose_secret().to_owned() })
}

/// Ends a hook at once, with its token.
pub async fn delete(app: &App, actor: &Actor, id: &ApplicationId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let application = find(&mut tx, actor, id).await?.application;
    if !revoke(&mut tx, actor, id).await? {
        return Err(Error::NotFound("hook"));
    }
    let entry = told(actor, &application, "application.hook-removed", "was removed");
    let entry = entry.by(actor.author()).of(&application.destination_id);
    events::record(&mut tx, entry, Timestamp::now()).await?;
    Ok(tx.commit().await?)
}

/// The hook goes with its token.
async fn revoke(
    tx: &mut db::Transaction,
    actor: &Actor,
    id: &ApplicationId,
) -> Result<bool, Error> {
    let Some(before) = db::hook::find(tx, id).await? else { return Ok(false) };
    tokens::revoke(tx, actor, &before.hook.token_id).await?;
    Ok(true)
}

fn told<'a>(
    actor: &'a Actor,
    application: &'a Application,
    kind: &'static str,
    what: &str,
) -> Happened<'a> {
    Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Application(application.id.clone()),
        name: application.name.as_str(),
        message: format!(
            "the hook of application `{}` {what} by {}",
            application.name, actor.user.email
        ),
    }
}

/// What somebody calls it with. Who is not known by the signature is told nothing of it.
pub async fn call(
    app: &App,
    id: &ApplicationId,
    (headers, body): (&HeaderMap, &[u8]),
) -> Result<HookAnswer, Error> {
    let kept = db::hook::find(&mut *app.db.acquire().await?, id).await?;
    let kept = kept.ok_or(Error::Unauthenticated(UNKNOWN))?;
    let secret = app.vault.open_sealed(&kept.sealed_secret, &hook_context(id.as_str()))?;
    if !push::is_signed(&secret, headers, body) {
        return Err(Error::Unauthenticated(UNKNOWN));
    }
    let answer = answer(app, &kept, (headers, body)).await;
    let outcome = match &answer {
        Ok(answer) => answer.message.clone(),
        Err(error) => error.to_string(),
    };
    let mut conn = app.db.acquire().await?;
    db::hook::note(&mut conn, id, &outcome, Timestamp::now()).await?;
    answer
}

async fn answer(
    app: &App,
    kept: &Kept,
    (headers, body): (&HeaderMap, &[u8]),
) -> Result<HookAnswer, Error> {
    let id = &kept.hook.application_id;
    let actor = actor(app, kept).await?;
    let application = find(&mut *app.db.acquire().await?, &actor, id).await?.application;
    let reference = application.spec.build.as_ref().and_then(|build| build.reference.as_ref());
    match meaning(headers, body, reference)? {
        Meaning::Ignored(message) => Ok(HookAnswer { operation_id: None, message }),
        Meaning::Deploy(message) => {
            let begun = deployments::deploy(app, &actor, id, DeployApplication::default()).await?;
            Ok(HookAnswer { operation_id: Some(begun.id), message })
        }
    }
}

/// Whoever has the token, with what they may now.
async fn actor(app: &App, kept: &Kept) -> Result<Actor, Error> {
    let mut actor = tokens::stand_in(app, &kept.hook.token_id).await?;
    audit::known(Some(actor.team_id()), actor.author());
    actor.require(Policy::Deploy)?;
    let mut conn = app.db.acquire().await?;
    actor.grants = rights::read(&mut conn, &actor).await?;
    let thing = Thing::Application(kept.hook.application_id.clone());
    let place = rights::locate(&mut conn, &actor, &thing).await?;
    actor.require_visible(&place, thing.word())?;
    actor.require_on(Right::Operate, place)?;
    Ok(actor)
}
