//! What containers of a fake engine use, for those who watch it: two samples a second apart at once,
//! and another whenever a test says so.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::{broadcast, watch};

use super::{FakeEngine, lines::Follower, lock, lost};
use crate::host::{Counted, HostError, HostEvent};

const SECOND: i128 = 1_000_000_000;
/// 2026-01-31T12:00:00Z.
const BEGAN: i128 = 1_769_860_800 * SECOND;
const MEBIBYTE: u64 = 1 << 20;

/// After so many seconds of a quarter of a processor.
fn counted(seconds: u32) -> Counted {
    let used = u64::from(seconds);
    Counted {
        at_nanos: BEGAN + i128::from(seconds) * SECOND,
        cpu_nanos: used * 250_000_000,
        cpus: 4,
        memory_bytes: (80 + used) * MEBIBYTE,
        inactive_file_bytes: 16 * MEBIBYTE,
        memory_limit_bytes: Some(512 * MEBIBYTE),
        received_bytes: used * 2_048,
        sent_bytes: used * 1_024,
        read_bytes: used * 4_096,
        written_bytes: used * 8_192,
        processes: 3,
    }
}

impl FakeEngine {
    /// A second passes for those who watch what containers use.
    pub fn count(&self) {
        self.counted.send_modify(|seconds| *seconds += 1);
    }
}

pub(super) fn open(
    engine: &Arc<FakeEngine>,
    docker_id: &str,
) -> BoxStream<'static, Result<Counted, HostError>> {
    let watching = Watching {
        docker_id: docker_id.to_owned(),
        told: 0,
        counted: engine.counted.subscribe(),
        events: engine.events.subscribe(),
        up: engine.up.subscribe(),
        follower: Follower::new(engine),
    };
    stream::unfold(Some(watching), |watching| async {
        let mut watching = watching?;
        let counted = watching.next().await?;
        let rest = counted.is_ok().then_some(watching);
        Some((counted, rest))
    })
    .boxed()
}

struct Watching {
    docker_id: String,
    told: u32,
    counted: watch::Receiver<u32>,
    events: broadcast::Receiver<HostEvent>,
    up: watch::Receiver<bool>,
    follower: Follower,
}

impl Watching {
    async fn next(&mut self) -> Option<Result<Counted, HostError>> {
        loop {
            if !self.runs() {
                return None;
            }
            if self.told < 2 + *self.counted.borrow_and_update() {
                self.told += 1;
                return Some(Ok(counted(self.told)));
            }
            // Nobody is told more than that there is something: it is looked for again.
            tokio::select! {
                _ = self.counted.changed() => {}
                _ = self.events.recv() => {}
                _ = self.up.wait_for(|up| !up) => return Some(Err(lost())),
            }
        }
    }

    fn runs(&self) -> bool {
        let world = lock(&self.follower.engine().world);
        world.containers.get(&self.docker_id).is_some_and(super::containers::runs)
    }
}
