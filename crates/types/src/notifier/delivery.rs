//! What was told, to whom and how that went.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::NotificationKind;
use crate::{DeliveryId, NotifierId, Timestamp, text::words};

words! {
    /// How far a message came.
    pub enum DeliveryState ("state of a delivery") {
        /// It is tried, or tried again at `next_attempt_at`.
        Waiting = "waiting",
        /// The receiver took it.
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
    }
}

/// A message of a notifier. Its id is told to the receiver, so that one that comes twice is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    pub id: DeliveryId,
    pub notifier_id: NotifierId,
    pub kind: NotificationKind,
    /// What it says, in a line.
    pub title: String,
    pub state: DeliveryState,
    /// How many events it tells of.
    pub events: u64,
    /// The number of the first of them.
    pub first_sequence: Option<u64>,
    /// The number of the last of them.
    pub last_sequence: Option<u64>,
    pub attempts: u32,
    /// The words of the receiver that took it.
    pub answer: Option<String>,
    /// Why the last attempt failed. The receiver's own words may be in it: show it as text.
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub next_attempt_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}
