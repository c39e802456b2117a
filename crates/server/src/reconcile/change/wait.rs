//! Waiting for a swarm to replace tasks, or for a node to answer. The keeper does other work
//! meanwhile: a later look goes on.

use std::time::Duration;

use portolan_types::{Failure, Timestamp};

use super::{
    super::{recorder::failure, work::Halt},
    Change,
    scene::Scene,
    swarm,
};
use crate::{
    Error, db,
    destinations::change::{Course, Waiting},
};

/// How long nothing may get on. Images are pulled and delays kept in this time.
const LONGEST: Duration = Duration::from_mins(15);

impl Change<'_> {
    /// Says what is waited for, or gives up what does not get on.
    pub(super) async fn wait(&mut self, reasons: Vec<String>) -> Result<(), Halt> {
        let now = Timestamp::now();
        let before = self.memo.waiting.as_ref();
        if let Some(before) = before.filter(|before| before.reasons == reasons) {
            let waited = now.as_millis().saturating_sub(before.since.as_millis());
            if u128::try_from(waited).unwrap_or_default() < LONGEST.as_millis() {
                return Ok(());
            }
            return Err(too_long(&reasons).into());
        }
        if before.is_none() {
            let step = self.work.recorder.begin("wait").await?;
            self.work.recorder.done(step, &said(&reasons)).await?;
        }
        let reason = said(&reasons);
        self.memo.waiting = Some(Waiting { since: now, reasons });
        self.save().await?;
        Ok(self.say(&reason).await?)
    }

    /// Nothing is waited for. What Docker gave up meanwhile ends the way to the new options; on the
    /// way back it is told anew what it is to be. A stranger ends both: it would be left behind.
    pub(super) fn go_on(&mut self, scene: &Scene) -> Result<(), Failure> {
        self.memo.waiting = None;
        let destination = &self.work.row.destination;
        let ids = scene.network_ids();
        if let Some(failure) = swarm::stranger(destination, &ids, &scene.seen, &scene.reach) {
            return Err(failure);
        }
        let given_up = scene.halted().filter(|_| self.memo.course == Course::Forward);
        given_up.map_or(Ok(()), |(service, how)| Err(swarm::halted(service, &how)))
    }

    async fn say(&self, reason: &str) -> Result<(), Error> {
        let mut conn = self.work.app.db.acquire().await?;
        let id = &self.work.row.destination.id;
        Ok(db::destination::set_changing_reason(&mut conn, id, reason).await?)
    }
}

fn said(reasons: &[String]) -> String {
    format!("it goes on by itself: {}", reasons.join("; "))
}

fn too_long(reasons: &[String]) -> Failure {
    failure(
        "swarm-does-not-get-on",
        format!(
            "nothing has got on for {} minutes: {}",
            LONGEST.as_secs() / 60,
            reasons.join("; ")
        ),
        "see `docker service ps` and `docker node ls` on a manager for what holds it",
    )
}
