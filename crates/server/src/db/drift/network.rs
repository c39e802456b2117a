//! What stands about a destination's network itself, moved together with the destination.

use portolan_types::{DestinationId, DriftState, Facts, Failure, ServerId, Timestamp};
use sqlx::AnyConnection;

use crate::db::to_json;

/// The condition of what is about the network of `$1` and stands.
macro_rules! standing {
    ($set:literal) => {
        concat!(
            "update drifts set ",
            $set,
            " where destination_id = $1 and ended_at is null
                and kind in ('missing', 'recreated', 'options-differ', 'label-lost')"
        )
    };
}

/// The network is as it should be, or what differed has become something else.
pub async fn end_of_network(
    conn: &mut AnyConnection,
    destination: &DestinationId,
    state: DriftState,
    mended: &Facts,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    debug_assert!(!state.stands(), "{state} is no end");
    sqlx::query(standing!("state = $2, facts_mended = $3, ended_at = $4"))
        .bind(destination.as_str())
        .bind(state.as_str())
        .bind(to_json(mended)?)
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Its repair failed.
pub async fn fail_of_network(
    conn: &mut AnyConnection,
    destination: &DestinationId,
    failure: &Failure,
) -> Result<(), sqlx::Error> {
    sqlx::query(standing!("state = 'failed', reason = $2, remedy = $3"))
        .bind(destination.as_str())
        .bind(failure.message.as_str())
        .bind(failure.remedy.as_deref())
        .execute(conn)
        .await?;
    Ok(())
}

/// The destination is kept through another server from now on.
pub async fn hand_over(
    conn: &mut AnyConnection,
    destination: &DestinationId,
    server: &ServerId,
) -> Result<(), sqlx::Error> {
    sqlx::query(standing!("server_id = $2"))
        .bind(destination.as_str())
        .bind(server.as_str())
        .execute(conn)
        .await?;
    Ok(())
}
