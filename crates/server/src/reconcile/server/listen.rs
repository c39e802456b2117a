//! What a keeper waits for between two looks: pauses, the clock, and bursts of events.

use std::time::Duration;

use futures_util::{StreamExt, stream::BoxStream};
use rand::RngExt;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use crate::host::{HostError, HostEvent};

/// Events come in bursts: one look serves all that arrive within this time.
const BURST: Duration = Duration::from_millis(100);
/// Of a larger burst the first are remembered: they tell what began it.
const MOST_EVENTS: usize = 256;

/// What happens on a host.
pub(super) type Events = BoxStream<'static, Result<HostEvent, HostError>>;

/// Sleeps, or waits forever.
pub(in super::super) async fn after(duration: Option<Duration>) {
    match duration {
        Some(duration) => sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// Takes the rest of a burst of events along, so that one look serves all.
pub(super) async fn drain(
    first: Option<Result<HostEvent, HostError>>,
    events: &mut Events,
) -> Result<Vec<HostEvent>, HostError> {
    let ended = || HostError::Lost { why: "the engine ended its event stream".into() };
    let mut burst = vec![first.ok_or_else(ended)??];
    let deadline = Instant::now() + BURST;
    while let Ok(event) = tokio::time::timeout_at(deadline, events.next()).await {
        let event = event.ok_or_else(ended)??;
        if burst.len() < MOST_EVENTS {
            burst.push(event);
        }
    }
    Ok(burst)
}

/// Whether an event tells of a swarm, where what is told is not yet so.
pub(super) fn is_of_swarm(event: &HostEvent) -> bool {
    matches!(event.of.as_str(), "node" | "service")
}

pub(super) fn closed() -> HostError {
    HostError::Lost { why: "the host closed it, or stopped answering".into() }
}

pub(super) fn ticker(period: Duration) -> tokio::time::Interval {
    let mut ticker = interval_at(Instant::now() + period, period);
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticker
}

/// The period and up to a quarter more, by chance: servers connected together are not looked at
/// together.
pub(super) fn jittered(period: Duration) -> Duration {
    period + period.mul_f64(rand::rng().random_range(0.0..0.25))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn event(action: &str) -> HostEvent {
        HostEvent {
            of: "network".into(),
            action: action.into(),
            docker_id: "1".into(),
            name: "web".into(),
        }
    }

    /// Time stands still but for what is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_burst_is_taken_as_one() {
        let many = stream::iter((0..10_000).map(|_| Ok(event("create"))));
        let mut events: Events = many.chain(stream::pending()).boxed();
        let first = events.next().await;
        let before = Instant::now();
        let burst = drain(first, &mut events).await.expect("a burst");
        assert_eq!(burst.len(), MOST_EVENTS);
        assert_eq!(before.elapsed(), BURST);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_later_is_another_burst() {
        let late = stream::once(async {
            sleep(BURST * 2).await;
            Ok(event("destroy"))
        });
        let mut events: Events =
            stream::iter([Ok(event("create"))]).chain(late).chain(stream::pending()).boxed();
        let first = events.next().await;
        assert_eq!(drain(first, &mut events).await.expect("a burst"), [event("create")]);
        let second = events.next().await;
        assert_eq!(drain(second, &mut events).await.expect("a burst"), [event("destroy")]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_ended_stream_is_a_lost_connection() {
        let mut events: Events = stream::iter([Ok(event("create"))]).boxed();
        let first = events.next().await;
        assert!(drain(first, &mut events).await.is_err());
    }

    #[test]
    fn a_resync_comes_late_and_never_early() {
        let period = Duration::from_mins(10);
        let drawn: Vec<Duration> = (0..100).map(|_| jittered(period)).collect();
        assert!(drawn.iter().all(|one| (period..=period * 5 / 4).contains(one)));
        assert!(drawn.iter().any(|one| *one != drawn[0]), "not by chance");
    }
}
