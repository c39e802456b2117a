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
        /// It is not looked for.
        Ignore = "ignore",
    }
}

impl DriftPolicy {
    /// What can be said of every kind at once, from the strongest on.
    pub fn of_every_kind() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|policy| *policy != Self::Ignore)
    }

    /// What can be said of a kind, from the strongest on.
    pub fn of_kind(kind: DriftKind) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |policy| fits(kind, *policy).is_ok())
    }
}

words! {
    /// A policy, or that the wider scope's holds.
    pub enum DriftPolicyChoice ("policy") {
        Heal = "heal",
        Ask = "ask",
        Tell = "tell",
        /// It is not looked for.
        Ignore = "ignore",
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
            Self::Ignore => Some(DriftPolicy::Ignore),
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
    /// What they say of a kind: what names it counts more than what is said for all. Unexpected
    /// members have to be named: containers come by hand and by Compose everywhere, and who says
    /// what is done about losses has not asked to hear of them.
    pub fn say(&self, kind: DriftKind) -> Option<DriftPolicy> {
        let for_all = self.policy.filter(|_| kind != DriftKind::UnexpectedMember);
        self.kinds.get(&kind).copied().or(for_all)
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
    /// Refuses what a kind cannot have; names the field that says it.
    pub fn check(&self) -> Result<(), (&'static str, Invalid)> {
        if self.policy == Some(DriftPolicyChoice::Ignore) {
            let words = "only unexpected-member can be ignored: what was asked for and is not so is \
                         at least told";
            return Err(("policy", Invalid::new(words)));
        }
        self.kinds.iter().try_for_each(|(kind, choice)| match choice.policy() {
            Some(policy) => fits(*kind, policy).map_err(|invalid| ("kinds", invalid)),
            None => Ok(()),
        })
    }
}

fn fits(kind: DriftKind, policy: DriftPolicy) -> Result<(), Invalid> {
    let (strongest, weakest) = (kind.strongest(), kind.weakest());
    if policy < strongest {
        return Err(Invalid::new(format!(
            "{kind} cannot be `{policy}`: what people run is not Portolan's to start; use {strongest}"
        )));
    }
    if policy > weakest {
        return Err(Invalid::new(format!(
            "{kind} cannot be `{policy}`: what was asked for and is not so is at least told; use \
             {weakest}"
        )));
    }
    Ok(())
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
        let (from, policy) = said.unwrap_or((PolicyScope::Default, by_default(kind)));
        Self { kind, policy: policy.max(kind.strongest()), from }
    }
}

/// Portolan's own.
const fn by_default(kind: DriftKind) -> DriftPolicy {
    match kind {
        DriftKind::UnexpectedMember => DriftPolicy::Ignore,
        DriftKind::Missing
        | DriftKind::Recreated
        | DriftKind::OptionsDiffer
        | DriftKind::LabelLost
        | DriftKind::AttachmentLost
        | DriftKind::ProxyDown
        | DriftKind::RouteDark => DriftPolicy::Heal,
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

    fn change(kind: DriftKind, choice: DriftPolicyChoice) -> UpdateDriftRules {
        UpdateDriftRules { kinds: [(kind, choice)].into(), ..UpdateDriftRules::default() }
    }

    #[test]
    fn what_people_run_is_never_started() {
        let heal = rules(Some(DriftPolicy::Heal), &[]);
        let found = EffectiveDriftPolicy::of(DriftKind::RouteDark, [(PolicyScope::Team, &heal)]);
        assert_eq!(found.policy, DriftPolicy::Tell);
        for choice in [DriftPolicyChoice::Heal, DriftPolicyChoice::Ask] {
            assert!(change(DriftKind::RouteDark, choice).check().is_err(), "{choice}");
        }
    }

    #[test]
    fn unexpected_members_are_looked_for_where_they_are_named() {
        let kind = DriftKind::UnexpectedMember;
        let of = |rules: &DriftRules| {
            EffectiveDriftPolicy::of(kind, [(PolicyScope::Destination, rules)]).policy
        };
        assert_eq!(of(&rules(None, &[])), DriftPolicy::Ignore);
        assert_eq!(of(&rules(Some(DriftPolicy::Ask), &[])), DriftPolicy::Ignore);
        assert_eq!(of(&rules(None, &[(kind, DriftPolicy::Ask)])), DriftPolicy::Ask);
        assert!(change(kind, DriftPolicyChoice::Ignore).check().is_ok());
    }

    #[test]
    fn nothing_else_is_ignored() {
        let refused = change(DriftKind::Missing, DriftPolicyChoice::Ignore).check();
        assert_eq!(refused.map_err(|(field, _)| field), Err("kinds"));
        let all = UpdateDriftRules {
            policy: Some(DriftPolicyChoice::Ignore),
            ..UpdateDriftRules::default()
        };
        assert_eq!(all.check().map_err(|(field, _)| field), Err("policy"));
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
