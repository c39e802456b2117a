//! Grants: rights of a member on servers and in projects, and where a thing is.

use portolan_types::{
    Grant, GrantedOn, Invalid, Name, Right, TeamId, Timestamp, UserId, id::SubjectId,
};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row, any::AnyRow};

use super::{decode_error, parsed, several};
use crate::rights::{Thing, Visible};

/// What a grant is on, with its name.
macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "select g.user_id, g.subject_type, g.subject_id, g.level,
                    coalesce(s.name, p.name) as subject_name
             from grants g
             left join servers s on s.id = g.server_id
             left join projects p on p.id = g.project_id ",
            $($rest)*,
            " order by g.subject_type desc, coalesce(s.name, p.name)"
        )
    };
}

/// Of a right on what somebody sees: its server's or project's.
macro_rules! visible_grant {
    ($by:literal) => {
        concat!(
            "(",
            visible!($by, server "g.server_id"),
            " or ",
            visible!($by, project "g.project_id"),
            ")"
        )
    };
}

struct GrantRow {
    user: UserId,
    grant: Grant,
}

impl FromRow<'_, AnyRow> for GrantRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let grant = Grant {
            on: place(row)?,
            name: parsed(row, "subject_name")?,
            right: parsed(row, "level")?,
        };
        Ok(Self { user: parsed(row, "user_id")?, grant })
    }
}

fn place(row: &AnyRow) -> Result<GrantedOn, sqlx::Error> {
    let of: String = row.try_get("subject_type")?;
    match of.as_str() {
        "server" => Ok(GrantedOn::Server(parsed(row, "subject_id")?)),
        "project" => Ok(GrantedOn::Project(parsed(row, "subject_id")?)),
        other => Err(decode_error(
            "subject_type",
            Invalid::new(format!("nobody has rights on a `{other}`")),
        )),
    }
}

/// What a member was granted: on servers and then in projects, by name.
pub async fn list_of(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    user: &UserId,
) -> Result<Vec<Grant>, sqlx::Error> {
    let rows: Vec<GrantRow> = sqlx::query_as(select!(
        "where g.team_id = $1 and g.user_id = $2 and ",
        visible_grant!("3")
    ))
    .bind(visible.team().as_str())
    .bind(user.as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.grant).collect())
}

/// What some of the team's members were granted, each in the same order.
pub async fn list_of_some(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    users: &[&UserId],
) -> Result<Vec<(UserId, Grant)>, sqlx::Error> {
    let sql = select!("where g.team_id = $1 and g.user_id in (?) and ", visible_grant!("2"))
        .replace('?', &several::places(3, users.len()));
    // Numbers of parameters, and nothing else.
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(visible.team().as_str()).bind(visible.by());
    let query = users.iter().fold(query, |query, user| query.bind(user.as_str()));
    let rows: Vec<GrantRow> = query.fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.user, row.grant)).collect())
}

/// Gives a member a right on a server or in a project, instead of the one before.
pub async fn set(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
    (on, right): (&GrantedOn, Right),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let (server, project) = match on {
        GrantedOn::Server(id) => (Some(id.as_str()), None),
        GrantedOn::Project(id) => (None, Some(id.as_str())),
    };
    sqlx::query(
        "insert into grants
             (team_id, user_id, subject_type, subject_id, server_id, project_id, level, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (team_id, user_id, subject_type, subject_id)
         do update set level = excluded.level",
    )
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(on.type_word())
    .bind(on.id())
    .bind(server)
    .bind(project)
    .bind(right.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a right back. `false` when there was none.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
    on: &GrantedOn,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "delete from grants
         where team_id = $1 and user_id = $2 and subject_type = $3 and subject_id = $4",
    )
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(on.type_word())
    .bind(on.id())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes all rights of a member back: an admin has them by role.
pub async fn delete_all(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from grants where team_id = $1 and user_id = $2")
        .bind(team.as_str())
        .bind(user.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// The server or project that a thing of the team belongs to.
pub(crate) async fn locate(
    conn: &mut AnyConnection,
    team: &TeamId,
    thing: &Thing,
) -> Result<Option<GrantedOn>, sqlx::Error> {
    let (sql, id) = match thing {
        Thing::Server(id) => (
            "select 'server' as subject_type, id as subject_id
             from servers
             where team_id = $1 and id = $2",
            id.as_str(),
        ),
        Thing::Destination(id) => (
            "select 'server' as subject_type, server_id as subject_id
             from destinations
             where team_id = $1 and id = $2",
            id.as_str(),
        ),
        Thing::Route(id) => (
            "select 'server' as subject_type, d.server_id as subject_id
             from routes r
             join destinations d on d.id = r.destination_id
             where r.team_id = $1 and r.id = $2",
            id.as_str(),
        ),
        Thing::Drift(id) => (
            "select 'server' as subject_type, server_id as subject_id
             from drifts
             where team_id = $1 and id = $2",
            id.as_str(),
        ),
        Thing::Project(id) => (
            "select 'project' as subject_type, id as subject_id
             from projects
             where team_id = $1 and id = $2",
            id.as_str(),
        ),
        Thing::Environment(id) => (
            "select 'project' as subject_type, project_id as subject_id
             from environments
             where team_id = $1 and id = $2",
            id.as_str(),
        ),
        Thing::Application(id) => (
            "select 'project' as subject_type, e.project_id as subject_id
             from applications a
             join environments e on e.id = a.environment_id
             where a.team_id = $1 and a.id = $2",
            id.as_str(),
        ),
        Thing::Database(id) => (
            "select 'project' as subject_type, e.project_id as subject_id
             from databases b
             join applications a on a.id = b.id
             join environments e on e.id = a.environment_id
             where b.team_id = $1 and b.id = $2",
            id.as_str(),
        ),
        Thing::Stack(id) => (
            "select 'project' as subject_type, e.project_id as subject_id
             from stacks k
             join environments e on e.id = k.environment_id
             where k.team_id = $1 and k.id = $2",
            id.as_str(),
        ),
        Thing::Job(id) => (
            "select 'project' as subject_type, e.project_id as subject_id
             from jobs j
             join applications a on a.id = j.application_id
             join environments e on e.id = a.environment_id
             where j.team_id = $1 and j.id = $2",
            id.as_str(),
        ),
        Thing::Backup(id) => (
            "select 'project' as subject_type, project_id as subject_id
             from backups
             where team_id = $1 and id = $2",
            id.as_str(),
        ),
    };
    let row = sqlx::query(sql).bind(team.as_str()).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(place).transpose()
}

/// The server or project of the team that has an id: ids tell them apart.
pub async fn find_named(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &SubjectId,
) -> Result<Option<(GrantedOn, Name)>, sqlx::Error> {
    let row = sqlx::query(
        "select 'server' as subject_type, id as subject_id, name
         from servers
         where team_id = $1 and id = $2
         union all
         select 'project' as subject_type, id as subject_id, name
         from projects
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok((place(&row)?, parsed(&row, "name")?))).transpose()
}
