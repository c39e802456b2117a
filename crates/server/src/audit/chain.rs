//! Places in the chain: given after the commit, by one transaction after the other, as events get
//! their numbers. See `docs/decisions/0031-audit.md`.

use crate::{
    App, Error,
    db::{
        self,
        audit::{End, Link},
    },
};

/// Entries that get their places in one transaction.
const BATCH: i64 = 500;

/// Gives places to what was committed. Safe to be called by several at once.
pub(crate) async fn extend(app: &App) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let waiting = db::audit::has_waiting(&mut conn).await?;
    drop(conn);
    if !waiting {
        return Ok(());
    }
    while extend_some(app).await? {}
    Ok(())
}

/// One batch; whether there may be more.
async fn extend_some(app: &App) -> Result<bool, Error> {
    let mut tx = app.db.begin().await?;
    let mut end = db::audit::lock_end(&mut tx).await?;
    let waiting = db::audit::list_waiting(&mut tx, (i64::MIN, ""), BATCH).await?;
    for entry in &waiting {
        let sequence = end.length.saturating_add(1);
        let hash = app.audit.link(sequence, &end.head, &entry.proof);
        let link = Link { sequence, previous_hash: end.head, hash: hash.clone() };
        db::audit::set_link(&mut tx, &entry.entry.id, &link).await?;
        end = End { length: sequence, head: hash };
    }
    db::audit::set_end(&mut tx, &end).await?;
    tx.commit_quietly().await?;
    Ok(waiting.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX))
}
