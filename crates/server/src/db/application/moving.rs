//! Moves of applications to other destinations that are not over. That there is one of each at most is
//! decided by the key.

use portolan_types::{
    ApplicationId, DeploymentId, DestinationId, MoveState, MovedVolume, Name, OperationId,
    ServerId, TeamId, Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, FromRow, any::AnyRow};

use super::{
    super::{json_option, parsed, to_json},
    release_aliases,
};

/// A move as its worker knows it.
#[derive(Debug, Clone)]
pub struct Moving {
    pub operation_id: OperationId,
    pub from: Place,
    pub to: Place,
    pub state: MoveState,
    pub memo: Memo,
}

/// One of the two destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub destination_id: DestinationId,
    pub name: Name,
    pub network: String,
    pub server_id: ServerId,
}

/// What the hosts cannot tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// What served before.
    pub before: Option<DeploymentId>,
    /// When the container that served was asked to end, by the clock of the control plane.
    pub stopped_at: Option<Timestamp>,
    /// How long no container of it ran, as far as that is known.
    pub gap_ms: Option<u64>,
    /// What was copied.
    pub volumes: Vec<MovedVolume>,
}

impl Moving {
    /// Whether both places are of one server, whose volumes both have.
    pub fn is_on_one_server(&self) -> bool {
        self.from.server_id == self.to.server_id
    }
}

impl FromRow<'_, AnyRow> for Moving {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            operation_id: parsed(row, "operation_id")?,
            from: Place {
                destination_id: parsed(row, "from_id")?,
                name: parsed(row, "from_name")?,
                network: parsed(row, "from_network")?,
                server_id: parsed(row, "from_server_id")?,
            },
            to: Place {
                destination_id: parsed(row, "to_id")?,
                name: parsed(row, "to_name")?,
                network: parsed(row, "to_network")?,
                server_id: parsed(row, "to_server_id")?,
            },
            state: parsed(row, "state")?,
            memo: json_option(row, "memo")?.unwrap_or_default(),
        })
    }
}

/// A move that begins.
#[derive(Debug)]
pub struct NewMove<'a> {
    pub application: &'a ApplicationId,
    pub operation: &'a OperationId,
    pub from: &'a DestinationId,
    pub to: &'a DestinationId,
    pub memo: &'a Memo,
}

/// Writes it down. One of the same application is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    new: &NewMove<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into moves
             (application_id, team_id, operation_id, from_id, to_id, state, memo, created_at)
         values ($1, $2, $3, $4, $5, 'moving', $6, $7)",
    )
    .bind(new.application.as_str())
    .bind(team.as_str())
    .bind(new.operation.as_str())
    .bind(new.from.as_str())
    .bind(new.to.as_str())
    .bind(to_json(new.memo)?)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The move of an application that is not over.
pub async fn find(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Option<Moving>, sqlx::Error> {
    sqlx::query_as(
        "select m.operation_id, m.state, m.memo,
                f.id as from_id, f.name as from_name, f.network as from_network,
                f.server_id as from_server_id,
                t.id as to_id, t.name as to_name, t.network as to_network,
                t.server_id as to_server_id
         from moves m
         join destinations f on f.id = m.from_id
         join destinations t on t.id = m.to_id
         where m.application_id = $1",
    )
    .bind(application.as_str())
    .fetch_optional(conn)
    .await
}

/// Stores what the hosts cannot tell.
pub async fn set_memo(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    memo: &Memo,
) -> Result<(), sqlx::Error> {
    sqlx::query("update moves set memo = $2 where application_id = $1")
        .bind(application.as_str())
        .bind(to_json(memo)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Its work came to nothing, and what is left of it is to go. One that waits for a person stays.
pub async fn give_up(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update moves set state = 'over' where application_id = $1 and state = 'moving'")
        .bind(application.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// It serves at its new place, and what is left at the other one waits for a person.
pub async fn set_waiting(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<(), sqlx::Error> {
    set_state(conn, application, MoveState::Waiting).await
}

/// A person decided: what is left at the other place is to go.
pub async fn set_over(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<(), sqlx::Error> {
    set_state(conn, application, MoveState::Over).await
}

async fn set_state(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    state: MoveState,
) -> Result<(), sqlx::Error> {
    sqlx::query("update moves set state = $2 where application_id = $1")
        .bind(application.as_str())
        .bind(state.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Where an application is, whoever has it.
pub async fn find_destination(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Option<DestinationId>, sqlx::Error> {
    let row = sqlx::query("select destination_id from applications where id = $1")
        .bind(application.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| parsed(&row, "destination_id")).transpose()
}

/// The application is on another destination from now on.
pub async fn set_destination(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    destination: &DestinationId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update applications set destination_id = $2, updated_at = $3 where id = $1")
        .bind(application.as_str())
        .bind(destination.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// It is over, and nothing is left of it: names on other networks are given up.
pub async fn forget(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from moves where application_id = $1")
        .bind(application.as_str())
        .execute(&mut *conn)
        .await?;
    release_aliases(conn).await
}
