//! Sealing everything anew with the data key in use, and dropping those that seal nothing any more.
//!
//! Takes no input and may be ended at any moment: what is sealed otherwise is what is left to do.

use portolan_types::Timestamp;

use super::{
    columns::{COLUMNS, Sealed},
    seal_anew,
};
use crate::{
    Error,
    db::{self, Db},
    vault::{Vault, sealed_by},
};

/// Values that are sealed anew in one transaction: others want to write in between.
const BATCH: i64 = 50;
/// Longer than any request or pass may hold a value that it has sealed and not yet stored.
const DROP_AFTER_SECONDS: i64 = 300;

/// Seals everything anew. What cannot be opened stays, and is told in the log; answers how many
/// these are.
pub(crate) async fn reseal(db: &Db, vault: &Vault) -> Result<u64, sqlx::Error> {
    let mut conn = db.acquire().await?;
    let keys = db::data_key::list(&mut conn).await?;
    drop(conn);
    let Some(current) = keys.iter().find(|key| key.retired_at.is_none()) else { return Ok(0) };
    let mut unreadable = 0;
    for column in COLUMNS {
        unreadable += reseal_column(db, vault, column, &sealed_by(&current.id)).await?;
    }
    Ok(unreadable)
}

async fn reseal_column(
    db: &Db,
    vault: &Vault,
    Sealed { column, context }: Sealed,
    wanted: &str,
) -> Result<u64, sqlx::Error> {
    let (mut after, mut unreadable) = (String::new(), 0);
    loop {
        let mut conn = db.acquire().await?;
        let values = db::sealed::list_others(&mut conn, column, wanted, &after, BATCH).await?;
        drop(conn);
        let Some(last) = values.last() else { return Ok(unreadable) };
        after = last.key.clone();
        let mut tx = db.begin().await?;
        for value in &values {
            let Ok(sealed) = seal_anew(vault, &value.sealed, &context(&value.key)) else {
                unreadable += 1;
                let (table, key) = (column.table, &value.key);
                tracing::error!(table, row.id = %key, "a secret cannot be opened, and stays as it is");
                continue;
            };
            // Whoever changed it meanwhile has sealed it with the key in use.
            db::sealed::replace(&mut tx, column, value, &sealed).await?;
        }
        tx.commit_quietly().await?;
    }
}

/// Drops the keys that seal nothing any more and were retired long enough ago. Answers when to look
/// again, while some are left.
pub(crate) async fn drop_unused(
    db: &Db,
    vault: &Vault,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let mut tx = db.begin().await?;
    let keys = db::data_key::list(&mut tx).await?;
    let (mut dropped, mut again) = (Vec::new(), None);
    for key in keys {
        let Some(retired_at) = key.retired_at else { continue };
        let due = retired_at.plus_seconds(DROP_AFTER_SECONDS);
        if due > now {
            again = Some(again.map_or(due, |other: Timestamp| other.min(due)));
        } else if super::columns::count(&mut tx, &sealed_by(&key.id)).await? == 0 {
            db::data_key::delete(&mut tx, &key.id).await?;
            dropped.push(key.id);
        }
    }
    tx.commit_quietly().await?;
    for id in dropped {
        vault.forget(&id);
        tracing::info!(key.id = %id, "dropped a data key that seals nothing any more");
    }
    Ok(again)
}
