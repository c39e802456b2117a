//! What is said about drift in one place, the team, a server or a destination, as its form offers it.

use portolan_types::{DriftKind, DriftPolicies, DriftPolicy, PolicyScope};

/// A policy that can be said, and whether it is.
pub(super) struct Choice {
    pub policy: DriftPolicy,
    pub said: bool,
}

/// A kind of difference, with what is done about it and what may be.
pub(super) struct Rule {
    pub kind: DriftKind,
    /// What is done, and where that was said.
    pub holds: DriftPolicy,
    pub from: PolicyScope,
    /// What is said in this place.
    pub said: Option<DriftPolicy>,
    pub choices: Vec<Choice>,
}

/// All that is said, and can be.
pub(super) struct Rules {
    /// Of every kind that is not named.
    pub for_all: Option<DriftPolicy>,
    pub choices: Vec<Choice>,
    pub kinds: Vec<Rule>,
}

impl From<&DriftPolicies> for Rules {
    fn from(policies: &DriftPolicies) -> Self {
        let for_all = policies.rules.policy;
        let kinds = policies.effective.iter().map(|effective| {
            let said = policies.rules.kinds.get(&effective.kind).copied();
            Rule {
                kind: effective.kind,
                holds: effective.policy,
                from: effective.from,
                said,
                choices: choices(DriftPolicy::of_kind(effective.kind), said),
            }
        });
        Self {
            for_all,
            choices: choices(DriftPolicy::of_every_kind(), for_all),
            kinds: kinds.collect(),
        }
    }
}

fn choices(of: impl Iterator<Item = DriftPolicy>, said: Option<DriftPolicy>) -> Vec<Choice> {
    of.map(|policy| Choice { policy, said: said == Some(policy) }).collect()
}
