//! Events: what happened, in order, to the things of a team.
//!
//! The last word of a kind says what it tells of: `server.unreachable`, `proxy.failed`,
//! `attachment.lost`. [`Told::of`] reads it, so a new kind needs no entry anywhere.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    DestinationId, EventId, Invalid, Name, OperationId, ServerId, SessionId, Subject, Timestamp,
    TokenId, UserId,
    id::SubjectId,
    text::{text_newtype, words},
};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its place among all events of the installation; those of one team have gaps between them.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub sequence: u64,
    pub id: EventId,
    pub at: Timestamp,
    /// For programs; stable.
    #[schema(example = "server.unreachable")]
    pub kind: String,
    #[serde(default)]
    pub topic: Topic,
    #[serde(default)]
    pub severity: Severity,
    pub subject: Subject,
    pub subject_name: String,
    /// For people.
    pub message: String,
    /// Who or what did it; absent in events of versions that did not write it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Author>,
    /// The server on which it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<ServerId>,
    /// The destination that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<DestinationId>,
    /// The work of which it is a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// What differed, before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What differed, after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

/// Who or what did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Author {
    /// A person, with the token or the session that they used.
    Person {
        user_id: UserId,
        email: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_id: Option<TokenId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_name: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session_id: Option<SessionId>,
    },
    /// Portolan itself, by the task that did it.
    Portolan {
        #[schema(example = "keeper")]
        task: String,
    },
    /// Something on the host, as Docker told it.
    Docker {
        #[schema(example = "network disconnect")]
        event: String,
    },
}

words! {
    /// What an event tells of.
    #[derive(Default)]
    pub enum Topic ("topic") {
        /// The host has something else than it should.
        Drift = "drift",
        /// That was put right.
        Repair = "repair",
        /// Something was tried and did not succeed.
        Failure = "failure",
        Unreachable = "unreachable",
        /// What did not answer or did not work does again.
        Back = "back",
        /// Everything else: what people did, and what followed.
        #[default]
        Change = "change",
    }
}

words! {
    /// How much it matters.
    #[derive(Default)]
    pub enum Severity ("severity") {
        #[default]
        Info = "info",
        Warning = "warning",
        Error = "error",
    }
}

/// What the kind of an event says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub topic: Topic,
    pub severity: Severity,
}

impl Told {
    /// Read off the last word of a kind.
    pub fn of(kind: &str) -> Self {
        let word = kind.rsplit('.').next().unwrap_or_default();
        let known = WORDS.iter().find(|(known, _)| *known == word || *known == kind);
        known.map_or_else(|| Self::of_other(word), |(_, told)| *told)
    }

    const fn new(topic: Topic, severity: Severity) -> Self {
        Self { topic, severity }
    }

    fn of_other(word: &str) -> Self {
        if word.starts_with(NOT) { NOT_DONE } else { CHANGED }
    }
}

const DRIFTED: Told = Told::new(Topic::Drift, Severity::Warning);
const REPAIRED: Told = Told::new(Topic::Repair, Severity::Info);
const FAILED: Told = Told::new(Topic::Failure, Severity::Error);
const NOT_DONE: Told = Told::new(Topic::Failure, Severity::Warning);
const BACK: Told = Told::new(Topic::Back, Severity::Info);
const CHANGED: Told = Told::new(Topic::Change, Severity::Info);

/// How the last word begins of what was not done.
const NOT: &str = "not-";

/// Last words that tell of more than a change, and the kinds that do although others end so too.
const WORDS: [(&str, Told); 21] = [
    ("unreachable", Told::new(Topic::Unreachable, Severity::Error)),
    ("reachable", BACK),
    ("recovered", BACK),
    ("back", BACK),
    ("drifted", DRIFTED),
    ("lost", DRIFTED),
    ("missing", DRIFTED),
    ("recreated", DRIFTED),
    ("differs", DRIFTED),
    ("unexpected", DRIFTED),
    // What a person asked for is theirs; what a person is asked about waits for them.
    ("drift.asked", DRIFTED),
    ("repaired", REPAIRED),
    ("healed", REPAIRED),
    ("restored", REPAIRED),
    ("failed", FAILED),
    ("failing", FAILED),
    ("invalid", FAILED),
    ("refused", FAILED),
    ("down", FAILED),
    ("dark", FAILED),
    ("expired", FAILED),
];

/// Which last words of kinds are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The last words, each between two `|`.
    pub words: String,
    /// Whether those that begin with `not-` are among them.
    pub not_done: bool,
    /// Whether all others are.
    pub others: bool,
}

/// The last words that tell of more than a change, each between two `|`.
pub fn telling_words() -> String {
    between_bars(WORDS.iter().map(|(word, _)| *word))
}

fn between_bars<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.fold("|".to_owned(), |text, word| format!("{text}{word}|"))
}

/// The beginning of a kind, or a whole one: letters, `.` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KindPrefix(String);

impl FromStr for KindPrefix {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(known) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("not the beginning of a kind of event, as `server.` or `server.edited`"))
    }
}

text_newtype!(KindPrefix);

/// Which events are wanted. Everything that is given has to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventFilter {
    /// Only those about one thing, removed ones included.
    #[param(value_type = Option<String>)]
    pub subject_id: Option<SubjectId>,
    /// Only those about things of this type, as `server` or `destination`.
    #[param(value_type = Option<String>)]
    pub subject_type: Option<KindPrefix>,
    /// Only those of this server and of everything on it.
    #[param(value_type = Option<String>)]
    pub server_id: Option<ServerId>,
    /// Only those of this destination and of everything on it.
    #[param(value_type = Option<String>)]
    pub destination_id: Option<DestinationId>,
    /// Only kinds that begin so.
    #[param(value_type = Option<String>, max_length = 64, example = "server.")]
    pub kind: Option<KindPrefix>,
    /// Only those that tell of this.
    pub topic: Option<Topic>,
    /// Only those that matter this much, or more.
    pub severity: Option<Severity>,
    /// Not before this moment.
    #[param(value_type = Option<String>)]
    pub since: Option<Timestamp>,
    /// Before this moment.
    #[param(value_type = Option<String>)]
    pub until: Option<Timestamp>,
}

impl EventFilter {
    /// How the kinds end that fit the topic and the severity; `None` where all do.
    pub fn wanted(&self) -> Option<Wanted> {
        if self.topic.is_none() && self.severity.is_none() {
            return None;
        }
        let fits = |told: &Told| {
            self.topic.is_none_or(|topic| topic == told.topic)
                && self.severity.is_none_or(|least| least <= told.severity)
        };
        let words = WORDS.iter().filter(|(_, told)| fits(told)).map(|(word, _)| *word);
        Some(Wanted {
            words: between_bars(words),
            not_done: fits(&NOT_DONE),
            others: fits(&CHANGED),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_says_what_is_told() {
        let told = |kind| {
            let Told { topic, severity } = Told::of(kind);
            (topic, severity)
        };
        assert_eq!(told("server.unreachable"), (Topic::Unreachable, Severity::Error));
        assert_eq!(told("server.reachable"), (Topic::Back, Severity::Info));
        assert_eq!(told("destination.drifted"), (Topic::Drift, Severity::Warning));
        assert_eq!(told("destination.repaired"), (Topic::Repair, Severity::Info));
        assert_eq!(told("destination.not-removed"), (Topic::Failure, Severity::Warning));
        assert_eq!(told("drift.asked"), (Topic::Drift, Severity::Warning));
        assert_eq!(told("operation.asked"), (Topic::Change, Severity::Info));
        assert_eq!(told("server.edited"), (Topic::Change, Severity::Info));
        assert_eq!(told(""), (Topic::Change, Severity::Info));
    }

    #[test]
    fn topics_and_severities_are_ends_of_kinds() {
        let of =
            |topic, severity| EventFilter { topic, severity, ..EventFilter::default() }.wanted();
        assert_eq!(of(None, None), None);
        let failures = of(Some(Topic::Failure), None).expect("some");
        assert!(failures.not_done && !failures.others && failures.words.contains("|dark|"));
        let errors = of(Some(Topic::Failure), Some(Severity::Error)).expect("some");
        assert!(!errors.not_done && errors.words == failures.words);
        let everything = of(None, Some(Severity::Info)).expect("some");
        assert_eq!((everything.words, everything.others), (telling_words(), true));
        assert_eq!(of(Some(Topic::Back), Some(Severity::Error)).expect("some").words, "|");
    }

    #[test]
    fn a_prefix_is_never_a_pattern() {
        for good in ["server.", "s", "destination.not-removed"] {
            assert!(good.parse::<KindPrefix>().is_ok(), "{good}");
        }
        for bad in ["", "a%", "a_b", "Server", "a b", &"a".repeat(65)] {
            assert!(bad.parse::<KindPrefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn severities_are_in_order() {
        assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Error);
    }
}
