//! Another database of one, with its data: its engine, its configuration, and its passwords, which are in the
//! data. They are copied before the clone is started for the first time (`reconcile::applications`), while the
//! original stands still.

use portolan_types::{
    ApplicationId, CloneDatabase, ClonedDatabase, CreateApplication, DatabaseConfig, DatabaseId,
    Destination, Right,
};

use super::{Found, create, find, note, secrets::Passwords, show, spec, template};
use crate::{
    Actor, App, Error,
    applications::{cloning, moves, work::check_stays},
    db::{self, application::Wanted, database::Kept},
    jobs,
};

/// Makes another database of one, and deploys it.
pub async fn clone(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
    input: CloneDatabase,
) -> Result<ClonedDatabase, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, &id.into()).await?;
    let original = find(&mut tx, actor, id).await?;
    let runs = &original.row.application;
    actor.require_on(Right::Manage, &runs.project_id)?;
    check_still(&original)?;
    let whither = (input.environment_id.as_ref(), input.destination_id.as_ref());
    let (environment, to) = cloning::whither(&mut tx, actor, runs, whither).await?;
    let (config, left_out) = parted(&original, &to);
    let wanted = CreateApplication {
        environment_id: environment.id,
        destination_id: Some(to.id),
        name: input.name,
        spec: spec::of(template::find(&original.kept.engine)?, &original.kept.version, &config)?,
    };
    let (kept, passwords) = kept(app, &original, config)?;
    let made = create::write(&mut tx, (app, actor), wanted, (&kept, &passwords)).await?;
    cloning::fill(&mut tx, (runs, &made)).await?;
    jobs::copy(&mut tx, actor, (&runs.id, &made)).await?;
    create::deploy(&mut tx, (app, actor), &kept.id).await?;
    let found = find(&mut tx, actor, &kept.id).await?;
    note(&mut tx, actor, (None, &found)).await?;
    tx.commit().await?;
    app.wake(&made.server_id);
    Ok(ClonedDatabase { database: show(app, actor, &kept.id).await?, left_out })
}

/// What is read while an engine writes is not whole.
fn check_still(original: &Found) -> Result<(), Error> {
    let runs = &original.row.application;
    check_stays(runs)?;
    moves::check_confirmed(runs)?;
    if original.row.wanted == Wanted::Stopped {
        return Ok(());
    }
    Err(Error::refused(
        "original-runs",
        format!("database `{}` runs, and writes to the data that would be copied", runs.name),
        "stop it (`stop_database`), clone it, and start it (`start_database`) once the clone runs",
    ))
}

/// A port has one owner on a host.
fn parted(original: &Found, to: &Destination) -> (DatabaseConfig, Vec<String>) {
    let mut config = original.kept.config.clone();
    if to.server_id != original.row.application.server_id {
        return (config, Vec::new());
    }
    let port = config.public.take();
    (config, port.iter().map(|one| format!("port {} of the host", one.port)).collect())
}

/// The script of the original has done its work.
fn kept(app: &App, original: &Found, config: DatabaseConfig) -> Result<(Kept, Passwords), Error> {
    let id = DatabaseId::from(&ApplicationId::generate());
    let passwords = Passwords::open(&app.vault, &original.kept)?;
    let sealed_passwords = passwords.seal(&app.vault, &id)?;
    let kept = Kept { id, config, sealed_passwords, sealed_script: None, ..original.kept.clone() };
    Ok((kept, passwords))
}
