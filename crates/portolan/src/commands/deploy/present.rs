//! What is there of what a file describes.

use std::collections::BTreeMap;

use portolan_types::{
    Application, Destination, DestinationId, Environment, Job, Project, Route, Variable,
    VariableName,
};

use super::file::Wanted;
use crate::{
    client::Client,
    commands::application::variables,
    failure::Failure,
    find::{find_any, search},
    list::{Listing, collect},
};

/// Nothing where it is missing.
pub(super) struct Present {
    pub(super) project: Option<Project>,
    pub(super) environment: Option<Environment>,
    /// Where the file says that it goes.
    pub(super) destination: Option<Destination>,
    pub(super) application: Option<Application>,
    pub(super) variables: BTreeMap<VariableName, Variable>,
    /// Those of the destination on which it is or will be, whatever they lead to.
    pub(super) routes: Vec<Route>,
    pub(super) jobs: Vec<Job>,
}

impl Present {
    pub(super) async fn look(client: &Client, wanted: &Wanted) -> anyhow::Result<Self> {
        let destination: Option<Destination> =
            find_any(client, wanted.destination.as_ref()).await?;
        let project: Option<Project> = search(client, &wanted.project_reference()).await?;
        let environment = match &project {
            Some(project) => environment(client, project, wanted).await?,
            None => None,
        };
        let application = match &environment {
            Some(environment) => application(client, environment, wanted).await?,
            None => None,
        };
        check_place(application.as_ref(), destination.as_ref())?;
        let variables = match &application {
            Some(application) => variables::read(client, application).await?.items,
            None => Vec::new(),
        };
        let variables = variables.into_iter().map(|one| (one.name.clone(), one)).collect();
        let place = application
            .as_ref()
            .map(|one| &one.destination_id)
            .or_else(|| destination.as_ref().map(|one| &one.id))
            .or_else(|| environment.as_ref()?.default_destination_id.as_ref());
        let routes = match place.filter(|_| !wanted.domains.is_empty()) {
            Some(place) => routes(client, place).await?,
            None => Vec::new(),
        };
        let jobs = match application.as_ref().filter(|_| !wanted.jobs.is_empty()) {
            Some(application) => jobs(client, application).await?,
            None => Vec::new(),
        };
        Ok(Self { project, environment, destination, application, variables, routes, jobs })
    }
}

/// The environment that the file names, in this project.
pub(super) async fn environment(
    client: &Client,
    project: &Project,
    wanted: &Wanted,
) -> anyhow::Result<Option<Environment>> {
    let of = [("project_id", project.id.to_string())];
    let page = collect::<Environment>(client, "/v1/environments", &of, Listing::all(None)).await?;
    Ok(page.items.into_iter().find(|one| one.name == wanted.environment))
}

async fn application(
    client: &Client,
    environment: &Environment,
    wanted: &Wanted,
) -> anyhow::Result<Option<Application>> {
    let of = [("environment_id", environment.id.to_string())];
    let named = Listing::all(Some(wanted.name.to_string()));
    let page = collect::<Application>(client, "/v1/applications", &of, named).await?;
    Ok(page.items.into_iter().find(|one| one.name == wanted.name))
}

/// An application stays where it is: its volumes are there.
fn check_place(
    application: Option<&Application>,
    destination: Option<&Destination>,
) -> Result<(), Failure> {
    let (Some(application), Some(destination)) = (application, destination) else {
        return Ok(());
    };
    if application.destination_id == destination.id {
        return Ok(());
    }
    let is = application.destination_name.as_ref().map_or("another one", |name| name.as_str());
    Err(Failure::advised(
        format!(
            "application `{}` is on destination `{is}`, and the file says `{}`",
            application.name, destination.name
        ),
        "an application stays where it is: mend the file, or add it under another name",
    ))
}

async fn routes(client: &Client, destination: &DestinationId) -> anyhow::Result<Vec<Route>> {
    let on = [("destination_id", destination.to_string())];
    Ok(collect(client, "/v1/routes", &on, Listing::all(None)).await?.items)
}

async fn jobs(client: &Client, application: &Application) -> anyhow::Result<Vec<Job>> {
    let path = format!("/v1/applications/{}/jobs", application.id);
    Ok(collect(client, &path, &[], Listing::all(None)).await?.items)
}
