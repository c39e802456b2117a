//! What a webhook gets: the body of the request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Event, Severity, Subject, TeamId, Timestamp, Topic, text::words};

words! {
    /// What a message tells.
    pub enum NotificationKind ("kind of notification") {
        /// One thing that happened.
        Event = "event",
        /// The same, of one thing, several times.
        Repeated = "repeated",
        /// A server did not answer for a short while.
        Away = "away",
        /// Much at once.
        Summary = "summary",
        /// Nothing: somebody wanted to see whether it arrives.
        Test = "test",
    }
}

/// The body of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    /// When the last of what it tells of happened.
    pub timestamp: Timestamp,
    pub data: NotificationData,
}

/// What it tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotificationData {
    pub team_id: TeamId,
    /// For people, in a line.
    #[schema(example = "drift 14 times: destination `shop`")]
    pub title: String,
    /// For people, on one line or several. Names in it may come from anywhere: show it as text.
    pub text: String,
    /// Of what matters most.
    pub severity: Severity,
    /// How many events it tells of.
    pub events: u64,
    pub counts: Vec<TopicCount>,
    /// The first few things that it is about.
    pub subjects: Vec<NotifiedSubject>,
    /// When the first of it happened.
    pub since: Timestamp,
    /// For how long a server was away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_ms: Option<u64>,
    /// The whole event, when it tells of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
}

/// How many events of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicCount {
    pub topic: Topic,
    pub events: u64,
}

/// What it is about, and its name at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotifiedSubject {
    #[serde(flatten)]
    pub subject: Subject,
    pub name: String,
}
