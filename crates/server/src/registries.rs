//! Logins of container registries: stored sealed, shown without the password, removed.
//!
//! Owns what is allowed. Which login is sent for an image is in `login`. Whether one works is asked
//! for in `check` and tried by a server's Docker (`reconcile::registries`).

mod check;
mod login;

use portolan_types::{
    CreateRegistry, Page, PageQuery, Registry, RegistryId, RegistryPassword, Subject, Timestamp,
    UpdateRegistry,
};
use sqlx::AnyConnection;

pub use self::check::check;
pub(crate) use self::{
    check::{Asked, Checked, checked, to_check},
    login::login_for,
};
use crate::{
    Actor, App, Error,
    db::{self, Transaction, registry::Sent},
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page,
};

/// What a password is sealed for: the row it belongs to.
pub(crate) fn seal_context(id: &str) -> String {
    format!("registry:{id}")
}

fn seal(app: &App, id: &RegistryId, password: &RegistryPassword) -> Result<String, Error> {
    let password = password.expose().to_owned().into();
    Ok(app.vault.seal(&password, &seal_context(id.as_str()))?)
}

/// Stores a login. Whether it works is not asked: that takes a server.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateRegistry,
    repeat: Option<IdempotencyKey>,
) -> Result<Registry, Error> {
    let (team, id, now) = (actor.team_id(), RegistryId::generate(), Timestamp::now());
    let mut tx = app.db.begin().await?;
    let request = ("registry", &input);
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        let id = earlier.parse().map_err(|_| Error::NotFound("registry"))?;
        return show(app, actor, &id).await;
    }
    let sealed = seal(app, &id, &input.password)?;
    let CreateRegistry { name, host, user, .. } = input;
    let registry = Registry { id, name, host, user, check: None, created_at: now, updated_at: now };
    db::registry::insert(&mut tx, team, &registry, &sealed)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&registry)))?;
    note(&mut tx, actor, (None, Some(&registry)), "was added").await?;
    tx.commit().await?;
    Ok(registry)
}

fn taken(registry: &Registry) -> Error {
    Error::refused(
        "registry-exists",
        format!("the team already has a registry named `{}`", registry.name),
        "edit that one, or choose another name",
    )
}

/// A login of the team, without its password.
pub async fn show(app: &App, actor: &Actor, id: &RegistryId) -> Result<Registry, Error> {
    find(&mut *app.db.acquire().await?, actor, id).await
}

async fn find(conn: &mut AnyConnection, actor: &Actor, id: &RegistryId) -> Result<Registry, Error> {
    db::registry::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("registry"))
}

/// The team's logins, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Registry>, Error> {
    let mut conn = app.db.acquire().await?;
    let registries = db::registry::list(&mut conn, actor.visible(), query).await?;
    Ok(page::of(registries, query, |one| (one.created_at, one.id.as_str())))
}

/// Changes a login. What was found out about what was sent before is forgotten with it.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &RegistryId,
    input: UpdateRegistry,
) -> Result<Registry, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let UpdateRegistry { name, host, user, password } = input;
    let mut after = Registry {
        name: name.unwrap_or_else(|| before.name.clone()),
        host: host.unwrap_or_else(|| before.host.clone()),
        user: user.unwrap_or_else(|| before.user.clone()),
        ..before.clone()
    };
    check_moved(&before, &after, password.as_ref())?;
    if after == before && password.is_none() {
        return Ok(before);
    }
    let is_sent_anew =
        password.is_some() || (&after.host, &after.user) != (&before.host, &before.user);
    if is_sent_anew {
        after.check = None;
    }
    after.updated_at = Timestamp::now();
    let sealed = password.as_ref().map(|password| seal(app, id, password)).transpose()?;
    let sent = match &sealed {
        Some(sealed) => Sent::OtherPassword(sealed),
        None if is_sent_anew => Sent::Other,
        None => Sent::Same,
    };
    let changed = db::registry::update(&mut tx, actor.team_id(), &after, sent)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&after)))?;
    if !changed {
        return Err(Error::NotFound("registry"));
    }
    let what =
        if sealed.is_some() { "was edited, and got another password," } else { "was edited" };
    note(&mut tx, actor, (Some(&before), Some(&after)), what).await?;
    tx.commit().await?;
    Ok(after)
}

/// Whoever may edit a login does not know its password: sent to a host of theirs, they would.
fn check_moved(
    before: &Registry,
    after: &Registry,
    password: Option<&RegistryPassword>,
) -> Result<(), Error> {
    if before.host == after.host || password.is_some() {
        return Ok(());
    }
    let why =
        format!("another host wants its password: the one for `{}` is not sent there", before.host);
    Err(Error::field("password", why))
}

/// Removes a login that nothing is fetched with by its name.
pub async fn delete(app: &App, actor: &Actor, id: &RegistryId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let gone = db::registry::delete(&mut tx, actor.team_id(), id)
        .await
        .map_err(|error| Error::on_foreign_key(error, || in_use(&before)))?;
    if !gone {
        return Err(Error::NotFound("registry"));
    }
    note(&mut tx, actor, (Some(&before), None), "was removed").await?;
    Ok(tx.commit().await?)
}

fn in_use(registry: &Registry) -> Error {
    Error::refused(
        "registry-in-use",
        format!("images are fetched with the login `{}`", registry.name),
        "let them be fetched with another one, then try again",
    )
}

/// What somebody did to a login: all of it but the password.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    (before, after): (Option<&Registry>, Option<&Registry>),
    what: &str,
) -> Result<(), Error> {
    let kind = match (before, after) {
        (None, _) => "registry.added",
        (Some(_), Some(_)) => "registry.edited",
        (Some(_), None) => "registry.removed",
    };
    let Some(registry) = after.or(before) else { return Ok(()) };
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Registry(registry.id.clone()),
        name: registry.name.as_str(),
        message: format!("registry `{}` {what} by {}", registry.name, actor.user.email),
    };
    let entry = happened.by(actor.author()).change(&before, &after);
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
