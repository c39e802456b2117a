//! How many destinations there are where, for lists of servers.

use std::collections::HashMap;

use portolan_types::ServerId;

use crate::{Actor, App, Error, db};

/// By server, those that its swarm spans included; a server without any is left out.
pub async fn count_by_server(app: &App, actor: &Actor) -> Result<HashMap<ServerId, u32>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::destination::count_by_server(&mut conn, actor.visible()).await?)
}
