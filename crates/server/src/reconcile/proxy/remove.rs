//! Removing a proxy: its containers and its network. The volume stays, with certificates in it, so
//! that a proxy that is set again does not ask for all of them anew.

use portolan_types::Timestamp;

use super::{
    super::{recorder::Recorder, work::Halt},
    definition::{CHECK, GRACE, NAME, NETWORK, NEXT, OLD, is_ours, volume},
    down,
    job::{Job, happened},
    routes,
};
use crate::{
    Error, db, events,
    host::{HostError, label},
};

pub(super) async fn run(job: &Job<'_>) -> Result<(), Halt> {
    job.step("remove", containers(job)).await?;
    job.step("network", network(job)).await?;
    Ok(gone(job, &job.recorder).await?)
}

/// A stranger's container of that name is left alone.
async fn containers(job: &Job<'_>) -> Result<((), String), Halt> {
    let host = job.scene.host;
    let mut removed = 0_u32;
    for name in [CHECK, NEXT, OLD, NAME] {
        let found = job.answer(host.find_container(name).await, "look for the proxy")?;
        let Some(found) = found.filter(|found| is_ours(job.scene, found)) else { continue };
        let id = &found.member.docker_id;
        job.answer(host.stop_container(id, GRACE).await, "stop the proxy")?;
        job.answer(host.remove_container(id).await, "remove the proxy's container")?;
        removed += 1;
    }
    let volume = volume(job.scene.row.proxy.kind);
    let detail = match removed {
        0 => "there was no container".to_owned(),
        _ => format!("the container was removed; volume `{volume}` stays, with its certificates"),
    };
    Ok(((), detail))
}

async fn network(job: &Job<'_>) -> Result<((), String), Halt> {
    let host = job.scene.host;
    let found = job.answer(host.find_network(NETWORK).await, "look for the proxy's network")?;
    let server = job.scene.server.server.id.as_str();
    let ours = |labels: &std::collections::BTreeMap<String, String>| {
        labels.get(label::PROXY).is_some_and(|id| id == server)
    };
    let Some(found) = found.filter(|found| ours(&found.labels)) else {
        return Ok(((), "it is not there".to_owned()));
    };
    match host.remove_network(&found.docker_id).await {
        Ok(()) => Ok(((), format!("network `{NETWORK}` was removed"))),
        Err(HostError::Docker { message, .. }) => {
            Ok(((), format!("network `{NETWORK}` stays, because of others on it: {message}")))
        }
        Err(error) => job.answer(Err(error), "remove the proxy's network"),
    }
}

/// The row goes, in one transaction with its event and the end of the operation.
async fn gone(job: &Job<'_>, recorder: &Recorder<'_>) -> Result<(), Error> {
    let now = Timestamp::now();
    let app = job.scene.app;
    let mut ended = Vec::new();
    let mut tx = app.db.begin().await?;
    if db::proxy::delete_gone(&mut tx, &job.scene.server.server.id, now).await? {
        routes::lead_nowhere(&mut tx, job.scene, "the server has no proxy").await?;
        ended = down::forget(&mut tx, job.scene, now).await?;
        let event = happened(job.scene, "proxy.removed", "was removed");
        events::record(&mut tx, event, now).await?;
    }
    recorder.finish(&mut tx, None).await?;
    tx.commit().await?;
    recorder.tell();
    for operation in &ended {
        app.changed(operation);
    }
    Ok(())
}
