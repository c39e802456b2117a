//! `portolan notifier` as it is typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{Email, Name, Severity, Topic, WebhookUrl};

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with notifiers.
#[derive(Debug, Subcommand)]
pub(crate) enum NotifierCommand {
    /// List notifiers.
    List(ListArgs),
    /// Show a notifier: of a webhook's URL only the origin, and never its secret.
    Show {
        /// Id or name.
        notifier: Reference,
    },
    /// Tell somebody outside of what happens from now on: by webhook or mail.
    ///
    /// The first of a kind is told at once; what repeats within the quiet time is told together at
    /// its end, and much at once is one message. A server that is back within the grace is told of
    /// once. Webhooks are signed (standardwebhooks.com): the secret is printed once.
    #[command(after_help = "Examples:
  portolan notifier add ops --webhook https://hooks.example.com/portolan
  pass show chat/hook | portolan notifier add chat --webhook-file -
  portolan notifier add night --email ops@example.com --min-severity error --quiet-seconds 3600
  portolan notifier add audit --webhook-file url.txt --topic change --quiet-seconds 0")]
    Add(AddNotifierArgs),
    /// Change a notifier, or pause it and let it go on.
    #[command(after_help = "Examples:
  portolan notifier edit ops --topic drift --topic failure
  portolan notifier edit ops --pause
  portolan notifier edit ops --secret-file new-secret.txt

What happens while it is paused is not told later.")]
    Edit(EditNotifierArgs),
    /// Remove a notifier with its history.
    Remove {
        /// Id or name.
        notifier: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
    /// Send a message that tells nothing, and show what came of it. Exit code 1 when it was refused.
    Test {
        /// Id or name.
        notifier: Reference,
    },
    /// List what a notifier told, the latest first: what waits, arrived, or was given up and why.
    Deliveries {
        /// Id or name.
        notifier: Reference,
        #[command(flatten)]
        list: ListArgs,
    },
}

/// A new notifier.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("target").required(true)
    .args(["webhook", "webhook_file", "email"]))]
pub(crate) struct AddNotifierArgs {
    /// What to call it.
    pub(crate) name: Name,
    /// Where to send webhooks. Other programs can read flags: see --webhook-file.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<WebhookUrl>,
    /// The same from a file; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) webhook_file: Option<PathBuf>,
    /// Where to send mail; may be given again.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Vec<Email>,
    /// What to sign webhooks with (`whsec_...`), from a file; made and printed without it.
    #[arg(long, value_name = "FILE", conflicts_with = "email")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Drift, repair, failure, unreachable, back or change; may be given again [default: all but
    /// change].
    #[arg(long = "topic", value_name = "TOPIC")]
    pub(crate) topics: Vec<Topic>,
    /// Leave out what matters less: info, warning or error.
    #[arg(long, value_name = "SEVERITY", default_value = "info")]
    pub(crate) min_severity: Severity,
    /// For so long, what repeats is collected; 0 tells everything at once.
    #[arg(long, value_name = "SECONDS", default_value_t = portolan_types::Notifier::QUIET,
          value_parser = quiet())]
    pub(crate) quiet_seconds: u32,
    /// Wait so long for an unreachable server before telling of it.
    #[arg(long, value_name = "SECONDS", default_value_t = portolan_types::Notifier::GRACE,
          value_parser = grace())]
    pub(crate) grace_seconds: u32,
}

/// What is to be otherwise.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").multiple(true).required(true).args([
    "rename", "webhook_file", "secret_file", "email", "topics", "min_severity", "quiet_seconds",
    "grace_seconds", "pause", "resume",
]))]
pub(crate) struct EditNotifierArgs {
    /// Id or name.
    pub(crate) notifier: Reference,
    /// What to call it.
    #[arg(long, value_name = "NAME")]
    pub(crate) rename: Option<Name>,
    /// Where to send webhooks, from a file; `-` is stdin.
    #[arg(long, value_name = "FILE", conflicts_with = "email")]
    pub(crate) webhook_file: Option<PathBuf>,
    /// What to sign webhooks with (`whsec_...`), from a file; `-` is stdin.
    #[arg(long, value_name = "FILE", conflicts_with = "email")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Where to send mail, instead of where it went; may be given again.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Vec<Email>,
    /// Of what to tell, instead of what it told; may be given again.
    #[arg(long = "topic", value_name = "TOPIC")]
    pub(crate) topics: Vec<Topic>,
    /// Leave out what matters less: info, warning or error.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) min_severity: Option<Severity>,
    /// For so long, what repeats is collected; 0 tells everything at once.
    #[arg(long, value_name = "SECONDS", value_parser = quiet())]
    pub(crate) quiet_seconds: Option<u32>,
    /// Wait so long for an unreachable server before telling of it.
    #[arg(long, value_name = "SECONDS", value_parser = grace())]
    pub(crate) grace_seconds: Option<u32>,
    /// Tell nothing for now.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) pause: bool,
    /// Tell again, and deliver what waited.
    #[arg(long)]
    pub(crate) resume: bool,
}

fn quiet() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(..=i64::from(portolan_types::Notifier::LONGEST_QUIET))
}

fn grace() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(..=i64::from(portolan_types::Notifier::LONGEST_GRACE))
}
