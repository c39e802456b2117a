//! The data keys that seal secrets: made, replaced, and dropped; and the master key that seals them.
//!
//! Owns which data keys there are and which columns they seal. How is in `vault`. See
//! `docs/decisions/0034-data-keys.md`.

mod columns;
mod host;
mod reseal;
#[cfg(test)]
mod tests;

use portolan_types::{DataKeyStatus, Secrets, Subject, Timestamp, id::cuid2};
use secrecy::SecretString;

use crate::{
    Actor, App, Error,
    db::{self, Db, data_key::Wrapped},
    events::{self, Happened},
    vault::{DataKey, MasterKey, Vault, VaultError, sealed_by},
};

pub use host::{Rotated, RotationError, rotate_master_key};
pub(crate) use reseal::{drop_unused, reseal};

/// Why the data keys of an installation could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),

    #[error(transparent)]
    Vault(#[from] VaultError),

    #[error("the master key is not the one that sealed the data keys")]
    OtherMasterKey,
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Database(error) => error.into(),
            OpenError::Vault(error) => error.into(),
            OpenError::OtherMasterKey => VaultError::Sealed.into(),
        }
    }
}

/// Opens the data keys, and makes the first one where there is none. A master key that does not fit
/// is found here, and not at the first secret that somebody needs.
pub(crate) async fn open(db: &Db, master: &MasterKey) -> Result<Vault, OpenError> {
    let vault = Vault::new(master);
    let mut tx = db.begin().await?;
    let keys = db::data_key::list(&mut tx).await?;
    let opened = open_all(&vault, master, &keys)?;
    if keys.is_empty() {
        if !columns::opens_a_sample(&mut tx, &vault).await? {
            return Err(OpenError::OtherMasterKey);
        }
        let (id, key) = (cuid2(), DataKey::generate());
        db::data_key::insert(&mut tx, &id, &master.wrap(&id, &key)?, Timestamp::now()).await?;
        learn(&vault, &id, &key);
    }
    if opened == Opened::ByThisOne {
        db::data_key::end_rewrap(&mut tx).await?;
    }
    tx.commit_quietly().await?;
    Ok(vault)
}

/// Whether something is stored that only the master key of the installation opens.
pub(crate) async fn is_needed(db: &Db) -> Result<bool, sqlx::Error> {
    let mut conn = db.acquire().await?;
    let keys = db::data_key::list(&mut conn).await?;
    Ok(!keys.is_empty() || columns::count(&mut conn, "").await? > 0)
}

/// The same without writing anything.
pub(crate) async fn open_unchanged(db: &Db, master: &MasterKey) -> Result<Vault, OpenError> {
    let vault = Vault::new(master);
    let mut conn = db.acquire().await?;
    let keys = db::data_key::list(&mut conn).await?;
    open_all(&vault, master, &keys)?;
    if !columns::opens_a_sample(&mut conn, &vault).await? {
        return Err(OpenError::OtherMasterKey);
    }
    Ok(vault)
}

/// Knows the data keys as they are stored: of two rotations at once, either may be heard of last.
pub(crate) async fn refresh(app: &App) -> Result<(), Error> {
    let keys = db::data_key::list(&mut *app.db.acquire().await?).await?;
    open_all(&app.vault, &app.master, &keys)?;
    Ok(())
}

/// By which master key the data keys opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    ByThisOne,
    /// This one is being replaced: the next one is not in its place yet.
    ByTheOneBefore,
}

fn open_all(vault: &Vault, master: &MasterKey, keys: &[Wrapped]) -> Result<Opened, OpenError> {
    let mut opened = Opened::ByThisOne;
    for key in keys {
        let data_key = match (master.unwrap(&key.id, &key.wrapped), &key.wrapped_before) {
            (Ok(data_key), _) => data_key,
            (Err(_), Some(before)) => {
                opened = Opened::ByTheOneBefore;
                master.unwrap(&key.id, before).map_err(|_| OpenError::OtherMasterKey)?
            }
            (Err(_), None) => return Err(OpenError::OtherMasterKey),
        };
        vault.learn(&key.id, &data_key);
        if key.retired_at.is_none() {
            vault.seal_with(&key.id);
        }
    }
    Ok(opened)
}

fn learn(vault: &Vault, id: &str, key: &DataKey) {
    vault.learn(id, key);
    vault.seal_with(id);
}

/// Which data keys there are, and how much each of them seals.
pub async fn show(app: &App) -> Result<Secrets, Error> {
    let mut conn = app.db.acquire().await?;
    let mut shown = Vec::new();
    let keys = db::data_key::list(&mut conn).await?;
    for key in keys {
        let values = columns::count(&mut conn, &sealed_by(&key.id)).await?;
        let Wrapped { id, created_at, retired_at, .. } = key;
        shown.push(DataKeyStatus { id, created_at, retired_at, values });
    }
    let all = columns::count(&mut conn, "").await?;
    let by_data_keys: u64 = shown.iter().map(|key| key.values).sum();
    let by_master_key = all.saturating_sub(by_data_keys);
    Ok(Secrets { keys: shown, by_master_key })
}

/// Makes a new data key. What older ones sealed is sealed anew in the background, and these are
/// dropped then.
pub async fn rotate(app: &App, actor: &Actor) -> Result<Secrets, Error> {
    let shown = show(app).await?;
    if shown.left() > 0 {
        // One takes over right now: asked for twice, it happens once.
        return Ok(shown);
    }
    let (id, key, now) = (cuid2(), DataKey::generate(), Timestamp::now());
    let mut tx = app.db.begin().await?;
    let before = db::data_key::list(&mut tx).await?;
    if before.iter().any(|key| key.wrapped_before.is_some()) {
        return Err(Error::refused(
            "master-key-rotation-running",
            "the master key is being replaced",
            "finish `portolan secrets rotate --master-key` on the host, and start again with it",
        ));
    }
    db::data_key::retire(&mut tx, now).await?;
    db::data_key::insert(&mut tx, &id, &app.master.wrap(&id, &key)?, now).await?;
    let happened = Happened {
        team: actor.team_id(),
        kind: "secrets.rotated",
        subject: Subject::Team(actor.team_id().clone()),
        name: actor.team.name.as_str(),
        message: format!("{} had a new data key made for all secrets", actor.user.email),
    };
    events::record(&mut tx, happened.by(actor.author()), now).await?;
    tx.commit().await?;
    // After the commit: what a key seals that is not stored could never be opened.
    learn(&app.vault, &id, &key);
    app.sealer.notify_one();
    show(app).await
}

/// A secret under the context that it was sealed for.
pub(crate) type Context = fn(&str) -> String;

/// Opens and seals again with the key in use.
fn seal_anew(vault: &Vault, sealed: &str, context: &str) -> Result<String, VaultError> {
    let plain: SecretString = vault.open_sealed(sealed, context)?;
    vault.seal(&plain, context)
}
