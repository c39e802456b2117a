//! Attachments: that a proxy is on a destination's network.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DestinationId, Name, NetworkName, ServerId, Timestamp, text::words};

words! {
    /// Whether the server's proxy is to be on a destination's network.
    #[derive(Default)]
    pub enum ProxyAttachment ("attachment of the proxy") {
        /// Where the server has a proxy, it is on the network.
        #[default]
        Attach = "attach",
        /// It is kept off: for networks of databases.
        Never = "never",
    }
}

/// What is wanted of a proxy on a destination's network, and what was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// The proxy's server.
    pub server_id: ServerId,
    pub server_name: Name,
    pub destination_id: DestinationId,
    pub destination_name: Name,
    pub network: NetworkName,
    pub wanted: bool,
    pub observed: bool,
    /// Since when `observed` is so.
    pub since: Timestamp,
    /// The proxy's address on the network.
    pub address: Option<String>,
    /// The last try to reach something over it.
    pub probe: Option<AttachmentProbe>,
    /// Why it is not as wanted.
    pub reason: Option<String>,
}

/// A try to reach something over an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentProbe {
    pub at: Timestamp,
    pub reached: bool,
    /// What was tried, and what came of it.
    pub detail: String,
}
