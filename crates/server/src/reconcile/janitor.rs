//! Throws away what nobody needs any more: old events, deliveries, operations and drifts, ended
//! sessions and spent idempotency keys.

use std::{sync::Arc, time::Duration};

use portolan_types::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    App, Error,
    accounts::{PLACES_FORGOTTEN_AFTER_SECONDS, TALLIES_FORGOTTEN_AFTER_SECONDS},
    db, sessions,
    tasks::Pulse,
};

const PERIOD: Duration = Duration::from_hours(1);
/// Rows that are swept in one transaction.
const SWEEP_AT_ONCE: i64 = 1_000;
const KEEP_OPERATIONS_SECONDS: i64 = 90 * 86_400;
/// Long enough for a person to see why something stopped.
const KEEP_TOKENS_SECONDS: i64 = 30 * 86_400;
const KEEP_DRIFTS_SECONDS: i64 = 90 * 86_400;
/// A client that repeats a request does so within minutes.
const KEEP_KEYS_SECONDS: i64 = 86_400;

pub(super) async fn run(app: Arc<App>, pulse: Pulse, shutdown: CancellationToken) {
    let work = async {
        let mut ticks = tokio::time::interval(PERIOD);
        loop {
            ticks.tick().await;
            match pulse.run(sweep(&app)).await {
                Ok(rows) => tracing::debug!(rows, "swept old rows"),
                Err(error) => {
                    tracing::error!(%error, "could not sweep old rows; trying again later");
                }
            }
            pulse.next(Some(PERIOD));
        }
    };
    shutdown.run_until_cancelled(work).await;
}

async fn sweep(app: &App) -> Result<u64, Error> {
    let now = Timestamp::now();
    let mut conn = app.db.acquire().await?;
    let keep = i64::from(app.config.keep_events_days.get()) * 86_400;
    let events = sweep_events(app, now.plus_seconds(-keep)).await?;
    let past = sweep_past(app, now.plus_seconds(-keep)).await?;
    // They tell of events, and name people as these do.
    let deliveries = db::delivery::delete_before(&mut conn, now.plus_seconds(-keep)).await?;
    let keys =
        db::idempotency::delete_before(&mut conn, now.plus_seconds(-KEEP_KEYS_SECONDS)).await?;
    let tokens =
        db::token::delete_ended_before(&mut conn, now.plus_seconds(-KEEP_TOKENS_SECONDS)).await?;
    let operations =
        db::operation::delete_before(&mut conn, now.plus_seconds(-KEEP_OPERATIONS_SECONDS)).await?;
    let drifts =
        db::drift::delete_before(&mut conn, now.plus_seconds(-KEEP_DRIFTS_SECONDS)).await?;
    let people = sweep_people(app, now).await?;
    Ok(tokens + events + past + people + deliveries + keys + operations + drifts)
}

/// What people leave behind who signed in, tried to, or forgot their password.
async fn sweep_people(app: &App, now: Timestamp) -> Result<u64, Error> {
    let mut conn = app.db.acquire().await?;
    let sessions = db::session::delete_ended(&mut conn, sessions::still(app, now)).await?;
    let resets = db::account::delete_ended_resets(&mut conn, now).await?;
    let forgotten = now.plus_seconds(-TALLIES_FORGOTTEN_AFTER_SECONDS);
    let tallies = db::throttle::delete_before(&mut conn, forgotten).await?;
    let forgotten = now.plus_seconds(-PLACES_FORGOTTEN_AFTER_SECONDS);
    let places = db::place::delete_before(&mut conn, forgotten).await?;
    Ok(sessions + resets + tallies + places)
}

/// What things were is kept as long as what happened to them.
async fn sweep_past(app: &App, moment: Timestamp) -> Result<u64, Error> {
    let mut all = 0;
    loop {
        let mut tx = app.db.begin().await?;
        let swept = db::past::delete_before(&mut tx, moment, SWEEP_AT_ONCE).await?;
        tx.commit_quietly().await?;
        all += swept;
        if swept == 0 {
            return Ok(all);
        }
    }
}

/// In small transactions: others want to write in between.
async fn sweep_events(app: &App, moment: Timestamp) -> Result<u64, Error> {
    let mut all = 0;
    loop {
        let mut tx = app.db.begin().await?;
        let swept = db::event::delete_before(&mut tx, moment, SWEEP_AT_ONCE).await?;
        tx.commit_quietly().await?;
        all += swept;
        if swept == 0 {
            return Ok(all);
        }
    }
}
