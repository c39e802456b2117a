//! Which applications are further places of others.

use portolan_types::{ApplicationId, TeamId, Timestamp};
use sqlx::AnyConnection;

/// Whether further places of applications are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Places {
    /// Like other applications.
    #[default]
    Beside,
    LeftOut,
    /// Those of one application alone.
    Of(ApplicationId),
}

impl Places {
    /// The original that is asked for; an empty one is none.
    pub fn original(&self) -> Option<&str> {
        match self {
            Self::Beside => None,
            Self::LeftOut => Some(""),
            Self::Of(original) => Some(original.as_str()),
        }
    }
}

/// One application is a further place of another from now on.
pub async fn insert_place(
    conn: &mut AnyConnection,
    team: &TeamId,
    (place, original): (&ApplicationId, &ApplicationId),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into places (application_id, team_id, original_id, created_at)
         values ($1, $2, $3, $4)",
    )
    .bind(place.as_str())
    .bind(team.as_str())
    .bind(original.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}
