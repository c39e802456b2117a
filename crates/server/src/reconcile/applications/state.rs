//! How an application is, by what was seen of its container.

use portolan_types::{ApplicationState, Subject, Timestamp};

use super::{super::PassError, Scene};
use crate::{
    Error,
    applications::{in_its_words, word},
    db::{self, application::Wanted},
    events::{self, Happened},
    host::HostContainer,
};

/// Writes down how it is, when that is new, and tells of it.
pub(super) async fn note(scene: &Scene<'_>) -> Result<(), PassError> {
    let application = &scene.row.application;
    if application.state == ApplicationState::Removing {
        return Ok(());
    }
    write(scene, judge(scene)).await
}

/// Whether that is new is compared first.
pub(super) async fn write(
    scene: &Scene<'_>,
    (state, reason): (ApplicationState, Option<String>),
) -> Result<(), PassError> {
    let application = &scene.row.application;
    let reason = reason.map(|reason| in_its_words(application, &reason).into_owned());
    if state == application.state && reason == application.reason {
        return Ok(());
    }
    let mut tx = scene.app.db.begin().await?;
    let told = (state, reason.as_deref());
    if db::application::set_state(&mut tx, &application.id, told).await? {
        if state != application.state {
            tell(&mut tx, scene, told).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

fn judge(scene: &Scene<'_>) -> (ApplicationState, Option<String>) {
    let application = &scene.row.application;
    let Some(name) = &application.container else { return (ApplicationState::New, None) };
    let found = scene.containers().find(|one| one.member.name == name.as_str());
    match (found, scene.row.wanted) {
        (Some(one), wanted) => of_container(one, wanted),
        (None, Wanted::Stopped) => (ApplicationState::Stopped, None),
        (None, Wanted::Running) => {
            let why = format!(
                "container `{name}` is gone; make it again (`start_application`), or deploy anew \
                 (`deploy_application`)"
            );
            (ApplicationState::Missing, Some(why))
        }
    }
}

fn of_container(one: &HostContainer, wanted: Wanted) -> (ApplicationState, Option<String>) {
    let code = one.exit_code.unwrap_or_default();
    match (one.member.state.as_str(), one.health.as_deref()) {
        ("running", Some("starting")) => (ApplicationState::Starting, None),
        ("running", Some("unhealthy")) => {
            (ApplicationState::Unhealthy, Some("its health check fails".to_owned()))
        }
        ("running", _) => (ApplicationState::Running, None),
        ("restarting", _) => {
            let why = format!("its program ends again and again (exit code {code})");
            (ApplicationState::Restarting, Some(why))
        }
        (_, _) if wanted == Wanted::Stopped => (ApplicationState::Stopped, None),
        ("exited", _) => {
            let why = format!("its program ended with code {code}; start it (`start_application`)");
            (ApplicationState::Down, Some(why))
        }
        (state, _) => {
            let why = format!("its container is {state}; start it (`start_application`)");
            (ApplicationState::Down, Some(why))
        }
    }
}

/// The kind's last word says whether that is bad.
const fn kind(state: ApplicationState) -> &'static str {
    match state {
        ApplicationState::New => "application.undeployed",
        ApplicationState::Starting => "application.starting",
        ApplicationState::Running => "application.running",
        ApplicationState::Unhealthy => "application.not-healthy",
        ApplicationState::Restarting | ApplicationState::Down => "application.not-running",
        ApplicationState::Stopped => "application.stopped",
        ApplicationState::Missing => "application.missing",
        ApplicationState::Removing => "application.removing",
    }
}

async fn tell(
    tx: &mut db::Transaction,
    scene: &Scene<'_>,
    (state, reason): (ApplicationState, Option<&str>),
) -> Result<(), Error> {
    let application = &scene.row.application;
    let because = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let happened = Happened {
        team: &scene.row.team_id,
        kind: kind(state),
        subject: Subject::Application(application.id.clone()),
        name: application.name.as_str(),
        message: format!("{} `{}` is {state}{because}", word(application), application.name),
    };
    let entry = happened.by(events::portolan("keeper")).of(&application.destination_id);
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
