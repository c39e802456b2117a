//! Events that are told together. Pure.

use std::collections::BTreeMap;

use portolan_types::{Event, NotificationKind, NotifiedSubject, Severity, Timestamp, Topic};
use serde::{Deserialize, Serialize};

/// Things that a summary names.
const NAMED: usize = 10;

/// One event or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heap {
    pub counts: BTreeMap<Topic, u64>,
    /// The first few things that it is about.
    pub subjects: Vec<NotifiedSubject>,
    /// It is about others too.
    pub others: bool,
    /// Of what matters most.
    pub severity: Severity,
    pub first: Mark,
    pub last: Mark,
    /// What the last one said.
    pub words: String,
    /// The event, while it is the only one.
    pub only: Option<Box<Event>>,
    /// For how long a server was away, when it tells of that alone.
    pub away_ms: Option<u64>,
}

/// An event's number and moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub sequence: u64,
    pub at: Timestamp,
}

impl From<Event> for Heap {
    fn from(event: Event) -> Self {
        let mark = Mark { sequence: event.sequence, at: event.at };
        let (subject, name) = (event.subject.clone(), event.subject_name.clone());
        Self {
            counts: BTreeMap::from([(event.topic, 1)]),
            subjects: vec![NotifiedSubject { subject, name }],
            others: false,
            severity: event.severity,
            first: mark,
            last: mark,
            words: event.message.clone(),
            only: Some(Box::new(event)),
            away_ms: None,
        }
    }
}

impl Heap {
    pub(crate) fn events(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Takes more in.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (topic, events) in other.counts {
            *self.counts.entry(topic).or_default() += events;
        }
        for named in other.subjects {
            self.name(named);
        }
        self.others |= other.others;
        self.severity = self.severity.max(other.severity);
        if other.last > self.last {
            self.words = other.words;
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.only = None;
        self.away_ms = None;
    }

    fn name(&mut self, named: NotifiedSubject) {
        if self.subjects.iter().any(|known| known.subject == named.subject) {
            return;
        }
        if self.subjects.len() < NAMED {
            self.subjects.push(named);
        } else {
            self.others = true;
        }
    }

    /// The server of which it tells answers again.
    #[must_use]
    pub(crate) fn back(mut self, event: Event) -> Self {
        let away_ms = self.first.at.millis_until(event.at);
        self.absorb(event.into());
        self.away_ms = Some(away_ms);
        self
    }

    /// The one thing that it is about.
    pub(crate) fn subject(&self) -> Option<&NotifiedSubject> {
        match self.subjects.as_slice() {
            [one] if !self.others => Some(one),
            _ => None,
        }
    }

    /// The one topic that it is of.
    pub(crate) fn topic(&self) -> Option<Topic> {
        let mut topics = self.counts.keys();
        topics.next().copied().filter(|_| topics.next().is_none())
    }

    pub(crate) fn kind(&self) -> NotificationKind {
        if self.away_ms.is_some() {
            NotificationKind::Away
        } else if self.only.is_some() {
            NotificationKind::Event
        } else if self.subject().is_some() {
            NotificationKind::Repeated
        } else {
            NotificationKind::Summary
        }
    }
}

/// All of them in one.
pub(crate) fn merge(heaps: impl IntoIterator<Item = Heap>) -> Option<Heap> {
    heaps.into_iter().reduce(|mut all, heap| {
        all.absorb(heap);
        all
    })
}
