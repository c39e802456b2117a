//! Where people signed in from before.

use portolan_types::{Timestamp, UserId};
use sqlx::AnyConnection;

/// Whether a person signed in from there. `user` may be nobody's id: it asks the same.
pub async fn is_known(
    conn: &mut AnyConnection,
    user: &str,
    place: &str,
) -> Result<bool, sqlx::Error> {
    let found: i64 =
        sqlx::query_scalar("select count(*) from known_places where user_id = $1 and place = $2")
            .bind(user)
            .bind(place)
            .fetch_one(conn)
            .await?;
    Ok(found == 1)
}

/// Notes that a person signed in from there.
pub async fn remember(
    conn: &mut AnyConnection,
    user: &UserId,
    place: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into known_places (user_id, place, last_used_at) values ($1, $2, $3)
         on conflict (user_id, place) do update set last_used_at = $3",
    )
    .bind(user.as_str())
    .bind(place)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets all places of a person.
pub async fn delete_all(conn: &mut AnyConnection, user: &UserId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from known_places where user_id = $1")
        .bind(user.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Sweeps places that were not used since.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from known_places where last_used_at < $1")
        .bind(moment.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
