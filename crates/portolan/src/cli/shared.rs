//! Flags that several commands share.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use portolan_types::Cursor;

use super::application::DeployWaitArgs;
use crate::{
    ask::{Consent, Run},
    commands::manner::Manner,
    list::{Listing, Most},
    settings::{DatabaseUrl, Flags},
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

impl From<DeployWaitArgs> for Wait {
    fn from(DeployWaitArgs { wait, no_wait }: DeployWaitArgs) -> Self {
        WaitArgs { wait, no_wait }.into()
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

/// An installation on this host: what `portolan serve` is given.
#[derive(Debug, Args)]
pub(crate) struct HostArgs {
    /// Settings of `portolan serve` in a TOML file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where its data is kept.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Its database.
    #[arg(long, value_name = "URL")]
    database_url: Option<DatabaseUrl>,
    /// The key that encrypts secrets.
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<PathBuf>,
}

impl HostArgs {
    /// `None` when nothing was said of this host: the control plane is asked.
    pub(crate) fn into_flags(self) -> Option<Flags> {
        let Self { config, data_dir, database_url, master_key_file } = self;
        let named = config.is_some()
            || data_dir.is_some()
            || database_url.is_some()
            || master_key_file.is_some();
        let flags =
            || Flags { config, data_dir, database_url, master_key_file, ..Flags::default() };
        named.then(flags)
    }
}
