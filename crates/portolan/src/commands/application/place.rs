//! `portolan app place`: the other servers on which an application is.

use portolan_types::{AddPlace, Application, ApplicationName, Destination, Page};

use super::{
    remove::{Volumes, remove_one},
    view::{details, places},
};
use crate::{
    client::Client,
    commands::{manner::Manner, operation::accompany_subject},
    failure::{Failure, Outcome},
    find::{Reference, find},
    list::{Listing, collect},
    printer::Printer,
    watch::Wait,
};

fn path(original: &Application) -> String {
    format!("/v1/applications/{}/places", original.id)
}

async fn all(client: &Client, original: &Application) -> anyhow::Result<Page<Application>> {
    Ok(collect(client, &path(original), &[], Listing::all(None)).await?)
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let original: Application = find(client, wanted).await?;
    let page = all(client, &original).await?;
    let when_empty = "no further places: add one with `portolan app place add APP DESTINATION`";
    printer.page(&page, places, when_empty)?;
    Ok(())
}

/// A place to add.
#[derive(Debug)]
pub(crate) struct NewPlace {
    pub(crate) app: Reference,
    pub(crate) destination: Reference,
    pub(crate) name: Option<ApplicationName>,
    pub(crate) with_routes: bool,
}

/// Stays until what serves is deployed there.
pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    new: NewPlace,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let NewPlace { app, destination, name, with_routes } = new;
    let original: Application = find(client, &app).await?;
    let destination: Destination = find(client, &destination).await?;
    let request = AddPlace { destination_id: destination.id, name, with_routes };
    let place: Application = client.create(&path(&original), &request).await?;
    let outcome = accompany_subject(client, printer, place.operation_id.as_ref(), wait).await?;
    let now: Application = client.get(&format!("/v1/applications/{}", place.id), &[]).await?;
    printer.one(&now, |place| details(place, &[], &[]))?;
    Ok(outcome)
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    (wanted, destination, volumes): (&Reference, &Reference, Volumes),
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let original: Application = find(client, wanted).await?;
    let destination: Destination = find(client, destination).await?;
    let places = all(client, &original).await?.items;
    let Some(place) = places.iter().find(|place| place.destination_id == destination.id) else {
        let words = format!("`{}` has no place on `{}`", original.name, destination.name);
        let hint = format!("see where it is: `portolan app place list {}`", original.name);
        return Err(Failure::advised(words, hint).into());
    };
    remove_one(client, printer, (place, volumes), manner).await
}
