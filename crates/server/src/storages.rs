//! Storages: where backups of databases are kept. Made, listed, renamed, removed.
//!
//! Owns what is allowed. What lies in one is read and written by `object`.

mod disk;
pub(crate) mod object;
mod s3;
mod trial;

use portolan_types::{
    AccessKey, CreateStorage, Name, Page, PageQuery, S3Place, SecretKey, Storage, StorageId,
    StorageKind, Subject, TeamId, Timestamp, UpdateStorage,
};
use secrecy::ExposeSecret;
use sqlx::AnyConnection;

pub(crate) use self::s3::Outside;
pub use self::trial::try_it;
use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page,
    rights::Visible,
};

/// What the secret of a storage is sealed for: the row it belongs to.
pub(crate) fn seal_context(id: &str) -> String {
    format!("storage:{id}")
}

fn seal(app: &App, id: &StorageId, secret: &SecretKey) -> Result<String, Error> {
    let secret = secret.expose().to_owned().into();
    Ok(app.vault.seal(&secret, &seal_context(id.as_str()))?)
}

/// The secret of a storage, for whoever signs with it.
fn open_secret(app: &App, id: &StorageId, sealed: &str) -> Result<SecretKey, Error> {
    let secret = app.vault.open_sealed(sealed, &seal_context(id.as_str()))?;
    let secret = SecretKey::try_from(secret.expose_secret().to_owned());
    secret.map_err(|invalid| Error::field("secret_key", invalid.to_string()))
}

/// Makes a storage. Nothing is written into it before the first backup.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateStorage,
    repeat: Option<IdempotencyKey>,
) -> Result<Storage, Error> {
    let (team, id, now) = (actor.team_id(), StorageId::generate(), Timestamp::now());
    let mut tx = app.db.begin().await?;
    let request = ("storage", &input);
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        let id = earlier.parse().map_err(|_| Error::NotFound("storage"))?;
        return show(app, actor, &id).await;
    }
    let CreateStorage { name, kind, s3, secret_key } = input;
    check_parts(kind, s3.as_ref(), secret_key.as_ref())?;
    let sealed = secret_key.map(|secret| seal(app, &id, &secret)).transpose()?;
    let (backups, bytes) = (0, 0);
    let new = Storage { id, name, kind, s3, backups, bytes, created_at: now, updated_at: now };
    db::storage::insert(&mut tx, team, &new, sealed.as_deref())
        .await
        .map_err(|error| Error::on_unique(error, || taken(&new.name)))?;
    note(&mut tx, actor, (None, Some(&new))).await?;
    tx.commit().await?;
    Ok(new)
}

/// A bucket has an address and a key, and a folder neither.
fn check_parts(
    kind: StorageKind,
    s3: Option<&S3Place>,
    secret: Option<&SecretKey>,
) -> Result<(), Error> {
    match (kind, s3.is_some(), secret.is_some()) {
        (StorageKind::Disk, false, false) | (StorageKind::S3, true, true) => Ok(()),
        (StorageKind::S3, false, _) => Err(Error::field("s3", "say where the bucket is")),
        (StorageKind::S3, true, false) => {
            Err(Error::field("secret_key", "requests are signed with it"))
        }
        (StorageKind::Disk, _, _) => Err(Error::field("s3", "a storage on the disk has none")),
    }
}

fn taken(name: &Name) -> Error {
    Error::refused(
        "storage-exists",
        format!("the team already has a storage named `{name}`"),
        "use that one, or choose another name",
    )
}

/// A storage of the team.
pub async fn show(app: &App, actor: &Actor, id: &StorageId) -> Result<Storage, Error> {
    find(&mut *app.db.acquire().await?, actor.visible(), id).await
}

async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &StorageId,
) -> Result<Storage, Error> {
    db::storage::find(conn, visible, id).await?.ok_or(Error::NotFound("storage"))
}

/// The team's storages, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Storage>, Error> {
    let mut conn = app.db.acquire().await?;
    let storages = db::storage::list(&mut conn, actor.visible(), query).await?;
    Ok(page::of(storages, query, |one| (one.created_at, one.id.as_str())))
}

/// The storage that is meant for a backup: the named one, or the only one that the team has. Whoever
/// may back a database up may use each of them.
pub(crate) async fn choose(
    conn: &mut AnyConnection,
    team: &TeamId,
    named: Option<&StorageId>,
) -> Result<Storage, Error> {
    let whole = Visible::whole(team);
    if let Some(id) = named {
        return find(conn, whole, id).await;
    }
    let mut all = db::storage::list(conn, whole, &PageQuery::default()).await?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(Error::field("storage_id", "there are several: name one")),
        (None, _) => Err(Error::refused(
            "no-storage",
            "the team has no storage for backups",
            "make one first (`create_storage`)",
        )),
    }
}

/// Gives it another name, or another key.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &StorageId,
    input: UpdateStorage,
) -> Result<Storage, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor.visible(), id).await?;
    let UpdateStorage { name, access_key, secret_key } = input;
    check_key(&before, access_key.as_ref(), secret_key.as_ref())?;
    let mut after = Storage { name: name.unwrap_or_else(|| before.name.clone()), ..before.clone() };
    if let (Some(place), Some(access_key)) = (&mut after.s3, access_key) {
        place.access_key = access_key;
    }
    let sealed = secret_key.map(|secret| seal(app, id, &secret)).transpose()?;
    if after == before && sealed.is_none() {
        return Ok(before);
    }
    after.updated_at = Timestamp::now();
    let changed = db::storage::update(&mut tx, actor.team_id(), &after, sealed.as_deref())
        .await
        .map_err(|error| Error::on_unique(error, || taken(&after.name)))?;
    if !changed {
        return Err(Error::NotFound("storage"));
    }
    note(&mut tx, actor, (Some(&before), Some(&after))).await?;
    tx.commit().await?;
    Ok(after)
}

/// A key has a secret of its own.
fn check_key(
    storage: &Storage,
    access_key: Option<&AccessKey>,
    secret: Option<&SecretKey>,
) -> Result<(), Error> {
    if storage.s3.is_none() && (access_key.is_some() || secret.is_some()) {
        return Err(Error::field("secret_key", "a storage on the disk has none"));
    }
    let present = storage.s3.as_ref().map(|place| &place.access_key);
    if access_key.is_some() && access_key != present && secret.is_none() {
        return Err(Error::field("secret_key", "another key has another secret: give that too"));
    }
    Ok(())
}

/// Removes a storage in which there is nothing.
pub async fn delete(app: &App, actor: &Actor, id: &StorageId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor.visible(), id).await?;
    let gone = db::storage::delete(&mut tx, actor.team_id(), id)
        .await
        .map_err(|error| Error::on_foreign_key(error, || in_use(&before)))?;
    if !gone {
        return Err(Error::NotFound("storage"));
    }
    note(&mut tx, actor, (Some(&before), None)).await?;
    Ok(tx.commit().await?)
}

/// What refers to it are backups and schedules.
fn in_use(Storage { name, backups, .. }: &Storage) -> Error {
    if *backups == 0 {
        return Error::refused(
            "storage-in-use",
            format!("databases are backed up into storage `{name}` on a schedule"),
            "let them go elsewhere (`set_backup_schedule`), or end that (`delete_backup_schedule`)",
        );
    }
    Error::refused(
        "storage-in-use",
        format!("{backups} backups are in storage `{name}`"),
        "remove them first (`list_backups`, `delete_backup`), those that failed too",
    )
}

/// What somebody did with a storage.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    (before, after): (Option<&Storage>, Option<&Storage>),
) -> Result<(), Error> {
    let (kind, what) = match (before, after) {
        (None, _) => ("storage.added", "added"),
        (Some(_), Some(_)) => ("storage.edited", "edited"),
        (Some(_), None) => ("storage.removed", "removed"),
    };
    let Some(storage) = after.or(before) else { return Ok(()) };
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Storage(storage.id.clone()),
        name: storage.name.as_str(),
        message: format!("storage `{}` was {what} by {}", storage.name, actor.user.email),
    };
    let entry = happened.by(actor.author()).change(&before, &after);
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
