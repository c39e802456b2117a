//! What stands between a found difference and its repair: the policy, and the rule that nobody is
//! fought. Finding differences and mending them is done elsewhere; here it is decided, and written
//! down with the decision.
//!
//! A difference that stands has one row. It is decided about when it is found, when it becomes
//! another, and when the rules change; what a person decided holds until then.

use std::time::Duration;

use portolan_types::{
    DestinationId, Drift, DriftId, DriftKind, DriftPolicy, DriftState, EffectiveDriftPolicy, Facts,
    Name, OperationId, PolicyScope, ServerId, Subject, TeamId, Timestamp,
};
use sqlx::AnyConnection;

use crate::{
    Error,
    db::{
        self,
        drift::{Decided, Spot, Standing},
    },
    drift_rules::Rules,
    drifts,
    events::{self, Happened},
};

pub(super) mod network;
pub(super) mod thing;

/// So many repairs of one thing within [`WINDOW`], and a person is asked: somebody undoes them.
const MOST_REPAIRS: i64 = 3;
const WINDOW: Duration = Duration::from_mins(10);

/// A difference as it was found.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    pub team: &'a TeamId,
    pub subject: Subject,
    /// The subject's name.
    pub name: &'a str,
    pub server: &'a ServerId,
    pub server_name: &'a Name,
    pub destination: Option<&'a DestinationId>,
    pub kind: DriftKind,
    /// What differs, in words.
    pub message: String,
    pub before: Facts,
    pub after: Facts,
    pub cause: String,
}

/// What is done about a finding.
#[derive(Debug)]
pub(super) struct Decision {
    pub policy: DriftPolicy,
    reason: Option<String>,
    decided_under: i64,
}

impl Decision {
    pub(super) const fn heals(&self) -> bool {
        matches!(self.policy, DriftPolicy::Heal)
    }

    /// Why it is left to people.
    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    pub(super) const fn state(&self) -> DriftState {
        match self.policy {
            DriftPolicy::Heal => DriftState::Healing,
            DriftPolicy::Ask => DriftState::Asked,
            // What is ignored is not decided about.
            DriftPolicy::Tell | DriftPolicy::Ignore => DriftState::Told,
        }
    }
}

/// What is to be done; `None` when that was decided already and holds, or when nobody wants to know.
pub(super) async fn decide(
    conn: &mut AnyConnection,
    finding: &Finding<'_>,
    standing: Option<&Standing>,
    now: Timestamp,
) -> Result<Option<Decision>, Error> {
    let rules = Rules::of(conn, finding.team, finding.server, finding.destination).await?;
    let revision = rules.revision();
    if standing.is_some_and(|standing| holds(standing, finding, revision)) {
        return Ok(None);
    }
    let effective = rules.effective(finding.kind);
    if effective.policy == DriftPolicy::Ignore {
        return Ok(None);
    }
    let decision = |policy, reason| Decision { policy, reason, decided_under: revision };
    if effective.policy != DriftPolicy::Heal {
        let reason = why(&effective);
        return Ok(Some(decision(effective.policy, Some(reason))));
    }
    let subject_id = finding.subject.id();
    let spot = Spot { subject_id, server: finding.server, kind: finding.kind };
    let since = now.plus_seconds(-WINDOW.as_secs().cast_signed());
    let repairs = db::drift::count_repairs(conn, &spot, since, revision).await?;
    Ok(Some(if repairs < MOST_REPAIRS {
        decision(DriftPolicy::Heal, None)
    } else {
        decision(DriftPolicy::Ask, Some(restless()))
    }))
}

/// Whether what was decided still holds. What a person dismissed is left alone while it is the
/// same, whatever the rules become.
fn holds(standing: &Standing, finding: &Finding<'_>, revision: i64) -> bool {
    let drift = &standing.drift;
    let same = is_same(standing, finding);
    match drift.state {
        DriftState::Dismissed => same,
        DriftState::Asked | DriftState::Told => same && standing.decided_under == revision,
        // Its repair ended, and the difference is there.
        DriftState::Healing | DriftState::Failed | DriftState::Healed | DriftState::Gone => false,
    }
}

/// Whether it is the difference that stands. A proxy that does not run is one loss, whatever is
/// found in its place from one moment to the next: what is removed is stopped first.
fn is_same(standing: &Standing, finding: &Finding<'_>) -> bool {
    let after_counts = finding.kind != DriftKind::ProxyDown;
    standing.drift.kind == finding.kind && (!after_counts || standing.drift.after == finding.after)
}

fn why(effective: &EffectiveDriftPolicy) -> String {
    let EffectiveDriftPolicy { kind, policy, from } = effective;
    if kind.strongest() != DriftPolicy::Heal {
        return "what people run is not Portolan's to start".to_owned();
    }
    match from {
        PolicyScope::Default => format!("this is always left to people ({policy})"),
        PolicyScope::Team | PolicyScope::Server | PolicyScope::Destination => {
            format!("the policy of the {from} is `{policy}`")
        }
    }
}

fn restless() -> String {
    format!(
        "it was repaired {MOST_REPAIRS} times within {} minutes, and something undoes it",
        WINDOW.as_secs() / 60
    )
}

/// Writes the decision down, with its events. A standing row of the same kind is decided anew;
/// one of another kind has to have ended before. `None` when a person decided meanwhile.
pub(super) async fn put(
    conn: &mut AnyConnection,
    finding: &Finding<'_>,
    standing: Option<&Standing>,
    decision: &Decision,
    operation: Option<&OperationId>,
    now: Timestamp,
) -> Result<Option<DriftId>, Error> {
    let id = match standing {
        Some(standing) => {
            if !again(conn, standing, decision, operation).await? {
                return Ok(None);
            }
            standing.drift.id.clone()
        }
        None => insert(conn, finding, decision, operation, now).await?,
    };
    let asked_already = standing.is_some_and(|one| one.drift.state == DriftState::Asked);
    if decision.policy == DriftPolicy::Ask && !asked_already {
        events::record(conn, asked(finding, decision, &id).on(finding.server), now).await?;
    }
    Ok(Some(id))
}

async fn again(
    conn: &mut AnyConnection,
    standing: &Standing,
    decision: &Decision,
    operation: Option<&OperationId>,
) -> Result<bool, Error> {
    let remedy = drifts::remedy(standing.drift.kind, &standing.drift.id, decision.state());
    let decided = Decided {
        from: standing.drift.state,
        to: decision.state(),
        policy: decision.policy,
        reason: decision.reason.as_deref(),
        remedy: remedy.as_deref(),
        operation,
        decided_under: decision.decided_under,
        by_person: false,
    };
    Ok(db::drift::decide(conn, &standing.drift.id, &decided).await?)
}

async fn insert(
    conn: &mut AnyConnection,
    finding: &Finding<'_>,
    decision: &Decision,
    operation: Option<&OperationId>,
    now: Timestamp,
) -> Result<DriftId, Error> {
    let id = DriftId::generate();
    let drift = Drift {
        kind: finding.kind,
        subject: finding.subject.clone(),
        subject_name: finding.name.to_owned(),
        server_id: finding.server.clone(),
        server_name: finding.server_name.clone(),
        destination_id: finding.destination.cloned(),
        state: decision.state(),
        policy: decision.policy,
        message: finding.message.clone(),
        reason: decision.reason.clone(),
        remedy: drifts::remedy(finding.kind, &id, decision.state()),
        before: finding.before.clone(),
        after: finding.after.clone(),
        mended: Facts::new(),
        cause: finding.cause.clone(),
        operation_id: operation.cloned(),
        found_at: now,
        ended_at: None,
        duration_ms: None,
        id: id.clone(),
    };
    let standing = Standing { drift, decided_under: decision.decided_under, by_person: false };
    db::drift::insert(conn, finding.team, &standing).await?;
    let Some(found) = found(finding) else { return Ok(id) };
    let entry = match operation {
        Some(operation) => found.part_of(operation),
        None => found.into(),
    };
    let entry = entry.change(&finding.before, &finding.after).on(finding.server);
    events::record(conn, entry, now).await?;
    Ok(id)
}

/// The event of a new one. That a route is dark was told with its move.
fn found<'a>(finding: &'a Finding<'_>) -> Option<Happened<'a>> {
    let Finding { name, server_name, message, .. } = finding;
    let (kind, what) = match finding.kind {
        DriftKind::Missing
        | DriftKind::Recreated
        | DriftKind::OptionsDiffer
        | DriftKind::LabelLost => ("destination.drifted", format!("destination `{name}`")),
        DriftKind::AttachmentLost => ("attachment.lost", format!("destination `{name}`")),
        DriftKind::UnexpectedMember => ("member.unexpected", format!("destination `{name}`")),
        DriftKind::ProxyDown => ("proxy.down", "the proxy".to_owned()),
        DriftKind::RouteDark => return None,
    };
    let message = format!("{what} on server `{server_name}` drifted: {message}");
    Some(happened(finding, kind, message))
}

fn asked<'a>(finding: &'a Finding<'_>, decision: &Decision, id: &DriftId) -> Happened<'a> {
    let message = format!(
        "`{}` on server `{}` waits for a person: {}; {}. Repair it, or \
         leave it so: drift {id}",
        finding.name,
        finding.server_name,
        finding.message,
        decision.reason.as_deref().unwrap_or("its policy is to ask"),
    );
    happened(finding, "drift.asked", message)
}

fn happened<'a>(finding: &'a Finding<'_>, kind: &'static str, message: String) -> Happened<'a> {
    Happened {
        team: finding.team,
        kind,
        subject: finding.subject.clone(),
        name: finding.name,
        message,
    }
}
