//! What is told at once, and what is held back to be told together. Pure: events and a moment in,
//! what is said out. Whoever is told, and how, is elsewhere.
//!
//! * The first event of a topic about a thing is told at once. What follows it within the *window*
//!   is collected, and told at the window's end, with which the next one begins.
//! * A server that does not answer is told of when the *grace* is over. One that is back before is
//!   told of in one message.
//! * When more than [`MOST`] messages would be told within a window there is a *storm*: what was to
//!   be said is told as one, and everything else is collected to one message at its end. It goes on
//!   for as long as there is much.
//!
//! Each event that is wanted is told once, in one message. See `docs/decisions/0024-notifications.md`.

use portolan_types::{Event, Severity, Subject, Timestamp, Topic, Topics};
use serde::{Deserialize, Serialize};

use super::heap::{Heap, merge};

/// Messages that are told one by one within a window.
pub(crate) const MOST: usize = 10;

/// What one notifier tells, and how often.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub topics: Topics,
    pub min_severity: Severity,
    /// The window; without one nothing is collected.
    pub quiet_seconds: u32,
    /// For how long an unreachable server is waited for.
    pub grace_seconds: u32,
}

impl Rules {
    fn wants(&self, event: &Event) -> bool {
        self.topics.has(event.topic)
            && event.severity >= self.min_severity
            && !is_first_contact(event)
    }

    fn quiet_until(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.quiet_seconds.into())
    }

    fn grace_until(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.grace_seconds.into())
    }
}

/// A server that is reached for the first time is not back.
fn is_first_contact(event: &Event) -> bool {
    let before = event.before.as_ref().and_then(|before| before.get("reachability"));
    event.kind == "server.reachable" && before.is_some_and(|before| before == "unknown")
}

/// What was heard and is not told yet, and what was told lately.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Held {
    windows: Vec<Window>,
    away: Vec<Away>,
    /// When something was told, within the last window.
    told: Vec<Timestamp>,
    storm: Option<Storm>,
}

/// Something of that topic was told of that thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    topic: Topic,
    subject: Subject,
    until: Timestamp,
    heap: Option<Heap>,
}

/// A server does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Away {
    subject: Subject,
    until: Timestamp,
    heap: Heap,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Storm {
    until: Timestamp,
    heap: Option<Heap>,
}

impl Held {
    /// What is to be said now that these events happened. Call it too when something is [`due`].
    ///
    /// [`due`]: Self::due
    pub(crate) fn pass(&mut self, rules: &Rules, heard: Vec<Event>, now: Timestamp) -> Vec<Heap> {
        self.hold_no_longer_than(rules, now);
        let mut say = Vec::new();
        self.end_grace(rules, now, &mut say);
        self.end_windows(rules, now, &mut say);
        self.end_storm(rules, now, &mut say);
        for event in heard {
            self.hear(rules, event, now, &mut say);
        }
        self.ration(rules, now, say)
    }

    /// When there is something to say even if nothing happens.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let windows = self.windows.iter().filter(|one| one.heap.is_some()).map(|one| one.until);
        let away = self.away.iter().map(|one| one.until);
        let storm = self.storm.iter().filter(|one| one.heap.is_some()).map(|one| one.until);
        windows.chain(away).chain(storm).min()
    }

    /// The rules may have become shorter, and a clock may have been set back.
    fn hold_no_longer_than(&mut self, rules: &Rules, now: Timestamp) {
        let (quiet, grace) = (rules.quiet_until(now), rules.grace_until(now));
        let windows = self.windows.iter_mut().map(|one| &mut one.until);
        let storm = self.storm.iter_mut().map(|one| &mut one.until);
        for until in windows.chain(storm).chain(&mut self.told) {
            *until = quiet.min(*until);
        }
        for away in &mut self.away {
            away.until = grace.min(away.until);
        }
    }

    fn end_grace(&mut self, rules: &Rules, now: Timestamp, say: &mut Vec<Heap>) {
        for away in std::mem::take(&mut self.away) {
            if away.until > now {
                self.away.push(away);
            } else {
                self.offer(rules, (Topic::Unreachable, away.subject), away.heap, now, say);
            }
        }
    }

    fn end_windows(&mut self, rules: &Rules, now: Timestamp, say: &mut Vec<Heap>) {
        for mut window in std::mem::take(&mut self.windows) {
            if window.until <= now {
                let Some(heap) = window.heap.take() else { continue };
                say.push(heap);
                window.until = rules.quiet_until(now);
            }
            self.windows.push(window);
        }
    }

    fn end_storm(&mut self, rules: &Rules, now: Timestamp, say: &mut Vec<Heap>) {
        let Some(storm) = self.storm.take_if(|storm| storm.until <= now) else { return };
        let Some(heap) = storm.heap else { return };
        if heap.events() > MOST as u64 {
            self.storm = Some(Storm { until: rules.quiet_until(now), heap: None });
        }
        say.push(heap);
    }

    fn hear(&mut self, rules: &Rules, event: Event, now: Timestamp, say: &mut Vec<Heap>) {
        if event.topic == Topic::Back
            && let Some(place) = self.away.iter().position(|one| one.subject == event.subject)
        {
            let Away { subject, heap, .. } = self.away.remove(place);
            return self.offer(rules, (Topic::Unreachable, subject), heap.back(event), now, say);
        }
        if !rules.wants(&event) {
            return;
        }
        let (topic, subject) = (event.topic, event.subject.clone());
        if topic == Topic::Unreachable && rules.grace_seconds > 0 {
            return self.await_return(rules, subject, event.into(), now);
        }
        self.offer(rules, (topic, subject), event.into(), now, say);
    }

    fn await_return(&mut self, rules: &Rules, subject: Subject, heap: Heap, now: Timestamp) {
        match self.away.iter_mut().find(|one| one.subject == subject) {
            Some(away) => away.heap.absorb(heap),
            None => self.away.push(Away { subject, until: rules.grace_until(now), heap }),
        }
    }

    /// Says it, or collects it with what is like it.
    fn offer(
        &mut self,
        rules: &Rules,
        (topic, subject): (Topic, Subject),
        heap: Heap,
        now: Timestamp,
        say: &mut Vec<Heap>,
    ) {
        if let Some(storm) = &mut self.storm {
            return collect(&mut storm.heap, heap);
        }
        let same = |one: &&mut Window| one.topic == topic && one.subject == subject;
        if let Some(window) = self.windows.iter_mut().find(same) {
            return collect(&mut window.heap, heap);
        }
        if rules.quiet_seconds > 0 {
            let until = rules.quiet_until(now);
            self.windows.push(Window { topic, subject, until, heap: None });
        }
        say.push(heap);
    }

    /// Lets few messages through, and makes a storm of many.
    fn ration(&mut self, rules: &Rules, now: Timestamp, say: Vec<Heap>) -> Vec<Heap> {
        if rules.quiet_seconds == 0 {
            *self = Self { away: std::mem::take(&mut self.away), ..Self::default() };
            return say;
        }
        if self.storm.is_some() {
            return say;
        }
        self.told.retain(|until| *until > now);
        if self.told.len() + say.len() <= MOST {
            self.told.extend(say.iter().map(|_| rules.quiet_until(now)));
            return say;
        }
        self.told.clear();
        let heap = merge(self.windows.drain(..).filter_map(|window| window.heap));
        self.storm = Some(Storm { until: rules.quiet_until(now), heap });
        merge(say).into_iter().collect()
    }
}

fn collect(into: &mut Option<Heap>, heap: Heap) {
    match into {
        Some(collected) => collected.absorb(heap),
        None => *into = Some(heap),
    }
}

#[cfg(test)]
mod tests;
