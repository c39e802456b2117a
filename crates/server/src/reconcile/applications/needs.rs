//! What a service of a stack waits for before it is deployed: that others run, or are healthy.

use portolan_types::{ApplicationState, Failure, OperationKind, OperationState, Timestamp};

use super::{
    super::{recorder::failure, work::Halt},
    Scene,
    job::Job,
};
use crate::{
    Error,
    db::{self, stack::service::Needed},
};

/// How long what was just done may not have been seen yet.
const UNSEEN_MILLIS: i64 = 20_000;

/// How far one of them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Met,
    Comes,
    Fails,
}

/// Whether a deployment waits for another one. It stays queued, and holds nobody up.
pub(super) async fn waits(scene: &Scene<'_>) -> Result<bool, Error> {
    if scene.row.work != Some(OperationKind::DeployApplication) {
        return Ok(false);
    }
    let needed = list(scene).await?;
    let now = Timestamp::now();
    let comes = needed.iter().any(|one| stand(one, now) == Stand::Comes);
    Ok(comes && !needed.iter().any(|one| stand(one, now) == Stand::Fails))
}

/// Refuses to begin without what is needed.
pub(super) async fn check(job: &mut Job<'_>) -> Result<(), Halt> {
    if job.open.needs_met {
        return Ok(());
    }
    let (needed, now) = (list(job.scene).await?, Timestamp::now());
    if let Some(one) = needed.iter().find(|one| stand(one, now) == Stand::Fails) {
        return Err(lacking(one).into());
    }
    job.open.needs_met = true;
    Ok(())
}

async fn list(scene: &Scene<'_>) -> Result<Vec<Needed>, Error> {
    if scene.row.application.stack_id.is_none() {
        return Ok(Vec::new());
    }
    let mut conn = scene.app.db.acquire().await?;
    Ok(db::stack::service::list_needed(&mut conn, &scene.row.application.id).await?)
}

fn stand(one: &Needed, now: Timestamp) -> Stand {
    let just_done = |at: Timestamp| now.as_millis() - at.as_millis() < UNSEEN_MILLIS;
    match (one.work, one.state) {
        (Some(OperationState::Queued | OperationState::Running), _) => Stand::Comes,
        (_, ApplicationState::Running) => Stand::Met,
        (_, ApplicationState::Starting) if one.healthy => Stand::Comes,
        (_, state) if state.is_up() && !one.healthy => Stand::Met,
        // What it came to is written down at the next look.
        (Some(OperationState::Succeeded), _) if one.finished_at.is_some_and(just_done) => {
            Stand::Comes
        }
        (_, _) => Stand::Fails,
    }
}

fn lacking(one: &Needed) -> Failure {
    let wanted = if one.healthy { "healthy" } else { "running" };
    let why = one.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    failure(
        "needed-service-fails",
        format!("service `{}`, which it needs, is not {wanted} but {}{why}", one.name, one.state),
        "see why in its deployments (`list_deployments`), and apply the stack again (`apply_stack`)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_waits_for_what_comes_and_not_for_what_fails() {
        let now = Timestamp::now();
        let needed = |work, state, healthy| {
            let (name, reason) = ("db".parse().expect("a name"), None);
            Needed { name, healthy, state, reason, work, finished_at: Some(now) }
        };
        let (done, failed) = (Some(OperationState::Succeeded), Some(OperationState::Failed));
        let running = Some(OperationState::Running);
        for (work, state, healthy, expected) in [
            (running, ApplicationState::New, true, Stand::Comes),
            (running, ApplicationState::Running, false, Stand::Comes),
            (done, ApplicationState::New, true, Stand::Comes),
            (done, ApplicationState::Running, true, Stand::Met),
            (done, ApplicationState::Starting, true, Stand::Comes),
            (done, ApplicationState::Starting, false, Stand::Met),
            (failed, ApplicationState::New, false, Stand::Fails),
            (failed, ApplicationState::Unhealthy, true, Stand::Fails),
            (failed, ApplicationState::Unhealthy, false, Stand::Met),
            (failed, ApplicationState::Running, true, Stand::Met),
            (None, ApplicationState::Stopped, false, Stand::Fails),
        ] {
            let one = needed(work, state, healthy);
            assert_eq!(stand(&one, now), expected, "{one:?}");
        }
    }
}
