//! Routes as people ask for them: accepted when nothing else answers for the address, stored, and
//! left to the reconciler of the proxy. Nothing here speaks to a host.

use std::num::NonZeroU16;

use portolan_types::{
    ApplicationId, BasicAuth, ChangeAuth, ContainerName, CreateRoute, Destination, DestinationId,
    Page, PageQuery, ProxyAttachment, Right, Route, RouteId, RouteState, Subject, TeamId,
    Timestamp, UpdateRoute,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, applications,
    db::{self, Transaction, route::Assigned},
    destinations,
    destinations::swarm,
    error::Refusal,
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page,
};

mod along;
mod claim;
mod outcome;
mod password;

pub(crate) use along::copy;
pub(crate) use outcome::found;
pub use outcome::settled;

/// Stores a route; the reconciler tells the proxy of it.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateRoute,
    repeat: Option<IdempotencyKey>,
) -> Result<Route, Error> {
    // Before the transaction: it is slow by intention, and others want to write.
    let hash = password::hash(input.basic_auth.as_ref()).await?;
    let team = actor.team_id();
    let id = RouteId::generate();
    let mut tx = app.db.begin().await?;
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &input, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        return show(app, actor, &earlier.parse().map_err(|_| Error::NotFound("route"))?).await;
    }
    let destination = destinations::find(&mut tx, actor, &input.destination_id).await?;
    actor.require_on(Right::Use, &destination.server_id)?;
    check_open(&destination)?;
    let led = lead(&mut tx, actor, &destination, &input).await?;
    let row = filled_in(id, &destination, (input, led), hash);
    claim::check(&mut tx, team, &destination, &row.route).await?;
    claim::insert(&mut tx, team, &destination, &row).await?;
    note(&mut tx, actor, None, Some(&row.route)).await?;
    commit_and_wake(app, tx, team, &destination).await?;
    Ok(row.route)
}

/// Routes go over the proxy's place on the network.
fn check_open(destination: &Destination) -> Result<(), Error> {
    match destination.proxy {
        ProxyAttachment::Attach => Ok(()),
        ProxyAttachment::Never => Err(Error::refused(
            "proxy-kept-off",
            format!("the proxy is kept off destination `{}`", destination.name),
            "let it on first (`update_destination.proxy`), or choose another \
             destination",
        )),
    }
}

/// Where a route leads.
struct Led {
    target: ContainerName,
    port: NonZeroU16,
    application_id: Option<ApplicationId>,
}

/// To a container that is named, or to whichever serves of an application.
async fn lead(
    conn: &mut AnyConnection,
    actor: &Actor,
    destination: &Destination,
    input: &CreateRoute,
) -> Result<Led, Error> {
    let asked = input.port;
    let no_port = || Error::field("port", "say to which port");
    match (&input.target, &input.application_id) {
        (Some(target), None) => Ok(Led {
            target: target.clone(),
            port: asked.ok_or_else(no_port)?,
            application_id: None,
        }),
        (None, Some(id)) => {
            let application = applications::find(conn, actor, id).await?.application;
            applications::work::check_stays(&application)?;
            if application.destination_id != destination.id {
                let name = &application.name;
                let why = format!("application `{name}` is on another destination");
                return Err(Error::field("application_id", why));
            }
            let port = asked.or(application.spec.port).ok_or_else(no_port)?;
            let application_id = Some(application.id.clone());
            Ok(Led { target: applications::target_of(application), port, application_id })
        }
        (Some(_), Some(_)) | (None, None) => {
            Err(Error::field("target", "name a container, or an application by its id"))
        }
    }
}

fn filled_in(
    id: RouteId,
    destination: &Destination,
    (input, led): (CreateRoute, Led),
    password_hash: Option<String>,
) -> Assigned {
    let now = Timestamp::now();
    Assigned {
        password_hash,
        route: Route {
            id,
            destination_id: destination.id.clone(),
            destination_name: destination.name.clone(),
            network: destination.network.clone(),
            server_id: destination.server_id.clone(),
            server_name: destination.server_name.clone(),
            host: input.host,
            path: input.path,
            target: led.target,
            application_id: led.application_id,
            port: led.port,
            options: input.options,
            user: input.basic_auth.map(|auth| auth.user),
            state: RouteState::Pending,
            reason: None,
            created_at: now,
            updated_at: now,
        },
    }
}

/// What somebody did to a route.
async fn note(
    conn: &mut AnyConnection,
    actor: &Actor,
    before: Option<&Route>,
    after: Option<&Route>,
) -> Result<(), Error> {
    let (kind, what) = match (before, after) {
        (None, _) => ("route.added", "added"),
        (Some(_), Some(_)) => ("route.changed", "changed"),
        (Some(_), None) => ("route.removed", "removed"),
    };
    let Some(route) = after.or(before) else { return Ok(()) };
    let address = route.address();
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Route(route.id.clone()),
        name: &address,
        message: format!(
            "route `{address}` to `{}:{}` on destination `{}` was {what} by {}",
            route.target, route.port, route.destination_name, actor.user.email
        ),
    };
    let entry = happened.by(actor.author()).on(&route.server_id).of(&route.destination_id);
    Ok(events::record(conn, entry.change(&before, &after), Timestamp::now()).await?)
}

/// The keepers of all proxies that serve the destination take it up.
async fn commit_and_wake(
    app: &App,
    mut tx: Transaction,
    team: &TeamId,
    destination: &Destination,
) -> Result<(), Error> {
    let keepers = swarm::keepers(&mut tx, team, destination).await?;
    tx.commit().await?;
    swarm::wake(app, &keepers);
    Ok(())
}

/// One route of the team.
pub async fn show(app: &App, actor: &Actor, id: &RouteId) -> Result<Route, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(find(&mut conn, actor, id).await?.route)
}

async fn find(conn: &mut AnyConnection, actor: &Actor, id: &RouteId) -> Result<Assigned, Error> {
    db::route::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("route"))
}

/// The team's routes, oldest first; of one destination when it is given.
pub async fn list(
    app: &App,
    actor: &Actor,
    destination: Option<&DestinationId>,
    query: &PageQuery,
) -> Result<Page<Route>, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some(id) = destination {
        destinations::find(&mut conn, actor, id).await?;
    }
    let rows = db::route::list(&mut conn, actor.visible(), destination, query).await?;
    Ok(page::of(rows, query, |route| (route.created_at, route.id.as_str())))
}

/// Leads a route elsewhere, or otherwise. Its host and path are what it is, and stay.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &RouteId,
    input: UpdateRoute,
) -> Result<Route, Error> {
    let hash = password::hash(asked(input.basic_auth.as_ref())).await?;
    let team = actor.team_id();
    let mut tx = app.db.begin().await?;
    let mut row = find(&mut tx, actor, id).await?;
    let destination = destinations::find(&mut tx, actor, &row.route.destination_id).await?;
    let before = row.route.clone();
    if before.application_id.is_some() && input.target.is_some() {
        return Err(Error::field("target", "the route leads to an application, and follows it"));
    }
    change(&mut row, input, hash);
    claim::check(&mut tx, team, &destination, &row.route).await?;
    if !claim::replace(&mut tx, team, &destination, &row).await? {
        return Err(Error::NotFound("route"));
    }
    note(&mut tx, actor, Some(&before), Some(&row.route)).await?;
    commit_and_wake(app, tx, team, &destination).await?;
    show(app, actor, id).await
}

const fn asked(change: Option<&ChangeAuth>) -> Option<&BasicAuth> {
    match change {
        Some(ChangeAuth::Ask(auth)) => Some(auth),
        Some(ChangeAuth::None) | None => None,
    }
}

fn change(row: &mut Assigned, input: UpdateRoute, hash: Option<String>) {
    let route = &mut row.route;
    route.target = input.target.unwrap_or_else(|| route.target.clone());
    route.port = input.port.unwrap_or(route.port);
    route.options = input.options.unwrap_or_else(|| route.options.clone());
    match input.basic_auth {
        Some(ChangeAuth::Ask(auth)) => {
            route.user = Some(auth.user);
            row.password_hash = hash;
        }
        Some(ChangeAuth::None) => {
            route.user = None;
            row.password_hash = None;
        }
        None => {}
    }
}

/// Removes a route. Its proxy stops answering for the address when it is told, at once where the
/// server answers.
pub async fn delete(app: &App, actor: &Actor, id: &RouteId) -> Result<(), Error> {
    let team = actor.team_id();
    let mut tx = app.db.begin().await?;
    let route = find(&mut tx, actor, id).await?.route;
    let destination = destinations::find(&mut tx, actor, &route.destination_id).await?;
    if !db::route::delete(&mut tx, team, id, Timestamp::now()).await? {
        return Err(Error::NotFound("route"));
    }
    db::drift::end_of_subject(&mut tx, id.as_str(), Timestamp::now()).await?;
    note(&mut tx, actor, Some(&route), None).await?;
    commit_and_wake(app, tx, team, &destination).await
}

/// Hosts and paths of a destination's routes.
pub(crate) async fn addresses(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<Vec<String>, Error> {
    let ways = db::route::list_ways(conn, destination).await?;
    Ok(ways.into_iter().map(|way| way.rule).collect())
}

/// Refuses what would leave routes without a way to their target, with their addresses.
pub(crate) async fn check_none(
    conn: &mut AnyConnection,
    destination: &Destination,
) -> Result<(), Error> {
    let blockers = addresses(conn, &destination.id).await?;
    if blockers.is_empty() {
        return Ok(());
    }
    Err(Error::Refused(Refusal {
        code: "destination-has-routes",
        message: format!("destination `{}` has routes: {}", destination.name, blockers.join(", ")),
        remedy: Some("remove them first (`delete_route`)".into()),
        blockers,
    }))
}
