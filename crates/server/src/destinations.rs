//! Destinations as people ask for them: accepted, stored with their operation, and left to the
//! reconciler. Nothing here speaks to a host.

use std::time::Duration;

use portolan_types::{
    CreateDestination, Destination, DestinationId, DestinationState, Name, NetworkName, Operation,
    OperationKind, Origin, Page, PageQuery, PlannedSubnets, ProxyAttachment, Right, Server,
    Subject, Timestamp, UpdateDestination, VerifyEvery,
};
use serde_json::json;
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, addresses,
    db::{
        self, Transaction,
        destination::{Filter, Move},
    },
    events::{self, Entry, Happened},
    host::HostNetwork,
    idempotency::{self, IdempotencyKey},
    operations::{self, Task},
    page,
    reconcile::compare,
    routes, servers,
    sighting::Sighting,
};

pub(crate) mod change;
pub mod containers;
mod count;
pub(crate) mod placement;
pub mod preview;
pub mod remove;
mod survey;
pub(crate) mod swarm;
mod take_over;
pub mod verify;
mod version;

pub use count::count_by_server;
use placement::Placement;
pub(crate) use placement::check_usable;
pub use placement::{Offer, offers};
pub use survey::{Surveyed, survey};
pub use take_over::take_over;
pub(crate) use version::{version, version_with};

/// Stores a destination and its operation; the reconciler makes the network.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateDestination,
    repeat: Option<IdempotencyKey>,
) -> Result<Destination, Error> {
    let team = actor.team_id();
    let id = DestinationId::generate();
    let mut tx = app.db.begin().await?;
    let request = ("destination", &input);
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        let id = earlier.parse().map_err(|_| Error::NotFound("destination"))?;
        return show(app, actor, &id).await;
    }
    let destination = stage(&mut tx, actor, id, input).await?;
    let keepers = swarm::keepers(&mut tx, team, &destination).await?;
    tx.commit().await?;
    swarm::wake(app, &keepers);
    Ok(destination)
}

/// Everything up to the commit, which a preview leaves out.
async fn stage(
    tx: &mut Transaction,
    actor: &Actor,
    id: DestinationId,
    input: CreateDestination,
) -> Result<Destination, Error> {
    let server = servers::find(tx, actor, &input.server_id).await?;
    actor.require_on(Right::Operate, &server.id)?;
    let team = actor.team_id();
    let place = placement::check(tx, team, &server, input.kind).await?;
    placement::check_options(&server, place.kind, &input.options)?;
    let planned = addresses::choose(tx, actor.visible(), &server, &input.options).await?;
    let destination = filled_in(id, &server, place, input)?;
    if let Some(cluster_id) = &destination.cluster_id {
        swarm::check_once(tx, team, &server, cluster_id, &destination.network).await?;
    }
    insert(tx, actor, Destination { planned, ..destination }).await
}

/// Fills in what the caller left open.
fn filled_in(
    id: DestinationId,
    server: &Server,
    place: Placement,
    input: CreateDestination,
) -> Result<Destination, Error> {
    let network = input.network.unwrap_or_else(NetworkName::generate);
    let name = match input.name {
        Some(name) => name,
        None => proposed_name(server, &network)?,
    };
    let now = Timestamp::now();
    Ok(Destination {
        id,
        server_id: server.id.clone(),
        server_name: server.name.clone(),
        name,
        network,
        kind: place.kind,
        origin: Origin::Created,
        proxy: input.proxy,
        verify_every: VerifyEvery::default(),
        state: DestinationState::Pending,
        reason: None,
        options: input.options,
        planned: PlannedSubnets::default(),
        revision: 1,
        cluster_id: place.cluster_id,
        observed: None,
        nodes: Vec::new(),
        operation_id: None,
        created_at: now,
        updated_at: now,
    })
}

fn proposed_name(server: &Server, network: &NetworkName) -> Result<Name, Error> {
    Name::proposed(&format!("{}-{network}", server.name))
        .map_err(|invalid| Error::field("name", invalid.to_string()))
}

async fn insert(
    tx: &mut Transaction,
    actor: &Actor,
    mut destination: Destination,
) -> Result<Destination, Error> {
    let task = Task {
        kind: OperationKind::CreateDestination,
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        input: None,
    };
    let operation = operations::queue(tx, actor.team_id(), task).await?;
    destination.operation_id = Some(operation.id.clone());
    db::destination::insert(tx, actor.team_id(), &destination).await.map_err(already_added)?;
    let entry = event(actor, "destination.added", &destination, "added").part_of(&operation.id);
    events::record(tx, entry.change(&(), &destination), destination.created_at).await?;
    Ok(destination)
}

/// The guide's sentence for a duplicate, however the race ended.
fn already_added(error: sqlx::Error) -> Error {
    let duplicate = |error| {
        Error::on_unique(error, || {
            Error::refused(
                "network-already-added",
                "Network already added to this server.",
                "choose another network name, or use the destination that is there",
            )
        })
    };
    match &error {
        // The server was removed between the look and the insert.
        sqlx::Error::Database(database) if database.is_foreign_key_violation() => {
            Error::NotFound("server")
        }
        _ => duplicate(error),
    }
}

/// What somebody did to a destination.
fn event<'a>(
    actor: &'a Actor,
    kind: &'static str,
    destination: &'a Destination,
    what: &str,
) -> Entry<'a> {
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        message: format!(
            "destination `{}` on server `{}` was {what} by {}",
            destination.name, destination.server_name, actor.user.email
        ),
    };
    happened.by(actor.author()).on(&destination.server_id)
}

/// The network that stands for a destination among those that were seen.
pub(crate) fn ours<'a>(
    destination: &Destination,
    sighting: &'a Sighting,
) -> Option<&'a HostNetwork> {
    let observed = destination.observed.as_ref();
    let found = observed.and_then(|observed| sighting.network(&observed.docker_id));
    found.or_else(|| {
        let mut named = sighting.networks_named(&destination.network);
        match destination.origin {
            Origin::Created => named.find(|network| compare::is_ours(destination, network)),
            Origin::Adopted => named.next(),
        }
    })
}

/// The destination after its latest operation is over, or as it is when the time has passed.
pub async fn settled(
    app: &App,
    actor: &Actor,
    destination: Destination,
    limit: Duration,
) -> Result<Destination, Error> {
    let Some(operation) = destination.operation_id.as_ref().filter(|_| !limit.is_zero()) else {
        return Ok(destination);
    };
    operations::wait(app, actor, operation, limit).await?;
    show(app, actor, &destination.id).await
}

/// One destination of the team.
pub async fn show(app: &App, actor: &Actor, id: &DestinationId) -> Result<Destination, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await
}

/// The destination as the actor sees it.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &DestinationId,
) -> Result<Destination, Error> {
    db::destination::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("destination"))
}

/// The same where it is not the actor who asks for it, but something that is theirs.
pub(crate) async fn find_whole(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &DestinationId,
) -> Result<Destination, Error> {
    let whole = crate::rights::Visible::whole(actor.team_id());
    db::destination::find(conn, whole, id).await?.ok_or(Error::NotFound("destination"))
}

/// The team's destinations, those on servers that do not answer included.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    query: &PageQuery,
) -> Result<Page<Destination>, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some(server) = &filter.server {
        servers::find(&mut conn, actor, server).await?;
    }
    let rows = db::destination::list(&mut conn, actor.visible(), filter, query).await?;
    Ok(page::of(rows, query, |destination| (destination.created_at, destination.id.as_str())))
}

/// Renames a destination, and begins a change in place when it is given options. Its network
/// cannot be renamed: an attempt says so.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    input: UpdateDestination,
    version: Option<String>,
) -> Result<Destination, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    if input.network.is_some_and(|network| network != before.network) {
        return Err(Error::field(
            "network",
            "a network's name cannot be changed: Docker has no way to rename one; create another \
             destination instead",
        ));
    }
    if let Some(name) = input.name.filter(|name| *name != before.name) {
        let now = Timestamp::now();
        db::destination::rename(&mut tx, actor.team_id(), id, &name, now).await?;
        let what = format!("renamed to `{name}`");
        let entry = event(actor, "destination.renamed", &before, &what);
        let (old, new) = (json!({ "name": before.name }), json!({ "name": name }));
        events::record(&mut tx, entry.change(&old, &new), now).await?;
    }
    if let Some(proxy) = input.proxy.filter(|proxy| *proxy != before.proxy) {
        set_proxy(&mut tx, actor, &before, proxy).await?;
    }
    let every = input.verify_every.filter(|every| *every != before.verify_every);
    if let Some(every) = every {
        verify::set_every(&mut tx, actor, &before, every).await?;
    }
    let begun = match input.options {
        Some(options) => {
            let asked = change::Asked { options, version };
            Some(change::accept(&mut tx, actor, &before, asked).await?)
        }
        None => None,
    };
    tx.commit().await?;
    if begun.is_some() || input.proxy.is_some() || every.is_some() {
        app.wake(&before.server_id);
    }
    show(app, actor, id).await
}

/// Whether the server's proxy is to be on it from now on. Routes need it there.
async fn set_proxy(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
    proxy: ProxyAttachment,
) -> Result<(), Error> {
    if proxy == ProxyAttachment::Never {
        routes::check_none(tx, before).await?;
    }
    let now = Timestamp::now();
    db::destination::set_proxy(tx, actor.team_id(), &before.id, proxy, now).await?;
    let what = match proxy {
        ProxyAttachment::Attach => "opened to its server's proxy",
        ProxyAttachment::Never => "closed to its server's proxy",
    };
    let entry = event(actor, "destination.proxy-changed", before, what);
    let (old, new) = (json!({ "proxy": before.proxy }), json!({ "proxy": proxy }));
    Ok(events::record(tx, entry.change(&old, &new), now).await?)
}

/// Tries a failed destination again.
pub async fn retry(app: &App, actor: &Actor, id: &DestinationId) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    if before.state != DestinationState::Failed {
        return Err(Error::refused(
            "not-failed",
            format!(
                "destination `{}` is {}: only a failed one can be retried",
                before.name, before.state
            ),
            "nothing has to be done",
        ));
    }
    let operation = begin_again(&mut tx, actor, &before).await?;
    let keepers = swarm::keepers(&mut tx, actor.team_id(), &before).await?;
    tx.commit().await?;
    swarm::wake(app, &keepers);
    Ok(operation)
}

/// Goes on with what failed, where it was.
pub(crate) async fn begin_again(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
) -> Result<Operation, Error> {
    let server = servers::find(tx, actor, &before.server_id).await?;
    placement::check(tx, actor.team_id(), &server, Some(before.kind)).await?;
    match change::resume(tx, actor, before).await? {
        Some(resumed) => Ok(resumed),
        None => begin(tx, actor, before, OperationKind::CreateDestination, None).await,
    }
}

/// Replaces the network by one that is made as the destination says, with its containers.
pub(crate) async fn make_anew_in_place(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
) -> Result<Operation, Error> {
    let asked = change::Asked { options: before.options.clone(), version: None };
    change::accept(tx, actor, before, asked).await
}

/// Queues work and moves the destination to the state in which the reconciler takes it up.
async fn begin(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
    kind: OperationKind,
    input: Option<String>,
) -> Result<Operation, Error> {
    let to = match kind {
        OperationKind::DeleteDestination => DestinationState::Deleting,
        _ => DestinationState::Pending,
    };
    let subject = Subject::Destination(before.id.clone());
    let task = Task { kind, subject, name: before.name.as_str(), input };
    let operation = operations::ask(tx, actor, task).await?;
    let step = Move { from: before.state, to, reason: None, operation: Some(&operation.id) };
    if !db::destination::advance(tx, &before.id, &step, Timestamp::now()).await? {
        return Err(changed_meanwhile(before));
    }
    Ok(operation)
}

fn changed_meanwhile(before: &Destination) -> Error {
    Error::refused(
        "changed-meanwhile",
        format!("destination `{}` changed at this moment", before.name),
        "look at it again, then decide",
    )
}
