//! Teams, users and memberships.

use portolan_types::{Role, Sees, Team, TeamId, Timestamp, User, UserId};
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::parsed;

/// A new team; it has no members yet.
pub async fn insert_team(
    conn: &mut AnyConnection,
    team: &Team,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into teams (id, name, created_at) values ($1, $2, $3)")
        .bind(team.id.as_str())
        .bind(team.name.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// A team.
pub async fn find(conn: &mut AnyConnection, id: &TeamId) -> Result<Option<Team>, sqlx::Error> {
    let row = sqlx::query("select id, name from teams where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok(Team { id: parsed(&row, "id")?, name: parsed(&row, "name")? })).transpose()
}

/// What belongs to a team and goes with it: its history and its settings. What goes with a membership
/// or a server is not in it.
const GOES_WITH_IT: [&str; 6] =
    ["events", "past", "operations", "idempotency_keys", "address_plans", "drift_rules"];

/// What is in a team beside one person, by kind and name: `server web-1`. At most a hundred things.
pub async fn list_contents(
    conn: &mut AnyConnection,
    team: &TeamId,
    beside: &UserId,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select 'server ' || name as thing from servers where team_id = $1
         union all select 'destination ' || name from destinations where team_id = $1
         union all select 'route ' || host from routes where team_id = $1
         union all select 'key ' || name from keys where team_id = $1
         union all select 'registry ' || name from registries where team_id = $1
         union all select 'certificate ' || name from certificates where team_id = $1
         union all select 'notifier ' || name from notifiers where team_id = $1
         union all select 'project ' || name from projects where team_id = $1
         union all select 'storage ' || name from storages where team_id = $1
         union all
         select 'member ' || u.email from memberships m join users u on u.id = m.user_id
         where m.team_id = $1 and m.user_id <> $2
         order by thing
         limit 100",
    )
    .bind(team.as_str())
    .bind(beside.as_str())
    .fetch_all(conn)
    .await
}

/// Deletes a team with its history and its settings. What else is in it is a foreign key violation.
pub async fn delete(conn: &mut AnyConnection, team: &TeamId) -> Result<(), sqlx::Error> {
    for table in GOES_WITH_IT {
        // The name is one of ours.
        sqlx::query(AssertSqlSafe(format!("delete from {table} where team_id = $1")))
            .bind(team.as_str())
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query("delete from teams where id = $1").bind(team.as_str()).execute(conn).await?;
    Ok(())
}

/// Gives a team another name.
pub async fn rename(conn: &mut AnyConnection, team: &Team) -> Result<(), sqlx::Error> {
    sqlx::query("update teams set name = $2 where id = $1")
        .bind(team.id.as_str())
        .bind(team.name.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets one transaction after the other choose from what the team has: whoever comes second waits
/// here until the first is committed, and then sees what it took.
pub async fn lock(conn: &mut AnyConnection, team: &TeamId) -> Result<(), sqlx::Error> {
    // SQLite lets one transaction write at a time anyway, and knows no `for update`.
    sqlx::query("update teams set name = name where id = $1")
        .bind(team.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// A new person; an address that is known is a unique violation.
pub async fn insert_user(
    conn: &mut AnyConnection,
    user: &User,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into users (id, email, created_at) values ($1, $2, $3)")
        .bind(user.id.as_str())
        .bind(user.email.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives a person a role in a team; they have one role in each.
pub async fn insert_membership(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
    (role, sees): (Role, Sees),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into memberships (team_id, user_id, role, sees, created_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(role.as_str())
    .bind(sees.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The first owner that was made, with their team.
pub async fn find_first_owner(
    conn: &mut AnyConnection,
) -> Result<Option<(Team, User)>, sqlx::Error> {
    let row = sqlx::query(
        "select t.id as team_id, t.name as team_name, u.id as user_id, u.email
         from memberships m
         join teams t on t.id = m.team_id
         join users u on u.id = m.user_id
         where m.role = 'owner'
         order by m.created_at, m.user_id
         limit 1",
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let team = Team { id: parsed(&row, "team_id")?, name: parsed(&row, "team_name")? };
    let user = User { id: parsed(&row, "user_id")?, email: row.try_get("email")? };
    Ok(Some((team, user)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Db, dump::TABLES};

    /// What keeps a team from being deleted, and who is in it.
    const IN_THE_WAY: [&str; 14] = [
        "servers",
        "routes",
        "keys",
        "registries",
        "certificates",
        "notifiers",
        "projects",
        "applications",
        "drifts",
        "verifications",
        "memberships",
        "storages",
        "backups",
        "stacks",
    ];

    #[tokio::test]
    async fn every_table_of_a_team_goes_with_it_or_is_in_the_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("portolan.db");
        let url = format!("sqlite://{}?mode=rwc", file.display()).into();
        let db = Db::connect(&url).await.expect("a database");
        db.migrate().await.expect("a schema");
        let mut conn = db.acquire().await.expect("a connection");
        let mut found = Vec::new();
        for table in TABLES {
            let sql = format!(
                "select count(*) from pragma_foreign_key_list('{table}') where \"table\" = 'teams'"
            );
            let referring: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut *conn)
                .await
                .expect("the schema");
            if referring > 0 {
                found.push(table);
            }
        }
        assert!(found.len() > GOES_WITH_IT.len(), "{found:?}");
        for table in found {
            assert!(GOES_WITH_IT.contains(&table) || IN_THE_WAY.contains(&table), "{table}");
        }
    }
}
