//! The audit: what people did, for good, in a chain that nobody can alter unseen.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    Author, EventId, Invalid, KindPrefix, Subject, Timestamp, UserId,
    id::{AuditEntryId, SubjectId},
    text::{text_newtype, words},
};

words! {
    /// How something ended that somebody did.
    pub enum AuditOutcome ("outcome") {
        Done = "done",
        /// They were known, and were not let.
        Refused = "refused",
    }
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its place in the chain of the installation; those of one team have gaps between them.
    #[schema(minimum = 1)]
    pub sequence: u64,
    pub id: AuditEntryId,
    pub at: Timestamp,
    /// For programs; stable. Mostly that of the event that tells of it.
    #[schema(example = "server.edited")]
    pub kind: String,
    pub outcome: AuditOutcome,
    pub by: Author,
    /// From where it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    /// The `x-request-id` of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The operation of this API by which it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "update_server")]
    pub operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_name: Option<String>,
    /// For people.
    pub message: String,
    /// The event that tells of it, for as long as events are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// SHA-256 of the event's `before`, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_digest: Option<String>,
    /// SHA-256 of the event's `after`, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_digest: Option<String>,
    /// The hash of the entry before it.
    pub previous_hash: String,
    /// Proves this entry and its place behind all earlier ones.
    pub hash: String,
}

/// Which entries are wanted. Everything that is given has to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Only what this person did.
    #[param(value_type = Option<String>)]
    pub user_id: Option<UserId>,
    /// Only those about one thing, removed ones included.
    #[param(value_type = Option<String>)]
    pub subject_id: Option<SubjectId>,
    /// Only kinds that begin so.
    #[param(value_type = Option<String>, max_length = 64, example = "server.")]
    pub kind: Option<KindPrefix>,
    /// Only what ended so.
    #[param(value_type = Option<String>)]
    pub outcome: Option<AuditOutcome>,
    /// Not before this moment.
    #[param(value_type = Option<String>)]
    pub since: Option<Timestamp>,
    /// Before this moment.
    #[param(value_type = Option<String>)]
    pub until: Option<Timestamp>,
}

/// The hash of an entry: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuditHash(String);

impl FromStr for AuditHash {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 64 && text.bytes().all(is_digit) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("not the hash of an entry: it has 64 digits 0-9 and a-f"))
    }
}

text_newtype!(AuditHash);

/// What was noted of the chain earlier: who cuts its end off cannot hide it from that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditNote {
    /// How many entries there were.
    #[param(minimum = 1)]
    pub count: Option<u64>,
    /// The hash of the last of them.
    #[param(value_type = Option<String>, min_length = 64, max_length = 64)]
    pub head: Option<AuditHash>,
}

words! {
    /// What is wrong with an entry.
    pub enum AuditFault ("fault") {
        /// It is not what was written, or was not written by Portolan.
        Altered = "altered",
        /// What was there is gone.
        Missing = "missing",
        /// It was not written at this place.
        Moved = "moved",
        /// The last entries are gone.
        Truncated = "truncated",
        /// Another chain stands where the noted one was.
        Replaced = "replaced",
    }
}

/// The first place at which the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditBreak {
    /// The place in the chain; absent for an entry that has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The entry there, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_id: Option<String>,
    pub fault: AuditFault,
    /// For people.
    pub message: String,
}

/// Whether the audit is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerdict {
    /// Entries that are in order, up to the first that is not.
    pub count: u64,
    /// The hash of the last of them: note it, with the count, where nobody who can write to the
    /// database can reach it.
    pub head: String,
    /// Entries that were written and have no place in the chain yet.
    pub waiting: u64,
    /// Absent when all is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<AuditBreak>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_64_digits() {
        assert!("0a".repeat(32).parse::<AuditHash>().is_ok());
        for bad in ["", "0A", &"0A".repeat(32), &"0g".repeat(32), &"0".repeat(65)] {
            assert!(bad.parse::<AuditHash>().is_err(), "{bad}");
        }
    }
}
