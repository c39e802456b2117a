//! Settings that are more than a number, a path or an address.

use std::{fmt, str::FromStr, time::Duration};

use portolan_types::{Invalid, Pause};
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

/// Where the database is. It may hold a password, so nothing prints it.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    pub(crate) fn into_secret(self) -> SecretString {
        self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if known.iter().any(|scheme| text.starts_with(scheme)) {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::new("a database begins with `sqlite:` or `postgres://`"))
        }
    }
}

/// How often something is done by itself: `90m`, `24h`, `7d`, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Every(Option<Pause>);

impl Every {
    /// `None` when it is off.
    pub(crate) fn as_duration(self) -> Option<Duration> {
        self.0.map(Pause::as_duration)
    }
}

impl FromStr for Every {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse().map(|pause| Self(Some(pause))).map_err(|_| {
            Invalid::new("a pause is written `90m`, `24h` or `7d` (10m or more), or `off`")
        })
    }
}

/// What is logged, in the words of `tracing_subscriber::EnvFilter`.
#[derive(Debug, Clone)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    /// Whatever is asked for, these stay quiet: below `info` bollard logs the bodies of requests
    /// and russh what goes over the wire.
    pub(crate) fn to_filter(&self) -> EnvFilter {
        let quiet = ["bollard=info", "russh=info"];
        let quiet = quiet.into_iter().filter_map(|directive| directive.parse().ok());
        quiet.fold(EnvFilter::new(&self.0), EnvFilter::add_directive)
    }
}

impl FromStr for LogFilter {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match EnvFilter::try_new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(Invalid::new(format!(
                "`{text}` is no filter ({error}): use a level like `info`, or \
                 `info,portolan_server=debug`"
            ))),
        }
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    pub(super) const DEFAULT: &'static str = "text";
}

impl FromStr for LogFormat {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(Invalid::new(format!("`{other}` is no log format: use text or json"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses() {
        let every = |text: &str| text.parse::<Every>().ok().map(Every::as_duration);
        assert_eq!(every("off"), Some(None));
        assert_eq!(every("90m"), Some(Some(Duration::from_mins(90))));
        for bad in ["", "24", "9m", "never"] {
            assert_eq!(every(bad), None, "{bad}");
        }
    }
}
