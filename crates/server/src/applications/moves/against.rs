//! What is against a move: places that cannot have the application, names and addresses that others
//! have there, and what would no longer be found. Each is told of before anything is touched.

use portolan_types::{DestinationKind, DestinationState, MoveApplication, ProxyAttachment};
use sqlx::AnyConnection;

use super::{Wanted, check_confirmed, elsewhere};
use crate::{
    Actor, Error,
    applications::{check, check_alone, isolation, names, places, word, work::check_stays},
    databases,
    db::{self, application::Wanted as Asked},
    error::Refusal,
};

/// All of it, in the order in which it is best dealt with.
pub(super) async fn all(
    conn: &mut AnyConnection,
    actor: &Actor,
    wanted: &Wanted,
    input: &MoveApplication,
) -> Result<Vec<Error>, Error> {
    let there = wanted.there();
    let before = wanted.is_on_one_server().then_some(&wanted.plan.spec);
    check::rights(actor, &wanted.to, before, &wanted.plan.spec)?;
    let checks = [
        check_stays(wanted.from()),
        check_confirmed(wanted.from()),
        runs(wanted),
        place(wanted),
        check::place(&wanted.to, &wanted.plan.spec),
        isolation::check(conn, actor, (&wanted.from().environment_id, &wanted.to)).await,
        links(conn, wanted).await,
        names::check_free(conn, &there, &wanted.plan.spec).await.map(drop),
        elsewhere::check(conn, actor, wanted).await,
        routes(conn, wanted).await,
        near(conn, actor, wanted, input).await,
    ];
    Ok(checks.into_iter().filter_map(Result::err).collect())
}

/// What is moved has to prove that it is ready.
fn runs(wanted: &Wanted) -> Result<(), Error> {
    if wanted.row.wanted == Asked::Running {
        return Ok(());
    }
    let one = wanted.from();
    Err(Error::refused(
        "application-stopped",
        format!("{} `{}` is stopped, and is moved as it runs", word(one), one.name),
        match one.database_id {
            Some(_) => "start it first (`start_database`)",
            None => "start it first (`start_application`)",
        },
    ))
}

fn place(wanted: &Wanted) -> Result<(), Error> {
    let (one, to) = (wanted.from(), &wanted.to);
    if one.destination_id == to.id {
        return Err(Error::field("destination_id", "it is on this destination already"));
    }
    check_alone(one)?;
    places::check_is_none(one)?;
    if one.is_service() || to.kind == DestinationKind::Swarm {
        return Err(Error::refused(
            "move-on-swarm",
            "services of a swarm are not moved yet, and nothing is moved onto a swarm",
            "add it anew on the other destination (`create_application`)",
        ));
    }
    if !matches!(to.state, DestinationState::Ready | DestinationState::Drifted) {
        return Err(Error::refused(
            "destination-not-ready",
            format!("destination `{}` is {}: nothing is moved onto it", to.name, to.state),
            "wait until it is ready, or see why it is not (`show_destination`)",
        ));
    }
    Ok(())
}

/// A link is between two places of one server.
async fn links(conn: &mut AnyConnection, wanted: &Wanted) -> Result<(), Error> {
    let one = wanted.from();
    if !db::link::has_any(conn, &one.id).await? {
        return Ok(());
    }
    Err(Error::refused(
        "move-of-linked",
        format!("{} `{}` is linked to a resource of another destination", word(one), one.name),
        "remove its links first (`list_links`), and link it anew where it is then",
    ))
}

/// Requests come over the proxy's place on the network.
async fn routes(conn: &mut AnyConnection, wanted: &Wanted) -> Result<(), Error> {
    let routes = db::route::list_of_application(conn, &wanted.from().id).await?;
    if routes.is_empty() || wanted.to.proxy == ProxyAttachment::Attach {
        return Ok(());
    }
    Err(Error::refused(
        "proxy-kept-off",
        format!("the proxy is kept off destination `{}`, and it has routes", wanted.to.name),
        "let it on first (`update_destination.proxy`), or choose another destination",
    ))
}

/// Databases are found by their names on one network alone.
async fn near(
    conn: &mut AnyConnection,
    actor: &Actor,
    wanted: &Wanted,
    input: &MoveApplication,
) -> Result<(), Error> {
    if input.force {
        return Ok(());
    }
    let mut blockers = taken(conn, wanted).await?;
    blockers.extend(given(conn, actor, wanted).await?);
    if blockers.is_empty() {
        return Ok(());
    }
    let one = wanted.from();
    Err(Error::Refused(Refusal {
        code: "database-elsewhere",
        message: format!(
            "where {} `{}` is to go, names of databases would no longer be found: {}",
            word(one),
            one.name,
            blockers.join(", ")
        ),
        remedy: Some(
            "move what belongs together one after the other, with `force` (`move_application.force`)"
                .into(),
        ),
        blockers,
    }))
}

/// What it takes from databases that stay.
async fn taken(conn: &mut AnyConnection, wanted: &Wanted) -> Result<Vec<String>, Error> {
    let mut taken = Vec::new();
    for one in db::database_reference::list(conn, &wanted.from().id).await? {
        let id = (&one.from.database_id).into();
        if db::application::moving::find_destination(conn, &id).await?.as_ref()
            != Some(&wanted.to.id)
        {
            let name = db::application::find_name(conn, &id).await?;
            let name = name.map_or_else(|| "a database".to_owned(), |name| format!("`{name}`"));
            taken.push(format!("{name}, which its variable {} is taken from", one.variable));
        }
    }
    Ok(taken)
}

/// Those that take something of it, and stay.
async fn given(
    conn: &mut AnyConnection,
    actor: &Actor,
    wanted: &Wanted,
) -> Result<Vec<String>, Error> {
    let Some(id) = &wanted.from().database_id else { return Ok(Vec::new()) };
    let mut given = Vec::new();
    for one in databases::list_uses(conn, actor, id).await? {
        let at = db::application::moving::find_destination(conn, &one.application_id).await?;
        if at.as_ref() != Some(&wanted.to.id) {
            given
                .push(format!("it, by {} of application `{}`", one.variable, one.application_name));
        }
    }
    Ok(given)
}
