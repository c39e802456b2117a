//! Deployments: what was made of an application, when and by whom.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApplicationId, ContainerName, DeploymentId, Image, OperationId, Timestamp, text::words,
};

words! {
    /// How a deployment is doing.
    pub enum DeploymentState ("state of a deployment") {
        /// It waits, or is under way: its operation says how far it is.
        Pending = "pending",
        /// It serves.
        Serving = "serving",
        /// It served, until another one took its place.
        Replaced = "replaced",
        Failed = "failed",
        /// Somebody cancelled it, or asked for another one meanwhile.
        Cancelled = "cancelled",
    }
}

/// One deployment of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deployment {
    pub id: DeploymentId,
    pub application_id: ApplicationId,
    /// Counts the deployments of the application.
    #[schema(value_type = u32, minimum = 1)]
    pub number: NonZeroU32,
    pub state: DeploymentState,
    /// As it was asked for.
    #[schema(value_type = String)]
    pub image: Image,
    /// What that meant then: Docker's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// What it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// The deployment whose image and settings it brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    pub rolled_back_to: Option<NonZeroU32>,
    pub container: ContainerName,
    /// The e-mail address of who asked for it.
    pub by: String,
    /// The work: steps, progress and outcome.
    pub operation_id: OperationId,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// A commit of a Git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Commit {
    /// 40 or 64 hexadecimal digits.
    pub id: String,
    /// The first line of what its author says of it.
    pub subject: String,
}

/// What `deploy_application` takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeployApplication {
    /// An image from now on, in the place of the spec's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ghcr.io/example/shop:1.5")]
    pub image: Option<Image>,
    /// Whether it is built without anything of earlier builds, on images as they are in their
    /// registries now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
}

/// What `roll_back_application` takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RollBack {
    /// The number of an earlier deployment that served. Default: the one before the present.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    pub to: Option<NonZeroU32>,
}
