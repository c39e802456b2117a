//! A new database: its rows, the passwords that it gets, and its first deployment.

use portolan_types::{
    Application, ApplicationId, CreateApplication, CreateDatabase, CredentialName, DatabaseId,
    DatabasePassword, DatabaseVersion, Destination, DestinationKind, Timestamp, VariableName,
    VariableValue,
};

use super::{
    secrets::{self, Passwords},
    spec,
    template::{self, Template},
};
use crate::{
    Actor, App, Error,
    applications::{
        self, deployments,
        plan::{Kept as Variable, Kepts, seal_variables},
    },
    db::{self, Transaction, database::Kept},
    destinations,
};

/// Writes all of it down; answers its id and its password.
pub(super) async fn make(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    input: CreateDatabase,
) -> Result<(DatabaseId, DatabasePassword), Error> {
    let template = template::find(&input.engine)?;
    let version = version(template, input.version.as_ref())?;
    let runs = CreateApplication {
        environment_id: input.environment_id.clone(),
        destination_id: input.destination_id.clone(),
        name: input.name.clone(),
        spec: spec::of(template, &version, &input.config)?,
    };
    let passwords = Passwords {
        user: input.password.clone().unwrap_or_else(DatabasePassword::generate),
        root: DatabasePassword::generate(),
    };
    let id = DatabaseId::from(&ApplicationId::generate());
    let kept = kept(app, template, (id, version), (input, &passwords))?;
    write(tx, (app, actor), runs, (&kept, &passwords)).await?;
    deploy(tx, (app, actor), &kept.id).await?;
    Ok((kept.id, passwords.user.clone()))
}

/// Writes a database down with the application that runs it.
pub(super) async fn write(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    runs: CreateApplication,
    (kept, passwords): (&Kept, &Passwords),
) -> Result<Application, Error> {
    let template = template::find(&kept.engine)?;
    let made = applications::add(tx, actor, (&kept.id).into(), runs).await?;
    check_place(&destinations::find(tx, actor, &made.destination_id).await?)?;
    db::database::insert(tx, actor.team_id(), kept).await?;
    let values = secrets::all_values(template, (kept, passwords), &made.name);
    let sealed = seal_variables(&app.vault, &made.id, &variables(template, values)?)?;
    db::application::set_variables(tx, &made.id, &sealed, Timestamp::now()).await?;
    Ok(made)
}

/// Asks for its first deployment.
pub(super) async fn deploy(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    id: &DatabaseId,
) -> Result<(), Error> {
    let row = applications::find(tx, actor, &id.into()).await?;
    deployments::begin_wanted(tx, (app, actor), (&row, false)).await?;
    Ok(())
}

/// The usual one, or one of a series that is offered: data of others may need other arguments.
fn version(template: &Template, asked: Option<&DatabaseVersion>) -> Result<DatabaseVersion, Error> {
    let asked = asked.or(template.versions.first());
    let offered = |one: &&DatabaseVersion| {
        let series = template.series_of(one);
        series.is_some() && template.versions.iter().any(|two| template.series_of(two) == series)
    };
    asked.filter(offered).cloned().ok_or_else(|| {
        let known: Vec<&str> = template.versions.iter().map(DatabaseVersion::as_str).collect();
        let (title, known) = (&template.title, known.join(", "));
        Error::field("version", format!("{title} is offered as {known}, and what is below these"))
    })
}

/// A volume is on one node: tasks of a service would find another one on each.
fn check_place(destination: &Destination) -> Result<(), Error> {
    if destination.kind != DestinationKind::Swarm {
        return Ok(());
    }
    Err(Error::refused(
        "database-on-swarm",
        format!("destination `{}` is an overlay of a swarm", destination.name),
        "choose a destination of a server that stands alone: data stay on one machine",
    ))
}

fn kept(
    app: &App,
    template: &Template,
    (id, version): (DatabaseId, DatabaseVersion),
    (input, passwords): (CreateDatabase, &Passwords),
) -> Result<Kept, Error> {
    let title = &template.title;
    let user = named("user", input.user, (template.user.as_ref(), title))?;
    if user.as_ref().is_some_and(|user| template.reserved_users.contains(user)) {
        return Err(Error::field("user", format!("this is a user of {title} itself")));
    }
    let database = named("database", input.database, (template.database.as_ref(), title))?;
    let sealed_script = match (&input.script, &template.script) {
        (None, _) => None,
        (Some(script), Some(_)) => Some(secrets::seal_script(&app.vault, &id, script)?),
        (Some(_), None) => {
            return Err(Error::field("script", format!("{title} runs none when it is made")));
        }
    };
    Ok(Kept {
        sealed_passwords: passwords.seal(&app.vault, &id)?,
        id,
        engine: input.engine,
        version,
        config: input.config,
        user,
        database,
        sealed_script,
    })
}

/// The name that was asked for, or the usual one; an engine that has none takes none.
fn named(
    field: &str,
    asked: Option<CredentialName>,
    (usual, title): (Option<&CredentialName>, &str),
) -> Result<Option<CredentialName>, Error> {
    match (asked, usual) {
        (Some(_), None) => Err(Error::field(field, format!("{title} has none"))),
        (asked, usual) => Ok(asked.or_else(|| usual.cloned())),
    }
}

fn variables(template: &Template, values: impl Fn(&str) -> Option<String>) -> Result<Kepts, Error> {
    let now = Timestamp::now();
    let kept = |(name, text, secret): (&VariableName, String, bool)| {
        let value: VariableValue = text.parse().map_err(|invalid: portolan_types::Invalid| {
            Error::field("engine", invalid.to_string())
        })?;
        Ok((name.clone(), Variable { value, secret, build: false, updated_at: now }))
    };
    template.variables(values).map(kept).collect()
}
