//! Flags that several commands share.

use std::time::Duration;

use clap::Args;
use portolan_types::Cursor;

use crate::{
    ask::{Consent, Run},
    commands::manner::Manner,
    list::{Listing, Most},
    watch::Wait,
};

/// Which part of a list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only what has this text in its name (or network, host, fingerprint).
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

/// How much of a list.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// Rows at most.
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Everything, however much it is.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Where to go on: `next` of the JSON before.
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<Cursor>,
}

impl From<ListArgs> for Listing {
    fn from(args: ListArgs) -> Self {
        Self { search: args.search, ..args.page.into() }
    }
}

impl From<PageArgs> for Listing {
    fn from(args: PageArgs) -> Self {
        let most = if args.all { Most::All } else { Most::Rows(args.limit) };
        Self { most, search: None, cursor: args.cursor }
    }
}

/// Whether to stay until the work is over.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// Wait so long for the outcome.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    wait: u32,
    /// Return as soon as the work is accepted.
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
}

impl From<WaitArgs> for Wait {
    fn from(args: WaitArgs) -> Self {
        if args.no_wait {
            Self::No
        } else {
            Self::AtMost(Duration::from_secs(u64::from(args.wait)))
        }
    }
}

/// Whether and how a change is made.
#[derive(Debug, Args)]
pub(crate) struct MannerArgs {
    #[command(flatten)]
    run: DryRunArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

impl From<MannerArgs> for Manner {
    fn from(MannerArgs { run, consent, wait }: MannerArgs) -> Self {
        Self { run: run.into(), consent: consent.into(), wait: wait.into() }
    }
}

/// Looking before leaping.
#[derive(Debug, Args)]
pub(crate) struct DryRunArgs {
    /// Show what would happen, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl From<DryRunArgs> for Run {
    fn from(args: DryRunArgs) -> Self {
        if args.dry_run { Self::Dry } else { Self::Real }
    }
}

/// Agreement to what cannot be undone.
#[derive(Debug, Args)]
pub(crate) struct ConsentArgs {
    /// Do not ask; needed where there is no terminal.
    #[arg(short, long)]
    yes: bool,
}

impl From<ConsentArgs> for Consent {
    fn from(args: ConsentArgs) -> Self {
        if args.yes { Self::Given } else { Self::Ask }
    }
}
