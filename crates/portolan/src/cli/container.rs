//! `portolan container` as it is typed.

use clap::{Args, Subcommand};
use portolan_types::{
    Argument, ContainerName, ContainerUser, Invalid, LineCount, Seconds, page::SearchText,
};

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
    Logs {
        #[command(flatten)]
        place: ContainerArgs,
        #[command(flatten)]
        logs: LogsArgs,
    },
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
        #[command(flatten)]
        stats: StatsArgs,
    },
    /// Run a program in a container, once, and print what it said.
    #[command(
        after_help = "It needs an admin who signed in (portolan login --email), and a server on which terminals are
turned on. No shell reads the arguments: name one where you want one. The exit code is the program's.
Who ran which program is written down; its arguments, which may be secrets, are not.

Examples:
  portolan container exec shop shop-db-1 -- pg_dump --schema-only shop
  portolan container exec shop shop-db-1 --user postgres -- psql -c 'select 1'
  portolan container exec shop shop-web-1 -- sh -c 'ls /tmp | wc -l'"
    )]
    Exec {
        #[command(flatten)]
        place: ContainerArgs,
        #[command(flatten)]
        exec: ExecArgs,
    },
    /// Open a terminal in a running container, here, with a shell or another program.
    #[command(
        after_help = "It needs an admin who signed in (portolan login --email), and a server on which terminals are
turned on. Without a program it is bash, or sh where there is none. The exit code is the program's.
Enter ~ . leaves it. Arguments stand in an address, which proxies write down: no place for secrets.

Examples:
  portolan container terminal shop shop-web-1
  portolan container terminal shop shop-db-1 --user postgres -- psql"
    )]
    Terminal {
        #[command(flatten)]
        place: ContainerArgs,
        #[command(flatten)]
        terminal: TerminalArgs,
    },
}

/// What runs in a terminal in a container.
#[derive(Debug, Args)]
pub(crate) struct TerminalArgs {
    /// Run it as this user of the container, as postgres or 1000:1000 [default: the container's own].
    #[arg(short, long)]
    pub(crate) user: Option<ContainerUser>,
    /// The program and its arguments [default: a shell].
    #[arg(last = true, value_name = "PROGRAM")]
    pub(crate) command: Vec<Argument>,
}

/// How what it uses is shown.
#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Show one sample and end; it takes a second or two.
    #[arg(long)]
    pub(crate) once: bool,
}

/// A program to be run in a container.
#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    /// Run it as this user of the container, as postgres or 1000:1000 [default: the container's own].
    #[arg(short, long)]
    pub(crate) user: Option<ContainerUser>,
    /// Give it so many seconds; one that takes longer may run on.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) within: Seconds,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(crate) command: Vec<Argument>,
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

fn seconds(text: &str) -> Result<Seconds, Invalid> {
    let seconds: u32 = text.parse().map_err(|_| Invalid::new("say how many seconds"))?;
    seconds.try_into()
}
