//! `portolan app`: what applications there are, and what the next deployment makes of them.
//!
//! Work on what runs, deployments and variables are in the modules below.

use portolan_types::{
    Application, ApplicationName, ApplicationSpec, CreateApplication, Destination, Environment,
    Image, Invalid, Page, Project, Route, UpdateApplication,
};

use crate::{
    client::Client,
    failure::{Failure, Outcome},
    find::{Reference, find, find_any},
    list::{Listing, collect},
    printer::{Format, Line, Printer, Style},
    watch::Wait,
};

pub(crate) mod build_log;
pub(crate) mod cloning;
pub(crate) mod deployments;
pub(crate) mod hook;
pub(crate) mod job;
pub(crate) mod link;
pub(crate) mod moving;
pub(crate) mod place;
pub(crate) mod remove;
pub(crate) mod tasks;
pub(crate) mod variables;
mod view;
pub(crate) mod work;

pub(super) use self::view::state_span;
use self::{
    view::{details, table},
    work::deploy_and_follow,
};

/// Which applications are wanted.
#[derive(Debug)]
pub(crate) struct Of {
    pub(crate) project: Option<Reference>,
    pub(crate) environment: Option<Reference>,
    pub(crate) destination: Option<Reference>,
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    of: &Of,
    listing: Listing,
) -> anyhow::Result<()> {
    let destination: Option<Destination> = find_any(client, of.destination.as_ref()).await?;
    let on: Vec<_> = destination.iter().map(|one| ("destination_id", one.id.to_string())).collect();
    let page = if let Some(project) = &of.project {
        let project: Project = find(client, project).await?;
        of_project(client, &project, &on, listing.search).await?
    } else {
        let environment: Option<Environment> = find_any(client, of.environment.as_ref()).await?;
        let mut filters = on;
        filters.extend(environment.iter().map(|one| ("environment_id", one.id.to_string())));
        collect(client, "/v1/applications", &filters, listing).await?
    };
    let when_empty = "no applications: add one with `portolan app add NAME --environment \
                      PROJECT/NAME --image IMAGE`";
    printer.page(&page, table, when_empty)?;
    Ok(())
}

/// All that are in a project: the API lists those of an environment.
async fn of_project(
    client: &Client,
    project: &Project,
    filters: &[(&'static str, String)],
    search: Option<String>,
) -> anyhow::Result<Page<Application>> {
    let of = [("project_id", project.id.to_string())];
    let environments =
        collect::<Environment>(client, "/v1/environments", &of, Listing::all(None)).await?;
    let mut items = Vec::new();
    for environment in environments.items {
        let mut filters = filters.to_vec();
        filters.push(("environment_id", environment.id.to_string()));
        let listing = Listing::all(search.clone());
        let page = collect::<Application>(client, "/v1/applications", &filters, listing).await?;
        items.extend(page.items);
    }
    Ok(Page { items, next: None })
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let (routes, tasks) = match printer.format() {
        Format::Text => {
            (routes_of(client, &application).await?, tasks::read(client, &application).await?)
        }
        Format::Json => (Vec::new(), Vec::new()),
    };
    printer.one(&application, |application| details(application, &routes, &tasks))?;
    Ok(())
}

/// The routes that follow its deployments.
pub(super) async fn routes_of(
    client: &Client,
    application: &Application,
) -> anyhow::Result<Vec<Route>> {
    let on = [("destination_id", application.destination_id.to_string())];
    let page = collect::<Route>(client, "/v1/routes", &on, Listing::all(None)).await?;
    let its = |route: &Route| route.application_id.as_ref() == Some(&application.id);
    Ok(page.items.into_iter().filter(its).collect())
}

/// An application to add.
#[derive(Debug)]
pub(crate) struct NewApplication<F> {
    pub(crate) name: ApplicationName,
    pub(crate) environment: Reference,
    pub(crate) destination: Option<Reference>,
    pub(crate) image: Image,
    /// Makes what is wanted of what an image alone is.
    pub(crate) spec: F,
    pub(crate) then: Then,
}

/// What follows when the application is as it is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    Nothing,
    Deploy(Wait),
}

pub(crate) async fn add<F>(
    client: &Client,
    printer: &Printer,
    new: NewApplication<F>,
) -> anyhow::Result<Outcome>
where
    F: FnOnce(ApplicationSpec) -> Result<ApplicationSpec, Invalid>,
{
    let spec = (new.spec)(ApplicationSpec::of(new.image))
        .map_err(|error| Failure::usage(error.to_string(), "see `portolan app add --help`"))?;
    let environment: Environment = find(client, &new.environment).await?;
    let destination: Option<Destination> = find_any(client, new.destination.as_ref()).await?;
    let request = CreateApplication {
        environment_id: environment.id,
        destination_id: destination.map(|one| one.id),
        name: new.name,
        spec,
    };
    let made: Application = client.create("/v1/applications", &request).await?;
    finish(client, printer, made, new.then).await
}

/// What is to be other than it is.
#[derive(Debug)]
pub(crate) struct Edit<F> {
    /// Makes the new spec of the present one.
    pub(crate) spec: F,
    pub(crate) then: Then,
}

pub(crate) async fn edit<F>(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    edit: Edit<F>,
) -> anyhow::Result<Outcome>
where
    F: FnOnce(ApplicationSpec) -> Result<ApplicationSpec, Invalid>,
{
    let before: Application = find(client, wanted).await?;
    let spec = (edit.spec)(before.spec)
        .map_err(|error| Failure::usage(error.to_string(), "see `portolan app edit --help`"))?;
    let change = UpdateApplication { spec: Some(spec) };
    let after: Application =
        client.change(&format!("/v1/applications/{}", before.id), &change).await?;
    finish(client, printer, after, edit.then).await
}

/// Deploys it where that is wanted, and shows it as it is then.
async fn finish(
    client: &Client,
    printer: &Printer,
    application: Application,
    then: Then,
) -> anyhow::Result<Outcome> {
    let Then::Deploy(wait) = then else {
        printer.one(&application, |application| details(application, &[], &[]))?;
        say_how_to_deploy(printer, &application);
        return Ok(Outcome::Done);
    };
    let outcome = deploy_and_follow(client, printer, &application, wait).await?;
    let path = format!("/v1/applications/{}", application.id);
    let now: Application = client.get(&path, &[]).await?;
    printer.one(&now, |application| details(application, &[], &[]))?;
    Ok(outcome)
}

/// What was changed serves nobody yet.
pub(super) fn say_how_to_deploy(printer: &Printer, application: &Application) {
    let Application { project_name, environment_name, name, .. } = application;
    printer.say(&Line::styled(
        Style::Dim,
        format!("deploy it with `portolan app deploy {project_name}/{environment_name}/{name}`"),
    ));
}
