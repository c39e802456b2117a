//! `portolan event` as it is typed, and what `history` of other commands shares with it.

use std::str::FromStr;

use clap::{Args, Subcommand};
use portolan_types::{Invalid, KindPrefix, Severity, Timestamp, Topic};

use super::shared::PageArgs;
use crate::{commands::event::Filter, find::Reference};

/// What can be done with events.
#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// List events, the latest first.
    #[command(after_help = "Examples:
  portolan event list --since 2h
  portolan event list --server web-1 --kind server.
  portolan event list --topic drift --severity warning
  portolan event list --kind destination.drifted --since 2026-01-31T12:00:00Z --all --json")]
    List {
        #[command(flatten)]
        filter: FilterArgs,
        /// Not before: a moment (RFC 3339), or how long ago (30s, 5m, 2h, 3d).
        #[arg(long, value_name = "WHEN")]
        since: Option<Moment>,
        /// Before: a moment, or how long ago.
        #[arg(long, value_name = "WHEN")]
        until: Option<Moment>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Print events as they happen, until interrupted.
    #[command(after_help = "A lost connection is taken up again where it was: nothing is missed. \
With --json each event is one line.

Examples:
  portolan event watch
  portolan event watch --server web-1 --json | jq -r .message
  portolan event watch --after 0 --kind destination.")]
    Watch {
        #[command(flatten)]
        filter: FilterArgs,
        /// Begin after the event with this number; 0 is the oldest that is kept.
        #[arg(long, value_name = "NUMBER")]
        after: Option<u64>,
    },
}

/// Which events are wanted.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Only those of this server and of everything on it: id or name.
    #[arg(long)]
    server: Option<Reference>,
    /// Only those of this destination and of everything on it: id, name or network.
    #[arg(long, conflicts_with = "server")]
    destination: Option<Reference>,
    /// Only kinds that begin so, like `server.` or `destination.drifted`.
    #[arg(long, value_name = "PREFIX")]
    kind: Option<KindPrefix>,
    /// Only those that tell of this.
    #[arg(long, value_name = "TOPIC")]
    topic: Option<Topic>,
    /// Only those that matter this much, or more.
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<Severity>,
    /// Only those with this text in their subject, kind or message.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

impl From<FilterArgs> for Filter {
    fn from(FilterArgs { server, destination, kind, topic, severity, search }: FilterArgs) -> Self {
        Self { server, destination, kind, topic, severity, search, ..Self::default() }
    }
}

/// A moment, as it is or as how long ago it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl FromStr for Moment {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || {
            Invalid::new(format!(
                "`{text}` is no moment: say 2026-01-31T12:00:00Z, or how long ago, as 30s, 5m, 2h \
                 or 3d"
            ))
        };
        if let Ok(moment) = text.parse() {
            return Ok(Self(moment));
        }
        let unit = text.chars().last().ok_or_else(invalid)?;
        let seconds: i64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(invalid()),
        };
        let count: u32 = text[..text.len() - 1].parse().map_err(|_| invalid())?;
        Ok(Self(Timestamp::now().plus_seconds(-i64::from(count) * seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_absolute_or_ago() {
        let at = |text: &str| text.parse::<Moment>().map(|Moment(moment)| moment);
        assert_eq!(
            at("2026-01-31T12:00:00Z").expect("a moment").to_string(),
            "2026-01-31T12:00:00.000Z"
        );
        let ago = at("2h").expect("a moment").seconds_until(Timestamp::now());
        assert!((7_200..7_260).contains(&ago), "{ago}");
        for bad in ["", "h", "2", "2w", "-2h", "yesterday", "2é"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
