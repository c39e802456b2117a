//! The order of all events: numbers given after the commit, by one transaction after the other.
//!
//! A number is never seen before all lower ones are, so whoever has read up to N misses nothing by
//! asking for what follows N. See `docs/decisions/0022-events-are-numbered-after-commit.md`.

use std::collections::BTreeMap;

use portolan_types::TeamId;

use super::Numbered;
use crate::{App, Error, db};

/// Events that are numbered in one transaction.
const BATCH: i64 = 500;

/// Numbers what was committed and rings the bell of those who read. Safe to be called by several at
/// once.
pub(crate) async fn number(app: &App) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let waiting = db::event::has_unnumbered(&mut conn).await?;
    drop(conn);
    if !waiting {
        return Ok(());
    }
    while number_some(app).await? {}
    Ok(())
}

/// One batch; whether there may be more.
async fn number_some(app: &App) -> Result<bool, Error> {
    let mut tx = app.db.begin().await?;
    let before = db::event::lock_latest(&mut tx).await?;
    let numbered = db::event::number(&mut tx, before, BATCH).await?;
    let Some(latest) = numbered.iter().map(|(_, sequence)| *sequence).max() else {
        return Ok(false);
    };
    db::event::set_latest(&mut tx, latest).await?;
    let full = numbered.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
    tx.commit_quietly().await?;
    for (team, latest) in by_team(numbered) {
        app.readers.tell(Numbered { team, latest });
    }
    Ok(full)
}

fn by_team(numbered: Vec<(TeamId, u64)>) -> BTreeMap<TeamId, u64> {
    let mut latest = BTreeMap::new();
    for (team, sequence) in numbered {
        let highest = latest.entry(team).or_insert(sequence);
        *highest = sequence.max(*highest);
    }
    latest
}
