//! Whether a service has become what it is to be: all its replicas run, which means that they are
//! healthy where that is checked, none of those before is left, and it answers at its port.

use std::{collections::BTreeSet, net::IpAddr};

use portolan_types::Failure;
use tokio::time::Instant;

use super::{
    super::{
        super::{
            recorder::failure,
            verify::{Knocked, knock},
            work::Halt,
        },
        course::Course,
        job::{Job, has_passed},
        ready::{Readiness, STANDS},
    },
    tally::Tally,
};
use crate::host::{HostService, SwarmEndpoint};

/// So many addresses are tried in a look.
const AT_ONCE: usize = 4;

/// One look. That it never will be ready is a failure.
pub(super) async fn check(
    job: &mut Job<'_>,
    course: &Course,
    service: &HostService,
) -> Result<Readiness, Halt> {
    let begun = job.enter("ready").await?;
    let tasks = job.scene.host.list_service_tasks(&service.docker_id).await;
    let tasks = job.answer(tasks, "list the tasks")?;
    let tally = Tally { service, tasks: &tasks, seen: job.scene.seen };
    if tally.is_lost() {
        return Err(not_ready(service, &tally.in_words()).into());
    }
    let since = progress(job, tally.running());
    let mut so_far = tally.in_words();
    if tally.is_settled() {
        match stands(job, course, (&tally, begun)).await? {
            Ok(words) => {
                job.leave(&format!("{so_far}; {words}")).await?;
                return Ok(Readiness::Ready);
            }
            Err(missing) => so_far = format!("{so_far}, {missing}"),
        }
    }
    job.say(&so_far).await?;
    let limit = course.plan.spec.ready_within_seconds.duration();
    if has_passed(since, limit) {
        let why = format!("nothing came of it within {} seconds: {so_far}", limit.as_secs());
        return Err(not_ready(service, &why).into());
    }
    Ok(Readiness::NotYet)
}

/// Each batch has its time: since when no further replica is ready.
fn progress(job: &mut Job<'_>, running: usize) -> Instant {
    match job.open.ready {
        Some((before, since)) if before >= running => since,
        Some(_) | None => job.open.ready.insert((running, Instant::now())).1,
    }
}

/// What shows that it is well, or what is missing to that.
async fn stands(
    job: &mut Job<'_>,
    course: &Course,
    (tally, begun): (&Tally<'_>, Instant),
) -> Result<Result<String, String>, Halt> {
    match (&course.plan.spec.health, course.plan.spec.port) {
        (Some(_), _) => Ok(Ok("their health checks pass".to_owned())),
        (None, Some(port)) => answers(job, tally, port.get()).await,
        (None, None) if has_passed(begun, STANDS) => Ok(Ok("there is nothing to check".to_owned())),
        (None, None) => Ok(Err("for a moment".to_owned())),
    }
}

/// Each address is tried until it has answered once.
async fn answers(
    job: &mut Job<'_>,
    tally: &Tally<'_>,
    port: u16,
) -> Result<Result<String, String>, Halt> {
    let scene = job.scene;
    let network = scene.seen.networks.iter().find(|one| one.name == scene.row.network);
    let Some(network) = network.map(|network| network.docker_id.as_str()) else {
        return Ok(Err("and the network was not seen yet".to_owned()));
    };
    let addresses = addresses(tally, network);
    let (server, operation) = (&scene.server.server, &job.recorder.id);
    let untried: Vec<IpAddr> = addresses.difference(&job.open.answered).copied().collect();
    for address in untried.iter().take(AT_ONCE) {
        let to = (network, (*address, port));
        let knocked = knock(scene.host.as_ref(), server, operation, to).await;
        match job.answer(knocked, "try whether it answers")? {
            Knocked::Answered => drop(job.open.answered.insert(*address)),
            Knocked::NotYet => return Ok(Err(silent(tally, *address, port))),
            Knocked::Untried => return Ok(Ok("no probe runs on this machine".to_owned())),
        }
    }
    if addresses.is_empty() || !addresses.iter().all(|one| job.open.answered.contains(one)) {
        return Ok(Err(format!("and not all of them were tried at port {port} yet")));
    }
    Ok(Ok(format!("it answers at port {port}")))
}

fn silent(tally: &Tally<'_>, address: IpAddr, port: u16) -> String {
    let shared = tally.service.endpoints.iter().any(|one| one.address.is_some());
    let hint = if shared {
        "; where a node's kernel cannot share an address (it has no IPVS), let its names lead to its \
         replicas (`balance`)"
    } else {
        ""
    };
    format!("and nothing answers at {address}, port {port}{hint}")
}

/// The one that all replicas share, or else those of each.
fn addresses(tally: &Tally<'_>, network: &str) -> BTreeSet<IpAddr> {
    let on_it = |places: &[SwarmEndpoint]| -> Vec<IpAddr> {
        let places = places.iter().filter(|one| one.network_id == network);
        places.filter_map(|one| one.address.as_deref()?.parse().ok()).collect()
    };
    match on_it(&tally.service.endpoints).as_slice() {
        [] => tally.new_running().flat_map(|task| on_it(&task.endpoints)).collect(),
        [shared, ..] => BTreeSet::from([*shared]),
    }
}

fn not_ready(service: &HostService, why: &str) -> Failure {
    failure(
        "not-ready",
        format!("service `{}` did not become ready: {why}", service.name),
        "what served before comes back; correct the image, the variables or the health check \
         (`update_application`), and deploy again (`deploy_application`)",
    )
}
