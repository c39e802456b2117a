//! On which occasion a host is looked at, and what its engine told around it: the cause of a found
//! difference, as far as anybody can know it.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::host::HostEvent;

/// How long what an engine told is taken for the cause of what is found.
const AROUND: Duration = Duration::from_secs(30);
const MOST_EVENTS: usize = 512;
/// How many events a cause names: those that came last.
const MOST_NAMED: usize = 4;

/// Why the keeper looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Trigger {
    /// The connection was made.
    #[default]
    Connected,
    /// Something was asked for.
    Asked,
    /// The engine told of something.
    Told,
    /// It was time.
    Resync,
    /// The look before was refused, or what it saw was not settled.
    Again,
}

impl Trigger {
    const fn words(self) -> &'static str {
        match self {
            Self::Connected => "found when the server was connected",
            Self::Asked => "found when something was asked of the server",
            Self::Told => "found when Docker told of something else",
            Self::Resync => "found at the resync",
            Self::Again => "found when the server was looked at again",
        }
    }
}

/// The present look's trigger, and the events of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Occasion {
    trigger: Trigger,
    told: VecDeque<(Instant, HostEvent)>,
}

impl Occasion {
    /// The next look has this trigger.
    pub(super) fn is(&mut self, trigger: Trigger) {
        self.trigger = trigger;
    }

    /// The engine told these.
    pub(super) fn heard(&mut self, events: Vec<HostEvent>) {
        let now = Instant::now();
        self.told.extend(events.into_iter().map(|event| (now, event)));
        let surplus = self.told.len().saturating_sub(MOST_EVENTS);
        self.told.drain(..surplus);
        self.told.retain(|(at, _)| now.duration_since(*at) < AROUND);
    }

    /// What the engine told of a thing, by Docker's id or by name, or else the trigger.
    pub(super) fn cause(&self, of: &str, is_it: impl Fn(&HostEvent) -> bool) -> String {
        let now = Instant::now();
        let recent = self.told.iter().filter(|(at, _)| now.duration_since(*at) < AROUND);
        let told: Vec<String> = recent
            .map(|(_, event)| event)
            .filter(|event| event.of == of && is_it(event))
            .map(|event| format!("{} {}", short(&event.action), short(&event.docker_id)))
            .collect();
        if told.is_empty() {
            return self.trigger.words().to_owned();
        }
        let last = &told[told.len().saturating_sub(MOST_NAMED)..];
        format!("Docker told of the {of}: {}", last.join(", "))
    }
}

/// As long as Docker's ids are: what a host tells has no bound.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str, docker_id: &str, name: &str) -> HostEvent {
        HostEvent {
            of: "network".into(),
            action: action.into(),
            docker_id: docker_id.into(),
            name: name.into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cause_is_what_was_told_of_the_thing() {
        let mut occasion = Occasion::default();
        let cause = |occasion: &Occasion| occasion.cause("network", |event| event.name == "web");
        assert_eq!(cause(&occasion), "found when the server was connected");
        occasion.heard(vec![event("destroy", "a1", "web"), event("create", "b2", "other")]);
        assert_eq!(cause(&occasion), "Docker told of the network: destroy a1");
        occasion.is(Trigger::Resync);
        tokio::time::advance(AROUND).await;
        assert_eq!(cause(&occasion), "found at the resync");
    }

    #[tokio::test(start_paused = true)]
    async fn a_storm_is_not_kept() {
        let mut occasion = Occasion::default();
        for _ in 0..10 {
            occasion.heard((0..200).map(|n| event("create", &n.to_string(), "web")).collect());
        }
        assert_eq!(occasion.told.len(), MOST_EVENTS);
        let cause = occasion.cause("network", |_| true);
        assert_eq!(
            cause,
            "Docker told of the network: create 196, create 197, create 198, create 199"
        );
    }
}
