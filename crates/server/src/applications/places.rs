//! Further places of an application: on each a following application of its own, on another server, which is
//! deployed as its original serves (decision 0056).
//!
//! Owns what one is made by; what is against one is in `against`. What runs there is made, seen and removed as
//! that of any application.

use portolan_types::{
    AddPlace, Application, ApplicationId, ApplicationName, ApplicationSpec, ApplicationState,
    CreateApplication, DeployApplication, Destination, Operation, Page, PageQuery, ServerId,
    Timestamp,
};
use sqlx::AnyConnection;

use super::{
    Filter, builder, check,
    deployments::{self, Of},
    find, note_as,
    plan::{Plan, open_variables, seal_variables},
};
use crate::{
    Actor, App, Error,
    db::{
        self, Transaction,
        application::{Assigned, Places},
        deployment::Planned,
    },
    destinations, events,
    operations::Asker,
    rights::Visible,
    routes,
};

mod against;

pub(crate) use against::{check_change, check_has_none, check_is_none, check_new_server};

/// The further places of an application, oldest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    query: &PageQuery,
) -> Result<Page<Application>, Error> {
    find(&mut *app.db.acquire().await?, actor, id).await?;
    let filter = Filter { places: Places::Of(id.clone()), ..Filter::default() };
    super::list(app, actor, &filter, query).await
}

/// Adds a place on another server, and deploys there what serves already.
pub async fn add(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: AddPlace,
) -> Result<Application, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let original = find(&mut tx, actor, id).await?;
    against::check_original(&mut tx, &original.application).await?;
    let to = destinations::find(&mut tx, actor, &input.destination_id).await?;
    against::check_destination(&mut tx, actor, (&original.application, &to)).await?;
    let place = written(&mut tx, actor, (&original.application, &to), input.name).await?;
    if input.with_routes {
        routes::copy(&mut tx, actor, &original.application, (&place, &to)).await?;
    }
    if let Some((made, plan)) = serving(app, &mut tx, &original.application).await? {
        check::rights(actor, &to, None, &plan.spec)?;
        builder::check_anywhere(&plan.spec, &made.deployment.image)?;
        let by = Asker::person(actor);
        begin(&mut tx, (app, by), (&original, &place.id), (&made, &plan)).await?;
    }
    tx.commit().await?;
    app.wake(&place.server_id);
    super::show(app, actor, &place.id).await
}

/// Writes the place down; nothing of it runs yet.
async fn written(
    tx: &mut Transaction,
    actor: &Actor,
    (original, to): (&Application, &Destination),
    name: Option<ApplicationName>,
) -> Result<Application, Error> {
    let wanted = CreateApplication {
        environment_id: original.environment_id.clone(),
        destination_id: Some(to.id.clone()),
        name: name.map_or_else(|| proposed(original, to), Ok)?,
        spec: spec_there(original, &original.spec),
    };
    let place = super::add(tx, actor, ApplicationId::generate(), wanted).await?;
    let pair = (&place.id, &original.id);
    db::application::insert_place(tx, actor.team_id(), pair, place.created_at).await?;
    let message = format!(
        "application `{}` was added as a further place of application `{}` by {}",
        place.name, original.name, actor.user.email
    );
    note_as(tx, actor, ("application.added", message), (None, Some(&place))).await?;
    Ok(place)
}

/// The application's name and the server's, cut to what a name has room for.
fn proposed(original: &Application, to: &Destination) -> Result<ApplicationName, Error> {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let server: String = to.server_name.as_str().chars().map(letter).collect();
    let name = format!("{}-{server}", original.name);
    let cut: String = name.chars().take(ApplicationName::MAX).collect();
    let name = cut.trim_end_matches('-').parse();
    name.map_err(|why: portolan_types::Invalid| Error::field("name", why.to_string()))
}

/// What a place is wanted to be: what its original is, found by that one's names too. It builds nothing.
pub(super) fn spec_there(original: &Application, spec: &ApplicationSpec) -> ApplicationSpec {
    let mut there = ApplicationSpec { build: None, ..spec.clone() };
    there.aliases.insert(original.name.alias());
    there
}

/// What serves of an application, and what it was made by.
async fn serving(
    app: &App,
    conn: &mut AnyConnection,
    original: &Application,
) -> Result<Option<(Planned, Plan)>, Error> {
    let Some(id) = &original.deployment_id else { return Ok(None) };
    let Some(made) = db::deployment::find(conn, id).await? else { return Ok(None) };
    let plan = Plan::open(&app.vault, &made.deployment.id, &made.sealed_plan)?;
    Ok(Some((made, plan)))
}

/// Deploys at a place, with its row held, what its original serves.
pub(super) async fn deploy(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    place: &Assigned,
    input: &DeployApplication,
) -> Result<Operation, Error> {
    let own = input.image.is_some() || input.fresh;
    let of = place.application.place_of.as_ref().filter(|_| !own);
    let Some(of) = of else { return Err(against::own_image(&place.application)) };
    let original = find(tx, actor, &of.application_id).await?;
    let Some((made, plan)) = serving(app, tx, &original.application).await? else {
        return Err(Error::refused(
            "never-deployed",
            format!("application `{}` was never deployed", of.application_name),
            "deploy it there first (`deploy_application`): its places follow",
        ));
    };
    let (by, at) = (Asker::person(actor), (&original, &place.application.id));
    begin(tx, (app, by), at, (&made, &plan)).await
}

/// Asks all places of an application to follow what serves by now, in the transaction of its deployment's
/// end; answers whom to wake.
pub(crate) async fn follow(
    tx: &mut Transaction,
    app: &App,
    original: &Assigned,
    (made, plan): (&Planned, &Plan),
) -> Result<Vec<ServerId>, Error> {
    let mut wake = Vec::new();
    for row in db::application::list_places_of(tx, &original.application.id).await? {
        let place = row.application;
        if place.state == ApplicationState::Removing {
            continue;
        }
        let author = events::portolan("places");
        let by = Asker { team: &original.team_id, author, name: &made.deployment.by };
        begin(tx, (app, by), (original, &place.id), (made, plan)).await?;
        wake.push(place.server_id);
    }
    Ok(wake)
}

/// Writes down at a place what it is to be from now on, and the deployment that makes it so. Its variables are
/// its own, so that it can go on alone should its original be forgotten.
async fn begin(
    tx: &mut Transaction,
    (app, by): (&App, Asker<'_>),
    (original, place): (&Assigned, &ApplicationId),
    (made, plan): (&Planned, &Plan),
) -> Result<Operation, Error> {
    db::application::lock(tx, place).await?;
    let found = db::application::find(tx, Visible::whole(&original.team_id), place).await?;
    let mut row = found.ok_or(Error::NotFound("application"))?;
    let plan = plan_there(&original.application, made, plan);
    let now = Timestamp::now();
    row.application.spec = plan.spec.clone();
    row.application.updated_at = now;
    db::application::set_spec(tx, &row.application).await?;
    let id = &original.application.id;
    let kept = open_variables(&app.vault, id, original.sealed_variables.as_deref())?;
    let sealed = seal_variables(&app.vault, place, &kept)?;
    db::application::set_variables(tx, place, &sealed, now).await?;
    // Once for the spec, once for the variables.
    row.revision += 2;
    deployments::begin(tx, (app, by), &row, (&plan, Of::Placed(made))).await
}

/// The plan of a place: the very image that serves, which is fetched and never built.
fn plan_there(original: &Application, made: &Planned, plan: &Plan) -> Plan {
    let mut spec = spec_there(original, &plan.spec);
    spec.image = deployments::placed(made);
    Plan {
        spec,
        variables: plan.variables.clone(),
        arguments: std::collections::BTreeMap::new(),
        secrets: std::collections::BTreeMap::new(),
        password: None,
        fresh: false,
        files: plan.files.clone(),
    }
}
