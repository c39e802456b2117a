//! The command line as it is typed: commands, flags and their help.
//!
//! Owns `clap`. Everything is parsed to checked values here; what commands do is in `commands`.

#![expect(clippy::doc_markdown, reason = "doc comments are the help text, not Markdown")]

mod addresses;
mod application;
mod audit;
mod backup;
mod certificate;
mod container;
mod database;
mod deploy;
mod destination;
mod drift;
mod event;
mod identity;
mod invite;
mod key;
mod login;
mod member;
mod notifier;
mod operation;
mod passkey;
mod project;
mod proxy;
mod reach;
mod reconcile;
mod registry;
mod route;
mod secrets;
mod serve;
mod server;
mod session;
mod shared;
mod stack;
mod storage;
mod team;
mod token;
mod user;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::client::BaseUrl;

pub(crate) use self::{
    addresses::{AddressesCommand, SetAddressesArgs},
    application::{
        AddApplicationArgs, AddJobArgs, AddPlaceArgs, ApplicationCommand, Assignment,
        CloneApplicationArgs, CloneToArgs, DecideArgs, EditApplicationArgs, EditJobArgs,
        HookCommand, JobArgs, JobCommand, ListApplicationsArgs, MoveApplicationArgs, PlaceCommand,
        RemoveApplicationArgs, SetVariablesArgs, ToDestinationArgs, VariableCommand, WorkArgs,
    },
    audit::{AuditCommand, AuditFilterArgs, VerifyAuditArgs},
    backup::{BackupArgs, RestoreArgs},
    certificate::CertificateCommand,
    container::{ContainerArgs, ContainerCommand, ExecArgs, LogsArgs, StatsArgs, TerminalArgs},
    database::{
        AddDatabaseArgs, BackupsCommand, CloneDatabaseArgs, DatabaseCommand, DatabaseWorkArgs,
        DecideDatabaseArgs, EditDatabaseArgs, ListDatabasesArgs, MoveDatabaseArgs,
        RemoveDatabaseArgs,
    },
    deploy::DeployArgs,
    destination::{
        ConnectArgs, CreateDestinationArgs, DestinationCommand, DisconnectArgs,
        EditDestinationArgs, MoveArgs, RemoveDestinationArgs,
    },
    drift::{DriftCommand, DriftPolicyCommand, ListDriftsArgs, PlaceArgs, SetDriftPolicyArgs},
    event::{EventCommand, Moment},
    identity::IdentityCommand,
    invite::{CreateInviteArgs, Granted, InviteCommand},
    key::{CreateKeyArgs, KeyCommand},
    login::LoginArgs,
    member::{MemberCommand, MemberPlace},
    notifier::{AddNotifierArgs, EditNotifierArgs, NotifierCommand},
    operation::OperationCommand,
    passkey::PasskeyCommand,
    project::{EditEnvironmentArgs, EditProjectArgs, EnvironmentCommand, ProjectCommand},
    proxy::{InterruptProxyArgs, ProxyArgs, ProxyCommand, SetProxyArgs},
    reach::ReachArgs,
    reconcile::ReconcileCommand,
    registry::{AddRegistryArgs, EditRegistryArgs, RegistryCommand},
    route::{AddRouteArgs, EditRouteArgs, PasswordArgs, RouteCommand},
    secrets::{RotateSecretsArgs, SecretsCommand},
    serve::ConfigArgs,
    server::{AddServerArgs, EditServerArgs, ServerCommand},
    session::SessionCommand,
    stack::{ApplyStackArgs, RemoveStackArgs, StackCommand},
    storage::{AddStorageArgs, EditStorageArgs, StorageCommand},
    team::TeamCommand,
    token::{CreateTokenArgs, EditTokenArgs, TokenCommand},
    user::{AnswersArgs, ResetArgs, TotpCommand, UserCommand},
};

/// Portolan charts Docker networks: a control plane for your servers, and its command line.
#[derive(Debug, Parser)]
#[command(
    name = "portolan",
    version,
    propagate_version = false,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Examples:
  portolan serve                                  start the control plane
  portolan login --setup-token-file - --email you@example.com
  portolan server add web-1 --host 192.0.2.10 --key deploy
  portolan destination create --server web-1 --name shop
  portolan destination list --json
  portolan deploy                                 what portolan.toml describes

Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Address of the control plane [env: PORTOLAN_URL] [default: the one logged in to, else
    /// http://127.0.0.1:7070].
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<BaseUrl>,
    /// API token to use instead of the stored one [env: PORTOLAN_TOKEN].
    ///
    /// Other programs of this machine can read flags: the variable is better.
    #[arg(long, global = true, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// Where the login is stored [env: PORTOLAN_CLIENT_FILE] [default:
    /// ~/.config/portolan/client.toml].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) client_file: Option<PathBuf>,
    /// Print JSON as the API answers it.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print without colour; NO_COLOR does the same.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Say nothing on stderr but errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the control plane.
    #[command(after_help = serve::SERVE_EXAMPLES)]
    Serve(ConfigArgs),
    /// Explain what is wrong with an installation, and how to put it right.
    #[command(after_help = serve::DOCTOR_EXAMPLES)]
    Doctor(ConfigArgs),
    /// Write everything that Portolan knows to one sealed file, and prove it.
    #[command(after_help = backup::BACKUP_EXAMPLES)]
    Backup(BackupArgs),
    /// Make an installation from a backup.
    #[command(after_help = backup::RESTORE_EXAMPLES)]
    Restore(RestoreArgs),
    /// Log in to a control plane and remember it.
    #[command(after_help = login::EXAMPLES)]
    Login(LoginArgs),
    /// Forget the stored login, and end its session.
    Logout,
    /// Show who is logged in.
    Whoami,
    /// Your account: password, second factor, and the way back.
    #[command(subcommand)]
    User(UserCommand),
    /// Where you are signed in.
    #[command(subcommand)]
    Session(SessionCommand),
    /// SSH keys that log in to servers.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Logins of container registries, for private images.
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Docker hosts.
    #[command(subcommand)]
    Server(ServerCommand),
    /// Docker networks on servers.
    #[command(subcommand, visible_alias = "dest")]
    Destination(DestinationCommand),
    /// What containers on destinations say and use, and programs run in them.
    #[command(subcommand)]
    Container(ContainerCommand),
    /// Where applications and databases are grouped.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Parts of projects, as `production`.
    #[command(subcommand, visible_alias = "env")]
    Environment(EnvironmentCommand),
    /// Programs that are deployed into destinations.
    #[command(subcommand, visible_alias = "application")]
    App(ApplicationCommand),
    /// Applications of Compose files, placed together.
    #[command(subcommand)]
    Stack(StackCommand),
    /// Engines that run in destinations: PostgreSQL, Redis and others.
    #[command(subcommand, visible_alias = "db")]
    Database(DatabaseCommand),
    /// Where backups of databases are kept.
    #[command(subcommand)]
    Storage(StorageCommand),
    /// Deploy the application that `portolan.toml` describes.
    #[command(after_help = deploy::EXAMPLES)]
    Deploy(DeployArgs),
    /// Caddy or Traefik on servers: what leads requests to containers.
    #[command(subcommand)]
    Proxy(ProxyCommand),
    /// Ways from outside to containers.
    #[command(subcommand)]
    Route(RouteCommand),
    /// Certificates of your own, for hosts whose certificates come from elsewhere.
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// Found differences between what should be and what hosts have.
    #[command(subcommand)]
    Drift(DriftCommand),
    /// The work in the background, and how it goes.
    #[command(subcommand)]
    Reconcile(ReconcileCommand),
    /// From where subnets are taken, and what is left.
    #[command(subcommand)]
    Addresses(AddressesCommand),
    /// Tell whether one container or destination reaches another, and why not.
    #[command(
        after_help = "Judged from what was last seen of the hosts; firewalls are not seen. With --prove a
short-lived probe in the network of the first one then tries a connection, and says so when that
is other than the answer. Exit code 1 when there is no way, or none that is certain; with --prove
when no connection came about.

Examples:
  portolan reach shop-web-1 shop-db-1
  portolan reach shop-web-1 shop-db-1 --prove --port 5432
  portolan reach web-1:shop-web-1 db-1:postgres
  portolan reach shop-web-1 blog                     to a destination"
    )]
    Reach(ReachArgs),
    /// Your passkeys; browsers make them.
    #[command(subcommand)]
    Passkey(PasskeyCommand),
    /// What you are known by at providers of OpenID Connect.
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Teams: what is shared, and with whom.
    #[command(subcommand)]
    Team(TeamCommand),
    /// Who is in the team, with which role and rights.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Invitations into the team.
    #[command(subcommand)]
    Invite(InviteCommand),
    /// API tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Pieces of work and how they went.
    #[command(subcommand)]
    Operation(OperationCommand),
    /// What happened.
    #[command(subcommand)]
    Event(EventCommand),
    /// What seals the stored secrets.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// What people did, for good.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Who outside is told of what happens: webhooks and mail.
    #[command(subcommand)]
    Notifier(NotifierCommand),
    /// Print a script that completes commands in a shell.
    #[command(after_help = "Examples:
  portolan completions bash > /etc/bash_completion.d/portolan
  portolan completions zsh > \"${fpath[1]}/_portolan\"
  portolan completions fish > ~/.config/fish/completions/portolan.fish")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the document of the API (OpenAPI 3.1).
    Openapi,
    /// Print the version.
    Version,
}
