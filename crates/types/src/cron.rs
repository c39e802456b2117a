//! When something is done again and again: five fields, as cron has them, in UTC.
//!
//! Owns what an expression may be and which moments it means. Does not know what is done then.

use std::str::FromStr;

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, Timestamp, text::text_newtype};

const LONGEST: usize = 100;
const FIELDS: usize = 5;

/// Minute, hour, day of the month, month and day of the week, in UTC. Where both days are given, either is
/// enough, as cron has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 100, example = "0 3 * * *")]
pub struct CronExpression(String);

text_newtype!(CronExpression);

impl CronExpression {
    /// The first moment that is meant after another one; `None` only where the calendar ends.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        next(&read(&self.0)?, moment)
    }

    /// The first of those that are meant after a moment.
    pub fn following(&self, moment: Timestamp, count: usize) -> Vec<Timestamp> {
        let Some(cron) = read(&self.0) else { return Vec::new() };
        std::iter::successors(next(&cron, moment), |one| next(&cron, *one)).take(count).collect()
    }
}

fn read(text: &str) -> Option<Cron> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(text).ok()
}

fn next(cron: &Cron, moment: Timestamp) -> Option<Timestamp> {
    // Of a whole second: what is found has the parts of a second that it was looked for from.
    let second = jiff::Timestamp::from_second(moment.as_millis().div_euclid(1_000)).ok()?;
    let found = cron.find_next_occurrence(&second.to_zoned(TimeZone::UTC), false).ok()?;
    Some(Timestamp::from_millis(found.timestamp().as_millisecond()))
}

/// One that means no moment, such as the 30th of February, is none.
impl FromStr for CronExpression {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let expression = fields.join(" ");
        let is_short = expression.len() <= LONGEST && fields.len() == FIELDS;
        let cron = is_short.then(|| read(&expression)).flatten().ok_or_else(|| {
            Invalid::new(
                "a schedule has five fields, as cron has them: minute, hour, day of the month, month \
                 and day of the week, such as `0 3 * * *` for every day at 3:00 UTC",
            )
        })?;
        match next(&cron, Timestamp::from_millis(0)) {
            Some(_) => Ok(Self(expression)),
            None => Err(Invalid::new(format!("`{expression}` is a time that never comes"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn following(expression: &str, from: &str, count: usize) -> Vec<String> {
        let expression: CronExpression = expression.parse().expect(expression);
        let found = expression.following(moment(from), count);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn moments_follow_each_other() {
        assert_eq!(
            following("0 3 * * *", "2026-02-27T03:00:00Z", 2),
            ["2026-02-28T03:00:00.000Z", "2026-03-01T03:00:00.000Z"]
        );
        assert_eq!(
            following("*/20 9-10 * * MON", "2026-03-01T12:00:00.999Z", 4),
            [
                "2026-03-02T09:00:00.000Z",
                "2026-03-02T09:20:00.000Z",
                "2026-03-02T09:40:00.000Z",
                "2026-03-02T10:00:00.000Z"
            ]
        );
        // Either day is enough.
        assert_eq!(
            following("0 0 13 * 5", "2026-03-01T00:00:00Z", 3),
            ["2026-03-06T00:00:00.000Z", "2026-03-13T00:00:00.000Z", "2026-03-20T00:00:00.000Z"]
        );
        assert_eq!(
            following("0 0 29 2 *", "2026-03-01T00:00:00Z", 1),
            ["2028-02-29T00:00:00.000Z"]
        );
    }

    #[test]
    fn a_moment_is_before_the_next_one() {
        let every: CronExpression = "* * * * *".parse().expect("one");
        for millis in [0, 1, 999, 59_999, 60_000] {
            let from = Timestamp::from_millis(millis);
            let next = every.next_after(from).expect("a moment");
            assert!(next > from && next.as_millis() % 60_000 == 0, "{millis}: {next}");
        }
        assert_eq!(every.next_after(moment("5001-01-01T00:00:00Z")), None);
    }

    #[test]
    fn spaces_do_not_matter() {
        let one: CronExpression = "  0  3 * *\t*".parse().expect("one");
        assert_eq!(one.as_str(), "0 3 * * *");
    }

    #[test]
    fn what_means_no_moment_is_refused() {
        for text in [
            "",
            "daily",
            "@daily",
            "0 3 * *",
            "0 0 3 * * *",
            "0 0 3 * * * 2030",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "a b c d e",
            "0 0 30 2 *",
            "0 0 31 4,6,9,11 *",
        ] {
            assert!(text.parse::<CronExpression>().is_err(), "{text}");
        }
        let long = format!("{} * * * *", vec!["1"; 80].join(","));
        assert!(long.parse::<CronExpression>().is_err());
    }
}
