//! Another application of what one is wanted to be: its spec and its variables.
//!
//! Owns what comes along. What is in volumes is copied where that is asked for, when the clone is deployed for
//! the first time: `reconcile::applications`.

use portolan_types::{
    Application, ApplicationId, ApplicationSpec, CloneApplication, ClonedApplication,
    CreateApplication, Destination, DestinationId, Environment, EnvironmentId, Right, Timestamp,
};

use super::{
    add, check_own, find, note_as, place,
    plan::{open_variables, seal_variables},
    references,
};
use crate::{
    Actor, App, Error,
    db::{self, Transaction, application::Assigned},
    environments, jobs, stacks,
};

/// Makes another application of one; nothing of it runs until it is deployed.
pub async fn clone(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: CloneApplication,
) -> Result<ClonedApplication, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let original = find(&mut tx, actor, id).await?;
    check_own(&original.application)?;
    // Whoever runs a clone of it reads its secrets.
    actor.require_on(Right::Manage, &original.application.project_id)?;
    let (new, mut left_out) = written(&mut tx, actor, &original.application, &input).await?;
    if input.with_volumes {
        fill(&mut tx, (&original.application, &new)).await?;
    }
    if !input.without_variables {
        left_out.extend(copy_variables(app, &mut tx, actor, (&original, &new)).await?);
        let files = stacks::files_of(app, &mut tx, (actor, &original.application)).await?;
        left_out.extend(files.iter().map(|one| format!("the file `/{}` of its stack", one.path)));
    }
    jobs::copy(&mut tx, actor, (id, &new)).await?;
    note(&mut tx, actor, (&original.application, &new)).await?;
    let application = find(&mut tx, actor, &new.id).await?.application;
    tx.commit().await?;
    Ok(ClonedApplication { application, left_out })
}

/// Writes the clone down, without what it cannot have too.
async fn written(
    tx: &mut Transaction,
    actor: &Actor,
    original: &Application,
    input: &CloneApplication,
) -> Result<(Application, Vec<String>), Error> {
    let asked = (input.environment_id.as_ref(), input.destination_id.as_ref());
    let (environment, to) = whither(tx, actor, original, asked).await?;
    let (spec, left_out) = parted(original, &to);
    let wanted = CreateApplication {
        environment_id: environment.id,
        destination_id: Some(to.id),
        name: input.name.clone(),
        spec,
    };
    Ok((add(tx, actor, ApplicationId::generate(), wanted).await?, left_out))
}

/// Where a clone goes: where it is said, to the original, or where the things of its environment go.
pub(crate) async fn whither(
    tx: &mut Transaction,
    actor: &Actor,
    original: &Application,
    (environment, destination): (Option<&EnvironmentId>, Option<&DestinationId>),
) -> Result<(Environment, Destination), Error> {
    let environment = environment.unwrap_or(&original.environment_id);
    let environment = environments::find(tx, actor, environment).await?;
    let own = Some(&original.destination_id).filter(|_| environment.id == original.environment_id);
    let to = place(tx, actor, &environment, destination.or(own)).await?;
    Ok((environment, to))
}

/// The clone's volumes are to be filled; where there are none, there is nothing to do.
pub(crate) async fn fill(
    tx: &mut Transaction,
    (original, new): (&Application, &Application),
) -> Result<(), Error> {
    if new.spec.volumes().next().is_none() {
        return Ok(());
    }
    if original.is_service() || new.is_service() {
        return Err(Error::refused(
            "volumes-on-swarm",
            "on a swarm each node has a volume of its own",
            "clone it without what is in its volumes (`clone_application`), and copy that by hand",
        ));
    }
    Ok(db::application::seed::insert(tx, &new.id, &original.id).await?)
}

/// The spec of a clone at a place, and what is left out of it: a port has one owner on a host, a name one
/// on a network.
fn parted(original: &Application, to: &Destination) -> (ApplicationSpec, Vec<String>) {
    let mut spec = original.spec.clone();
    let mut left_out = Vec::new();
    if to.server_id == original.server_id {
        let ports = std::mem::take(&mut spec.published);
        left_out.extend(ports.iter().map(|port| format!("port {} of the host", port.host)));
    }
    if to.id == original.destination_id {
        let names = std::mem::take(&mut spec.aliases);
        left_out.extend(names.iter().map(|name| format!("the name `{name}`")));
    }
    (spec, left_out)
}

/// Answers what was left out.
async fn copy_variables(
    app: &App,
    tx: &mut Transaction,
    actor: &Actor,
    (original, new): (&Assigned, &Application),
) -> Result<Vec<String>, Error> {
    let (from, now) = (&original.application.id, Timestamp::now());
    let mut kept = open_variables(&app.vault, from, original.sealed_variables.as_deref())?;
    if !kept.is_empty() {
        for one in kept.values_mut() {
            one.updated_at = now;
        }
        let sealed = seal_variables(&app.vault, &new.id, &kept)?;
        db::application::set_variables(tx, &new.id, &sealed, now).await?;
    }
    let out_of_reach = references::copy(tx, actor, (from, new), now).await?;
    let told = |name| format!("variable `{name}`: its database is not found from there");
    Ok(out_of_reach.into_iter().map(told).collect())
}

async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    (original, new): (&Application, &Application),
) -> Result<(), Error> {
    let message = format!(
        "application `{}` was made of application `{}` of environment `{}` by {}",
        new.name, original.name, original.environment_name, actor.user.email
    );
    note_as(tx, actor, ("application.added", message), (None, Some(new))).await
}
