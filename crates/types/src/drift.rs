//! Drift: found differences between what should be and what a host has, and what is done about
//! them. The rules by which that is decided are in `policy`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DestinationId, DriftId, Name, OperationId, ServerId, Subject, Timestamp, text::words};

mod policy;

pub use policy::{
    DriftPolicies, DriftPolicy, DriftPolicyChoice, DriftRules, EffectiveDriftPolicy, PolicyScope,
    UpdateDriftRules,
};

words! {
    /// What differs.
    pub enum DriftKind ("kind of drift") {
        /// Docker no longer has the network.
        Missing = "missing",
        /// Another network has the name.
        Recreated = "recreated",
        /// The network is made by other options than the destination's.
        OptionsDiffer = "options-differ",
        /// The network does not say whose it is any more.
        LabelLost = "label-lost",
        /// The proxy was taken off the network, or put on one that it is kept off.
        AttachmentLost = "attachment-lost",
        /// The proxy's container is gone, does not run, or has another name.
        ProxyDown = "proxy-down",
        /// A container is on the network that was not connected through Portolan, and to which no
        /// route leads. Looked for only where a policy names this kind.
        UnexpectedMember = "unexpected-member",
        /// A route's target is not there, or does not run.
        RouteDark = "route-dark",
    }
}

impl DriftKind {
    /// What is wrong with a destination's network itself. At most one of them stands at a time.
    pub const fn is_of_network(self) -> bool {
        match self {
            Self::Missing | Self::Recreated | Self::OptionsDiffer | Self::LabelLost => true,
            Self::AttachmentLost | Self::ProxyDown | Self::UnexpectedMember | Self::RouteDark => {
                false
            }
        }
    }

    /// The strongest policy that it can have. What people run is not Portolan's to start.
    pub const fn strongest(self) -> DriftPolicy {
        match self {
            Self::Missing
            | Self::Recreated
            | Self::OptionsDiffer
            | Self::LabelLost
            | Self::AttachmentLost
            | Self::ProxyDown
            | Self::UnexpectedMember => DriftPolicy::Heal,
            Self::RouteDark => DriftPolicy::Tell,
        }
    }

    /// The weakest policy that it can have: what was asked for and is not so is never ignored.
    pub const fn weakest(self) -> DriftPolicy {
        match self {
            Self::UnexpectedMember => DriftPolicy::Ignore,
            Self::Missing
            | Self::Recreated
            | Self::OptionsDiffer
            | Self::LabelLost
            | Self::AttachmentLost
            | Self::ProxyDown
            | Self::RouteDark => DriftPolicy::Tell,
        }
    }
}

words! {
    /// How far the answer to a difference is.
    pub enum DriftState ("state of a drift") {
        /// It is being repaired.
        Healing = "healing",
        /// It stays as it is until a person decides.
        Asked = "asked",
        /// It was told, and stays as it is.
        Told = "told",
        /// It could not be repaired; the reason says why.
        Failed = "failed",
        /// A person knows of it, and leaves it so.
        Dismissed = "dismissed",
        /// It was repaired.
        Healed = "healed",
        /// It went by itself, or became another.
        Gone = "gone",
    }
}

impl DriftState {
    /// The difference was still there when it was last looked at.
    pub const fn stands(self) -> bool {
        !matches!(self, Self::Healed | Self::Gone)
    }

    /// It stands, and nobody has said that it may.
    pub const fn is_open(self) -> bool {
        self.stands() && !matches!(self, Self::Dismissed)
    }

    /// The moves that may happen, but for those of one that is decided again.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Healing => {
                matches!(next, Self::Healed | Self::Failed | Self::Gone | Self::Asked | Self::Told)
            }
            Self::Asked | Self::Told | Self::Failed | Self::Dismissed => match next {
                Self::Healing | Self::Healed | Self::Gone | Self::Asked | Self::Told => true,
                Self::Dismissed => !matches!(self, Self::Dismissed),
                Self::Failed => false,
            },
            Self::Healed | Self::Gone => false,
        }
    }
}

/// What is known of a thing, by what it is called: `docker_id`, `subnet`, `MTU`, ... Values that a
/// host reported are shown as text.
pub type Facts = BTreeMap<String, String>;

/// A found difference, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Drift {
    pub id: DriftId,
    pub kind: DriftKind,
    pub subject: Subject,
    pub subject_name: String,
    pub server_id: ServerId,
    pub server_name: Name,
    pub destination_id: Option<DestinationId>,
    pub state: DriftState,
    /// The policy that applied when it was decided.
    pub policy: DriftPolicy,
    /// What differs, in words.
    pub message: String,
    /// Why it is in this state, when that is not obvious.
    pub reason: Option<String>,
    /// What can be done about it. An operation of this API that does it is named in
    /// backticks: `start_proxy`, `set_proxy.extra` where one of its fields matters, `heal_drift ID`.
    pub remedy: Option<String>,
    /// What was there, or should be.
    #[schema(value_type = HashMap<String, String>)]
    pub before: Facts,
    /// What was found instead; nothing where it is gone.
    #[schema(value_type = HashMap<String, String>)]
    pub after: Facts,
    /// What is there since it was repaired.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    #[schema(value_type = HashMap<String, String>)]
    pub mended: Facts,
    /// What Docker told around it, or on which occasion it was found.
    pub cause: String,
    /// The work that repairs it, or tried to.
    pub operation_id: Option<OperationId>,
    pub found_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// From when it was found to its end.
    pub duration_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_over_and_what_stands_can_end() {
        for state in DriftState::ALL {
            let ends = DriftState::ALL.iter().any(|next| !next.stands() && state.may_become(*next));
            assert_eq!(ends, state.stands(), "{state}");
        }
    }

    #[test]
    fn only_a_dismissed_one_stands_and_is_not_open() {
        let quiet = DriftState::ALL.iter().filter(|state| state.stands() && !state.is_open());
        assert_eq!(quiet.collect::<Vec<_>>(), [&DriftState::Dismissed]);
    }
}
