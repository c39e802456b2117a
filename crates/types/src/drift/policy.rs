//! Policies: what is done about a difference, said for the team, a server or a destination.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DriftKind;
use crate::{Invalid, text::words};

words! {
    /// What is done about a difference. From the strongest to the weakest.
    pub enum DriftPolicy ("policy") {
        /// It is repaired at once.
        Heal = "heal",
        /// It is left as it is, and a person is asked.
        Ask = "ask",
        /// It is left as it is, and told.
        Tell = "tell",
    }
}

words! {
    /// A policy, or that the wider scope's holds.
    pub enum DriftPolicyChoice ("policy") {
        Heal = "heal",
        Ask = "ask",
        Tell = "tell",
        /// Nothing is said here.
        Inherit = "inherit",
    }
}

impl DriftPolicyChoice {
    const fn policy(self) -> Option<DriftPolicy> {
        match self {
            Self::Heal => Some(DriftPolicy::Heal),
            Self::Ask => Some(DriftPolicy::Ask),
            Self::Tell => Some(DriftPolicy::Tell),
            Self::Inherit => None,
        }
    }
}

words! {
    /// Where a policy comes from, from the widest to the narrowest.
    pub enum PolicyScope ("scope of a policy") {
        /// Portolan's own.
        Default = "default",
        Team = "team",
        Server = "server",
        Destination = "destination",
    }
}

/// What is said in one place: for everything, and for single kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DriftRules {
    /// For every kind that is not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<DriftPolicy>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<DriftKind, DriftPolicy>,
}

impl DriftRules {
    /// What they say of a kind: what names it counts more than what is said for all.
    pub fn say(&self, kind: DriftKind) -> Option<DriftPolicy> {
        self.kinds.get(&kind).copied().or(self.policy)
    }

    /// Changed as asked.
    #[must_use]
    pub fn with(mut self, change: &UpdateDriftRules) -> Self {
        if let Some(choice) = change.policy {
            self.policy = choice.policy();
        }
        for (kind, choice) in &change.kinds {
            match choice.policy() {
                Some(policy) => drop(self.kinds.insert(*kind, policy)),
                None => drop(self.kinds.remove(kind)),
            }
        }
        self
    }
}

/// What to change of the rules. What is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDriftRules {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<DriftPolicyChoice>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<DriftKind, DriftPolicyChoice>,
}

impl UpdateDriftRules {
    /// Refuses what a kind cannot have.
    pub fn check(&self) -> Result<(), Invalid> {
        let too_strong = self
            .kinds
            .iter()
            .find(|(kind, choice)| choice.policy().is_some_and(|policy| policy < kind.strongest()));
        match too_strong {
            None => Ok(()),
            Some((kind, choice)) => Err(Invalid::new(format!(
                "{kind} cannot be `{choice}`: Portolan does not repair what it did not start; use {}",
                kind.strongest()
            ))),
        }
    }
}

/// The policy that applies to a kind, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EffectiveDriftPolicy {
    pub kind: DriftKind,
    pub policy: DriftPolicy,
    pub from: PolicyScope,
}

impl EffectiveDriftPolicy {
    /// The narrowest that says something, no stronger than the kind can have. Rules come from the
    /// narrowest to the widest.
    pub fn of<'a>(
        kind: DriftKind,
        rules: impl IntoIterator<Item = (PolicyScope, &'a DriftRules)>,
    ) -> Self {
        let said = rules.into_iter().find_map(|(from, rules)| Some((from, rules.say(kind)?)));
        let (from, policy) = said.unwrap_or((PolicyScope::Default, DriftPolicy::Heal));
        Self { kind, policy: policy.max(kind.strongest()), from }
    }
}

/// What is done about differences somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DriftPolicies {
    pub scope: PolicyScope,
    /// What is said there.
    pub rules: DriftRules,
    /// What holds there, kind by kind.
    pub effective: Vec<EffectiveDriftPolicy>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(policy: Option<DriftPolicy>, kinds: &[(DriftKind, DriftPolicy)]) -> DriftRules {
        DriftRules { policy, kinds: kinds.iter().copied().collect() }
    }

    #[test]
    fn the_narrowest_wins_and_a_named_kind_counts_more_than_all() {
        use DriftPolicy::{Ask, Heal, Tell};
        use PolicyScope::{Default, Destination, Server, Team};
        let team = rules(Some(Tell), &[(DriftKind::Recreated, Ask)]);
        let server = rules(None, &[(DriftKind::Missing, Heal)]);
        let destination = rules(Some(Ask), &[]);
        let silent = rules(None, &[]);
        let of = |kind, destination| {
            let scopes = [(Destination, destination), (Server, &server), (Team, &team)];
            let EffectiveDriftPolicy { policy, from, .. } = EffectiveDriftPolicy::of(kind, scopes);
            (policy, from)
        };
        assert_eq!(of(DriftKind::Missing, &destination), (Ask, Destination));
        assert_eq!(of(DriftKind::Missing, &silent), (Heal, Server));
        assert_eq!(of(DriftKind::Recreated, &silent), (Ask, Team));
        assert_eq!(of(DriftKind::ProxyDown, &silent), (Tell, Team));
        let nothing = EffectiveDriftPolicy::of(DriftKind::Missing, []);
        assert_eq!((nothing.policy, nothing.from), (Heal, Default));
    }

    #[test]
    fn what_people_run_is_never_healed() {
        let heal = rules(Some(DriftPolicy::Heal), &[]);
        for kind in [DriftKind::RouteDark, DriftKind::UnexpectedMember] {
            let found = EffectiveDriftPolicy::of(kind, [(PolicyScope::Team, &heal)]);
            assert_eq!(found.policy, DriftPolicy::Tell);
            let change = UpdateDriftRules {
                kinds: [(kind, DriftPolicyChoice::Heal)].into(),
                ..UpdateDriftRules::default()
            };
            assert!(change.check().is_err());
        }
    }

    #[test]
    fn inherit_takes_a_rule_back() {
        let before = rules(Some(DriftPolicy::Ask), &[(DriftKind::Missing, DriftPolicy::Tell)]);
        let change = UpdateDriftRules {
            policy: Some(DriftPolicyChoice::Inherit),
            kinds: [(DriftKind::Missing, DriftPolicyChoice::Inherit)].into(),
        };
        assert_eq!(before.with(&change), DriftRules::default());
    }
}
