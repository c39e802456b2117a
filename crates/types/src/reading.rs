//! What containers say, as it is read: which part of it, line by line, and how following it ends.
//!
//! Owns the words and bounds. What a line says is a program's, and hostile: show it as text.

use std::str::Chars;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Invalid, Timestamp, page::SearchText, text::words};

/// How many lines are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct LineCount(u32);

impl LineCount {
    pub const MOST: u32 = 10_000;

    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for LineCount {
    fn default() -> Self {
        Self(200)
    }
}

impl TryFrom<u32> for LineCount {
    type Error = Invalid;

    fn try_from(lines: u32) -> Result<Self, Self::Error> {
        if (1..=Self::MOST).contains(&lines) {
            return Ok(Self(lines));
        }
        Err(Invalid::new("at least one line is read, and at most 10000"))
    }
}

impl From<LineCount> for u32 {
    fn from(lines: LineCount) -> Self {
        lines.0
    }
}

/// Which part of what a container said is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReadLogs {
    /// The last lines at most, of those that are wanted otherwise.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 200)]
    pub lines: LineCount,
    /// Only what was said from then on.
    #[param(value_type = Option<Timestamp>)]
    pub since: Option<Timestamp>,
    /// Only what was said until then.
    #[param(value_type = Option<Timestamp>)]
    pub until: Option<Timestamp>,
    /// Only lines that contain this text, in any case; looked for in the last 100,000 lines.
    #[param(value_type = Option<String>, max_length = 200)]
    pub search: Option<SearchText>,
}

impl ReadLogs {
    /// Whether a line is one of those that are wanted.
    pub fn wants(&self, text: &str) -> bool {
        let Some(search) = &self.search else { return true };
        text.to_lowercase().contains(&search.as_str().to_lowercase())
    }
}

words! {
    /// Where a program says something.
    pub enum LogStream ("output of a program") {
        Stdout = "stdout",
        Stderr = "stderr",
    }
}

/// A line that a program said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// In a container with a terminal both outputs are one: `stdout`.
    pub stream: LogStream,
    /// When the engine heard it, by the host's clock.
    pub at: Option<Timestamp>,
    /// Without its end. A longer line than 32 KiB comes as several.
    pub text: String,
}

impl LogLine {
    /// The text without what would steer a terminal: colours, titles and places of the cursor are
    /// left out with all that belongs to them.
    pub fn plain(&self) -> String {
        let (mut plain, mut rest) = (String::with_capacity(self.text.len()), self.text.chars());
        while let Some(c) = rest.next() {
            match c {
                ESCAPE => skip_sequence(&mut rest),
                '\u{9b}' => skip_until(&mut rest, is_final),
                '\t' => plain.push(c),
                c if c.is_control() => {}
                c => plain.push(c),
            }
        }
        plain
    }
}

const ESCAPE: char = '\u{1b}';

/// The last of a sequence that sets a colour or moves the cursor (ECMA-48, 5.4).
const fn is_final(c: char) -> bool {
    matches!(c, '\u{40}'..='\u{7e}')
}

fn skip_sequence(rest: &mut Chars<'_>) {
    match rest.next() {
        Some('[') => skip_until(rest, is_final),
        // A string, as a title; it ends with a bell, or with an escape and one more.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let ends = |c| c == '\u{7}' || c == ESCAPE || c == '\u{9c}';
            let end = rest.by_ref().find(|c| ends(*c));
            if end == Some(ESCAPE) {
                rest.next();
            }
        }
        // A set of characters is named by one more.
        Some('(' | ')' | '*' | '+' | '#' | ' ') => drop(rest.next()),
        Some(_) | None => {}
    }
}

fn skip_until(rest: &mut Chars<'_>, is_last: impl Fn(char) -> bool) {
    rest.by_ref().find(|c| is_last(*c));
}

/// Lines that were said faster than they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    pub lines: u64,
}

/// How following ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadingEnd {
    pub cause: ReadingCause,
    /// For people.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

words! {
    /// Why following ended.
    pub enum ReadingCause ("cause of an end") {
        /// The container runs no more.
        Ended = "ended",
        /// The connection to the host broke off.
        Lost = "lost",
        /// Its reader may not read it any more, or it is not there any more.
        Revoked = "revoked",
        /// Portolan stops.
        Stopping = "stopping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_lines_as_can_be_read() {
        for lines in [1, 200, 10_000] {
            assert_eq!(LineCount::try_from(lines).map(LineCount::get), Ok(lines));
        }
        for lines in [0, 10_001, u32::MAX] {
            assert!(LineCount::try_from(lines).is_err(), "{lines}");
        }
    }

    #[test]
    fn colours_and_titles_are_left_out() {
        let plain = |text: &str| {
            let text = text.to_owned();
            LogLine { stream: LogStream::Stdout, at: None, text }.plain()
        };
        assert_eq!(plain("\u{1b}[1;31merror\u{1b}[0m: no"), "error: no");
        assert_eq!(plain("a\u{1b}]0;title\u{7}b\u{1b}]8;;x\u{1b}\\c"), "abc");
        assert_eq!(plain("\u{9b}2Ja\tb\u{8}\u{1b}(Bc\u{1b}"), "a\tbc");
        assert_eq!(plain("[31m is text <b>"), "[31m is text <b>");
        assert_eq!(plain("\u{1b}[never ends"), "ever ends");
        assert_eq!(plain("\u{1b}]never ends"), "");
    }

    #[test]
    fn case_is_no_difference_and_nothing_is_a_pattern() {
        let wanted = |search: &str| ReadLogs { search: search.parse().ok(), ..ReadLogs::default() };
        assert!(wanted("ERROR").wants("an error came"));
        assert!(wanted("ä").wants("Ä"));
        assert!(!wanted(".*").wants("anything"));
        assert!(ReadLogs::default().wants(""));
    }
}
