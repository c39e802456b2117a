//! `portolan container` as it is typed.

use clap::{Args, Subcommand};
use portolan_types::{ContainerName, Invalid, LineCount, page::SearchText};

use super::event::Moment;
use crate::find::Reference;

/// What can be done with containers that are on destinations.
#[derive(Debug, Subcommand)]
pub(crate) enum ContainerCommand {
    /// Print what a container said.
    #[command(
        after_help = "Colours and other codes for terminals are left out; --json has them. What a program
wrote as an error is printed like the rest, because both are its output. With --follow it goes on
until the container ends (exit code 0), or you press Ctrl C.

Examples:
  portolan container logs shop shop-web-1
  portolan container logs shop shop-web-1 --follow --lines 20
  portolan container logs shop shop-web-1 --since 10m --search error
  portolan container logs shop shop-web-1 --since 1d --lines 10000 --timestamps > web.log
  portolan container logs shop shop-web-1 --json | jq 'select(.stream == \"stderr\").text'"
    )]
    Logs(LogsArgs),
    /// Show what a running container uses: processors, memory, networks, disks.
    #[command(
        after_help = "On a terminal the numbers stand still and change, until the container ends (exit code 0),
or you press Ctrl C. 100 % is one processor.

Examples:
  portolan container stats shop shop-web-1
  portolan container stats shop shop-web-1 --once
  portolan container stats shop shop-web-1 --json | jq .memory_bytes"
    )]
    Stats {
        #[command(flatten)]
        place: ContainerArgs,
        /// Show one sample and end; it takes a second or two.
        #[arg(long)]
        once: bool,
    },
}

/// A container of a destination.
#[derive(Debug, Args)]
pub(crate) struct ContainerArgs {
    /// Id, name or network of the destination.
    pub(crate) destination: Reference,
    /// Name or whole id of the container.
    pub(crate) container: ContainerName,
}

/// Which part of what it said.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) place: ContainerArgs,
    /// Print at most so many of the last lines, up to 10000.
    #[arg(long, value_name = "N", default_value = "200", value_parser = lines)]
    pub(crate) lines: LineCount,
    /// Only what was said since then: a moment, or how long ago, as 10m or 2h.
    #[arg(long, value_name = "MOMENT")]
    pub(crate) since: Option<Moment>,
    /// Only what was said until then.
    #[arg(long, value_name = "MOMENT", conflicts_with = "follow")]
    pub(crate) until: Option<Moment>,
    /// Only lines that contain this text, in any case.
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<SearchText>,
    /// Print the time before each line, by the host's clock.
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    /// Go on with what is said from now on.
    #[arg(short, long)]
    pub(crate) follow: bool,
}

fn lines(text: &str) -> Result<LineCount, Invalid> {
    let lines: u32 = text.parse().map_err(|_| Invalid::new("say how many lines"))?;
    lines.try_into()
}
