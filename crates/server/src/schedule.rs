//! Moments of the calendar: which one is next, and waiting for it. Knows nothing of what is done then.

use std::time::Duration;

use portolan_types::{CronExpression, Timestamp};

use crate::Error;

/// A sleep counts what passes, and not what a clock shows that is set meanwhile: so long too late at
/// most.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

/// The first moment of an expression after another one.
pub(crate) fn next(expression: &CronExpression, after: Timestamp) -> Result<Timestamp, Error> {
    let next = expression.next_after(after);
    next.ok_or_else(|| Error::field("expression", format!("`{expression}` does not come again")))
}

/// Waits until a moment; where there is none, for ever.
pub(crate) async fn arrives(moment: Option<Timestamp>) {
    let Some(moment) = moment else { return std::future::pending().await };
    loop {
        let left = Duration::from_millis(Timestamp::now().millis_until(moment));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
    }
}

/// Begins each of what is due. One that cannot be written down keeps no other one waiting: the first
/// error is answered at the end.
pub(crate) async fn each<T, F>(due: Vec<T>, begin: impl Fn(T) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>>,
{
    let mut outcome = Ok(());
    for one in due {
        outcome = outcome.and(begin(one).await);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_moment_arrives_and_none_never_does() {
        let soon = Timestamp::now().plus(Duration::from_millis(5));
        for moment in [Timestamp::from_millis(0), soon] {
            arrives(Some(moment)).await;
            assert!(Timestamp::now() >= moment);
        }
        let never = tokio::time::timeout(Duration::from_millis(5), arrives(None)).await;
        assert!(never.is_err(), "it arrived");
    }
}
