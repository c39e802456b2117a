//! `portolan app clone`.

use portolan_types::{
    Application, ApplicationName, CloneApplication, ClonedApplication, Destination, Environment,
};

use super::{say_how_to_deploy, view::details};
use crate::{
    client::Client,
    find::{Reference, find, find_any},
    printer::{Format, Line, Printer},
};

/// What a clone is to be.
#[derive(Debug)]
pub(crate) struct Clone {
    pub(crate) name: ApplicationName,
    pub(crate) environment: Option<Reference>,
    pub(crate) destination: Option<Reference>,
    pub(crate) without_variables: bool,
}

pub(crate) async fn clone(
    client: &Client,
    printer: &Printer,
    (original, wanted): (&Reference, Clone),
) -> anyhow::Result<()> {
    let original: Application = find(client, original).await?;
    let Clone { name, environment, destination, without_variables } = wanted;
    let environment: Option<Environment> = find_any(client, environment.as_ref()).await?;
    let destination: Option<Destination> = find_any(client, destination.as_ref()).await?;
    let request = CloneApplication {
        name,
        environment_id: environment.map(|one| one.id),
        destination_id: destination.map(|one| one.id),
        without_variables,
    };
    let path = format!("/v1/applications/{}/clone", original.id);
    let made: ClonedApplication = client.act_with(&path, &request).await?;
    if printer.format() == Format::Json {
        printer.json(&made)?;
        return Ok(());
    }
    printer.one(&made.application, |application| details(application, &[], &[]))?;
    for left_out in &made.left_out {
        printer.say(&Line::plain(format!("left out: {left_out}")));
    }
    say_how_to_deploy(printer, &made.application);
    Ok(())
}
