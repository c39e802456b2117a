//! Removing a stack: its services with their containers, its networks, and last its row.

use portolan_types::{
    ApplicationState, Operation, Preview, Stack, StackApplied, StackId, StackState,
};

use super::{filled, find, note, preview::nothing, wake};
use crate::{
    Actor, App, Error,
    applications::{
        self,
        remove::{self, Volumes},
        work::check_stays,
    },
    db,
    destinations::preview::as_failure,
};

/// Removes a stack; its volumes stay, unless it is said that they go.
pub async fn remove(
    app: &App,
    actor: &Actor,
    id: &StackId,
    volumes: Volumes,
) -> Result<StackApplied, Error> {
    let mut tx = app.db.begin().await?;
    db::stack::lock(&mut tx, id).await?;
    let kept = find(&mut tx, actor, id).await?;
    let stack = filled(&mut tx, vec![kept]).await?.pop().ok_or(Error::NotFound("stack"))?;
    db::stack::set_removing(&mut tx, id).await?;
    let mut operations: Vec<Operation> = Vec::new();
    for service in &stack.services {
        db::application::lock(&mut tx, &service.application_id).await?;
        let found = applications::find(&mut tx, actor, &service.application_id).await?;
        // One that goes already goes on.
        if found.application.state != ApplicationState::Removing {
            operations.push(remove::begin(&mut tx, actor, &found.application, volumes).await?);
        }
    }
    note(&mut tx, actor, &stack, ("stack.removed", "removed")).await?;
    // One whose services went before has nothing to wait for.
    db::stack::delete_over(&mut tx).await?;
    let stack = Stack { state: StackState::Removing, ..stack };
    tx.commit().await?;
    wake(app, actor, &stack).await?;
    Ok(StackApplied { stack, operations })
}

/// What a removal would do.
pub async fn preview(
    app: &App,
    actor: &Actor,
    id: &StackId,
    volumes: Volumes,
) -> Result<Preview, Error> {
    let mut conn = app.db.acquire().await?;
    let kept = find(&mut conn, actor, id).await?;
    let stack = filled(&mut conn, vec![kept]).await?.pop().ok_or(Error::NotFound("stack"))?;
    let mut all = nothing();
    for service in &stack.services {
        let found = applications::find(&mut conn, actor, &service.application_id).await?;
        let allowed = check_stays(&found.application);
        let one = remove::looked_at(&mut conn, &found.application, (volumes, allowed)).await?;
        all.steps.extend(one.steps);
        all.affected.extend(one.affected);
        all.dark_routes.extend(one.dark_routes);
    }
    for network in &stack.networks {
        all.steps.push(format!("remove network `{}` (`{}`)", network.network, network.name));
    }
    all.steps.push(format!("remove stack `{}` with its file and variables", stack.name));
    if let Err(error) = super::check_stays(&stack) {
        all.refusals.push(as_failure(error)?);
        all.allowed = false;
    }
    Ok(all)
}
