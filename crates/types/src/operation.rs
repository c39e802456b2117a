//! Operations: pieces of work with visible steps, readable afterwards.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApplicationId, CertificateId, DestinationId, EnvironmentId, KeyId, MemberKind, NotifierId,
    OperationId, OperationResult, ProjectId, RegistryId, RouteId, ServerId, StackId, StorageId,
    TeamId, Timestamp, TokenId, UserId, text::words,
};

words! {
    /// What the work is.
    pub enum OperationKind ("kind of operation") {
        ValidateServer = "validate-server",
        CreateDestination = "create-destination",
        RepairDestination = "repair-destination",
        DeleteDestination = "delete-destination",
        /// Replacing the network by one with other options.
        ChangeDestination = "change-destination",
        ForgetDestination = "forget-destination",
        ConnectContainer = "connect-container",
        DisconnectContainer = "disconnect-container",
        MoveContainer = "move-container",
        ScanServer = "scan-server",
        AdoptNetworks = "adopt-networks",
        /// Trying whether a registry takes a stored login from here.
        CheckRegistry = "check-registry",
        /// Proving with probes that a destination is what it should be.
        VerifyDestination = "verify-destination",
        /// Trying with a probe whether one container or destination reaches another.
        ProveReach = "prove-reach",
        /// Giving a server the proxy that it is to have.
        SetProxy = "set-proxy",
        StartProxy = "start-proxy",
        StopProxy = "stop-proxy",
        RestartProxy = "restart-proxy",
        /// Running the newest image of its reference.
        UpgradeProxy = "upgrade-proxy",
        RepairProxy = "repair-proxy",
        /// Putting the proxy on a destination's network again, or taking it off one.
        RepairAttachment = "repair-attachment",
        /// Taking containers off a destination that were not connected through Portolan.
        DisconnectMembers = "disconnect-members",
        RemoveProxy = "remove-proxy",
        ReadProxyLogs = "read-proxy-logs",
        /// Making an application what its spec says.
        DeployApplication = "deploy-application",
        StartApplication = "start-application",
        StopApplication = "stop-application",
        RestartApplication = "restart-application",
        RemoveApplication = "remove-application",
        /// Deploying it on another destination, in the place of what serves.
        MoveApplication = "move-application",
        /// Removing what a move left where the application was.
        ConfirmMove = "confirm-move",
        /// Bringing an application back to where it was moved from.
        TakeBackMove = "take-back-move",
        /// Running a program in a container.
        RunCommand = "run-command",
        /// Running the program of a job because a person wants it now.
        RunJob = "run-job",
        /// Keeping what a database has in a storage.
        BackUpDatabase = "back-up-database",
        /// Giving a database what a backup has.
        RestoreDatabase = "restore-database",
        /// Restoring a backup on trial, beside its database.
        CheckBackup = "check-backup",
    }
}

words! {
    /// How far the work is.
    pub enum OperationState ("state of an operation") {
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
    }
}

impl OperationState {
    /// Nothing more will happen.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

words! {
    /// How a step ended.
    pub enum StepState ("state of a step") {
        Running = "running",
        Succeeded = "succeeded",
        /// Done, with something to know.
        Warned = "warned",
        Failed = "failed",
    }
}

/// What the work is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", content = "id", rename_all = "kebab-case")]
pub enum Subject {
    Server(ServerId),
    Destination(DestinationId),
    Route(RouteId),
    Certificate(CertificateId),
    Key(KeyId),
    Registry(RegistryId),
    Token(TokenId),
    Team(TeamId),
    User(UserId),
    Notifier(NotifierId),
    Project(ProjectId),
    Environment(EnvironmentId),
    Application(ApplicationId),
    Stack(StackId),
    Storage(StorageId),
}

impl Subject {
    /// The word of its type: as in JSON, in SQL and for people.
    pub const fn type_word(&self) -> &'static str {
        match self {
            Self::Server(_) => "server",
            Self::Destination(_) => "destination",
            Self::Route(_) => "route",
            Self::Certificate(_) => "certificate",
            Self::Key(_) => "key",
            Self::Registry(_) => "registry",
            Self::Token(_) => "token",
            Self::Team(_) => "team",
            Self::User(_) => "user",
            Self::Notifier(_) => "notifier",
            Self::Project(_) => "project",
            Self::Environment(_) => "environment",
            Self::Application(_) => "application",
            Self::Stack(_) => "stack",
            Self::Storage(_) => "storage",
        }
    }

    /// The identifier as text, whatever it is of.
    pub fn id(&self) -> &str {
        match self {
            Self::Server(id) => id.as_str(),
            Self::Destination(id) => id.as_str(),
            Self::Route(id) => id.as_str(),
            Self::Certificate(id) => id.as_str(),
            Self::Key(id) => id.as_str(),
            Self::Registry(id) => id.as_str(),
            Self::Token(id) => id.as_str(),
            Self::Team(id) => id.as_str(),
            Self::User(id) => id.as_str(),
            Self::Notifier(id) => id.as_str(),
            Self::Project(id) => id.as_str(),
            Self::Environment(id) => id.as_str(),
            Self::Application(id) => id.as_str(),
            Self::Stack(id) => id.as_str(),
            Self::Storage(id) => id.as_str(),
        }
    }
}

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
// Most routes answer with it: its parts are in the document by their own names, once.
#[schema(no_recursion)]
pub struct Operation {
    pub id: OperationId,
    pub kind: OperationKind,
    pub subject: Subject,
    /// The subject's name when the work was accepted.
    pub subject_name: String,
    pub state: OperationState,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What it found or made, when that is more than an outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<OperationResult>,
    /// In the order in which they began.
    pub steps: Vec<Step>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

/// One visible part of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// For programs.
    #[schema(example = "host-key")]
    pub name: String,
    pub state: StepState,
    /// What was found, or why it failed.
    pub detail: Option<String>,
    /// What to do about it. An operation of this API that does it is named in
    /// backticks: `start_proxy`, `set_proxy.extra` where one of its fields matters, `heal_drift ID`.
    pub remedy: Option<String>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// Why work failed: what, where and why in `message`, and what to do in `remedy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// For programs; stable.
    #[schema(example = "network-in-use")]
    pub code: String,
    pub message: String,
    pub remedy: Option<String>,
    /// What stands in the way of a removal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<Blocker>,
}

/// Something that is on a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Blocker {
    /// Docker's id.
    pub id: String,
    /// Reported by the host: show it as text.
    pub name: String,
    /// Docker's word: `running`, `exited`, ...
    pub state: String,
    #[serde(default)]
    pub kind: MemberKind,
}
