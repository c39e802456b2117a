//! Errors on the wire: problem details (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error answer, sent as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A stable word for programs, as a relative URI reference.
    #[serde(rename = "type")]
    #[schema(example = "/problems/network-already-added")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What failed and why, for the person.
    pub detail: String,
    /// What to do about it. An operation of this API that does it is named in
    /// backticks: `start_proxy`, `set_proxy.extra` where one of its fields matters, `heal_drift ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Which fields were refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What stands in the way, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<String>,
    /// Find this request in the log with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One refused field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Path of the field with dots.
    #[schema(example = "options.subnet")]
    pub field: String,
    pub message: String,
}
