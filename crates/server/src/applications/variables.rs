//! Environment variables of applications: set, removed, and shown without what is secret.

use portolan_types::{
    ApplicationId, ChangeVariables, SetVariable, Subject, Timestamp, Variable, VariableName,
    Variables,
};

use super::{
    find,
    plan::{Kept, Kepts, open_variables, seal_variables},
};
use crate::{
    Actor, App, Error, db,
    events::{self, Happened},
};

/// How many there may be at once, and in all.
const MOST: usize = 500;

/// The variables of an application. Secret ones have no value.
pub async fn list(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Variables, Error> {
    let row = find(&mut *app.db.acquire().await?, actor, id).await?;
    let kept = open_variables(&app.vault, id, row.sealed_variables.as_deref())?;
    Ok(shown(kept))
}

fn shown(kept: Kepts) -> Variables {
    let variable = |(name, Kept { value, secret, build, updated_at }): (VariableName, Kept)| {
        Variable { name, value: (!secret).then_some(value), secret, build, updated_at }
    };
    Variables { items: kept.into_iter().map(variable).collect() }
}

/// Sets and removes variables of the next deployment.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: ChangeVariables,
) -> Result<Variables, Error> {
    if input.set.len() > MOST || input.remove.len() > MOST {
        return Err(Error::field("set", format!("at most {MOST} at once")));
    }
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let row = find(&mut tx, actor, id).await?;
    let before = open_variables(&app.vault, id, row.sealed_variables.as_deref())?;
    let (now, named) = (Timestamp::now(), named(&input));
    let after = changed(before.clone(), input, now);
    if after.len() > MOST {
        return Err(Error::field("set", format!("an application has at most {MOST} variables")));
    }
    if after != before {
        let sealed = seal_variables(&app.vault, id, &after)?;
        db::application::set_variables(&mut tx, id, &sealed, now).await?;
        let happened = Happened {
            team: actor.team_id(),
            kind: "application.variables-changed",
            subject: Subject::Application(id.clone()),
            name: row.application.name.as_str(),
            message: format!(
                "variables of application `{}` were changed by {}: {named}",
                row.application.name, actor.user.email
            ),
        };
        let entry = happened.by(actor.author()).of(&row.application.destination_id);
        events::record(&mut tx, entry, now).await?;
        tx.commit().await?;
    }
    Ok(shown(after))
}

/// Names, and never a value.
fn named(input: &ChangeVariables) -> String {
    let set = input.set.iter().map(|one| one.name.to_string());
    let removed = input.remove.iter().map(|name| format!("{name} removed"));
    set.chain(removed).collect::<Vec<_>>().join(", ")
}

fn changed(mut kept: Kepts, input: ChangeVariables, now: Timestamp) -> Kepts {
    for name in &input.remove {
        kept.remove(name);
    }
    for one in input.set {
        let SetVariable { name, value, secret, build } = one;
        let as_before =
            |before: &Kept| (&before.value, before.secret, before.build) == (&value, secret, build);
        if !kept.get(&name).is_some_and(as_before) {
            kept.insert(name, Kept { value, secret, build, updated_at: now });
        }
    }
    kept
}
