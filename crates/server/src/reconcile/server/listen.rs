//! What a keeper waits for between two looks: pauses, the clock, and bursts of events.

use std::time::Duration;

use futures_util::{StreamExt, stream::BoxStream};
use rand::RngExt;
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};

use crate::host::{HostError, HostEvent};

/// Events come in bursts: one look serves all that arrive within this time.
const BURST: Duration = Duration::from_millis(100);
/// What a host tells of all the time comes in longer bursts, up to this: a look at it costs us as
/// much as it costs the host to say something.
const LONGEST_BURST: Duration = Duration::from_secs(1);
/// So many bursts in a row are usual: of what a person does, and of what we do about it.
const USUAL: u32 = 16;
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

/// How busy a host is.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    in_a_row: u32,
    last: Option<Instant>,
    rung: bool,
}

impl Bursts {
    /// Whether the bell ended a burst since this was asked last.
    pub(super) const fn was_rung(&mut self) -> bool {
        std::mem::replace(&mut self.rung, false)
    }

    /// Takes the rest of a burst of events along, so that one look serves all. Whoever rings does not
    /// wait for its end.
    pub(super) async fn drain(
        &mut self,
        first: Option<Result<HostEvent, HostError>>,
        events: &mut Events,
        bell: &Notify,
    ) -> Result<Vec<HostEvent>, HostError> {
        let ended = || HostError::Lost { why: "the engine ended its event stream".into() };
        let mut burst = vec![first.ok_or_else(ended)??];
        let over = sleep(self.length());
        tokio::pin!(over);
        loop {
            let event = tokio::select! {
                biased;
                () = bell.notified() => {
                    self.rung = true;
                    break;
                }
                () = &mut over => break,
                event = events.next() => event.ok_or_else(ended)??,
            };
            if burst.len() < MOST_EVENTS {
                burst.push(event);
            }
        }
        self.last = Some(Instant::now());
        Ok(burst)
    }

    /// Of the burst that begins now.
    fn length(&mut self) -> Duration {
        let calm = self.last.is_none_or(|last| last.elapsed() > LONGEST_BURST);
        self.in_a_row = if calm { 0 } else { self.in_a_row.saturating_add(1) };
        let doublings = self.in_a_row.saturating_sub(USUAL).min(10);
        (BURST * (1 << doublings)).min(LONGEST_BURST)
    }
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

    fn many() -> Events {
        let many = stream::iter((0..10_000).map(|_| Ok(event("create"))));
        many.chain(stream::pending()).boxed()
    }

    async fn drain(events: &mut Events) -> Result<Vec<HostEvent>, HostError> {
        let first = events.next().await;
        Bursts::default().drain(first, events, &Notify::new()).await
    }

    /// Time stands still but for what is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_burst_is_taken_as_one() {
        let before = Instant::now();
        let burst = drain(&mut many()).await.expect("a burst");
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
        assert_eq!(drain(&mut events).await.expect("a burst"), [event("create")]);
        assert_eq!(drain(&mut events).await.expect("a burst"), [event("destroy")]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_rings_does_not_wait() {
        let (mut events, bell, before) = (many(), Notify::new(), Instant::now());
        bell.notify_one();
        let first = events.next().await;
        let burst = Bursts::default().drain(first, &mut events, &bell).await.expect("a burst");
        assert_eq!((burst.len(), before.elapsed()), (1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn who_tells_all_the_time_is_looked_at_less_often() {
        let mut bursts = Bursts::default();
        let mut endless: Events = stream::repeat_with(|| Ok(event("create")))
            .then(|event| async {
                sleep(BURST / 10).await;
                event
            })
            .boxed();
        let mut lengths = Vec::new();
        for _ in 0..=USUAL + 5 {
            let first = endless.next().await;
            let before = Instant::now();
            bursts.drain(first, &mut endless, &Notify::new()).await.expect("a burst");
            lengths.push(before.elapsed());
        }
        let usual = USUAL as usize;
        assert!(lengths[..=usual].iter().all(|length| *length == BURST), "{lengths:?}");
        assert_eq!(lengths[usual + 1], BURST * 2);
        assert_eq!(lengths[usual + 5], LONGEST_BURST);
        sleep(LONGEST_BURST * 2).await;
        assert_eq!(bursts.length(), BURST);
    }

    #[tokio::test(start_paused = true)]
    async fn an_ended_stream_is_a_lost_connection() {
        let mut events: Events = stream::iter([Ok(event("create"))]).boxed();
        assert!(drain(&mut events).await.is_err());
    }

    #[test]
    fn a_resync_comes_late_and_never_early() {
        let period = Duration::from_mins(10);
        let drawn: Vec<Duration> = (0..100).map(|_| jittered(period)).collect();
        assert!(drawn.iter().all(|one| (period..=period * 5 / 4).contains(one)));
        assert!(drawn.iter().any(|one| *one != drawn[0]), "not by chance");
    }
}
