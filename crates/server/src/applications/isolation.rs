//! That resources of different environments share no network. Two of them that are to reach each other
//! are linked (`links`).

use portolan_types::{Destination, EnvironmentId};
use sqlx::AnyConnection;

use crate::{Actor, Error, db, environments};

/// Refuses a destination that another environment has something on. Whoever puts something there holds
/// its row before, so that of two at the same moment one waits.
pub(crate) async fn check(
    conn: &mut AnyConnection,
    actor: &Actor,
    (environment, destination): (&EnvironmentId, &Destination),
) -> Result<(), Error> {
    let neighbour = db::link::find_neighbour(conn, &destination.id, environment).await?;
    let Some(neighbour) = neighbour else { return Ok(()) };
    let owner = match environments::find(conn, actor, &neighbour).await {
        Ok(other) => format!("environment `{}` of project `{}`", other.name, other.project_name),
        // Nobody learns of what they do not see.
        Err(Error::NotFound(_)) => "another environment".to_owned(),
        Err(error) => return Err(error),
    };
    Err(Error::refused(
        "destination-of-another-environment",
        format!(
            "destination `{}` has resources of {owner}: they share no network",
            destination.name
        ),
        "create a destination for this environment (`create_destination`), and link the two resources \
         that are to reach each other (`create_link`)",
    ))
}
