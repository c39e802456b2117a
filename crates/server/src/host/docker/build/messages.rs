//! What BuildKit says and asks, as Protocol Buffers: of its messages the fields that are read.
//!
//! They are from `api/services/control`, `session/auth` and `session/secrets` of moby/buildkit, and
//! `grpc.health.v1`. Texts are bytes where they come from a Dockerfile: Go sends what is no UTF-8 too, and
//! one such text would fail the whole message.

use prost::Message;

/// A part of a build's progress (`moby.buildkit.v1`).
#[derive(Clone, PartialEq, Message)]
pub(super) struct StatusResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) vertexes: Vec<Vertex>,
    #[prost(message, repeated, tag = "2")]
    pub(super) statuses: Vec<VertexStatus>,
    #[prost(message, repeated, tag = "3")]
    pub(super) logs: Vec<VertexLog>,
    #[prost(message, repeated, tag = "4")]
    pub(super) warnings: Vec<VertexWarning>,
}

/// A step of a build, as it is now.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Vertex {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) digest: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) name: Vec<u8>,
    #[prost(bool, tag = "4")]
    pub(super) cached: bool,
    #[prost(message, optional, tag = "5")]
    pub(super) started: Option<Time>,
    #[prost(message, optional, tag = "6")]
    pub(super) completed: Option<Time>,
    #[prost(bytes = "vec", tag = "7")]
    pub(super) error: Vec<u8>,
}

/// A part of a step: a layer that is fetched, say.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VertexStatus {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) vertex: Vec<u8>,
    #[prost(int64, tag = "4")]
    pub(super) current: i64,
    #[prost(int64, tag = "5")]
    pub(super) total: i64,
    #[prost(message, optional, tag = "8")]
    pub(super) completed: Option<Time>,
}

/// What the program of a step said: parts of lines.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VertexLog {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) vertex: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) msg: Vec<u8>,
}

/// What a Dockerfile is warned of.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VertexWarning {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) vertex: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) short: Vec<u8>,
}

/// A moment (`google.protobuf.Timestamp`).
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Time {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

/// Asks for the login of a registry (`moby.filesync.v1`).
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct CredentialsRequest {
    #[prost(string, tag = "1")]
    pub(super) host: String,
}

/// Without a user and a secret, for none.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub(super) struct CredentialsResponse {
    #[prost(string, tag = "1")]
    pub(super) username: String,
    #[prost(string, tag = "2")]
    pub(super) secret: String,
}

/// Asks for a secret (`moby.buildkit.secrets.v1`).
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct GetSecretRequest {
    #[prost(string, tag = "1")]
    pub(super) id: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub(super) struct GetSecretResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) data: Vec<u8>,
}

/// Whether we are still there (`grpc.health.v1`).
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct HealthCheckResponse {
    /// 1 is `SERVING`.
    #[prost(int32, tag = "1")]
    pub(super) status: i32,
}
