//! Whether a server answers, and since when: moved by its keeper, each move with its event.

use portolan_types::{Reachability, ServerId, Subject, Timestamp};
use serde_json::json;

use crate::{
    App, Error,
    db::{self, server::Assigned},
    events::{self, Happened},
    host::HostError,
};

/// The server answers. Told before anything that builds on it: who was told that a validation
/// succeeded may use the server at once.
pub(super) async fn found(app: &App, row: &Assigned) -> Result<(), Error> {
    touch(app, &row.server.id).await?;
    let message = format!("server `{}` is reachable", row.server.name);
    set(app, row, Reachability::Reachable, "server.reachable", message).await
}

/// The server does not answer, or not any more.
pub(super) async fn lost(app: &App, row: &Assigned, error: &HostError) -> Result<(), Error> {
    let message = format!("server `{}` cannot be reached: {error}", row.server.name);
    set(app, row, Reachability::Unreachable, "server.unreachable", message).await
}

/// The server was heard of.
pub(super) async fn touch(app: &App, id: &ServerId) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::server::touch(&mut conn, id, Timestamp::now()).await?)
}

/// The move and its event, written together; nothing when it was so already.
async fn set(
    app: &App,
    row: &Assigned,
    reachability: Reachability,
    kind: &'static str,
    message: String,
) -> Result<(), Error> {
    let (id, name) = (&row.server.id, &row.server.name);
    let now = Timestamp::now();
    let mut tx = app.db.begin().await?;
    if db::server::set_reachability(&mut tx, id, reachability, now).await? {
        tracing::info!(server.id = %id, server.name = %name, "{message}");
        let subject = Subject::Server(id.clone());
        let happened = Happened { team: &row.team_id, kind, subject, name: name.as_str(), message };
        let (old, new) = (row.server.reachability, reachability);
        let entry =
            happened.change(&json!({ "reachability": old }), &json!({ "reachability": new }));
        events::record(&mut tx, entry, now).await?;
    }
    Ok(tx.commit().await?)
}
