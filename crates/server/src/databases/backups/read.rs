//! A backup handed out: all that the database held, so it is written down who has it.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use portolan_types::{Backup, BackupId, BackupState};

use super::{find_one, note};
use crate::{
    Actor, App, Error,
    storages::object::{Object, StorageError},
};

/// What lies in the storage, as it lies there.
pub struct Content {
    pub backup: Backup,
    pub parts: BoxStream<'static, Result<Bytes, std::io::Error>>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("backup", &self.backup.id).finish_non_exhaustive()
    }
}

/// Opens a backup that is whole.
pub async fn read(app: &App, actor: &Actor, id: &BackupId) -> Result<Content, Error> {
    use futures_util::{StreamExt, TryStreamExt};
    let backup = find_one(&mut *app.db.acquire().await?, actor, id).await?;
    check_ready(&backup)?;
    let opened = async { Object::of(app, &backup).await?.open().await };
    let parts = opened.await.map_err(|error| unreadable(&backup, &error))?;
    let mut tx = app.db.begin().await?;
    note(&mut tx, actor, &backup, ("backup.downloaded", "was downloaded")).await?;
    tx.commit().await?;
    Ok(Content { backup, parts: parts.map_err(std::io::Error::other).boxed() })
}

/// What is not whole has nothing to give.
pub(super) fn check_ready(backup: &Backup) -> Result<(), Error> {
    if backup.state == BackupState::Ready {
        return Ok(());
    }
    Err(Error::refused(
        "backup-not-ready",
        format!("this backup of database `{}` is {}", backup.database_name, backup.state),
        "choose one that is ready (`list_backups`)",
    ))
}

fn unreadable(backup: &Backup, error: &StorageError) -> Error {
    Error::refused(
        "backup-unreadable",
        format!("could not read a backup from storage `{}`: {error}", backup.storage_name),
        error.remedy(),
    )
}
