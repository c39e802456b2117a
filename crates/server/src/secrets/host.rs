//! Another master key, on the host, while the control plane is stopped.
//!
//! In two steps, so that it can be ended at any moment: first every data key is stored under both
//! master keys, then the new one takes the place of the old. Until the second is done the old one
//! opens everything, and after it the new one does.

use std::{fs, path::PathBuf};

use secrecy::SecretString;

use super::{OpenError, open, reseal};
use crate::{
    Config, RunError,
    db::{
        self, Db,
        offline::{self, OfflineError},
    },
    run,
    vault::{MasterKey, Missing, VaultError, sync_folder},
};

/// Why there is no other master key.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    #[error(transparent)]
    Run(#[from] RunError),

    #[error("could not use the database: {0}")]
    Database(#[from] sqlx::Error),

    #[error(transparent)]
    Vault(#[from] VaultError),

    #[error(transparent)]
    Offline(#[from] OfflineError),

    #[error("{0} secrets cannot be opened with the master key that there is")]
    Unreadable(u64),

    #[error("the environment gives the master key, and nothing the next one")]
    NoNewKey,

    #[error("the new master key is the old one")]
    Same,

    #[error("could not put {} in its place: {cause}", .path.display())]
    Place { path: PathBuf, cause: std::io::Error },
}

impl From<OpenError> for RotationError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Database(error) => error.into(),
            OpenError::Vault(error) => error.into(),
            OpenError::OtherMasterKey => VaultError::Sealed.into(),
        }
    }
}

/// What there is to do after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// The file holds the new one.
    InPlace,
    /// The environment has to give the new one at the next start. The old one opens until then.
    AtNextStart,
}

/// Replaces the master key: in its file, or, where the environment gives it, by `next`.
pub async fn rotate_master_key(
    config: &Config,
    next: Option<SecretString>,
) -> Result<Rotated, RotationError> {
    // First of all: whoever takes the lock makes the folder when it is missing.
    let db = offline::open(config).await?;
    let _lock = run::take_data_dir(config)?;
    let old = MasterKey::open(config, Missing::Refuse)?;
    let _database_lock = db.lock().await?.ok_or(RunError::DatabaseInUse)?;
    let vault = open(&db, &old).await?;
    // What the master key itself sealed would be lost with it.
    match reseal(&db, &vault).await? {
        0 => {}
        unreadable => return Err(RotationError::Unreadable(unreadable)),
    }
    let new = new_key(config, next)?;
    if new == old {
        return Err(RotationError::Same);
    }
    store_under_both(&db, &old, &new).await?;
    let rotated = match &config.master_key {
        Some(_) => Rotated::AtNextStart,
        None => put_in_place(config, &db).await?,
    };
    db.close().await;
    Ok(rotated)
}

pub(super) fn new_key(
    config: &Config,
    next: Option<SecretString>,
) -> Result<MasterKey, RotationError> {
    if config.master_key.is_some() {
        let (text, place) = (next.ok_or(RotationError::NoNewKey)?, "in PORTOLAN_NEW_MASTER_KEY");
        return Ok(MasterKey::parse(&text, place, "set one of `openssl rand -hex 32`")?);
    }
    let path = waiting_file(config);
    // One that is there was written by a rotation that did not come to its end: it goes on.
    if !path.exists() {
        MasterKey::generate().write(&path)?;
    }
    Ok(MasterKey::read(&path)?)
}

/// Where the new one waits until every data key is stored under it.
fn waiting_file(config: &Config) -> PathBuf {
    let mut name = config.master_key_file().into_os_string();
    name.push(".new");
    name.into()
}

pub(super) async fn store_under_both(
    db: &Db,
    old: &MasterKey,
    new: &MasterKey,
) -> Result<(), RotationError> {
    let mut tx = db.begin().await?;
    for key in db::data_key::list(&mut tx).await? {
        let opened = [Some(&key.wrapped), key.wrapped_before.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|wrapped| old.unwrap(&key.id, wrapped).ok())
            .ok_or(VaultError::Sealed)?;
        let (after, before) = (new.wrap(&key.id, &opened)?, old.wrap(&key.id, &opened)?);
        db::data_key::rewrap(&mut tx, &key.id, &after, &before).await?;
    }
    Ok(tx.commit_quietly().await?)
}

async fn put_in_place(config: &Config, db: &Db) -> Result<Rotated, RotationError> {
    let path = config.master_key_file();
    fs::rename(waiting_file(config), &path)
        .and_then(|()| sync_folder(&path))
        .map_err(|cause| RotationError::Place { path, cause })?;
    let mut conn = db.acquire().await?;
    db::data_key::end_rewrap(&mut conn).await?;
    Ok(Rotated::InPlace)
}
