//! Rules of what is done about differences: one row a team, server and destination that has some.

use std::cmp::Reverse;

use portolan_types::{
    DestinationId, DriftKind, DriftRules, PolicyScope, ServerId, TeamId, Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{json_option, parsed, to_json};

/// What is said in one place.
#[derive(Debug, Clone)]
pub struct Scoped {
    /// The team's, server's or destination's id.
    pub scope_id: String,
    pub scope: PolicyScope,
    pub rules: DriftRules,
    /// Grows with each change.
    pub revision: i64,
}

impl FromRow<'_, AnyRow> for Scoped {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            scope_id: row.try_get("scope_id")?,
            scope: parsed(row, "scope")?,
            rules: json_option(row, "rules")?.unwrap_or_default(),
            revision: row.try_get("revision")?,
        })
    }
}

/// Where rules are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    Team,
    Server(&'a ServerId),
    /// With its server.
    Destination(&'a ServerId, &'a DestinationId),
}

impl<'a> Place<'a> {
    /// The narrowest scope.
    pub const fn scope(self) -> PolicyScope {
        match self {
            Self::Team => PolicyScope::Team,
            Self::Server(_) => PolicyScope::Server,
            Self::Destination(..) => PolicyScope::Destination,
        }
    }

    const fn server(self) -> Option<&'a ServerId> {
        match self {
            Self::Team => None,
            Self::Server(server) | Self::Destination(server, _) => Some(server),
        }
    }

    const fn destination(self) -> Option<&'a DestinationId> {
        match self {
            Self::Team | Self::Server(_) => None,
            Self::Destination(_, destination) => Some(destination),
        }
    }
}

/// All rules that hold in a place, from the narrowest to the widest.
pub async fn list(
    conn: &mut AnyConnection,
    team: &TeamId,
    place: Place<'_>,
) -> Result<Vec<Scoped>, sqlx::Error> {
    let mut rules: Vec<Scoped> = sqlx::query_as(
        "select scope_id, scope, rules, revision from drift_rules
         where team_id = $1 and scope_id in ($1, $2, $3)",
    )
    .bind(team.as_str())
    .bind(place.server().map_or("", ServerId::as_str))
    .bind(place.destination().map_or("", DestinationId::as_str))
    .fetch_all(conn)
    .await?;
    rules.sort_by_key(|one| Reverse(one.scope));
    Ok(rules)
}

/// All rules of a team that name a kind, wherever they are said, from the narrowest to the widest.
pub async fn list_naming(
    conn: &mut AnyConnection,
    team: &TeamId,
    kind: DriftKind,
) -> Result<Vec<Scoped>, sqlx::Error> {
    // The kind is a key of the JSON: what is found too much is decided by reading the rules.
    let mut rules: Vec<Scoped> = sqlx::query_as(
        "select scope_id, scope, rules, revision from drift_rules
         where team_id = $1 and rules like $2",
    )
    .bind(team.as_str())
    .bind(format!("%\"{kind}\"%"))
    .fetch_all(conn)
    .await?;
    rules.sort_by_key(|one| Reverse(one.scope));
    Ok(rules)
}

/// Stores what is said in a place.
pub async fn put(
    conn: &mut AnyConnection,
    team: &TeamId,
    place: Place<'_>,
    rules: &DriftRules,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let (server, destination) = match place {
        Place::Team => (None, None),
        Place::Server(server) => (Some(server.as_str()), None),
        Place::Destination(_, destination) => (None, Some(destination.as_str())),
    };
    sqlx::query(
        "insert into drift_rules
             (scope_id, scope, team_id, server_id, destination_id, rules, revision, updated_at)
         values ($1, $2, $3, $4, $5, $6, 1, $7)
         on conflict (scope_id) do update
         set rules = excluded.rules, revision = drift_rules.revision + 1,
             updated_at = excluded.updated_at",
    )
    .bind(destination.or(server).unwrap_or(team.as_str()))
    .bind(place.scope().as_str())
    .bind(team.as_str())
    .bind(server)
    .bind(destination)
    .bind(to_json(rules)?)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}
