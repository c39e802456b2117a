//! Previews: what a change would do, before it is done.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Failure, Timestamp, text::words};

words! {
    /// What sort of thing is on a network.
    #[derive(Default)]
    pub enum MemberKind ("kind of member") {
        #[default]
        Container = "container",
        /// A swarm service: its tasks are containers on any node.
        Service = "service",
        /// A container that routes requests from outside: Caddy, Traefik and the like.
        Proxy = "proxy",
    }
}

/// What a change would do. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// Stands for what was looked at. A change that is sent with it is refused when the world has
    /// changed since. Empty where a change takes none.
    #[schema(example = "5f2b0c9a4e1d7788")]
    pub version: String,
    /// When the host was looked at.
    pub as_of: Timestamp,
    /// Whether it would be accepted.
    pub allowed: bool,
    /// What will happen, in order.
    pub steps: Vec<String>,
    /// Who loses connections by it.
    pub affected: Vec<Affected>,
    /// Routes that go dark: for as long as what happens to their proxy says, where it is interrupted.
    pub dark_routes: Vec<DarkRoute>,
    /// Why it would be refused.
    pub refusals: Vec<Failure>,
}

/// Something on the network, and what happens to it. Its texts come from the host: show them as
/// text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Affected {
    pub kind: MemberKind,
    /// Docker's id.
    pub id: String,
    pub name: String,
    /// Docker's word: `running`, `exited`, ...
    pub state: String,
    #[schema(example = "is disconnected")]
    pub effect: String,
}

/// A way from outside to a container over the network. Reported by the host: show it as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DarkRoute {
    #[schema(example = "Host(`shop.example.com`)")]
    pub rule: String,
    /// The container that it leads to.
    pub container: String,
}
