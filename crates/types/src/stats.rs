//! What a container uses of its host, measured once a second or so.
//!
//! Owns the shape. How it is made of what an engine counts is the server's affair.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// What a container used at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContainerStats {
    /// By the host's clock.
    pub at: Timestamp,
    /// Thousandths of one processor, since the sample before: 1500 is one and a half. Absent in the
    /// first sample.
    pub cpu_thousandths: Option<u64>,
    /// Processors that the host has for it.
    pub cpus: u32,
    /// Without what the kernel keeps of files and would give back.
    pub memory_bytes: u64,
    /// Its limit, or what the host has; absent where the engine does not say.
    pub memory_limit_bytes: Option<u64>,
    /// Over all its networks, since it was started.
    pub received_bytes: u64,
    pub sent_bytes: u64,
    /// From and to disks, since it was started.
    pub read_bytes: u64,
    pub written_bytes: u64,
    /// Processes and threads.
    pub processes: u64,
}
