//! What is against further places: applications that cannot have them, servers that cannot be one, and what
//! cannot be done as long as there are some.

use portolan_types::{Application, ApplicationSpec, Destination, DestinationKind};
use sqlx::AnyConnection;

use super::super::{builder, check, check_alone, check_own, moves, ports, work::check_stays};
use crate::{Actor, Error, db, destinations, error::Refusal};

/// What can have further places.
pub(super) async fn check_original(
    conn: &mut AnyConnection,
    one: &Application,
) -> Result<(), Error> {
    check_stays(one)?;
    check_own(one)?;
    check_alone(one)?;
    moves::check_confirmed(one)?;
    if one.is_service() {
        return Err(on_swarm(&format!("application `{}` is a service of a swarm", one.name)));
    }
    builder::check_anywhere(&one.spec, &one.spec.image)?;
    let taken = db::database_reference::list(conn, &one.id).await?;
    if taken.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = taken.iter().map(|one| format!("`{}`", one.variable)).collect();
    Err(Error::refused(
        "database-elsewhere",
        format!(
            "variables of application `{}` are taken from databases, which are not found from another \
             server: {}",
            one.name,
            names.join(", ")
        ),
        "give them values that hold everywhere (`change_variables`), and deploy it",
    ))
}

fn on_swarm(why: &str) -> Error {
    Error::refused(
        "place-on-swarm",
        format!("{why}: a swarm runs its replicas on its own nodes"),
        "let it run more replicas (`update_application`), or choose a destination of another server",
    )
}

/// Where a further place can be.
pub(super) async fn check_destination(
    conn: &mut AnyConnection,
    actor: &Actor,
    (original, to): (&Application, &Destination),
) -> Result<(), Error> {
    if to.kind == DestinationKind::Swarm {
        return Err(on_swarm(&format!("destination `{}` is on a swarm", to.name)));
    }
    check_new_server(conn, (original, to)).await?;
    ports::check_free(conn, actor, (&original.spec.published, to)).await
}

/// One server has one place of an application: ports and names are there once.
pub(crate) async fn check_new_server(
    conn: &mut AnyConnection,
    (original, to): (&Application, &Destination),
) -> Result<(), Error> {
    let places = db::application::list_places_of(conn, &original.id).await?;
    let mut all = places.iter().map(|row| &row.application).chain([original]);
    let Some(there) = all.find(|one| one.server_id == to.server_id) else { return Ok(()) };
    Err(Error::refused(
        "place-on-same-server",
        format!("application `{}` is on server `{}` already", there.name, to.server_name),
        "choose a destination of another server (`list_servers`)",
    ))
}

/// What is a place of another application is changed and moved nowhere by itself.
pub(crate) fn check_is_none(one: &Application) -> Result<(), Error> {
    let Some(of) = &one.place_of else { return Ok(()) };
    let (name, original) = (&one.name, &of.application_name);
    Err(Error::refused(
        "application-is-a-place",
        format!(
            "application `{name}` is a place of application `{original}`, and is as that one is"
        ),
        "change that one, deploy this place anew (`deploy_application`), or remove it \
         (`delete_application`)",
    ))
}

/// An application goes after its places.
pub(crate) async fn check_has_none(
    conn: &mut AnyConnection,
    one: &Application,
) -> Result<(), Error> {
    if one.places == 0 {
        return Ok(());
    }
    let places = db::application::list_places_of(conn, &one.id).await?;
    let blockers: Vec<_> = places.iter().map(|row| row.application.name.to_string()).collect();
    Err(Error::Refused(Refusal {
        code: "application-has-places",
        message: format!("application `{}` has further places: {}", one.name, blockers.join(", ")),
        remedy: Some("remove them first (`list_places`)".into()),
        blockers,
    }))
}

/// Refuses for all places what cannot be there, and what only those may ask for who have their servers. What
/// was there before, by `before` or else by what each place is, stays.
pub(crate) async fn check_change(
    conn: &mut AnyConnection,
    actor: &Actor,
    original: &Application,
    (before, spec): (Option<&ApplicationSpec>, &ApplicationSpec),
) -> Result<(), Error> {
    if original.places == 0 {
        return Ok(());
    }
    builder::check_anywhere(spec, &spec.image)?;
    for row in db::application::list_places_of(conn, &original.id).await? {
        let at = destinations::find_whole(conn, actor, &row.application.destination_id).await?;
        check::rights(actor, &at, before.or(Some(&row.application.spec)), spec)?;
    }
    Ok(())
}

/// A place has the image of its original.
pub(super) fn own_image(place: &Application) -> Error {
    Error::refused(
        "application-is-a-place",
        format!("application `{}` is a place of another one, whose image it has", place.name),
        "deploy it without an image (`deploy_application`)",
    )
}
