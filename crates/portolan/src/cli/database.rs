//! `portolan database` as it is typed.

use std::{net::IpAddr, num::NonZeroU16, path::PathBuf};

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use portolan_types::{
    ApplicationName, BackupId, CredentialName, CronExpression, DatabaseConfig, DatabaseVersion,
    EngineName, Invalid, KeptBackups, PublicPort, SettingName, SettingValue,
};

use super::{
    application::{CloneToArgs, DeployWaitArgs, ToDestinationArgs},
    shared::{ConsentArgs, DryRunArgs, ListArgs, WaitArgs},
};
use crate::{amount, find::Reference};

/// What can be done with databases.
#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseCommand {
    /// List the engines that a database can be of.
    Engines,
    /// List databases.
    List(ListDatabasesArgs),
    /// Show a database, where it is found, and who refers to it.
    Show {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        database: Reference,
    },
    /// Make a database and deploy it; its password is printed once.
    #[command(after_help = "Examples:
  portolan database add orders --environment shop/production --engine postgres
  portolan database add cache --environment shop/production --engine redis --version 7 \\
      --set maxmemory=256mb --memory 512M
  portolan database add crm --environment shop/production --engine mysql --password-file - \\
      --script schema.sql < password
  portolan app env refer web DATABASE_URL --database orders     and web gets its URL")]
    Add(Box<AddDatabaseArgs>),
    /// Change what the next deployment makes; what is not named stays.
    #[command(
        override_usage = "portolan database edit [OPTIONS] <DATABASE>",
        after_help = "Examples:
  portolan database edit orders --set max_connections=200 --deploy
  portolan database edit orders --public 15432 --deploy
  portolan database edit orders --unset public --deploy

Settings that are given (--set) are all of them from now on."
    )]
    Edit(Box<EditDatabaseArgs>),
    /// Deploy a database as it is to be now; nothing answers until it is up again.
    Deploy {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        database: Reference,
        #[command(flatten)]
        wait: DeployWaitArgs,
    },
    /// Deploy a later version of the same series, over the same data.
    Upgrade {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        database: Reference,
        /// Which one [default: the present one, as its image is now].
        #[arg(long)]
        version: Option<DatabaseVersion>,
        #[command(flatten)]
        wait: DeployWaitArgs,
    },
    /// Make another database of one, with its data. The one has to be stopped until they are copied.
    #[command(after_help = "Example:
  portolan database stop orders
  portolan database clone orders orders-next
  portolan database start orders

The clone has the passwords of the original.")]
    Clone(CloneDatabaseArgs),
    /// Start a database that was stopped, or that ended.
    Start(DatabaseWorkArgs),
    /// Stop a database until somebody starts it.
    Stop(DatabaseWorkArgs),
    /// Stop a database and start it again.
    Restart(DatabaseWorkArgs),
    /// Back a database up into a storage, while it goes on.
    Backup {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        database: Reference,
        /// Where it is kept: id or name [default: the only storage].
        #[arg(long)]
        storage: Option<Reference>,
        #[command(flatten)]
        wait: DeployWaitArgs,
    },
    /// Back a database up again and again, and keep the newest backups; without --cron, show when.
    #[command(after_help = "Examples:
  portolan database schedule orders --cron \"0 3 * * *\" --keep 14       every day at 3:00 UTC
  portolan database schedule orders --cron \"0 */6 * * *\" --storage cellar --check
  portolan database schedule orders                                    when it is backed up next")]
    Schedule {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        database: Reference,
        /// When, in UTC: minute, hour, day of the month, month and day of the week.
        #[arg(long, value_name = "EXPRESSION")]
        cron: Option<CronExpression>,
        /// How many of these backups are kept; older ones are removed [default: 7].
        #[arg(long, value_name = "N", requires = "cron")]
        keep: Option<KeptBackups>,
        /// Restore each on trial as soon as it is whole, and tell when it does not restore.
        #[arg(long, requires = "cron")]
        check: bool,
        /// Where they are kept: id or name [default: the only storage].
        #[arg(long, requires = "cron")]
        storage: Option<Reference>,
    },
    /// Back a database up no longer by itself. The backups stay.
    Unschedule {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        database: Reference,
    },
    /// Give a database what a backup has. What is in it now is lost.
    #[command(after_help = "Examples:
  portolan database restore orders --backup tz4a98xxat96iws9zmbrgj3a
  portolan database restore orders-2 --backup tz4a98xxat96iws9zmbrgj3a   another one of its engine")]
    Restore {
        /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
        database: Reference,
        /// Which one, by its id: see `portolan database backups list`.
        #[arg(long, value_name = "ID")]
        backup: BackupId,
        #[command(flatten)]
        consent: ConsentArgs,
        #[command(flatten)]
        wait: DeployWaitArgs,
    },
    /// Restore a backup on trial, into a database that goes again; the database itself is not touched.
    CheckBackup {
        /// Its id: see `portolan database backups list`.
        backup: BackupId,
        /// On the server of this database, of the same engine: id or name [default: its own].
        #[arg(long, value_name = "DATABASE")]
        beside: Option<Reference>,
        #[command(flatten)]
        wait: DeployWaitArgs,
    },
    /// Backups of databases: they outlive their databases.
    #[command(subcommand)]
    Backups(BackupsCommand),
    /// Move a database to another destination, with its data.
    #[command(after_help = "Examples:
  portolan database move orders backend --dry-run
  portolan database move orders backend --force

It is stopped first, and started again where it was should it not become ready. To another server its
data are copied and compared, and kept here until the move is confirmed. Applications find it by its name
on their own destination alone: move them too.")]
    Move(MoveDatabaseArgs),
    /// Remove what a move to another server left where a database was: that cannot be undone.
    ConfirmMove(DecideDatabaseArgs),
    /// Bring a database back to the server that it was moved from; what was written since is lost.
    TakeBack(DecideDatabaseArgs),
    /// Remove a database with its container; its data stay.
    #[command(alias = "delete")]
    Remove(RemoveDatabaseArgs),
}

/// What can be done with backups.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupsCommand {
    /// List backups, newest first.
    List {
        /// Only those of this database: id or name.
        #[arg(long)]
        database: Option<Reference>,
        /// Only those in this storage: id or name.
        #[arg(long)]
        storage: Option<Reference>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show a backup.
    Show {
        /// Its id.
        backup: BackupId,
    },
    /// Download a backup: all that the database held, compressed by gzip.
    Download {
        /// Its id.
        backup: BackupId,
        /// A file that is not there yet; `-` is stdout.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Remove a backup with what lies in the storage.
    Remove {
        /// Its id.
        backup: BackupId,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// Which databases are listed.
#[derive(Debug, Args)]
pub(crate) struct ListDatabasesArgs {
    /// Only those of this environment: id, name, or PROJECT/NAME.
    #[arg(long)]
    pub(crate) environment: Option<Reference>,
    /// Only those on this destination: id, name or network.
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// A database to add.
#[derive(Debug, Args)]
pub(crate) struct AddDatabaseArgs {
    /// What to call it: applications on the network find it by this name.
    pub(crate) name: ApplicationName,
    /// Where it belongs: id, name, or PROJECT/NAME of an environment.
    #[arg(long)]
    pub(crate) environment: Reference,
    /// Where it runs: id, name or network [default: the environment's].
    #[arg(long)]
    pub(crate) destination: Option<Reference>,
    /// What it is, as `portolan database engines` lists.
    #[arg(long)]
    pub(crate) engine: EngineName,
    /// Which version of it [default: the usual one].
    #[arg(long)]
    pub(crate) version: Option<DatabaseVersion>,
    /// The user that applications have [default: the engine's usual one].
    #[arg(long)]
    pub(crate) user: Option<CredentialName>,
    /// The database in the engine [default: the engine's usual one].
    #[arg(long)]
    pub(crate) database: Option<CredentialName>,
    /// File with the password; `-` is stdin [default: a random one].
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// File with what the engine runs when it is made, as SQL.
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
    #[command(flatten)]
    pub(crate) config: ConfigureDatabaseArgs,
}

/// What is to be other than it is.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("edit").multiple(true).required(true)
    .args(["settings", "memory", "cpus", "processes", "public", "address", "unset"]))]
pub(crate) struct EditDatabaseArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) database: Reference,
    /// Take away what was set; may be given again.
    #[arg(long, value_name = "WHAT")]
    pub(crate) unset: Vec<UnsetOfDatabase>,
    /// Deploy it at once.
    #[arg(long)]
    pub(crate) deploy: bool,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
    #[command(flatten)]
    pub(crate) config: ConfigureDatabaseArgs,
}

/// What of a database can be changed. What is not typed stays.
#[derive(Debug, Args)]
pub(crate) struct ConfigureDatabaseArgs {
    /// A setting of the engine, by its own name; may be given again.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(SettingName, SettingValue)>,
    /// The most memory, as `512M`.
    #[arg(long, value_parser = amount::memory)]
    memory: Option<u64>,
    /// The most processors, as `0.5`.
    #[arg(long, value_parser = amount::millicpus)]
    cpus: Option<u32>,
    /// The most processes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    processes: Option<u32>,
    /// A port of the host that leads to it from outside.
    #[arg(long, value_name = "PORT")]
    public: Option<NonZeroU16>,
    /// The address of the host at which that port is [default: every one].
    #[arg(long, value_name = "ADDRESS", requires = "public")]
    address: Option<IpAddr>,
}

/// What can be taken away again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnsetOfDatabase {
    Settings,
    Memory,
    Cpus,
    Processes,
    Public,
}

impl UnsetOfDatabase {
    /// The flag's own absence.
    pub(crate) fn apply(self, config: &mut DatabaseConfig) {
        match self {
            Self::Settings => config.settings.clear(),
            Self::Memory => config.limits.memory_bytes = None,
            Self::Cpus => config.limits.millicpus = None,
            Self::Processes => config.limits.processes = None,
            Self::Public => config.public = None,
        }
    }
}

impl ConfigureDatabaseArgs {
    /// The present configuration with what was typed.
    pub(crate) fn applied_to(self, mut config: DatabaseConfig) -> DatabaseConfig {
        if !self.settings.is_empty() {
            config.settings = self.settings.into_iter().collect();
        }
        let limits = &mut config.limits;
        limits.memory_bytes = self.memory.or(limits.memory_bytes);
        limits.millicpus = self.cpus.or(limits.millicpus);
        limits.processes = self.processes.or(limits.processes);
        let public = self.public.map(|port| PublicPort { port, address: self.address });
        config.public = public.or(config.public);
        config
    }
}

fn setting(text: &str) -> Result<(SettingName, SettingValue), Invalid> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| Invalid::new("a setting is written as NAME=VALUE"))?;
    Ok((name.parse()?, value.parse()?))
}

/// A database that something is done with.
#[derive(Debug, Args)]
pub(crate) struct DatabaseWorkArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) database: Reference,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// A database to move.
#[derive(Debug, Args)]
pub(crate) struct MoveDatabaseArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) database: Reference,
    #[command(flatten)]
    pub(crate) to: ToDestinationArgs,
}

/// A database that was moved.
#[derive(Debug, Args)]
pub(crate) struct DecideDatabaseArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) database: Reference,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// A database to remove.
#[derive(Debug, Args)]
pub(crate) struct RemoveDatabaseArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) database: Reference,
    /// Remove its data too: that cannot be undone.
    #[arg(long)]
    pub(crate) data: bool,
    #[command(flatten)]
    pub(crate) run: DryRunArgs,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// A database of which another is made.
#[derive(Debug, Args)]
pub(crate) struct CloneDatabaseArgs {
    /// Id, name, ENVIRONMENT/NAME or PROJECT/ENVIRONMENT/NAME.
    pub(crate) database: Reference,
    /// What to call the clone.
    pub(crate) name: ApplicationName,
    #[command(flatten)]
    pub(crate) to: CloneToArgs,
    #[command(flatten)]
    pub(crate) wait: DeployWaitArgs,
}
