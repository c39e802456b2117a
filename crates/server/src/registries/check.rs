//! Asking a server's Docker whether a login works, and what came of it.
//!
//! Owns the question and the note of its answer. The keeper of the server asks
//! (`reconcile::registries`).

use portolan_types::{
    CheckRegistry, Name, Operation, OperationId, OperationKind, RegistryCheck, RegistryId, Subject,
    TeamId, Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::{find, login::open};
use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    destinations::check_usable,
    events::{self, Happened},
    host::RegistryLogin,
    operations::{self, Task},
    servers,
};

/// What the operation is asked with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub registry_id: RegistryId,
    pub registry_name: Name,
}

/// Queues a check on a server. Whether the login works is the operation's outcome.
pub async fn check(
    app: &App,
    actor: &Actor,
    id: &RegistryId,
    input: &CheckRegistry,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let registry = find(&mut tx, actor, id).await?;
    let server = servers::find(&mut tx, actor, &input.server_id).await?;
    check_usable(&server)?;
    let asked = Asked { registry_id: registry.id, registry_name: registry.name };
    let task = Task {
        kind: OperationKind::CheckRegistry,
        subject: Subject::Server(server.id.clone()),
        name: server.name.as_str(),
        input: Some(operations::input(&asked)?),
    };
    let operation = operations::ask(&mut tx, actor, task).await?;
    tx.commit().await?;
    app.wake(&server.id);
    Ok(operation)
}

/// What is sent for a check, and of which revision it is; `None` when the login is gone.
pub(crate) async fn to_check(
    app: &App,
    team: &TeamId,
    id: &RegistryId,
) -> Result<Option<(RegistryLogin, i64)>, Error> {
    let mut conn = app.db.acquire().await?;
    let Some(login) = db::registry::find_login(&mut conn, team, id).await? else {
        return Ok(None);
    };
    let revision = login.revision;
    Ok(Some((open(app, login)?, revision)))
}

/// The answer to a check.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    pub team: &'a TeamId,
    pub asked: &'a Asked,
    /// Of what was sent.
    pub revision: i64,
    pub operation: &'a OperationId,
    pub check: RegistryCheck,
}

/// Notes an answer with the login, unless that was changed or removed meanwhile.
pub(crate) async fn checked(tx: &mut Transaction, done: &Checked<'_>) -> Result<(), Error> {
    let Checked { team, asked, revision, operation, check } = done;
    if !db::registry::set_check(tx, &asked.registry_id, *revision, check).await? {
        return Ok(());
    }
    let name = current_name(tx, team, asked).await?;
    let happened = Happened {
        team,
        kind: "registry.checked",
        subject: Subject::Registry(asked.registry_id.clone()),
        name: name.as_str(),
        message: format!(
            "the login of registry `{name}` was tried from server `{}`: {}",
            check.server_name, check.outcome
        ),
    };
    let by = events::portolan(OperationKind::CheckRegistry.as_str());
    let entry = happened.by(by).part_of(operation).change(&(), &Some(check));
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}

/// It may have got another one since it was asked for.
async fn current_name(
    conn: &mut AnyConnection,
    team: &TeamId,
    asked: &Asked,
) -> Result<Name, Error> {
    let visible = crate::rights::Visible::whole(team);
    let found = db::registry::find(conn, visible, &asked.registry_id).await?;
    Ok(found.map_or_else(|| asked.registry_name.clone(), |registry| registry.name))
}
