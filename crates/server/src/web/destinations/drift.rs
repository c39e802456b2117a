//! What differs of a destination, and what is done about differences.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    DestinationId, Drift, DriftKind, DriftPolicies, DriftPolicy, EffectiveDriftPolicy, Page,
    PageQuery, PolicyScope, Reachability,
};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    db::drift::Filter,
    drift_rules::{self, Scope},
    drifts,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "destinations/drift.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    policies: DriftPolicies,
    page: Page<Drift>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Drift).await?;
    let actor = &chrome.actor;
    let policies = drift_rules::show(&app, actor, &Scope::Destination(id.clone())).await?;
    let filter = Filter { destination: Some(id), ..Filter::default() };
    let page = drifts::list(&app, actor, &filter, &query).await?;
    Ok(shown::page(&Show { chrome, head, policies, page }))
}

impl Show {
    /// What can be said of a kind, from the strongest to the weakest.
    fn choices(kind: DriftKind) -> impl Iterator<Item = &'static DriftPolicy> {
        let fits =
            move |policy: &&DriftPolicy| (kind.strongest()..=kind.weakest()).contains(*policy);
        DriftPolicy::ALL.iter().filter(fits)
    }

    /// What is said of a kind here, and not elsewhere.
    fn says(&self, kind: DriftKind, policy: DriftPolicy) -> bool {
        self.policies.rules.kinds.get(&kind) == Some(&policy)
    }

    fn says_of_all(&self, policy: DriftPolicy) -> bool {
        self.policies.rules.policy == Some(policy)
    }

    /// The destination's kinds of drift, with what holds.
    fn effective(&self) -> &[EffectiveDriftPolicy] {
        &self.policies.effective
    }
}
