//! Environment variables of applications: set, removed, and shown without what is secret. What is taken
//! from databases is in `references`.

use portolan_types::{
    Application, ApplicationId, ChangeVariables, SetVariable, Subject, Timestamp, Variable,
    VariableName, Variables,
};

use super::{
    check_own, find,
    plan::{Kept, Kepts, open_variables, seal_variables},
    references,
};
use crate::{
    Actor, App, Error,
    db::{self, Transaction, database_reference::Reference},
    events::{self, Happened},
};

/// How many there may be at once, and in all.
const MOST: usize = 500;

/// The variables of an application. Secret ones have no value.
pub async fn list(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Variables, Error> {
    let mut conn = app.db.acquire().await?;
    let row = find(&mut conn, actor, id).await?;
    let kept = open_variables(&app.vault, id, row.sealed_variables.as_deref())?;
    Ok(shown(kept, db::database_reference::list(&mut conn, id).await?))
}

fn shown(kept: Kepts, references: Vec<Reference>) -> Variables {
    let own = |(name, Kept { value, secret, build, updated_at }): (VariableName, Kept)| Variable {
        name,
        value: (!secret).then_some(value),
        from_database: None,
        secret,
        build,
        updated_at,
    };
    let taken = |Reference { variable, from, updated_at }: Reference| Variable {
        name: variable,
        value: None,
        from_database: Some(from),
        secret: true,
        build: false,
        updated_at,
    };
    let own = kept.into_iter().map(own);
    let mut items: Vec<Variable> = own.chain(references.into_iter().map(taken)).collect();
    items.sort_by(|one, other| one.name.cmp(&other.name));
    Variables { items }
}

/// Sets and removes variables of the next deployment.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: ChangeVariables,
) -> Result<Variables, Error> {
    bounds(&input)?;
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let row = find(&mut tx, actor, id).await?;
    let application = &row.application;
    check_own(application)?;
    let before = open_variables(&app.vault, id, row.sealed_variables.as_deref())?;
    let (now, named) = (Timestamp::now(), named(&input));
    let referred = refer(&mut tx, actor, application, (&input, now)).await?;
    let after = changed(before.clone(), input, now);
    let references = db::database_reference::list(&mut tx, id).await?;
    if after.len() + references.len() > MOST {
        return Err(Error::field("set", format!("an application has at most {MOST} variables")));
    }
    if after != before || referred {
        let sealed = seal_variables(&app.vault, id, &after)?;
        db::application::set_variables(&mut tx, id, &sealed, now).await?;
        let happened = Happened {
            team: actor.team_id(),
            kind: "application.variables-changed",
            subject: Subject::Application(id.clone()),
            name: application.name.as_str(),
            message: format!(
                "variables of application `{}` were changed by {}: {named}",
                application.name, actor.user.email
            ),
        };
        let entry = happened.by(actor.author()).of(&application.destination_id);
        events::record(&mut tx, entry, now).await?;
        tx.commit().await?;
    }
    Ok(shown(after, references))
}

fn bounds(input: &ChangeVariables) -> Result<(), Error> {
    let sizes =
        [("set", input.set.len()), ("refer", input.refer.len()), ("remove", input.remove.len())];
    match sizes.into_iter().find(|(_, size)| *size > MOST) {
        Some((field, _)) => Err(Error::field(field, format!("at most {MOST} at once"))),
        None => Ok(()),
    }
}

/// A variable is taken from one place: from a database, or it has a value of its own. Whether
/// something of what is taken from databases is other than before.
async fn refer(
    tx: &mut Transaction,
    actor: &Actor,
    application: &Application,
    (input, now): (&ChangeVariables, Timestamp),
) -> Result<bool, Error> {
    let mut changed = false;
    let own = input.set.iter().map(|one| &one.name).chain(&input.remove);
    for name in own {
        changed |= db::database_reference::delete(tx, &application.id, name).await?;
    }
    for asked in &input.refer {
        changed |= references::set(tx, actor, application, (asked, now)).await?;
    }
    Ok(changed)
}

/// Names, and never a value.
fn named(input: &ChangeVariables) -> String {
    let set = input.set.iter().map(|one| one.name.to_string());
    let referred = input.refer.iter().map(|one| format!("{} from a database", one.name));
    let removed = input.remove.iter().map(|name| format!("{name} removed"));
    set.chain(referred).chain(removed).collect::<Vec<_>>().join(", ")
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
    for one in &input.refer {
        kept.remove(&one.name);
    }
    kept
}
