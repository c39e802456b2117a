//! Deployments: asked for, listed, cancelled and rolled back. The server's reconciler makes them.

use std::num::NonZeroU32;

use portolan_types::{
    Application, ApplicationId, ContainerName, DeployApplication, Deployment, DeploymentId,
    DeploymentState, Destination, DestinationKind, Image, Operation, OperationKind, Page,
    PageQuery, RollBack, Subject, Timestamp,
};
use serde_json::{Value, json};

use super::{
    builder, check, check_alone, check_own, find, names, note, places,
    plan::{Plan, open_variables},
    references, wake,
    work::{check_stays, told},
};
use crate::{
    Actor, App, Error, databases,
    db::{
        self, Transaction,
        application::{Assigned, Wanted},
        deployment::Planned,
    },
    events, operations,
    operations::{Asker, Task},
    page,
    reconcile::failure,
    stacks,
};

/// Deploys what the spec says now; at a further place of an application what that one serves.
pub async fn deploy(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: DeployApplication,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let mut row = find(&mut tx, actor, id).await?;
    check_stays(&row.application)?;
    let operation = if row.application.place_of.is_some() {
        places::deploy(&mut tx, (app, actor), &row, &input).await?
    } else {
        check_own(&row.application)?;
        set_image(&mut tx, actor, &mut row, input.image).await?;
        begin_wanted(&mut tx, (app, actor), (&row, input.fresh)).await?
    };
    tx.commit().await?;
    wake(app, actor, &row.application).await?;
    Ok(operation)
}

/// Another image from now on, where one is given.
async fn set_image(
    tx: &mut Transaction,
    actor: &Actor,
    row: &mut Assigned,
    image: Option<Image>,
) -> Result<(), Error> {
    let Some(image) = image.filter(|image| *image != row.application.spec.image) else {
        return Ok(());
    };
    check_alone(&row.application)?;
    let before = row.application.clone();
    row.application.spec.image = image;
    row.application.updated_at = Timestamp::now();
    check::bounds(&row.application.spec)?;
    db::application::set_spec(tx, &row.application).await?;
    row.revision += 1;
    note(tx, actor, Some(&before), Some(&row.application)).await
}

/// Writes down a deployment of what the row says, with the application's row held.
pub(crate) async fn begin_wanted(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    (row, fresh): (&Assigned, bool),
) -> Result<Operation, Error> {
    let application = &row.application;
    names::claim(tx, application, &application.spec).await?;
    let own = open_variables(&app.vault, &application.id, row.sealed_variables.as_deref())?;
    let mut plan = Plan::of(application.spec.clone(), own, fresh)?;
    plan.variables.extend(references::values(app, tx, &application.id).await?);
    plan.files = databases::files_of(app, tx, application).await?;
    plan.files.extend(stacks::files_of(app, tx, (actor, application)).await?);
    builder::choose(tx, actor.team_id(), &mut plan.spec).await?;
    begin(tx, (app, Asker::person(actor)), row, (&plan, Of::Wanted)).await
}

/// Deploys what an earlier deployment was: its image, spec and variables.
pub async fn roll_back(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: RollBack,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let row = find(&mut tx, actor, id).await?;
    check_stays(&row.application)?;
    check_own(&row.application)?;
    let earlier = match input.to {
        Some(number) => db::deployment::find_by_number(&mut tx, id, number).await?,
        None => db::deployment::find_previous(&mut tx, id).await?,
    };
    let earlier = earlier.ok_or_else(|| no_earlier(&row.application, input.to))?;
    check_served(&row.application, &earlier.deployment)?;
    check_kept(&row.application, &earlier.deployment)?;
    let plan = Plan::open(&app.vault, &earlier.deployment.id, &earlier.sealed_plan)?;
    places::check_change(&mut tx, actor, &row.application, (None, &plan.spec)).await?;
    names::claim(&mut tx, &row.application, &plan.spec).await?;
    let (by, of) = (Asker::person(actor), Of::Earlier(&earlier));
    let operation = begin(&mut tx, (app, by), &row, (&plan, of)).await?;
    tx.commit().await?;
    wake(app, actor, &row.application).await?;
    Ok(operation)
}

fn no_earlier(application: &Application, number: Option<NonZeroU32>) -> Error {
    let name = &application.name;
    let message = match number {
        Some(number) => format!("application `{name}` has no deployment {number}"),
        None => format!("no earlier deployment of application `{name}` served"),
    };
    Error::refused("no-such-deployment", message, "see which there are (`list_deployments`)")
}

/// Only what once was healthy is brought back.
fn check_served(application: &Application, earlier: &Deployment) -> Result<(), Error> {
    if matches!(earlier.state, DeploymentState::Replaced | DeploymentState::Serving) {
        return Ok(());
    }
    Err(Error::refused(
        "deployment-never-served",
        format!("deployment {} of application `{}` never served", earlier.number, application.name),
        "choose one that did (`list_deployments`)",
    ))
}

/// What was built is on the host, or in a registry, or nowhere any more.
fn check_kept(application: &Application, earlier: &Deployment) -> Result<(), Error> {
    let was_built = earlier.commit.is_some() && earlier.image_id.is_none();
    if !was_built || builder::has_registry(&earlier.image) {
        return Ok(());
    }
    Err(Error::refused(
        "image-not-kept",
        format!(
            "the image of deployment {} of application `{}` is not kept any more",
            earlier.number, application.name
        ),
        "choose a later one (`list_deployments`), or deploy that commit again",
    ))
}

/// What a deployment makes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of<'a> {
    /// What is wanted now.
    Wanted,
    /// What an earlier one was.
    Earlier(&'a Planned),
    /// What serves, on another destination.
    Moved(&'a Planned, &'a Destination),
    /// What its original serves, at a further place of that.
    Placed(&'a Planned),
}

impl<'a> Of<'a> {
    const fn earlier(self) -> Option<&'a Planned> {
        match self {
            Self::Wanted => None,
            Self::Earlier(one) | Self::Moved(one, _) | Self::Placed(one) => Some(one),
        }
    }

    /// The same of one of the application itself: what it found on its host holds for this one.
    const fn on_its_host(self) -> Option<&'a Planned> {
        match self {
            Self::Wanted | Self::Placed(_) => None,
            Self::Earlier(one) | Self::Moved(one, _) => Some(one),
        }
    }

    const fn kind(self) -> OperationKind {
        match self {
            Self::Wanted | Self::Earlier(_) | Self::Placed(_) => OperationKind::DeployApplication,
            Self::Moved(..) => OperationKind::MoveApplication,
        }
    }

    fn asked(self, number: NonZeroU32, image: &Image) -> Value {
        match self {
            Self::Wanted | Self::Earlier(_) | Self::Placed(_) => {
                json!({ "number": number, "image": image })
            }
            Self::Moved(_, to) => {
                json!({ "number": number, "image": image, "destination": to.name })
            }
        }
    }
}

/// Writes a deployment down with its work, in the place of whatever is under way.
pub(super) async fn begin(
    tx: &mut Transaction,
    (app, by): (&App, Asker<'_>),
    row: &Assigned,
    (plan, of): (&Plan, Of<'_>),
) -> Result<Operation, Error> {
    let (application, earlier, host) = (&row.application, of.earlier(), of.on_its_host());
    let (team, author) = (by.team, by.name.to_owned());
    let now = Timestamp::now();
    db::deployment::cancel_pending(tx, &application.id, "another one was asked for", now).await?;
    let number = db::deployment::next_number(tx, &application.id).await?;
    let container = container_name(application, number)?;
    let image = match of {
        Of::Wanted => image_of(plan, application, number)?,
        Of::Earlier(earlier) | Of::Moved(earlier, _) => earlier.deployment.image.clone(),
        Of::Placed(original) => placed(original),
    };
    let asked = of.asked(number, &image);
    let task = Task {
        kind: of.kind(),
        subject: Subject::Application(application.id.clone()),
        name: application.name.as_str(),
        input: Some(operations::input(&asked)?),
    };
    let operation = operations::ask_as(tx, by, task).await?;
    let id = DeploymentId::generate();
    let new = Planned {
        revision: host.map_or(row.revision, |earlier| earlier.revision),
        pinned: earlier.and_then(|earlier| earlier.pinned.clone()),
        sealed_plan: plan.seal(&app.vault, &id)?,
        switched_at: None,
        deployment: Deployment {
            id,
            application_id: application.id.clone(),
            number,
            state: DeploymentState::Pending,
            image,
            commit: earlier.and_then(|earlier| earlier.deployment.commit.clone()),
            image_id: host.and_then(|earlier| earlier.deployment.image_id.clone()),
            rolled_back_to: match of {
                Of::Earlier(earlier) => Some(earlier.deployment.number),
                Of::Wanted | Of::Moved(..) | Of::Placed(_) => None,
            },
            container,
            by: author,
            operation_id: operation.id.clone(),
            reason: None,
            created_at: now,
            finished_at: None,
        },
    };
    db::deployment::insert(tx, team, &new).await?;
    db::application::set_work(tx, &application.id, &operation.id, Some(Wanted::Running)).await?;
    Ok(operation)
}

/// What it is made of. An image that is built has a tag that no other deployment of any application has.
fn image_of(plan: &Plan, application: &Application, number: NonZeroU32) -> Result<Image, Error> {
    let image = &plan.spec.image;
    if plan.spec.build.is_none() {
        return Ok(image.clone());
    }
    let tagged = format!("{}:{}{number}", image.repository(), names::prefix(application));
    let tagged = tagged.parse();
    tagged
        .map_err(|invalid: portolan_types::Invalid| Error::field("spec.image", invalid.to_string()))
}

/// What a further place of an application is made of: the very image, where a registry has it.
pub(super) fn placed(original: &Planned) -> Image {
    original.pinned.as_ref().unwrap_or(&original.deployment.image).clone()
}

/// A name that no other deployment of any application has on the host. On a swarm, that of the service,
/// which is the same for all of them.
fn container_name(application: &Application, number: NonZeroU32) -> Result<ContainerName, Error> {
    let name = match application.destination_kind {
        DestinationKind::Standalone => format!("{}{number}", names::prefix(application)),
        DestinationKind::Swarm => names::service(application),
    };
    name.parse()
        .map_err(|invalid: portolan_types::Invalid| Error::field("name", invalid.to_string()))
}

/// Whether a container can be one of the application's, by its name. Labels alone do not tell: an
/// image that somebody makes of a container has them, and so has what is run of that.
pub(crate) fn can_be_named(application: &Application, name: &str) -> bool {
    let number = name.strip_prefix(&names::prefix(application));
    number.is_some_and(|number| number.parse::<NonZeroU32>().is_ok())
}

/// The deployments of an application, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    query: &PageQuery,
) -> Result<Page<Deployment>, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await?;
    let rows = db::deployment::list(&mut conn, id, query).await?;
    Ok(page::of(rows, query, |one| (one.created_at, one.id.as_str())))
}

/// One deployment by its number.
pub async fn show(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    number: NonZeroU32,
) -> Result<Deployment, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await?;
    let found = db::deployment::find_by_number(&mut conn, id, number).await?;
    Ok(found.ok_or(Error::NotFound("deployment"))?.deployment)
}

/// Gives up the deployment that is under way, as long as it does not serve yet. What served before
/// goes on serving.
pub async fn cancel(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let application = find(&mut tx, actor, id).await?.application;
    let Some(under_way) = under_way(&mut tx, &application).await? else {
        return Err(Error::refused(
            "nothing-to-cancel",
            format!("no deployment of application `{}` is under way", application.name),
            "see the latest one (`list_deployments`)",
        ));
    };
    if under_way.switched_at.is_some() {
        return Err(Error::refused(
            "deployment-serves",
            format!(
                "deployment {} of application `{}` serves already",
                under_way.deployment.number, application.name
            ),
            "roll back instead (`roll_back_application`)",
        ));
    }
    let now = Timestamp::now();
    let words = format!("it was cancelled by {}", actor.user.email);
    let why = failure("cancelled", words.clone(), "deploy again (`deploy_application`)");
    let operation = under_way.deployment.operation_id;
    db::operation::finish(&mut tx, &operation, Some(&why), now).await?;
    db::deployment::cancel_pending(&mut tx, id, &words, now).await?;
    // What is left of a move goes at once.
    db::application::moving::give_up(&mut tx, id).await?;
    let entry = told(actor, &application, "application.deployment-cancelled", "cancelled");
    events::record(&mut tx, entry.part_of(&operation), now).await?;
    tx.commit().await?;
    app.changed(&operation);
    wake(app, actor, &application).await?;
    operations::show(app, actor, &operation).await
}

async fn under_way(
    tx: &mut Transaction,
    application: &Application,
) -> Result<Option<Planned>, Error> {
    let Some(operation) = &application.operation_id else { return Ok(None) };
    if !db::operation::is_at_work(tx, operation).await? {
        return Ok(None);
    }
    Ok(db::deployment::find_by_operation(tx, operation).await?)
}
