//! What lies in a storage: written once as a stream, read as one, removed.
//!
//! Owns what a storage can do, whatever its kind. What is written is nothing before it is whole: a
//! write that ends early leaves nothing that could be read, and a sweep finds its pieces.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use portolan_types::{Backup, BackupId, StorageId};

use super::disk;
use crate::App;

/// Why a storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    #[error("the disk of the control plane is full")]
    Full,

    #[error("what was stored is not there any more")]
    Missing,

    #[error("could not use the folder for backups: {0}")]
    Disk(#[source] std::io::Error),
}

impl StorageError {
    /// What to do about it.
    pub(crate) const fn remedy(&self) -> &'static str {
        match self {
            Self::Full => {
                "make room there, remove backups that nobody needs (`delete_backup`), and try again"
            }
            Self::Missing => "remove this backup (`delete_backup`), and take another one",
            Self::Disk(_) => "look at the folder `backups` in the data directory, and try again",
        }
    }
}

impl From<std::io::Error> for StorageError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            std::io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Disk(error),
        }
    }
}

/// Where a backup lies: names of files are ids, so no text of anybody's is part of a path.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    folder: PathBuf,
    id: BackupId,
}

impl Object {
    pub(crate) fn of(app: &App, backup: &Backup) -> Self {
        Self::at(app, &backup.storage_id, &backup.id)
    }

    fn at(app: &App, storage: &StorageId, id: &BackupId) -> Self {
        Self { folder: app.config.backups().join(storage.as_str()), id: id.clone() }
    }

    /// Begins to write it.
    pub(crate) async fn create(&self) -> Result<Writer, StorageError> {
        disk::Writer::create(&self.folder, &self.id).await.map(Writer)
    }

    /// Reads it from its beginning.
    pub(crate) async fn open(
        &self,
    ) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
        disk::open(&self.folder, &self.id).await
    }

    /// Removes it with what a write left of it. One that is not there counts as removed.
    pub(crate) async fn remove(&self) -> Result<(), StorageError> {
        disk::remove(&self.folder, &self.id).await
    }
}

/// Writes an object. Dropped before its end it leaves pieces, which [`Object::remove`] takes away.
#[derive(Debug)]
pub(crate) struct Writer(disk::Writer);

impl Writer {
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        self.0.write(&bytes).await
    }

    /// It is whole, and stays so whatever happens to the machine.
    pub(crate) async fn finish(self) -> Result<(), StorageError> {
        self.0.finish().await
    }
}
