//! How an application on a swarm is, by what the swarm says of its tasks.

use std::{collections::HashMap, time::Duration};

use portolan_types::{ApplicationId, ApplicationState, ApplicationTask};
use tokio::time::sleep;

use super::{
    super::{
        super::{PassError, beside::Stage},
        Memory, Scene, state,
    },
    tally::Tally,
};
use crate::{
    db::{self, application::Wanted},
    host::{HostService, HostTask},
};

/// A swarm does not tell what becomes of a task on another node. It is asked again: soon at first where
/// not all of them run, and then more seldom.
const SOON: Duration = Duration::from_secs(2);
const SELDOM: Duration = Duration::from_mins(1);
/// As many are shown of a replica.
const SHOWN: usize = 3;

/// How long the pause is before the tasks of an application that is not whole are looked at again.
#[derive(Debug, Default)]
pub(in super::super) struct Watch(HashMap<ApplicationId, Duration>);

impl Watch {
    /// Forgets what is not kept here any more.
    pub(in super::super) fn keep(&mut self, is_kept: impl Fn(&ApplicationId) -> bool) {
        self.0.retain(|id, _| is_kept(id));
    }
}

/// Writes down how it is, and which tasks there are, where that is new.
pub(in super::super) async fn note(
    scene: &Scene<'_>,
    memory: &mut Memory,
) -> Result<(), PassError> {
    if scene.row.application.state == ApplicationState::Removing {
        return Ok(());
    }
    let name = scene.service_name();
    let is_it = |one: &&HostService| one.name == name && scene.is_its(one);
    let Some(service) = scene.seen.services.iter().find(is_it) else {
        put(scene, Vec::new()).await?;
        return state::write(scene, without(scene)).await;
    };
    let tasks = tasks(scene, service).await?;
    let tally = Tally { service, tasks: &tasks, seen: scene.seen };
    look_again(scene, memory, &tally);
    put(scene, shown(&tally)).await?;
    state::write(scene, judge(scene, &tally)).await
}

/// While all run, what was seen tells enough.
async fn tasks(scene: &Scene<'_>, service: &HostService) -> Result<Vec<HostTask>, PassError> {
    let its = |task: &&HostTask| task.service_id.as_ref() == Some(&service.docker_id);
    let tasks: Vec<HostTask> = scene.seen.tasks.iter().filter(its).cloned().collect();
    let tally = Tally { service, tasks: &tasks, seen: scene.seen };
    if tally.is_settled() {
        return Ok(tasks);
    }
    Ok(scene.host.list_service_tasks(&service.docker_id).await?)
}

fn look_again(scene: &Scene<'_>, memory: &mut Memory, tally: &Tally<'_>) {
    let id = &scene.row.application.id;
    let key = format!("watch:{id}");
    let waits = matches!(memory.beside.stage(&key), Stage::UnderWay);
    let before = memory.watch.0.get(id).copied();
    let is_whole = tally.is_settled();
    if waits && before.is_none() == is_whole {
        return;
    }
    let pause = match before {
        _ if is_whole => SELDOM,
        Some(before) => (before * 2).min(SELDOM),
        None => SOON,
    };
    if is_whole {
        memory.watch.0.remove(id);
    } else {
        memory.watch.0.insert(id.clone(), pause);
    }
    memory.beside.begin(&key, async move {
        sleep(pause).await;
        Ok(())
    });
}

async fn put(scene: &Scene<'_>, tasks: Vec<ApplicationTask>) -> Result<(), PassError> {
    if tasks == scene.row.tasks {
        return Ok(());
    }
    let mut conn = scene.app.db.acquire().await.map_err(crate::Error::from)?;
    let id = &scene.row.application.id;
    Ok(db::application::set_tasks(&mut conn, id, &tasks).await.map_err(crate::Error::from)?)
}

/// Those that are to run, and of a replica that does not the last that ended.
fn shown(tally: &Tally<'_>) -> Vec<ApplicationTask> {
    let mut all: Vec<&HostTask> = tally.tasks.iter().filter(|task| task.slot.is_some()).collect();
    all.sort_by_key(|task| (task.slot, task.is_past, std::cmp::Reverse(task.since)));
    let mut shown: Vec<ApplicationTask> = Vec::new();
    for task in all {
        let same = shown.iter().filter(|one| one.replica == task.slot);
        let (of_it, runs) = same.fold((0, false), |(count, runs), one| {
            (count + 1, runs || (one.wanted && one.state == "running"))
        });
        let is_told = !task.is_past || (task.has_failed() && !runs && of_it < SHOWN);
        if is_told {
            shown.push(told(tally, task));
        }
    }
    shown
}

fn told(tally: &Tally<'_>, task: &HostTask) -> ApplicationTask {
    let node = Some(&task.node_id).filter(|id| !id.is_empty());
    ApplicationTask {
        id: task.docker_id.clone(),
        replica: task.slot,
        node: node.map(|id| tally.seen.hostname(id).unwrap_or(id).to_owned()),
        state: task.state.clone(),
        error: task.error.clone(),
        since: task.since,
        wanted: !task.is_past,
    }
}

fn without(scene: &Scene<'_>) -> (ApplicationState, Option<String>) {
    let application = &scene.row.application;
    let Some(name) = &application.container else { return (ApplicationState::New, None) };
    if scene.row.wanted == Wanted::Stopped {
        return (ApplicationState::Stopped, None);
    }
    let why = format!(
        "service `{name}` is gone; make it again (`start_application`), or deploy anew \
         (`deploy_application`)"
    );
    (ApplicationState::Missing, Some(why))
}

fn judge(scene: &Scene<'_>, tally: &Tally<'_>) -> (ApplicationState, Option<String>) {
    if scene.row.application.container.is_none() {
        return (ApplicationState::New, None);
    }
    match (tally.wanted(), scene.row.wanted) {
        (0, Wanted::Stopped) => (ApplicationState::Stopped, None),
        (0, Wanted::Running) => {
            let why = "its service is to run no replica; start it (`start_application`)";
            (ApplicationState::Down, Some(why.to_owned()))
        }
        (wanted, _) if tally.up() >= wanted => (ApplicationState::Running, None),
        _ => (falls_short(tally), Some(tally.up_in_words())),
    }
}

fn falls_short(tally: &Tally<'_>) -> ApplicationState {
    match (tally.up(), tally.trouble()) {
        (_, None) => ApplicationState::Starting,
        (0, Some(_)) if tally.is_failing() => ApplicationState::Restarting,
        (0, Some(_)) => ApplicationState::Down,
        (_, Some(_)) => ApplicationState::Unhealthy,
    }
}
