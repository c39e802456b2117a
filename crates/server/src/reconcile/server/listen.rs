//! What a keeper waits for between two looks: pauses, the clock, and bursts of events.

use std::time::Duration;

use futures_util::{StreamExt, stream::BoxStream};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use crate::host::{HostError, HostEvent};

/// Events come in bursts: one look serves all that arrive within this time.
const BURST: Duration = Duration::from_millis(100);

/// What happens on a host.
pub(super) type Events = BoxStream<'static, Result<HostEvent, HostError>>;

/// Sleeps, or waits forever.
pub(super) async fn after(duration: Option<Duration>) {
    match duration {
        Some(duration) => sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// Takes the rest of a burst of events along. Whether some were about the swarm.
pub(super) async fn drain(
    first: Option<Result<HostEvent, HostError>>,
    events: &mut Events,
) -> Result<bool, HostError> {
    let ended = || HostError::Lost { why: "the engine ended its event stream".into() };
    let is_of_swarm = |event: HostEvent| matches!(event.of.as_str(), "node" | "service");
    let mut of_swarm = is_of_swarm(first.ok_or_else(ended)??);
    let deadline = Instant::now() + BURST;
    while let Ok(event) = tokio::time::timeout_at(deadline, events.next()).await {
        of_swarm |= is_of_swarm(event.ok_or_else(ended)??);
    }
    Ok(of_swarm)
}

pub(super) fn closed() -> HostError {
    HostError::Lost { why: "the host closed it, or stopped answering".into() }
}

pub(super) fn ticker(period: Duration) -> tokio::time::Interval {
    let mut ticker = interval_at(Instant::now() + period, period);
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticker
}
