//! Notifiers: who outside of Portolan is told of events, of which ones and how often.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod delivery;
mod notification;
mod topics;
mod webhook;

pub use delivery::{Delivery, DeliveryState};
pub use notification::{
    Notification, NotificationData, NotificationKind, NotifiedSubject, TopicCount,
};
pub use topics::Topics;
pub use webhook::{WebhookSecret, WebhookUrl};

use crate::{Email, Invalid, Name, NotifierId, Severity, Timestamp, text::words};

words! {
    /// Whether it tells anybody.
    pub enum NotifierState ("state of a notifier") {
        Active = "active",
        /// Nothing is told. What happens meanwhile is not told later either.
        Paused = "paused",
    }
}

/// Tells somebody outside of what happens to the team's things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notifier {
    pub id: NotifierId,
    pub name: Name,
    pub target: Target,
    #[schema(value_type = Vec<crate::Topic>)]
    pub topics: Topics,
    /// What matters less is not told.
    pub min_severity: Severity,
    /// For so long, after something was told, the same of the same thing is collected to one
    /// message.
    pub quiet_seconds: u32,
    /// A server that is back within so long is told of in one message. It is the time for which an
    /// unreachable one is waited for before it is told.
    pub grace_seconds: u32,
    pub state: NotifierState,
    /// Why it was paused, when no person did it.
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Notifier {
    /// Seconds: five minutes.
    pub const QUIET: u32 = 300;
    /// Seconds: enough for most restarts of a host.
    pub const GRACE: u32 = 60;
    /// Seconds: a day.
    pub const LONGEST_QUIET: u32 = 86_400;
    /// Seconds: an hour.
    pub const LONGEST_GRACE: u32 = 3_600;
}

/// Where it tells, as far as that may be shown: the path and query of a webhook often are a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Target {
    Webhook {
        /// Scheme, host and port of its URL; the rest is never shown again.
        #[schema(example = "https://hooks.example.com")]
        origin: String,
    },
    Email {
        to: Vec<Email>,
    },
}

/// Where a new notifier tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NewTarget {
    /// A POST with a JSON body (`Notification`), signed as Standard Webhooks
    /// (<https://www.standardwebhooks.com>) say.
    Webhook {
        url: WebhookUrl,
        /// What it is signed with; made, and shown once, when it is not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, write_only)]
        secret: Option<WebhookSecret>,
    },
    /// A message through the mail server of the installation.
    Email {
        #[schema(min_items = 1, max_items = 20)]
        to: Vec<Email>,
    },
}

/// What `create_notifier` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNotifier {
    pub name: Name,
    pub target: NewTarget,
    /// Drift, repair, failure, unreachable and back, unless said.
    #[serde(default)]
    #[schema(value_type = Vec<crate::Topic>)]
    pub topics: Topics,
    #[serde(default)]
    pub min_severity: Severity,
    /// 0 to 86400; 0 tells everything at once and one by one.
    #[serde(default = "quiet")]
    #[schema(maximum = 86_400, default = 300)]
    pub quiet_seconds: u32,
    /// 0 to 3600; 0 tells at once that a server is unreachable.
    #[serde(default = "grace")]
    #[schema(maximum = 3_600, default = 60)]
    pub grace_seconds: u32,
}

const fn quiet() -> u32 {
    Notifier::QUIET
}

const fn grace() -> u32 {
    Notifier::GRACE
}

/// The only answer that holds the secret of a webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedNotifier {
    pub notifier: Notifier,
    /// Shown once, and only when it was made here.
    #[schema(value_type = Option<String>, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<WebhookSecret>,
}

/// Written by hand so that no log can hold the secret.
impl std::fmt::Debug for CreatedNotifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedNotifier").field("notifier", &self.notifier).finish_non_exhaustive()
    }
}

/// What `update_notifier` takes: what is not given stays. A change of `url`, `secret` or `to` counts
/// for what waits to be delivered too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateNotifier {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Of a webhook only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<WebhookUrl>,
    /// Of a webhook only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, write_only)]
    pub secret: Option<WebhookSecret>,
    /// Of an e-mail notifier only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 20)]
    pub to: Option<Vec<Email>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<crate::Topic>>)]
    pub topics: Option<Topics>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 86_400)]
    pub quiet_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 3_600)]
    pub grace_seconds: Option<u32>,
    /// `paused`, or `active` to go on: what waited is delivered then, what happened meanwhile is
    /// not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<NotifierState>,
}

/// Addresses that one message goes to.
const MOST_ADDRESSES: usize = 20;

/// Whether so many addresses can be written to at once.
pub fn check_recipients(to: &[Email]) -> Result<(), Invalid> {
    if (1..=MOST_ADDRESSES).contains(&to.len()) {
        return Ok(());
    }
    Err(Invalid::new(format!("1 to {MOST_ADDRESSES} addresses are written to")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_its_default() {
        let text = r#"{ "name": "ops", "target": { "type": "email", "to": ["ops@example.com"] } }"#;
        let read: CreateNotifier = serde_json::from_str(text).expect("a notifier");
        assert_eq!((read.quiet_seconds, read.grace_seconds), (300, 60));
        assert_eq!(read.min_severity, Severity::Info);
        assert_eq!(read.topics, Topics::default());
        let text = text.replace("ops@example.com", "ops@example.com\\r\\nBcc: x@example.com");
        assert!(serde_json::from_str::<CreateNotifier>(&text).is_err());
    }

    #[test]
    fn nothing_prints_a_secret() {
        let target = NewTarget::Webhook {
            url: "https://u:hunter2@h/hunter2?hunter2".parse().expect("a URL"),
            secret: Some("whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg==".parse().expect("one")),
        };
        let text = format!("{target:?}");
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVy"), "{text}");
    }
}
