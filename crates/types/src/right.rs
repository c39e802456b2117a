//! What members may do on a server: the levels, and who has which of them where.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Name, ServerId, text::words};

words! {
    /// What somebody may do on a server. Each level has the ones before it; admins and owners have
    /// the last on every server.
    pub enum Right ("right") {
        /// Sees it and everything on it.
        View = "view",
        /// Connects, disconnects and moves containers, and leads routes to them.
        Use = "use",
        /// Makes, changes, verifies, repairs and removes destinations.
        Operate = "operate",
        /// Changes the server itself: its proxy, its policies, its place in the team.
        Manage = "manage",
    }
}

/// A right on one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    pub server_id: ServerId,
    pub server_name: Name,
    pub right: Right,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_has_the_ones_before_it() {
        assert!(Right::View < Right::Use && Right::Use < Right::Operate);
        assert!(Right::Operate < Right::Manage);
    }
}
