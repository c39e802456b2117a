//! `portolan database`: what databases there are, made and changed. Work on what runs is in `work`.

use std::path::{Path, PathBuf};

use portolan_types::{
    ApplicationName, CreateDatabase, CreatedDatabase, CredentialName, Database, DatabaseConfig,
    DatabasePassword, DatabaseTemplates, DatabaseVersion, Destination, EngineName, Environment,
    InitialScript, UpdateDatabase,
};

use crate::{
    ask::{read_secret, read_text},
    client::Client,
    commands::operation::accompany_subject,
    failure::Outcome,
    find::{Reference, find, find_any},
    list::{Listing, collect},
    printer::{Format, Line, Printer, Style},
    watch::Wait,
};

pub(crate) mod backups;
pub(crate) mod schedule;
mod view;
pub(crate) mod work;

/// Which databases are wanted.
#[derive(Debug)]
pub(crate) struct Of {
    pub(crate) environment: Option<Reference>,
    pub(crate) destination: Option<Reference>,
}

pub(crate) async fn engines(client: &Client, printer: &Printer) -> anyhow::Result<()> {
    let engines: DatabaseTemplates = client.get("/v1/database-templates", &[]).await?;
    match printer.format() {
        Format::Json => printer.json(&engines)?,
        Format::Text => printer.table(&view::engines(&engines.items))?,
    }
    Ok(())
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    of: &Of,
    listing: Listing,
) -> anyhow::Result<()> {
    let environment: Option<Environment> = find_any(client, of.environment.as_ref()).await?;
    let destination: Option<Destination> = find_any(client, of.destination.as_ref()).await?;
    let environment = environment.map(|one| ("environment_id", one.id.to_string()));
    let destination = destination.map(|one| ("destination_id", one.id.to_string()));
    let filters: Vec<_> = environment.into_iter().chain(destination).collect();
    let page = collect(client, "/v1/databases", &filters, listing).await?;
    let when_empty = "no databases: add one with `portolan database add NAME --environment \
                      PROJECT/NAME --engine ENGINE`";
    printer.page(&page, view::table, when_empty)?;
    Ok(())
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let database: Database = find(client, wanted).await?;
    printer.one(&database, view::details)?;
    Ok(())
}

/// A database to add.
#[derive(Debug)]
pub(crate) struct NewDatabase {
    pub(crate) name: ApplicationName,
    pub(crate) environment: Reference,
    pub(crate) destination: Option<Reference>,
    pub(crate) engine: EngineName,
    pub(crate) version: Option<DatabaseVersion>,
    pub(crate) user: Option<CredentialName>,
    pub(crate) database: Option<CredentialName>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) script: Option<PathBuf>,
    pub(crate) config: DatabaseConfig,
}

/// Only the password is data: `PASSWORD=$(portolan database add ...)` works.
pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    new: NewDatabase,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let password = new.password_file.as_deref().map(password).transpose()?;
    let script = new.script.as_deref().map(script).transpose()?;
    let environment: Environment = find(client, &new.environment).await?;
    let destination: Option<Destination> = find_any(client, new.destination.as_ref()).await?;
    let request = CreateDatabase {
        environment_id: environment.id,
        destination_id: destination.map(|one| one.id),
        name: new.name,
        engine: new.engine,
        version: new.version,
        user: new.user,
        database: new.database,
        password,
        config: new.config,
        script,
    };
    let made: CreatedDatabase = client.create("/v1/databases", &request).await?;
    let one = &made.database;
    if printer.format() == Format::Json {
        printer.json(&made)?;
    } else {
        let words =
            format!("made database `{}` ({}); its password is shown only now:", one.name, one.url);
        printer.say(&Line::plain(words));
        printer.line(made.password.expose())?;
    }
    accompany_subject(client, printer, one.operation_id.as_ref(), wait).await
}

fn password(file: &Path) -> anyhow::Result<DatabasePassword> {
    use secrecy::ExposeSecret;
    Ok(read_secret(file)?.expose_secret().parse()?)
}

fn script(file: &Path) -> anyhow::Result<InitialScript> {
    Ok(read_text(file)?.parse()?)
}

/// Changes the configuration, and deploys it where that is wanted.
pub(crate) async fn edit<F>(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    (config, then): (F, Option<Wait>),
) -> anyhow::Result<Outcome>
where
    F: FnOnce(DatabaseConfig) -> DatabaseConfig,
{
    let before: Database = find(client, wanted).await?;
    let change = UpdateDatabase { config: Some(config(before.config)) };
    let path = format!("/v1/databases/{}", before.id);
    let after: Database = client.change(&path, &change).await?;
    let Some(wait) = then else {
        printer.one(&after, view::details)?;
        let Database { project_name, environment_name, name, .. } = &after;
        printer.say(&Line::styled(
            Style::Dim,
            format!(
                "deploy it with `portolan database deploy {project_name}/{environment_name}/{name}`"
            ),
        ));
        return Ok(Outcome::Done);
    };
    let outcome = work::deploy_and_follow(client, printer, &after, wait).await?;
    let now: Database = client.get(&path, &[]).await?;
    printer.one(&now, view::details)?;
    Ok(outcome)
}
