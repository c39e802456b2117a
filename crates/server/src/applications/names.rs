//! The names of an application on its network: its own, and the aliases of its spec.
//!
//! Unique among applications by the database; what else is on the network is compared as it was last
//! seen.

use std::collections::BTreeSet;

use portolan_types::{Alias, Application, ApplicationSpec, DestinationId};
use sqlx::AnyConnection;

use super::places;
use crate::{
    Error,
    db::{self, Transaction},
    host::HostContainer,
    sighting::Sighting,
};

/// How the names of an application's containers and volumes begin on its host.
pub(crate) fn prefix(application: &Application) -> String {
    let id: String = application.id.as_str().chars().take(6).collect();
    format!("{}-{id}-", application.name)
}

/// What its service on a swarm is called: it stays over deployments.
pub(crate) fn service(application: &Application) -> String {
    let prefix = prefix(application);
    prefix.trim_end_matches('-').to_owned()
}

/// All of them, the application's own first.
pub(crate) fn of(application: &Application, spec: &ApplicationSpec) -> Vec<Alias> {
    let own = application.name.alias();
    let others = spec.aliases.iter().filter(|alias| **alias != own).cloned();
    std::iter::once(own.clone()).chain(others).collect()
}

/// Claims the names of an application as a spec has them, and gives up those that it had: on its own
/// network, on those from where it is reached by a link, and at its further places.
pub(crate) async fn claim(
    tx: &mut Transaction,
    application: &Application,
    spec: &ApplicationSpec,
) -> Result<(), Error> {
    claim_alone(tx, application, spec).await?;
    if application.places == 0 {
        return Ok(());
    }
    for row in db::application::list_places_of(tx, &application.id).await? {
        let there = places::spec_there(application, spec);
        claim_alone(tx, &row.application, &there).await?;
    }
    Ok(())
}

async fn claim_alone(
    tx: &mut Transaction,
    application: &Application,
    spec: &ApplicationSpec,
) -> Result<(), Error> {
    let places = check_free(tx, application, spec).await?;
    let names = of(application, spec);
    let taken = |error| {
        Error::on_unique(error, || clash("a name", "another application", "a destination of it"))
    };
    let set = db::application::set_aliases(tx, &application.id, (&places, &names)).await;
    set.map_err(taken)?;
    if application.stack_id.is_none() {
        return Ok(());
    }
    let seen = seen(tx, application).await?;
    for visit in db::stack::visit::list(tx, &application.id).await? {
        // From there it may be reached by a link, too.
        let linked = names.iter().filter(|_| places.contains(&visit.destination));
        let all: BTreeSet<Alias> = visit.aliases.iter().chain(linked).cloned().collect();
        let names: Vec<Alias> = all.into_iter().collect();
        check_place(tx, application, (&visit.destination, &names), &seen).await?;
        let there = (std::slice::from_ref(&visit.destination), names.as_slice());
        db::application::set_aliases(tx, &application.id, there).await.map_err(taken)?;
    }
    Ok(())
}

/// What was last seen of its server.
async fn seen(conn: &mut AnyConnection, application: &Application) -> Result<Sighting, Error> {
    let seen = db::sighting::find(conn, &application.server_id).await?;
    Ok(seen.map(|seen| seen.sighting).unwrap_or_default())
}

/// Refuses names of an application that something else has where it is found by them, with its owner;
/// answers where that is.
pub(super) async fn check_free(
    conn: &mut AnyConnection,
    application: &Application,
    spec: &ApplicationSpec,
) -> Result<Vec<DestinationId>, Error> {
    let names = of(application, spec);
    let mut places = vec![application.destination_id.clone()];
    places.extend(db::link::list_callers(conn, &application.id).await?);
    // They are all on its server.
    let seen = seen(conn, application).await?;
    for place in &places {
        check_place(conn, application, (place, &names), &seen).await?;
    }
    Ok(places)
}

async fn check_place(
    conn: &mut AnyConnection,
    application: &Application,
    (place, names): (&DestinationId, &[Alias]),
    seen: &Sighting,
) -> Result<(), Error> {
    let network = db::destination::find_network(conn, place).await?;
    let own =
        application.destination_name.as_ref().filter(|_| *place == application.destination_id);
    let called = own.map(ToString::to_string).or_else(|| network.clone());
    let called =
        called.map_or_else(|| "its destination".into(), |name| format!("destination `{name}`"));
    for name in names {
        let owner = db::application::find_owner(conn, place, name).await?;
        if let Some((_, owner)) = owner.filter(|(id, _)| *id != application.id) {
            return Err(clash(&format!("`{name}`"), &format!("application `{owner}`"), &called));
        }
    }
    match network.and_then(|network| find_stranger(seen, &network, names)) {
        Some((name, stranger)) => Err(clash(&format!("`{name}`"), &stranger, &called)),
        None => Ok(()),
    }
}

/// The first of the names to which a container or a service on the network answers, as it was last seen,
/// that is no application's: the names of those are in the database.
fn find_stranger(seen: &Sighting, network: &str, names: &[Alias]) -> Option<(Alias, String)> {
    let containers = seen.containers.iter().filter(|one| one.application.is_none());
    let stranger = |name: &Alias| {
        let container = containers.clone().find(|one| answers_to(one, network, name));
        let container = container.map(|one| format!("container `{}`", one.member.name));
        let owner = container.or_else(|| service_called(seen, network, name))?;
        Some((name.clone(), owner))
    };
    names.iter().find_map(stranger)
}

fn service_called(seen: &Sighting, network: &str, name: &Alias) -> Option<String> {
    let network = seen.networks.iter().find(|one| one.name == network)?;
    let mut strangers = seen.services.iter().filter(|one| one.application.is_none());
    let found = strangers.find(|one| one.is_called(name.as_str(), &network.docker_id))?;
    Some(format!("service `{}`", found.name))
}

fn answers_to(container: &HostContainer, network: &str, name: &Alias) -> bool {
    let is_it = |other: &str| other.eq_ignore_ascii_case(name.as_str());
    let place = container.attachments.iter().find(|place| place.key == network);
    place.is_some_and(|place| {
        is_it(&container.member.name) || place.aliases.iter().any(|alias| is_it(alias))
    })
}

fn clash(name: &str, owner: &str, place: &str) -> Error {
    Error::refused(
        "alias-taken",
        format!("{name} is a name of {owner} on {place} already"),
        "choose another name or alias, or another destination",
    )
}
