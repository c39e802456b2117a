//! Whether a storage can be used: a small object is written, read and removed.

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use portolan_types::{BackupId, Storage, StorageId, StorageTrial};
use tokio::time::Instant;

use super::{
    find,
    object::{Object, StorageError},
};
use crate::{Actor, App, Error};

const WORDS: &[u8] = b"Portolan tries whether it can keep backups here.\n";

/// Tries a storage, and says what does not work, and what to do about it.
pub async fn try_it(app: &App, actor: &Actor, id: &StorageId) -> Result<StorageTrial, Error> {
    let storage = find(&mut *app.db.acquire().await?, actor.visible(), id).await?;
    let began = Instant::now();
    let object = Object::at(app, id, &BackupId::generate()).await;
    let object = object.map_err(|error| unusable(&storage, ("use", &error)))?;
    let tried = write_and_read(&object).await;
    // Whatever came of it, nothing of it stays.
    let removed = object.remove().await.map_err(|error| ("remove", error));
    tried.and(removed).map_err(|(what, error)| unusable(&storage, (what, &error)))?;
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(StorageTrial { storage_id: storage.id, took_ms })
}

async fn write_and_read(object: &Object) -> Result<(), (&'static str, StorageError)> {
    let written = async {
        let mut writer = object.create().await?;
        writer.write(Bytes::from_static(WORDS)).await?;
        writer.finish().await
    };
    written.await.map_err(|error| ("write", error))?;
    let read = async {
        let mut parts = object.open().await?;
        let mut read = BytesMut::new();
        while let Some(part) = parts.try_next().await? {
            read.extend_from_slice(&part);
            if read.len() > WORDS.len() {
                break;
            }
        }
        if read == WORDS { Ok(()) } else { Err(StorageError::Missing) }
    };
    read.await.map_err(|error| ("read", error))
}

fn unusable(storage: &Storage, (what, error): (&str, &StorageError)) -> Error {
    Error::refused(
        "storage-unusable",
        format!("could not {what} an object in storage `{}`: {error}", storage.name),
        error.remedy(),
    )
}
