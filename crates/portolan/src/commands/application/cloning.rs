//! `portolan app clone` and `portolan database clone`.

use portolan_types::{
    Application, ApplicationName, CloneApplication, CloneDatabase, ClonedApplication,
    ClonedDatabase, Database, Destination, DestinationId, Environment, EnvironmentId,
};

use super::{say_how_to_deploy, view::details};
use crate::{
    client::Client,
    commands::operation::accompany_subject,
    failure::Outcome,
    find::{Reference, find, find_any},
    printer::{Format, Line, Printer},
    watch::Wait,
};

/// Where a clone is to go.
#[derive(Debug)]
pub(crate) struct To {
    pub(crate) environment: Option<Reference>,
    pub(crate) destination: Option<Reference>,
}

impl To {
    async fn found(
        &self,
        client: &Client,
    ) -> anyhow::Result<(Option<EnvironmentId>, Option<DestinationId>)> {
        let environment: Option<Environment> = find_any(client, self.environment.as_ref()).await?;
        let destination: Option<Destination> = find_any(client, self.destination.as_ref()).await?;
        Ok((environment.map(|one| one.id), destination.map(|one| one.id)))
    }
}

/// What a clone is to be.
#[derive(Debug)]
pub(crate) struct Clone {
    pub(crate) name: ApplicationName,
    pub(crate) to: To,
    pub(crate) without_variables: bool,
    pub(crate) with_volumes: bool,
}

pub(crate) async fn clone(
    client: &Client,
    printer: &Printer,
    (original, wanted): (&Reference, Clone),
) -> anyhow::Result<()> {
    let original: Application = find(client, original).await?;
    let Clone { name, to, without_variables, with_volumes } = wanted;
    let (environment_id, destination_id) = to.found(client).await?;
    let request =
        CloneApplication { name, environment_id, destination_id, without_variables, with_volumes };
    let path = format!("/v1/applications/{}/clone", original.id);
    let made: ClonedApplication = client.act_with(&path, &request).await?;
    if printer.format() == Format::Json {
        printer.json(&made)?;
        return Ok(());
    }
    printer.one(&made.application, |application| details(application, &[], &[]))?;
    say_left_out(printer, &made.left_out);
    say_how_to_deploy(printer, &made.application);
    Ok(())
}

/// Makes another database of one, and follows how its data are copied.
pub(crate) async fn clone_database(
    client: &Client,
    printer: &Printer,
    (original, name, to): (&Reference, ApplicationName, To),
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let original: Database = find(client, original).await?;
    let (environment_id, destination_id) = to.found(client).await?;
    let request = CloneDatabase { name, environment_id, destination_id };
    let path = format!("/v1/databases/{}/clone", original.id);
    let made: ClonedDatabase = client.act_with(&path, &request).await?;
    let one = &made.database;
    if printer.format() == Format::Json {
        printer.json(&made)?;
    } else {
        printer.say(&Line::plain(format!("made database `{}` ({})", one.name, one.url)));
        say_left_out(printer, &made.left_out);
    }
    accompany_subject(client, printer, one.operation_id.as_ref(), wait).await
}

fn say_left_out(printer: &Printer, left_out: &[String]) {
    for one in left_out {
        printer.say(&Line::plain(format!("left out: {one}")));
    }
}
