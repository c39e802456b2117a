//! Differences of single things: a proxy's place on a network, a route, who is on a destination.
//! Owns that the decision, the work that mends it and the end of both are written down together.
//! What the work does to the host is its caller's affair.

use portolan_types::{
    DriftId, DriftPolicy, DriftState, Facts, Failure, OperationId, OperationKind, Timestamp,
};
use sqlx::AnyConnection;

use super::{Decision, Finding, decide, holds, is_same, put};
use crate::{
    App, Error,
    db::{self, Transaction, drift::Standing},
    drift_rules::Rules,
    drifts,
    operations::{self, Task},
    reconcile::{
        recorder::{Recorder, failure},
        retries::Retries,
    },
};

/// What is done about a difference now.
#[derive(Debug)]
pub(in super::super) enum Answer {
    /// It is mended, as this work.
    Mend(Repair),
    /// It stays; in words what differs, why it is left so and what can be done.
    Leave(String),
    /// Nobody wants to know.
    Nothing,
}

/// Whether what is found is the difference that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Form {
    Same,
    Another,
}

/// The work that mends a difference.
#[derive(Debug)]
pub(in super::super) struct Repair {
    pub drift: DriftId,
    pub kind: OperationKind,
    pub operation: OperationId,
}

/// Decides about a finding and writes it down, with the work that mends it. Work that was begun is
/// gone on with.
pub(in super::super) async fn answer(
    app: &App,
    finding: &Finding<'_>,
    standing: Option<&Standing>,
    kind: OperationKind,
    retries: &mut Retries,
) -> Result<Answer, Error> {
    let same = standing.filter(|one| is_same(one, finding));
    if let Some(standing) = same {
        // Most looks find nothing new: they do not ask for the one place to write.
        let mut conn = app.db.acquire().await?;
        if let Some(repair) = under_way(&mut conn, finding, standing, kind).await? {
            return Ok(Answer::Mend(repair));
        }
        if rests(&mut conn, finding, standing, retries).await? {
            return Ok(Answer::Leave(words(&standing.drift)));
        }
    }
    let now = Timestamp::now();
    let mut tx = app.db.begin().await?;
    let Some(decision) = decide(&mut tx, finding, standing, now).await? else {
        return Ok(standing.map_or(Answer::Nothing, |one| Answer::Leave(words(&one.drift))));
    };
    if let Some(standing) = standing {
        let form = if same.is_some() { Form::Same } else { Form::Another };
        make_way(&mut tx, finding, standing, form, now).await?;
    }
    let operation = begin(&mut tx, finding, &decision, kind).await?;
    let put = put(&mut tx, finding, same, &decision, operation.as_ref(), now).await?;
    // A person decided meanwhile: the next look does what they said.
    let Some(drift) = put else { return Ok(Answer::Leave(finding.message.clone())) };
    tx.commit().await?;
    Ok(if let Some(operation) = operation {
        Answer::Mend(Repair { drift, kind, operation })
    } else {
        let remedy = drifts::remedy(finding.kind, &drift, decision.state());
        Answer::Leave(sentence(&finding.message, decision.reason(), remedy.as_deref()))
    })
}

/// The work that was begun, where it is still to be done: what a person asked for, and what the
/// rules that decided it still are.
pub(in super::super) async fn under_way(
    conn: &mut AnyConnection,
    finding: &Finding<'_>,
    standing: &Standing,
    kind: OperationKind,
) -> Result<Option<Repair>, Error> {
    let drift = &standing.drift;
    let begun = drift.operation_id.as_ref().filter(|_| drift.state == DriftState::Healing);
    let Some(operation) = begun else { return Ok(None) };
    let holds = standing.by_person || revision(conn, finding).await? == standing.decided_under;
    let goes_on = holds && db::operation::is_at_work(conn, operation).await?;
    Ok(goes_on.then(|| Repair { drift: drift.id.clone(), kind, operation: operation.clone() }))
}

async fn revision(conn: &mut AnyConnection, finding: &Finding<'_>) -> Result<i64, Error> {
    let rules = Rules::of(conn, finding.team, finding.server, finding.destination).await?;
    Ok(rules.revision())
}

/// Whether it stays as it is. A repair that failed is tried again by itself a few times: whoever
/// meddled may have come in between. What a person asked for, and what failed, is theirs.
async fn rests(
    conn: &mut AnyConnection,
    finding: &Finding<'_>,
    standing: &Standing,
    retries: &mut Retries,
) -> Result<bool, Error> {
    if standing.drift.state != DriftState::Failed {
        return holds_still(conn, finding, standing).await;
    }
    let revision = revision(conn, finding).await?;
    let by_itself = standing.drift.policy == DriftPolicy::Heal && !standing.by_person;
    let again = by_itself && retries.may(finding.subject.id());
    Ok(standing.decided_under == revision && !again)
}

/// Whether what was decided holds, by the rules as they are.
pub(in super::super) async fn holds_still(
    conn: &mut AnyConnection,
    finding: &Finding<'_>,
    standing: &Standing,
) -> Result<bool, Error> {
    Ok(holds(standing, finding, revision(conn, finding).await?))
}

/// What was decided before ends: the difference where it became another, and its work in any case.
pub(in super::super) async fn make_way(
    tx: &mut Transaction,
    finding: &Finding<'_>,
    standing: &Standing,
    form: Form,
    now: Timestamp,
) -> Result<(), Error> {
    let drift = &standing.drift;
    if form == Form::Another {
        db::drift::end(tx, &drift.id, DriftState::Gone, &finding.after, now).await?;
    }
    if let (DriftState::Healing, Some(operation)) = (drift.state, &drift.operation_id) {
        db::operation::finish(tx, operation, Some(&left_alone(finding)), now).await?;
    }
    Ok(())
}

fn left_alone(finding: &Finding<'_>) -> Failure {
    failure(
        "left-to-a-person",
        format!("it is not repaired any more: {}", finding.message),
        "see `list_drifts.open`",
    )
}

pub(in super::super) async fn begin(
    tx: &mut Transaction,
    finding: &Finding<'_>,
    decision: &Decision,
    kind: OperationKind,
) -> Result<Option<OperationId>, Error> {
    if !decision.heals() {
        return Ok(None);
    }
    let task = Task { kind, subject: finding.subject.clone(), name: finding.name, input: None };
    Ok(Some(operations::queue(tx, finding.team, task).await?.id))
}

/// What stands, in words.
pub(in super::super) fn words(drift: &portolan_types::Drift) -> String {
    sentence(&drift.message, drift.reason.as_deref(), drift.remedy.as_deref())
}

pub(in super::super) fn sentence(
    message: &str,
    reason: Option<&str>,
    remedy: Option<&str>,
) -> String {
    let parts = [Some(message), reason, remedy];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The difference is over: mended by something else, or by itself. Work that was to mend it has
/// nothing left to do, and is answered: tell those who wait for it after the commit.
pub(in super::super) async fn over(
    tx: &mut Transaction,
    standing: &Standing,
    mended: &Facts,
    now: Timestamp,
) -> Result<Option<OperationId>, Error> {
    let id = &standing.drift.id;
    if !db::drift::end(tx, id, DriftState::Gone, mended, now).await? {
        return Ok(None);
    }
    // As the row has it now: a person may have asked for the repair since it was read.
    let operation = db::drift::find_operation(tx, id).await?;
    if let Some(operation) = &operation {
        db::operation::finish(tx, operation, None, now).await?;
    }
    Ok(operation)
}

/// The same, where it stands alone.
pub(in super::super) async fn gone(
    app: &App,
    standing: &Standing,
    mended: &Facts,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let operation = over(&mut tx, standing, mended, Timestamp::now()).await?;
    tx.commit().await?;
    if let Some(operation) = &operation {
        app.changed(operation);
    }
    Ok(())
}

/// The end of a repair, with that of its difference.
pub(in super::super) async fn conclude(
    app: &App,
    recorder: &Recorder<'_>,
    repair: &Repair,
    outcome: Result<&Facts, &Failure>,
) -> Result<(), Error> {
    let now = Timestamp::now();
    let mut tx = app.db.begin().await?;
    match outcome {
        Ok(mended) => {
            db::drift::end(&mut tx, &repair.drift, DriftState::Healed, mended, now).await?;
        }
        Err(failure) => {
            let failure = and_again(failure, &repair.drift);
            db::drift::fail(&mut tx, &repair.drift, &failure).await?;
        }
    }
    recorder.finish(&mut tx, outcome.err()).await?;
    tx.commit().await?;
    recorder.tell();
    Ok(())
}

/// What to do about a failure, and how it is tried again.
pub(in super::super) fn and_again(failure: &Failure, drift: &DriftId) -> Failure {
    let again = format!("then try it again (`heal_drift {drift}`)");
    let remedy =
        failure.remedy.as_ref().map_or_else(|| again.clone(), |one| format!("{one}; {again}"));
    Failure { remedy: Some(remedy), ..failure.clone() }
}
