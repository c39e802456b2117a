//! Jobs: programs that an application runs again and again, and what came of each run.
//!
//! Owns the shapes. When one runs, and where, is the server's affair.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApplicationId, ApplicationName, Argument, CronExpression, Invalid, JobId, JobRunId, Name,
    OperationId, Timestamp, text::words,
};

words! {
    /// Whether a job runs by itself.
    #[derive(Default)]
    pub enum JobState ("state of a job") {
        /// Whenever its time comes.
        #[default]
        Active = "active",
        /// Only when a person has it run.
        Paused = "paused",
    }
}

words! {
    /// How a run is, or how it ended.
    pub enum JobRunState ("state of a run") {
        /// It runs, or waits for its turn on its server.
        Running = "running",
        /// Its program ended with 0.
        Succeeded = "succeeded",
        /// Its program ended with another code, or could not be begun.
        Failed = "failed",
        /// It took longer than it may.
        TimedOut = "timed-out",
        /// Its container, the connection or the control plane was gone before it ended.
        CutOff = "cut-off",
        /// It did not run.
        Skipped = "skipped",
    }
}

impl JobRunState {
    /// Whether it ran and did not do what it was to do.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::CutOff)
    }
}

words! {
    /// What set a run off.
    pub enum JobCause ("cause of a run") {
        Schedule = "schedule",
        Person = "person",
    }
}

/// The program of a job and its arguments. No shell reads them: name one where one is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<Argument>", into = "Vec<Argument>")]
#[schema(value_type = Vec<Argument>, min_items = 1, max_items = 256, example = json!(["/app/shop", "tidy"]))]
pub struct JobCommand(Vec<Argument>);

impl JobCommand {
    /// Most arguments, the program included.
    pub const MOST: usize = 256;

    pub fn arguments(&self) -> &[Argument] {
        &self.0
    }

    /// The program without its arguments.
    pub fn program(&self) -> &str {
        self.0.first().map_or("", Argument::as_str)
    }
}

/// As people read it: its words beside each other. It is no command of a shell.
impl fmt::Display for JobCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.iter();
        words.next().map_or(Ok(()), |program| f.write_str(program.as_str()))?;
        words.try_for_each(|word| write!(f, " {}", word.as_str()))
    }
}

impl TryFrom<Vec<Argument>> for JobCommand {
    type Error = Invalid;

    fn try_from(words: Vec<Argument>) -> Result<Self, Self::Error> {
        if words.first().is_none_or(|program| program.as_str().is_empty()) {
            return Err(Invalid::new("name a program"));
        }
        if words.len() > Self::MOST {
            return Err(Invalid::new(format!("at most {} arguments", Self::MOST)));
        }
        Ok(Self(words))
    }
}

impl From<JobCommand> for Vec<Argument> {
    fn from(command: JobCommand) -> Self {
        command.0
    }
}

/// How long a run may take: 1 second to 1 day, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schema(value_type = u32, minimum = 1, maximum = 86400, example = 3600)]
pub struct JobTime(u32);

impl JobTime {
    pub const MOST: u32 = 86_400;

    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

/// An hour.
impl Default for JobTime {
    fn default() -> Self {
        Self(3_600)
    }
}

impl TryFrom<u32> for JobTime {
    type Error = Invalid;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        if (1..=Self::MOST).contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(Invalid::new(format!("a run may take 1 to {} seconds", Self::MOST)))
    }
}

/// How many runs of a job are kept: the newest ones, however they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schema(value_type = u32, minimum = 1, maximum = 200, example = 20)]
pub struct KeptRuns(u32);

impl KeptRuns {
    pub const MOST: u32 = 200;
}

impl Default for KeptRuns {
    fn default() -> Self {
        Self(20)
    }
}

impl TryFrom<u32> for KeptRuns {
    type Error = Invalid;

    fn try_from(count: u32) -> Result<Self, Self::Error> {
        if (1..=Self::MOST).contains(&count) {
            return Ok(Self(count));
        }
        Err(Invalid::new(format!("1 to {} runs can be kept", Self::MOST)))
    }
}

/// Conversions of a number with bounds.
macro_rules! number {
    ($($type:ident),+) => {$(
        impl FromStr for $type {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse::<u32>().map_or_else(|_| Self::try_from(0), Self::try_from)
            }
        }

        impl From<$type> for u32 {
            fn from(number: $type) -> Self {
                number.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

number!(JobTime, KeptRuns);

/// A program that is run in the container that serves an application, again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    pub id: JobId,
    /// The application, or what runs a database.
    pub application_id: ApplicationId,
    pub application_name: ApplicationName,
    /// The application has no other one of this name, however it is capitalized.
    pub name: Name,
    pub command: JobCommand,
    pub expression: CronExpression,
    /// How long a run may take.
    pub within_seconds: JobTime,
    /// How many runs are kept.
    pub keep: KeptRuns,
    pub state: JobState,
    /// When it runs next; not while it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// The times after that, the first few.
    #[serde(default)]
    pub following: Vec<Timestamp>,
    /// The latest run, without what it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<JobRun>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobRun {
    pub id: JobRunId,
    pub job_id: JobId,
    pub cause: JobCause,
    /// The work, where a person asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    pub state: JobRunState,
    /// Why it did not succeed. What an engine said is among it: show it as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What its program ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// How many moments in a row were skipped for this reason; 1 of all that ran.
    pub times: u32,
    /// When it was to run; of several that were skipped, the first.
    pub created_at: Timestamp,
    /// When its program was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended; of several that were skipped, the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// What its program said: only where one run is shown, for who may read what the container says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<JobOutput>,
}

/// The ends of what a program said, 64 KiB of each. Its words: show them as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobOutput {
    pub stdout: String,
    pub stderr: String,
    /// Whether it said more.
    pub truncated: bool,
}

/// What `create_job` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateJob {
    pub name: Name,
    /// Whoever reads the job reads it: no place for secrets, which are variables of the application.
    pub command: JobCommand,
    pub expression: CronExpression,
    #[serde(default)]
    #[schema(default = 3600)]
    pub within_seconds: JobTime,
    #[serde(default)]
    #[schema(default = 20)]
    pub keep: KeptRuns,
    #[serde(default)]
    pub state: JobState,
}

/// What `update_job` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateJob {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<JobCommand>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<CronExpression>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_seconds: Option<JobTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<KeptRuns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_usual() {
        let asked: CreateJob = serde_json::from_str(
            r#"{"name": "tidy", "command": ["sh", "-c", "rm /tmp/*"], "expression": "0 3 * * *"}"#,
        )
        .expect("a job");
        assert_eq!(asked.command.program(), "sh");
        assert_eq!((u32::from(asked.within_seconds), u32::from(asked.keep)), (3_600, 20));
        assert_eq!(asked.state, JobState::Active);
    }

    #[test]
    fn a_command_names_a_program() {
        for bad in ["[]", r#"[""]"#, r#""sh -c x""#, r#"["a\u0000"]"#] {
            assert!(serde_json::from_str::<JobCommand>(bad).is_err(), "{bad}");
        }
        let many: Vec<Argument> = vec!["x".parse().expect("one"); 257];
        assert!(JobCommand::try_from(many.clone()).is_err());
        assert!(JobCommand::try_from(many[1..].to_vec()).is_ok());
    }

    #[test]
    fn numbers_have_bounds() {
        for bad in ["0", "-1", "86401", "1h", ""] {
            assert!(bad.parse::<JobTime>().is_err(), "{bad}");
        }
        for bad in ["0", "201", "all"] {
            assert!(bad.parse::<KeptRuns>().is_err(), "{bad}");
        }
        assert_eq!("86400".parse::<JobTime>().expect("a day").to_string(), "86400");
        assert_eq!(u32::from("200".parse::<KeptRuns>().expect("many")), 200);
    }
}
