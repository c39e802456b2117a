//! Links: that an application may reach a resource of another destination of its server.
//!
//! Resources of different environments share no network. A link is the exception, of two resources
//! alone: they get a network of their own (`reconcile::links`). Owns who may be linked, and that what
//! is reached keeps its names free where it is reached from.

use portolan_types::{
    Application, ApplicationId, CreateLink, DestinationKind, Link, LinkEnd, LinkId, Links, Right,
    Subject, Timestamp,
};

use crate::{
    Actor, App, Error,
    applications::{self, names},
    db::{self, Transaction, database_reference::Reference},
    events::{self, Happened},
};

/// The links of a resource.
pub async fn list(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Links, Error> {
    let mut conn = app.db.acquire().await?;
    applications::find(&mut conn, actor, id).await?;
    Ok(Links { items: db::link::list(&mut conn, actor.visible(), id).await? })
}

/// What it could be linked to besides.
pub(crate) async fn reachable(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
) -> Result<Vec<LinkEnd>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::link::list_reachable(&mut conn, actor.visible(), id).await?)
}

/// Lets an application reach a resource of another destination.
pub async fn create(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: &CreateLink,
) -> Result<Link, Error> {
    let mut tx = app.db.begin().await?;
    let (from, to) = both(&mut tx, actor, (id, &input.to)).await?;
    // It is reached by whoever manages the other one.
    actor.require_on(Right::Use, &to.project_id)?;
    check(&from, &to)?;
    let (new, now) = (LinkId::generate(), Timestamp::now());
    db::link::insert(&mut tx, (&new, &from.server_id), (&from.id, &to.id), now)
        .await
        .map_err(|error| Error::on_unique(error, || linked(&from, &to)))?;
    names::claim(&mut tx, &to, &to.spec).await?;
    let message = format!("`{}` was linked to `{}` by {}", from.name, to.name, actor.user.email);
    note(&mut tx, actor, &from, ("application.linked", message)).await?;
    let links = db::link::list(&mut tx, actor.visible(), &from.id).await?;
    tx.commit().await?;
    app.wake(&from.server_id);
    links.into_iter().find(|link| link.id == new).ok_or(Error::NotFound("link"))
}

/// Takes a link away again.
pub async fn delete(
    app: &App,
    actor: &Actor,
    (from, to): (&ApplicationId, &ApplicationId),
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    hold(&mut tx, (from, to)).await?;
    let from = applications::find(&mut tx, actor, from).await?.application;
    // The other one need not be visible to whoever no longer wants to reach it.
    check_unused(&mut tx, &from, to).await?;
    if !db::link::end(&mut tx, &from.id, to).await? {
        return Err(Error::NotFound("link"));
    }
    db::application::release_aliases(&mut tx).await?;
    let message = format!("a link of `{}` was removed by {}", from.name, actor.user.email);
    note(&mut tx, actor, &from, ("application.unlinked", message)).await?;
    tx.commit().await?;
    app.wake(&from.server_id);
    Ok(())
}

/// Holds both until the end of the transaction, in the same order for everybody.
async fn hold(
    tx: &mut Transaction,
    (from, to): (&ApplicationId, &ApplicationId),
) -> Result<(), Error> {
    for id in [from.min(to), from.max(to)] {
        db::application::lock(tx, id).await?;
    }
    Ok(())
}

async fn both(
    tx: &mut Transaction,
    actor: &Actor,
    (from, to): (&ApplicationId, &ApplicationId),
) -> Result<(Application, Application), Error> {
    if from == to {
        return Err(Error::field("to", "a resource reaches itself without a link"));
    }
    hold(tx, (from, to)).await?;
    let from = applications::find(tx, actor, from).await?.application;
    let to = applications::find(tx, actor, to).await?.application;
    Ok((from, to))
}

fn check(from: &Application, to: &Application) -> Result<(), Error> {
    for one in [from, to] {
        applications::work::check_stays(one)?;
        applications::moves::check_confirmed(one)?;
    }
    if from.destination_id == to.destination_id {
        return Err(Error::refused(
            "linked-by-destination",
            format!("`{}` and `{}` are on one destination already", from.name, to.name),
            "nothing has to be done: they reach each other by their names",
        ));
    }
    let is_swarms = |one: &Application| one.destination_kind == DestinationKind::Swarm;
    if is_swarms(from) || is_swarms(to) {
        return Err(Error::refused(
            "link-on-a-swarm",
            format!("`{}` or `{}` is on a swarm, where there are no links yet", from.name, to.name),
            "put both on one destination of the swarm",
        ));
    }
    if from.server_id == to.server_id {
        return Ok(());
    }
    Err(Error::refused(
        "link-across-servers",
        format!(
            "`{}` and `{}` are on different servers, which share no network",
            from.name, to.name
        ),
        "publish a port of the one and let the other use the server's address, or put both on one \
         server",
    ))
}

fn linked(from: &Application, to: &Application) -> Error {
    Error::refused(
        "already-linked",
        format!("`{}` is linked to `{}` already", from.name, to.name),
        "use that link (`list_links`)",
    )
}

/// What it takes from a database by its name needs the link.
async fn check_unused(
    tx: &mut Transaction,
    from: &Application,
    to: &ApplicationId,
) -> Result<(), Error> {
    let taken = db::database_reference::list(tx, &from.id).await?;
    let is_it = |one: &&Reference| one.from.database_id.as_str() == to.as_str();
    let Some(one) = taken.iter().find(is_it) else { return Ok(()) };
    Err(Error::refused(
        "link-in-use",
        format!(
            "variable `{}` of `{}` is taken from what it is linked to",
            one.variable, from.name
        ),
        "remove the variable first (`change_variables`)",
    ))
}

async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    from: &Application,
    (kind, message): (&'static str, String),
) -> Result<(), Error> {
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Application(from.id.clone()),
        name: from.name.as_str(),
        message,
    };
    let entry = happened.by(actor.author()).of(&from.destination_id);
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
