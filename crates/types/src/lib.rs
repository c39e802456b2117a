//! The vocabulary of Portolan: every value that travels in its API, parsed once.
//!
//! Owns shapes, bounds and words. Does no I/O and knows neither the database nor HTTP.

pub mod account;
pub mod act;
pub mod address;
pub mod application;
pub mod attachment;
pub mod audit;
pub mod backup;
pub mod certificate;
pub mod chart;
pub mod command;
pub mod container;
pub mod cron;
pub mod database;
pub mod deployment;
pub mod destination;
pub mod dotenv;
pub mod drift;
pub mod email;
pub mod event;
mod hook;
pub mod id;
mod invalid;
mod job;
pub mod key;
mod link;
pub mod name;
pub mod network;
pub mod notifier;
pub mod operation;
pub mod page;
pub mod passkey;
pub mod password;
pub mod pause;
pub mod preview;
pub mod problem;
pub mod project;
pub mod proxy;
pub mod reach;
pub mod reading;
pub mod reconcile;
pub mod registry;
pub mod right;
pub mod route;
pub mod scan;
pub mod secrets;
pub mod server;
pub mod session;
pub mod sign_in;
mod stack;
pub mod stats;
pub mod storage;
pub mod swarm;
pub mod team;
pub mod terminal;
mod text;
pub mod timestamp;
pub mod token;
pub mod verification;

pub use account::{
    Account, AskPasswordReset, ChangePassword, ConfirmTotp, CreateSession, CreatedSession, NewTotp,
    ProveAgain, RecoveryCodes, RenewedSession, ResetPassword,
};
pub use address::{
    AddressPlan, FleetAddresses, RangeKind, ReservedRange, ReservedRanges, ServerAddresses,
    SubnetPool, SubnetPools, UpdateAddressPlan,
};
pub use application::{
    AddPlace, Application, ApplicationMount, ApplicationMove, ApplicationMoved, ApplicationName,
    ApplicationSpec, ApplicationState, ApplicationTask, ApplicationTasks, Argument, Balance,
    BindPath, Build, BuildStage, Capability, ChangeVariables, CloneApplication, ClonedApplication,
    CreateApplication, FileMode, GitReference, HealthCheck, HostPort, Hostname, LabelKey,
    LabelValue, MountPath, MountSource, MoveApplication, MoveState, MovedVolume, PlaceOf,
    ProcessSettings, ReferVariable, RepositoryLogin, RepositoryPath, RepositoryUrl, ResourceLimits,
    RestartRule, Seconds, SetVariable, SshRepository, StopSignal, Strategy, Tmpfs, Transport,
    UpdateApplication, Variable, VariableName, VariableValue, Variables, Words, WorkingDirectory,
};
pub use attachment::{Attachment, AttachmentProbe, ProxyAttachment};
pub use audit::{
    AuditBreak, AuditEntry, AuditFault, AuditFilter, AuditHash, AuditNote, AuditOutcome,
    AuditVerdict,
};
pub use backup::{
    BackUpDatabase, Backup, BackupFilter, BackupSchedule, BackupState, CheckBackup, KeptBackups,
    RestoreDatabase, SetBackupSchedule,
};
pub use certificate::{Certificate, CreateCertificate};
pub use chart::{Chart, ChartLink, ChartLinkKind, ChartNode, ChartNodeKind, ChartQuery};
pub use command::{CommandResult, ContainerUser, RunCommand};
pub use container::{
    Alias, ConnectContainer, ContainerName, DestinationContainer, DestinationContainers,
    MoveContainer, MovedContainer, MovedService,
};
pub use cron::CronExpression;
pub use database::{
    CloneDatabase, ClonedDatabase, CreateDatabase, CreatedDatabase, CredentialName, Database,
    DatabaseConfig, DatabasePart, DatabasePassword, DatabaseTemplate, DatabaseTemplates,
    DatabaseUse, DatabaseVersion, EngineName, FromDatabase, InitialScript, PublicPort, SettingName,
    SettingValue, UpdateDatabase, UpgradeDatabase,
};
pub use deployment::{Commit, DeployApplication, Deployment, DeploymentState, RollBack};
pub use destination::{
    CreateDestination, Destination, DestinationKind, DestinationState, Origin, PlannedSubnets,
    UpdateDestination,
};
pub use drift::{
    Drift, DriftKind, DriftPolicies, DriftPolicy, DriftPolicyChoice, DriftRules, DriftState,
    EffectiveDriftPolicy, Facts, PolicyScope, UpdateDriftRules,
};
pub use email::Email;
pub use event::{Author, Event, EventFilter, KindPrefix, Severity, Topic};
pub use hook::{CreatedHook, Hook, HookAnswer};
pub use id::{
    ApplicationId, AuditEntryId, BackupId, CertificateId, DatabaseId, DeliveryId, DeploymentId,
    DestinationId, DriftId, EnvironmentId, EventId, IdentityId, InviteId, JobId, JobRunId, KeyId,
    LinkId, NotifierId, OperationId, PasskeyId, ProjectId, RegistryId, RouteId, ServerId,
    SessionId, StackId, StorageId, TeamId, TokenId, UserId,
};
pub use invalid::Invalid;
pub use job::{
    CreateJob, Job, JobCause, JobCommand, JobOutput, JobRun, JobRunState, JobState, JobTime,
    KeptRuns, UpdateJob,
};
pub use key::{CreateKey, Key, KeyAlgorithm, UpdateKey};
pub use link::{CreateLink, Link, LinkEnd, LinkState, Links};
pub use name::{Description, Name};
pub use network::{NetworkName, NetworkOptions};
pub use notifier::{
    CreateNotifier, CreatedNotifier, Delivery, DeliveryState, NewTarget, Notification,
    NotificationData, NotificationKind, NotifiedSubject, Notifier, NotifierState, Target,
    TopicCount, Topics, UpdateNotifier, WebhookSecret, WebhookUrl,
};
pub use operation::{
    Blocker, Failure, Operation, OperationKind, OperationState, Step, StepState, Subject,
};
pub use page::{Cursor, Page, PageQuery};
pub use passkey::{
    CreatePasskey, CredentialKind, MadeCredential, MadeResponse, Passkey, PasskeyAlgorithm,
    PasskeyCreation, PasskeyDescriptor, PasskeyParty, PasskeyRequest, PasskeySelection,
    PasskeyUser, SignInByPasskey, UpdatePasskey, UsedCredential, UsedResponse,
};
pub use password::Password;
pub use pause::Pause;
pub use preview::{Affected, DarkRoute, MemberKind, Preview};
pub use problem::{FieldError, Problem};
pub use project::{
    CreateEnvironment, CreateProject, DefaultDestination, Environment, Project, UpdateEnvironment,
    UpdateProject,
};
pub use proxy::{
    AcmeDirectory, CertificateSource, Configuration, ConfigurationFile, GeneratedConfiguration,
    Image, ObservedProxy, Proxy, ProxyKind, ProxyState, ReadProxyLogs, SetProxy,
};
pub use reach::{
    AskReach, Obstacle, PathKind, ProveReach, Reach, ReachEnd, ReachName, ReachOutcome, ReachPath,
    ReachPlace, ReachProof, ReachVerdict,
};
pub use reading::{LeftOut, LineCount, LogLine, LogStream, ReadLogs, ReadingCause, ReadingEnd};
pub use reconcile::{ReconcileStatus, TaskKind, TaskStatus};
pub use registry::{
    CheckRegistry, CreateRegistry, Registry, RegistryCheck, RegistryHost, RegistryOutcome,
    RegistryPassword, RegistryUser, UpdateRegistry,
};
pub use right::{Grant, GrantedOn, Right, Sees};
pub use route::{
    BasicAuth, BodyLimit, ChangeAuth, CreateRoute, Direction, Header, HeaderName, HeaderValue,
    Headers, Https, Route, RouteHost, RouteOptions, RoutePath, RouteState, RouteUser, UpdateRoute,
    Www,
};
pub use scan::{
    AdoptNetworks, Adoptability, AdoptedNetwork, LeftBehind, Maker, MakerKind, OperationResult,
    ScannedNetwork,
};
pub use secrets::{DataKeyStatus, Secrets};
pub use server::{
    Access, Connection, CreateServer, Engine, HostKey, Reachability, RemovedServer, Repin, Server,
    ServerKind, ServerState, UpdateServer,
};
pub use session::{
    Credential, EndedSessions, Role, Session, Setup, SetupDone, SignIn, SignInMethod, Team, User,
};
pub use sign_in::{
    BeginOpenId, Identity, LinkBegun, LinkIdentity, ProviderName, ReturnTo, SignInProvider,
    SignInWays,
};
pub use stack::{
    ApplyStack, ComposeFile, CreateStack, FileText, SetStackVariable, Stack, StackApplied,
    StackFile, StackNetwork, StackRepository, StackService, StackSource, StackState, StackVariable,
    StackVisit,
};
pub use stats::ContainerStats;
pub use storage::{
    AccessKey, BucketEndpoint, BucketName, BucketRegion, BucketStyle, CreateStorage, KeyPrefix,
    S3Place, SecretKey, Storage, StorageKind, StorageTrial, UpdateStorage,
};
pub use swarm::{LiveNode, Swarm, SwarmManager, SwarmServer};
pub use team::{
    AcceptInvite, AcceptedInvite, CreateInvite, CreateTeam, CreatedInvite, GrantRight, Invite,
    InviteMail, JoinTeam, Member, Membership, NewGrant, RenameTeam, SwitchTeam, TransferTeam,
    UpdateMember,
};
pub use terminal::{
    ContainerTerminal, Program, TerminalCause, TerminalEnd, TerminalFlow, TerminalMessage,
    TerminalRequest, TerminalSize, TerminalSwitch,
};
pub use timestamp::Timestamp;
pub use token::{
    Abilities, Ability, CreateToken, CreatedToken, Token, TokenAddresses, UpdateToken,
};
pub use verification::{Check, CheckName, CheckOutcome, Evidence, Verification, VerifyEvery};
