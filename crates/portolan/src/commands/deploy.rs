//! `portolan deploy`: makes an application what a file in its repository says, and deploys it.
//!
//! Owns the order: the file is read whole, then what is there, then the difference is shown, and only
//! then something is changed. How the file is written is in `file`, what differs in `difference`.

use std::path::{Path, PathBuf};

use portolan_types::{
    Application, ChangeVariables, CreateApplication, CreateEnvironment, CreateProject, CreateRoute,
    DeployApplication, Description, Environment, Image, Job, Key, Name, Project, Route,
    RouteOptions, UpdateApplication,
};

use super::{
    application::{variables, work::ask_deployment},
    operation::accompany,
    stack::found,
};
use crate::{
    ask::Run,
    client::Client,
    failure::{Failure, Outcome},
    find::find_any,
    printer::{Format, Printer},
    watch::Wait,
};

mod difference;
mod file;
mod jobs;
mod present;

use self::{
    difference::Difference,
    file::{Domain, Wanted},
    present::Present,
};

/// Where the description is, and what is said in its place.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) file: PathBuf,
    pub(crate) image: Option<Image>,
    pub(crate) environment: Option<Name>,
}

pub(crate) async fn deploy(
    client: &Client,
    printer: &Printer,
    described: Described,
    run: Run,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let Described { file, image, environment } = described;
    check_described(&file)?;
    let mut wanted = Wanted::read(&file, environment, image)?;
    let key: Option<Key> = find_any(client, wanted.key.as_ref()).await?;
    if let Some(build) = &mut wanted.spec.build {
        build.key_id = key.map(|key| key.id);
    }
    let present = Present::look(client, &wanted).await?;
    let difference = Difference::between(&present, &wanted)?;
    if run == Run::Dry {
        show(printer, &difference)?;
        return Ok(Outcome::Done);
    }
    difference.lines().iter().for_each(|line| printer.say(line));
    let application = Box::pin(apply(client, present, wanted, &difference)).await?;
    let operation = ask_deployment(client, &application, &DeployApplication::default()).await?;
    accompany(client, printer, operation, wait).await
}

/// Whoever has a Compose file instead is told how that is deployed.
fn check_described(file: &Path) -> Result<(), Failure> {
    if file == Path::new("-") || file.exists() {
        return Ok(());
    }
    let Some(compose) = found::in_folder(file.parent().unwrap_or(Path::new(""))) else {
        return Ok(());
    };
    let compose = compose.display();
    Err(Failure::usage(
        format!("there is no {}, but a Compose file: {compose}", file.display()),
        format!(
            "deploy it as a stack: `portolan stack apply NAME --file {compose} --environment \
             PROJECT/ENVIRONMENT --destination NAME`; with --dry-run it shows what that would do"
        ),
    ))
}

/// As data: it is all that a dry run has.
fn show(printer: &Printer, difference: &Difference) -> std::io::Result<()> {
    match printer.format() {
        Format::Json => printer.json(difference),
        Format::Text => difference.lines().iter().try_for_each(|line| printer.styled(line)),
    }
}

/// Makes what is missing, and changes what differs. What was done stays when a later part fails: the
/// next run goes on from there.
async fn apply(
    client: &Client,
    present: Present,
    wanted: Wanted,
    difference: &Difference,
) -> anyhow::Result<Application> {
    let application = make_application(client, present, wanted, difference).await?;
    let set = difference.variables();
    if !set.is_empty() {
        let request = ChangeVariables { set, ..ChangeVariables::default() };
        variables::put(client, &application, &request).await?;
    }
    // Before the deployment: it ends with the proxy leading to what it made.
    for domain in difference.domains() {
        let request = route_to(&application, domain);
        let _: Route = client.create("/v1/routes", &request).await?;
    }
    for change in difference.jobs() {
        let _: Job = if let Some(id) = &change.id {
            client.change(&format!("/v1/jobs/{id}"), &jobs::update(change.wanted)).await?
        } else {
            let path = format!("/v1/applications/{}/jobs", application.id);
            client.create(&path, &change.wanted).await?
        };
    }
    Ok(application)
}

/// As the file says, whether it is there or not.
async fn make_application(
    client: &Client,
    present: Present,
    wanted: Wanted,
    difference: &Difference,
) -> anyhow::Result<Application> {
    let Present { project, environment, destination, application, .. } = present;
    if let Some(application) = application {
        if !difference.of_spec() {
            return Ok(application);
        }
        let change = UpdateApplication { spec: Some(wanted.spec) };
        return Ok(client.change(&format!("/v1/applications/{}", application.id), &change).await?);
    }
    let environment = match environment {
        Some(environment) => environment,
        None => make_environment(client, project, &wanted).await?,
    };
    let request = CreateApplication {
        environment_id: environment.id,
        destination_id: destination.map(|one| one.id),
        name: wanted.name,
        spec: wanted.spec,
    };
    Ok(client.create("/v1/applications", &request).await?)
}

fn route_to(application: &Application, (host, path): Domain) -> CreateRoute {
    CreateRoute {
        destination_id: application.destination_id.clone(),
        host,
        path,
        target: None,
        application_id: Some(application.id.clone()),
        port: None,
        options: RouteOptions::default(),
        basic_auth: None,
    }
}

/// With its project, where that is missing too. A new project has an environment already.
async fn make_environment(
    client: &Client,
    project: Option<Project>,
    wanted: &Wanted,
) -> anyhow::Result<Environment> {
    let project = if let Some(project) = project {
        project
    } else {
        let request =
            CreateProject { name: wanted.project.clone(), description: Description::default() };
        let project: Project = client.create("/v1/projects", &request).await?;
        if let Some(made) = present::environment(client, &project, wanted).await? {
            return Ok(made);
        }
        project
    };
    let request = CreateEnvironment {
        project_id: project.id,
        name: wanted.environment.clone(),
        default_destination_id: None,
    };
    Ok(client.create("/v1/environments", &request).await?)
}
