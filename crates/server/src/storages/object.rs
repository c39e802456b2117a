//! What lies in a storage: written once as a stream, read as one, removed.
//!
//! Owns what a storage can do, whatever its kind. What is written is nothing before it is whole: a
//! write that ends early leaves nothing that could be read, and a sweep finds its pieces.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use portolan_types::{Backup, BackupId, StorageId};

use super::{
    disk,
    s3::{self, Refusal},
};
use crate::{App, Error, db, db::storage::Kept};

/// Why a storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    #[error("the disk of the control plane is full")]
    Full,

    #[error("what was stored is not there any more")]
    Missing,

    #[error("could not use the folder for backups: {0}")]
    Disk(#[source] std::io::Error),

    /// The service of a bucket says no.
    #[error("{0}")]
    Bucket(Refusal),

    /// It could not be asked.
    #[error("could not ask the service: {0}")]
    Broken(String),

    /// It is where the control plane does not go.
    #[error("{0}")]
    Elsewhere(String),

    /// Nobody knows how to use it.
    #[error("could not make out what the storage is: {0}")]
    Unknown(String),
}

impl StorageError {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Full => {
                "make room there, remove backups that nobody needs (`delete_backup`), and try again"
            }
            Self::Missing => "remove this backup (`delete_backup`), and take another one",
            Self::Disk(_) => "look at the folder `backups` in the data directory, and try again",
            Self::Bucket(refusal) => refusal.remedy(),
            Self::Broken(_) => "see that the endpoint is right and can be reached from here",
            Self::Elsewhere(_) => "use a public endpoint, or have the operator allow this one",
            Self::Unknown(_) => "look at the log of the control plane",
        }
    }

    /// Whether it may be otherwise in a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Broken(_) => true,
            Self::Bucket(refusal) => refusal.may_pass(),
            Self::Full | Self::Missing | Self::Disk(_) | Self::Elsewhere(_) | Self::Unknown(_) => {
                false
            }
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

impl From<Error> for StorageError {
    fn from(error: Error) -> Self {
        Self::Unknown(error.to_string())
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        Error::from(error).into()
    }
}

/// Where a backup lies: names of files are ids, so no text of anybody's is part of a path.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    id: BackupId,
    store: Store,
}

#[derive(Debug, Clone)]
enum Store {
    Disk(PathBuf),
    Bucket(Box<s3::Bucket>),
}

impl Object {
    pub(crate) async fn of(app: &App, backup: &Backup) -> Result<Self, StorageError> {
        Self::at(app, &backup.storage_id, &backup.id).await
    }

    pub(super) async fn at(
        app: &App,
        storage: &StorageId,
        id: &BackupId,
    ) -> Result<Self, StorageError> {
        let kept = db::storage::find_kept(&mut *app.db.acquire().await?, storage).await?;
        let store = match kept.ok_or(Error::NotFound("storage"))? {
            Kept::Disk => Store::Disk(app.config.backups().join(storage.as_str())),
            Kept::S3 { place, sealed_secret } => {
                let secret = super::open_secret(app, storage, &sealed_secret)?;
                Store::Bucket(Box::new(s3::Bucket::new(&app.outside, &place, &secret)?))
            }
        };
        Ok(Self { id: id.clone(), store })
    }

    /// Begins to write it.
    pub(crate) async fn create(&self) -> Result<Writer, StorageError> {
        Ok(Writer(match &self.store {
            Store::Disk(folder) => Way::Disk(disk::Writer::create(folder, &self.id).await?),
            Store::Bucket(bucket) => {
                Way::Bucket(Box::new(s3::Upload::new(bucket, bucket.key(&self.id))))
            }
        }))
    }

    /// Reads it from its beginning.
    pub(crate) async fn open(
        &self,
    ) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
        match &self.store {
            Store::Disk(folder) => disk::open(folder, &self.id).await,
            Store::Bucket(bucket) => bucket.open(&bucket.key(&self.id)).await,
        }
    }

    /// Removes it with what a write left of it. One that is not there counts as removed.
    pub(crate) async fn remove(&self) -> Result<(), StorageError> {
        match &self.store {
            Store::Disk(folder) => disk::remove(folder, &self.id).await,
            Store::Bucket(bucket) => bucket.remove(&bucket.key(&self.id)).await,
        }
    }
}

/// Writes an object. Dropped before its end it leaves pieces, which [`Object::remove`] takes away.
#[derive(Debug)]
pub(crate) struct Writer(Way);

#[derive(Debug)]
enum Way {
    Disk(disk::Writer),
    Bucket(Box<s3::Upload>),
}

impl Writer {
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        match &mut self.0 {
            Way::Disk(writer) => writer.write(&bytes).await,
            Way::Bucket(upload) => upload.write(&bytes).await,
        }
    }

    /// It is whole, and stays so whatever happens to the machine.
    pub(crate) async fn finish(self) -> Result<(), StorageError> {
        match self.0 {
            Way::Disk(writer) => writer.finish().await,
            Way::Bucket(upload) => upload.finish().await,
        }
    }
}
