//! What applying a file would do, before it is done.

use portolan_types::{
    Affected, ApplyStack, CreateStack, MemberKind, Preview, Stack, StackId, Timestamp,
};
use sqlx::AnyConnection;

use super::{
    applied,
    apply::{Wanted, application_name, of_service},
    difference::{Act, Difference, Had},
    files, outside,
};
use crate::{
    Actor, App, Error, applications, compose::Composed, destinations::preview::as_failure,
};

/// Of a new stack.
pub async fn of_new(app: &App, actor: &Actor, mut input: CreateStack) -> Result<Preview, Error> {
    if let Err(error) = files::of_new(app, actor, &mut input).await {
        return refused(error);
    }
    let mut conn = app.db.acquire().await?;
    let wanted = Wanted::new(&mut conn, actor, (StackId::generate(), input)).await;
    looked_at(&mut conn, (app, actor), (None, wanted)).await
}

/// Of another file for a stack, or the same again.
pub async fn of_change(
    app: &App,
    actor: &Actor,
    id: &StackId,
    mut input: ApplyStack,
) -> Result<Preview, Error> {
    if let Err(error) = files::of_change(app, actor, (id, &mut input)).await {
        return refused(error);
    }
    let mut conn = app.db.acquire().await?;
    let (stack, source, before) = applied(&mut conn, (app, actor), id).await?;
    let wanted = Wanted::changed(&mut conn, actor, (stack, source), input).await;
    looked_at(&mut conn, (app, actor), (before.as_ref(), wanted)).await
}

/// A preview in which nothing stands yet.
pub(super) fn nothing() -> Preview {
    Preview {
        version: String::new(),
        as_of: Timestamp::now(),
        allowed: true,
        steps: Vec::new(),
        affected: Vec::new(),
        dark_routes: Vec::new(),
        refusals: Vec::new(),
    }
}

/// A preview of what cannot be.
fn refused(error: Error) -> Result<Preview, Error> {
    Ok(Preview { allowed: false, refusals: vec![as_failure(error)?], ..nothing() })
}

async fn looked_at(
    conn: &mut AnyConnection,
    (app, actor): (&App, &Actor),
    (before, wanted): (Option<&Composed>, Result<Wanted, Error>),
) -> Result<Preview, Error> {
    let mut preview = nothing();
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(error) => return refused(error),
    };
    let Wanted { stack, composed, destination, .. } = wanted;
    let notices = composed.notices.clone();
    let mut named = networks(&stack, &composed);
    named.extend(outside::steps(&composed));
    let difference = Difference::find(conn, (app, actor), &stack, (before, composed)).await?;
    for (service, act) in &difference.acts {
        if let Err(error) = applications::check::bounds(&service.spec)
            .and_then(|()| applications::check::place(&destination, &service.spec))
            .and_then(|()| application_name(&stack, service).map(drop))
        {
            preview.refusals.push(as_failure(of_service(service, error))?);
        }
        preview.steps.extend(step(act, service.name.as_str(), service.spec.image.as_str()));
    }
    preview.steps.extend(named);
    preview.steps.extend(difference.gone.iter().map(goes));
    preview.affected = difference.gone.iter().filter_map(affected).collect();
    preview.steps.extend(notices.iter().map(|notice| format!("to know: {notice}")));
    preview.allowed = preview.refusals.is_empty();
    Ok(preview)
}

fn step(act: &Act, name: &str, image: &str) -> Option<String> {
    match act {
        Act::Make => Some(format!("make service `{name}` of `{image}`, and deploy it")),
        Act::Change(_, what) => {
            Some(format!("change service `{name}` ({}), and deploy it", what.join(", ")))
        }
        Act::Keep(_) => None,
    }
}

fn networks(stack: &Stack, composed: &Composed) -> Vec<String> {
    let has = |name: &str| stack.networks.iter().any(|one| one.name == name);
    let made = composed.networks.keys().filter(|name| !has(name));
    let made = made.map(|name| format!("make network `{name}`"));
    let gone = stack.networks.iter().filter(|one| !composed.networks.contains_key(&one.name));
    made.chain(gone.map(|one| format!("remove network `{}`", one.name))).collect()
}

fn goes(had: &Had) -> String {
    format!("remove service `{}` where that is confirmed; its volumes stay", had.name)
}

fn affected(had: &Had) -> Option<Affected> {
    let application = &had.row.application;
    application.container.as_ref().map(|container| Affected {
        kind: MemberKind::Container,
        id: String::new(),
        name: container.to_string(),
        state: application.state.to_string(),
        effect: "is removed".to_owned(),
    })
}
