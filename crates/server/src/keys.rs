//! SSH keys: generated or imported, sealed, shown by their public side only.

mod material;

use portolan_types::{CreateKey, Key, KeyId, Page, PageQuery, Subject, Timestamp, UpdateKey};
use secrecy::SecretString;
use sqlx::AnyConnection;
use zeroize::Zeroize;

use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    error::Refusal,
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page,
};

/// What a key is sealed for: the row it belongs to.
pub(crate) fn seal_context(id: &str) -> String {
    format!("key:{id}")
}

/// Generates a key, or imports the one that is given.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateKey,
    repeat: Option<IdempotencyKey>,
) -> Result<Key, Error> {
    // Before the transaction: a passphrase is slow to check by intention, and others want to write.
    let (mut input, material) = material::obtain(input).await;
    let material = material?;
    let id = KeyId::generate();
    let mut tx = app.db.begin().await?;
    let team = actor.team_id();
    let request = ("key", &input.name, &input.private_key);
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    input.private_key.zeroize();
    if let Some(earlier) = earlier {
        drop(tx);
        return show_text(app, actor, &earlier).await;
    }
    let key = Key {
        id,
        name: input.name,
        algorithm: material.algorithm,
        public_key: material.public_key,
        fingerprint: material.fingerprint,
        servers: 0,
        created_at: Timestamp::now(),
    };
    let sealed = app.vault.seal(&material.private_key, &seal_context(key.id.as_str()))?;
    db::key::insert(&mut tx, team, &key, &sealed)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&key)))?;
    note(&mut tx, actor, None, Some(&key)).await?;
    tx.commit().await?;
    Ok(key)
}

/// What somebody did to a key: its public side.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    before: Option<&Key>,
    after: Option<&Key>,
) -> Result<(), Error> {
    let (kind, what) = match (before, after) {
        (None, _) => ("key.added", "added"),
        (Some(_), Some(_)) => ("key.renamed", "renamed"),
        (Some(_), None) => ("key.removed", "removed"),
    };
    let Some(key) = after.or(before) else { return Ok(()) };
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Key(key.id.clone()),
        name: key.name.as_str(),
        message: format!("key `{}` was {what} by {}", key.name, actor.user.email),
    };
    let entry = happened.by(actor.author()).change(&before, &after);
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}

fn taken(key: &Key) -> Error {
    Error::refused(
        "key-exists",
        format!("the team already has a key named `{}` or with its fingerprint", key.name),
        "use the existing key, or choose another name",
    )
}

async fn show_text(app: &App, actor: &Actor, id: &str) -> Result<Key, Error> {
    let id = id.parse().map_err(|_| Error::NotFound("key"))?;
    show(app, actor, &id).await
}

/// The public side of a key of the team.
pub async fn show(app: &App, actor: &Actor, id: &KeyId) -> Result<Key, Error> {
    find(&mut *app.db.acquire().await?, actor, id).await
}

pub(crate) async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &KeyId,
) -> Result<Key, Error> {
    db::key::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("key"))
}

/// The team's keys, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Key>, Error> {
    let mut conn = app.db.acquire().await?;
    let keys = db::key::list(&mut conn, actor.visible(), query).await?;
    Ok(page::of(keys, query, |key| (key.created_at, key.id.as_str())))
}

/// Renames a key.
pub async fn update(app: &App, actor: &Actor, id: &KeyId, input: UpdateKey) -> Result<Key, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    db::key::rename(&mut tx, actor.team_id(), id, &input.name)
        .await
        .map_err(|error| Error::on_unique(error, || name_taken(&input)))?;
    let after = find(&mut tx, actor, id).await?;
    note(&mut tx, actor, Some(&before), Some(&after)).await?;
    tx.commit().await?;
    Ok(after)
}

fn name_taken(input: &UpdateKey) -> Error {
    Error::refused(
        "key-exists",
        format!("the team already has a key named `{}`", input.name),
        "choose another name",
    )
}

/// Removes a key that no server and no build uses.
pub async fn delete(app: &App, actor: &Actor, id: &KeyId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let builds = db::application::list_names_by_key(&mut tx, actor.team_id(), id).await?;
    if !builds.is_empty() {
        return Err(in_use("the repositories of applications are asked with it", builds));
    }
    match db::key::delete(&mut tx, actor.team_id(), id).await {
        Ok(true) => {
            note(&mut tx, actor, Some(&before), None).await?;
            Ok(tx.commit().await?)
        }
        Ok(false) => Err(Error::NotFound("key")),
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            // PostgreSQL answers nothing more in a transaction with an error.
            drop(tx);
            let mut conn = app.db.acquire().await?;
            let servers = db::server::list_names_by_key(&mut conn, actor.team_id(), id).await?;
            Err(in_use("servers log in with it", servers))
        }
        Err(error) => Err(error.into()),
    }
}

fn in_use(how: &str, blockers: Vec<String>) -> Error {
    Error::Refused(Refusal {
        code: "key-in-use",
        message: format!("the key is in use: {how}"),
        remedy: Some("give those another key, or remove them, then try again".into()),
        blockers,
    })
}

/// The private part, for the reconciler that dials.
pub(crate) async fn open(app: &App, id: &KeyId) -> Result<SecretString, Error> {
    let mut conn = app.db.acquire().await?;
    let sealed = db::key::find_sealed(&mut conn, id).await?.ok_or(Error::NotFound("key"))?;
    Ok(app.vault.open_sealed(&sealed, &seal_context(id.as_str()))?)
}

/// For the fuzzer: what would be stored of a pasted text.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_anything(text: &str) -> Option<String> {
    material::read_anything(text).map(|key| secrecy::ExposeSecret::expose_secret(&key).to_owned())
}
