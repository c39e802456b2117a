//! What bollard speaks through: the kept connections, and what its requests leave out.

use std::io;

use bollard::{BollardRequest, ClientVersion, Docker, errors::Error as DockerError};
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::{Method, Request, Response, Uri, body::Incoming};
use serde_json::{Map, Value};

use super::{
    super::{HostError, limits},
    failure::not_understood,
    http::{ADDRESS, Http},
    version::ApiVersion,
};

/// bollard for one engine.
pub(super) fn docker(http: &Http, version: ApiVersion) -> Result<Docker, HostError> {
    let http = http.clone();
    let transport = move |request: BollardRequest| {
        let http = http.clone();
        async move { send(&http, version, request).await.map_err(through_bollard) }
    };
    let spoken = ClientVersion::from(version);
    // Every call has a sooner deadline of its own, which names the action.
    let patience = limits::BOLLARD.as_secs();
    Docker::connect_with_custom_transport(transport, Some(ADDRESS), patience, &spoken)
        .map_err(|error| not_understood(&error))
}

async fn send(
    http: &Http,
    version: ApiVersion,
    request: BollardRequest,
) -> Result<Response<Incoming>, HostError> {
    let (mut head, mut body) = request.into_parts();
    if head.method == Method::POST && head.uri.path() == "/networks/create" {
        let bytes = body.collect().await.map_err(|error| not_understood(&error))?.to_bytes();
        body = Either::Left(Full::new(refusing_duplicates(&bytes)?));
    }
    head.uri = versioned(version, &head.uri)?;
    http.call(Request::from_parts(head, body)).await
}

/// bollard 0.21 puts the version before the path and loses it again: `Url::join` with an absolute
/// path replaces the whole path. Without a version the engine would answer in its newest.
fn versioned(version: ApiVersion, uri: &Uri) -> Result<Uri, HostError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = format!("{ADDRESS}{}", version.path(path)).parse();
    uri.map_err(|error: hyper::http::uri::InvalidUri| not_understood(&error))
}

/// Engines before 25 allow several networks of one name unless asked not to. bollard's request is
/// made from the newest API, which has no word for that any more.
pub(in super::super) fn refusing_duplicates(body: &[u8]) -> Result<Bytes, HostError> {
    let parsed = serde_json::from_slice::<Map<String, Value>>(body);
    let mut request = parsed.map_err(|error| not_understood(&error))?;
    request.insert("CheckDuplicate".into(), true.into());
    serde_json::to_vec(&request).map(Bytes::from).map_err(|error| not_understood(&error))
}

/// Our own error, for `failure` to find again.
fn through_bollard(error: HostError) -> DockerError {
    io::Error::other(error).into()
}
