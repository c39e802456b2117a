//! What containers of a fake engine say, for those who read it line by line.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt};
use portolan_types::{LogLine, LogStream, Timestamp};
use tokio::sync::{broadcast, watch};

use super::{FakeEngine, lock, lost};
use crate::host::{Follow, HostError, HostEvent, LineQuery};

impl FakeEngine {
    /// Lets a container say a line.
    pub fn say(&self, container: &str, stream: LogStream, text: &str) {
        let at = Some(Timestamp::now());
        self.say_at(container, LogLine { stream, at, text: text.to_owned() });
    }

    /// The same at another time.
    pub fn say_at(&self, container: &str, line: LogLine) {
        let mut world = lock(&self.world);
        let Some(id) = world.container(container).map(|one| one.member.docker_id.clone()) else {
            return;
        };
        world.spoken.entry(id).or_default().push(line);
        drop(world);
        self.spoke.send_modify(|spoken| *spoken += 1);
    }

    /// Completes when so many follow what containers say.
    pub async fn has_followers(&self, count: usize) {
        // It lives as long as the engine, so the wait ends with the right number.
        drop(self.followers.subscribe().wait_for(|followers| *followers == count).await);
    }
}

/// Held by who follows: when it is gone, nobody does.
pub(super) struct Follower(Arc<FakeEngine>);

impl Follower {
    pub(super) fn new(engine: &Arc<FakeEngine>) -> Self {
        engine.followers.send_modify(|followers| *followers += 1);
        Self(engine.clone())
    }

    pub(super) fn engine(&self) -> &FakeEngine {
        &self.0
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.followers.send_modify(|followers| *followers -= 1);
    }
}

pub(super) fn open(
    engine: &Arc<FakeEngine>,
    docker_id: &str,
    query: &LineQuery,
) -> BoxStream<'static, Result<LogLine, HostError>> {
    let reading = Reading {
        docker_id: docker_id.to_owned(),
        query: *query,
        next: first(engine, docker_id, query),
        spoke: engine.spoke.subscribe(),
        events: engine.events.subscribe(),
        up: engine.up.subscribe(),
        follower: Follower::new(engine),
    };
    stream::unfold(Some(reading), |reading| async {
        let mut reading = reading?;
        let line = reading.next().await?;
        let rest = line.is_ok().then_some(reading);
        Some((line, rest))
    })
    .boxed()
}

/// From where on, so that as many lines are left as are wanted.
fn first(engine: &FakeEngine, docker_id: &str, query: &LineQuery) -> usize {
    let world = lock(&engine.world);
    let all = world.spoken.get(docker_id).map_or(&[][..], Vec::as_slice);
    let wanted = all.iter().filter(|line| is_within(line, query)).count();
    let skipped = wanted.saturating_sub(query.lines as usize);
    let mut places = all.iter().enumerate().filter(|(_, line)| is_within(line, query));
    places.nth(skipped).map_or(all.len(), |(place, _)| place)
}

fn is_within(line: &LogLine, query: &LineQuery) -> bool {
    query.since.is_none_or(|since| line.at >= Some(since))
        && query.until.is_none_or(|until| line.at <= Some(until))
}

struct Reading {
    docker_id: String,
    query: LineQuery,
    next: usize,
    spoke: watch::Receiver<usize>,
    events: broadcast::Receiver<HostEvent>,
    up: watch::Receiver<bool>,
    follower: Follower,
}

enum Found {
    Line(LogLine),
    Nothing,
    End,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<LogLine, HostError>> {
        loop {
            match self.find() {
                Found::Line(line) => return Some(Ok(line)),
                Found::End => return None,
                Found::Nothing => {}
            }
            // Nobody is told more than that there is something: it is looked for again.
            tokio::select! {
                _ = self.spoke.changed() => {}
                _ = self.events.recv() => {}
                _ = self.up.wait_for(|up| !up) => return Some(Err(lost())),
            }
        }
    }

    fn find(&mut self) -> Found {
        let world = lock(&self.follower.0.world);
        let all = world.spoken.get(&self.docker_id).map_or(&[][..], Vec::as_slice);
        while let Some(line) = all.get(self.next) {
            self.next += 1;
            if is_within(line, &self.query) {
                return Found::Line(line.clone());
            }
        }
        let runs = world.containers.get(&self.docker_id).is_some_and(super::containers::runs);
        if runs && self.query.follow == Follow::Yes { Found::Nothing } else { Found::End }
    }
}
