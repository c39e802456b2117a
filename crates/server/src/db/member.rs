//! Memberships: who is in a team, with which role.

use std::collections::HashMap;

use portolan_types::{Grant, Member, Membership, PageQuery, Role, Sees, Team, TeamId, UserId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, moment, parsed};
use crate::rights::Visible;

struct MemberRow(Member);

impl FromRow<'_, AnyRow> for MemberRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Member {
            user_id: parsed(row, "user_id")?,
            email: row.try_get("email")?,
            role: parsed(row, "role")?,
            sees: parsed(row, "sees")?,
            grants: Vec::new(),
            joined_at: moment(row, "created_at")?,
        }))
    }
}

/// The team's members with their rights, those that came first before the others.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Member>, sqlx::Error> {
    let window = Window::of_owner(visible.team().as_str(), query);
    let rows: Vec<MemberRow> = window
        .query(concat!(
            "select m.user_id, u.email, m.role, ",
            sees!(),
            " as sees, m.created_at
             from memberships m
             join users u on u.id = m.user_id
             where m.team_id = $1 and (m.created_at, m.user_id) > ($2, $3)
               and lower(u.email) like $4 escape '!'
             order by m.created_at, m.user_id
             limit $5"
        ))
        .fetch_all(&mut *conn)
        .await?;
    let mut grants = grants_of(conn, visible, &rows).await?;
    let with_grants = |MemberRow(mut member)| {
        member.grants = grants.remove(&member.user_id).unwrap_or_default();
        member
    };
    Ok(rows.into_iter().map(with_grants).collect())
}

async fn grants_of(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    rows: &[MemberRow],
) -> Result<HashMap<UserId, Vec<Grant>>, sqlx::Error> {
    let mut grants: HashMap<UserId, Vec<Grant>> = HashMap::new();
    let users: Vec<_> = rows.iter().map(|MemberRow(member)| &member.user_id).collect();
    for (user, grant) in super::grant::list_of_some(conn, visible, &users).await? {
        grants.entry(user).or_default().push(grant);
    }
    Ok(grants)
}

/// A member of the team with their rights.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    user: &UserId,
) -> Result<Option<Member>, sqlx::Error> {
    let row: Option<MemberRow> = sqlx::query_as(concat!(
        "select m.user_id, u.email, m.role, ",
        sees!(),
        " as sees, m.created_at
         from memberships m
         join users u on u.id = m.user_id
         where m.team_id = $1 and m.user_id = $2"
    ))
    .bind(visible.team().as_str())
    .bind(user.as_str())
    .fetch_optional(&mut *conn)
    .await?;
    let Some(MemberRow(mut member)) = row else { return Ok(None) };
    member.grants = super::grant::list_of(conn, visible, user).await?;
    Ok(Some(member))
}

/// The role of somebody in a team.
pub async fn find_role(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
) -> Result<Option<Role>, sqlx::Error> {
    let sql = "select role from memberships where team_id = $1 and user_id = $2";
    let row = sqlx::query(sql).bind(team.as_str()).bind(user.as_str()).fetch_optional(conn).await?;
    row.map(|row| parsed(&row, "role")).transpose()
}

/// How many owners a team has.
pub async fn count_owners(conn: &mut AnyConnection, team: &TeamId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from memberships where team_id = $1 and role = 'owner'")
        .bind(team.as_str())
        .fetch_one(conn)
        .await
}

/// Gives a member another role, by the word of people (`None`) or of a provider.
pub async fn set_role(
    conn: &mut AnyConnection,
    (team, user): (&TeamId, &UserId),
    role: Role,
    by: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update memberships set role = $3, granted_by = $4 where team_id = $1 and user_id = $2",
    )
    .bind(team.as_str())
    .bind(user.as_str())
    .bind(role.as_str())
    .bind(by)
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets a member see all of the team, or what they were granted.
pub async fn set_sees(
    conn: &mut AnyConnection,
    (team, user): (&TeamId, &UserId),
    sees: Sees,
) -> Result<(), sqlx::Error> {
    sqlx::query("update memberships set sees = $3 where team_id = $1 and user_id = $2")
        .bind(team.as_str())
        .bind(user.as_str())
        .bind(sees.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends a membership, and with it the tokens, rights and invitations that it had.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    user: &UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from memberships where team_id = $1 and user_id = $2")
        .bind(team.as_str())
        .bind(user.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

struct MembershipRow(Membership);

impl FromRow<'_, AnyRow> for MembershipRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Membership {
            team: Team { id: parsed(row, "id")?, name: parsed(row, "name")? },
            role: parsed(row, "role")?,
            current: false,
            joined_at: moment(row, "created_at")?,
        }))
    }
}

/// The teams that a person is in, the one that they joined first before the others. None of them is
/// marked as the one that they act in: a row cannot know.
pub async fn list_of(
    conn: &mut AnyConnection,
    user: &UserId,
    query: &PageQuery,
) -> Result<Vec<Membership>, sqlx::Error> {
    let window = Window::of_owner(user.as_str(), query);
    let rows: Vec<MembershipRow> = window
        .query(
            "select t.id, t.name, m.role, m.created_at
             from memberships m
             join teams t on t.id = m.team_id
             where m.user_id = $1 and (m.created_at, m.team_id) > ($2, $3)
               and lower(t.name) like $4 escape '!'
             order by m.created_at, m.team_id
             limit $5",
        )
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|MembershipRow(membership)| membership).collect())
}
