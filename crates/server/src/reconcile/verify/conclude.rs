//! Writing a verification down, with its event when the outcome is another than before.

use portolan_types::{
    Check, CheckName, CheckOutcome, Failure, OperationResult, Subject, Timestamp, Verification,
};

use crate::{
    App, Error,
    db::{self, destination::Assigned},
    events::{self, Happened},
    reconcile::recorder::{Recorder, failure},
};

/// How many are kept of each destination.
const KEPT: i64 = 20;

/// Ends the operation, in one transaction with what it found.
pub(super) async fn run(
    app: &App,
    row: &Assigned,
    recorder: &Recorder<'_>,
    started_at: Timestamp,
    outcome: Result<Vec<Check>, Failure>,
) -> Result<(), Error> {
    let checks = match outcome {
        Ok(checks) => checks,
        Err(failure) => return recorder.conclude(Some(&failure), None).await,
    };
    let verification = Verification {
        operation_id: recorder.id.clone(),
        destination_id: row.destination.id.clone(),
        outcome: CheckOutcome::of_all(checks.iter().map(|check| check.outcome)),
        checks,
        started_at,
        finished_at: Timestamp::now(),
    };
    let failure = failure_of(row, &verification);
    let mut tx = app.db.begin().await?;
    let before = db::verification::find_latest(&mut tx, &row.destination.id).await?;
    db::verification::insert(&mut tx, &row.team_id, &verification).await?;
    db::verification::trim(&mut tx, &row.destination.id, KEPT).await?;
    let before = before.map(|before| before.outcome);
    if let Some(happened) = happened(row, &verification, before) {
        events::record(&mut tx, happened, verification.finished_at).await?;
    }
    let result = OperationResult::Verification { checks: verification.checks };
    db::operation::set_result(&mut tx, &recorder.id, &result).await?;
    recorder.finish(&mut tx, failure.as_ref()).await?;
    tx.commit().await?;
    recorder.tell();
    Ok(())
}

fn failed(verification: &Verification) -> Vec<&Check> {
    let is_failed = |check: &&Check| check.outcome == CheckOutcome::Failed;
    verification.checks.iter().filter(is_failed).collect()
}

/// A destination that is not what it should be is the failure of its verification.
fn failure_of(row: &Assigned, verification: &Verification) -> Option<Failure> {
    let failed = failed(verification);
    let first = failed.first()?;
    let names: Vec<&str> = failed.iter().map(|check| check.name.as_str()).collect();
    let message = format!(
        "destination `{}` on server `{}` is not what it should be ({}): {}",
        row.destination.name,
        row.destination.server_name,
        names.join(", "),
        reason(first),
    );
    Some(failure("verification-failed", message, first.remedy.as_deref().unwrap_or_default()))
}

fn reason(check: &Check) -> &str {
    check.reason.as_deref().unwrap_or(CheckName::as_str(check.name))
}

/// Once for each change of the outcome. The first one tells only of a failure.
fn happened<'a>(
    row: &'a Assigned,
    verification: &Verification,
    before: Option<CheckOutcome>,
) -> Option<Happened<'a>> {
    let was_failed = before == Some(CheckOutcome::Failed);
    let place = format!(
        "destination `{}` on server `{}`",
        row.destination.name, row.destination.server_name
    );
    let (kind, message) = match verification.outcome {
        CheckOutcome::Failed if !was_failed => {
            let reasons: Vec<&str> = failed(verification).into_iter().map(reason).collect();
            (
                "destination.verification-failed",
                format!("{place} was verified and failed: {}", reasons.join("; ")),
            )
        }
        CheckOutcome::Passed if was_failed => (
            "destination.verification-passed",
            format!("{place} was verified and is as it should be again"),
        ),
        CheckOutcome::Failed | CheckOutcome::Passed | CheckOutcome::Skipped => return None,
    };
    Some(Happened {
        team: &row.team_id,
        kind,
        subject: Subject::Destination(row.destination.id.clone()),
        name: row.destination.name.as_str(),
        message,
    })
}
