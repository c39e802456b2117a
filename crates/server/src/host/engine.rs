//! The Engine API over any stream: versioned paths, bounded answers, deadlines, errors in words.
//!
//! Owns HTTP. Knows no endpoint: `docker` has those. Connections are kept and used again; each is
//! one Unix socket or one SSH channel.
//!
//! Why not bollard (0.21): its paths lose the API version (`Url::join` with an absolute path) and
//! resolve dots in ids, its answers have no bound, one odd value fails a whole list, its events
//! do not tell when they begin, and its requests cannot ask an engine before 25 to refuse a second
//! network of one name.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{
    HostError, limits,
    words::{clean, lower_first},
};

mod connector;
mod version;

pub(super) use connector::{Connector, Duplex};
use version::ApiVersion;

/// A Docker engine that answered.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    client: Client<Connector, Full<Bytes>>,
    connector: Connector,
    version: ApiVersion,
}

/// One request. `path` is a constant, or made of ids that were checked.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// For people: "list networks".
    pub(super) action: &'a str,
    pub(super) path: &'a str,
    pub(super) within: Duration,
}

impl<'a> Call<'a> {
    pub(super) const fn new(action: &'a str, path: &'a str) -> Self {
        Self { action, path, within: limits::CALL }
    }
}

impl Engine {
    /// Asks the engine whether it is there, and which version of its API to speak.
    pub(super) async fn connect(connector: Connector) -> Result<Self, HostError> {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits::IDLE)
            .pool_max_idle_per_host(limits::IDLE_CONNECTIONS)
            .build(connector.clone());
        let mut engine = Self { client, connector, version: ApiVersion::NEWEST };
        engine.version = bounded("ping", limits::PING, engine.ping()).await?;
        Ok(engine)
    }

    async fn ping(&self) -> Result<ApiVersion, HostError> {
        let answer = self.send(Method::GET, "/_ping", None).await?;
        let version = ApiVersion::from_headers(answer.headers())?;
        self.read(answer).await?;
        Ok(version)
    }

    /// Reads something.
    pub(super) async fn get<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, HostError> {
        parse(&self.ask(Method::GET, &call, None).await?)
    }

    /// Does something with a body and reads the result.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        body: &impl Serialize,
    ) -> Result<T, HostError> {
        let body = serde_json::to_vec(body).map_err(|error| not_understood(&error))?;
        parse(&self.ask(Method::POST, &call, Some(body)).await?)
    }

    /// Removes something.
    pub(super) async fn delete(&self, call: Call<'_>) -> Result<(), HostError> {
        self.ask(Method::DELETE, &call, None).await.map(drop)
    }

    /// Opens an answer without end; only its beginning has a deadline.
    pub(super) async fn stream(&self, call: Call<'_>) -> Result<Incoming, HostError> {
        let path = self.version.path(call.path);
        let answer = bounded(call.action, call.within, self.send(Method::GET, &path, None)).await?;
        Ok(answer.into_body())
    }

    /// Where the connections come from.
    pub(super) const fn connector(&self) -> &Connector {
        &self.connector
    }

    async fn ask(
        &self,
        method: Method,
        call: &Call<'_>,
        body: Option<Vec<u8>>,
    ) -> Result<Bytes, HostError> {
        let path = self.version.path(call.path);
        let asking = async { self.read(self.send(method, &path, body).await?).await };
        bounded(call.action, call.within, asking).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response<Incoming>, HostError> {
        // A connection that is still kept would carry the request even after `close`.
        if let Some(lost) = self.connector.lost() {
            return Err(lost);
        }
        let request = Request::builder()
            .method(method)
            .uri(format!("http://docker{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.unwrap_or_default()))
            .map_err(|error| not_understood(&error))?;
        let answer = self.client.request(request).await.map_err(|error| self.failure(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(refusal(answer.status(), &self.read(answer).await?))
    }

    async fn read(&self, answer: Response<Incoming>) -> Result<Bytes, HostError> {
        let body = Limited::new(answer.into_body(), limits::ANSWER).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|error| self.failure(&*error))
    }

    /// What the layers below said, which HTTP wraps; else why the connection ended.
    pub(super) fn failure(&self, error: &(dyn Error + 'static)) -> HostError {
        connector::own_words(error, self.connector.access())
            .or_else(|| too_large(error))
            .or_else(|| self.connector.lost())
            .or_else(|| not_http(error))
            .unwrap_or_else(|| HostError::Lost { why: clean(&innermost(error)) })
    }
}

async fn bounded<T>(
    action: &str,
    within: Duration,
    work: impl Future<Output = Result<T, HostError>>,
) -> Result<T, HostError> {
    timeout(within, work).await.unwrap_or_else(|_| {
        Err(HostError::Timeout { action: action.to_owned(), seconds: within.as_secs() })
    })
}

fn parse<T: DeserializeOwned>(answer: &[u8]) -> Result<T, HostError> {
    serde_json::from_slice(answer).map_err(|error| not_understood(&error))
}

pub(super) fn not_understood(error: &dyn Error) -> HostError {
    HostError::Protocol { why: clean(&lower_first(&error.to_string())) }
}

/// Docker's `{"message": ...}`, or whatever else was said.
fn refusal(status: StatusCode, body: &[u8]) -> HostError {
    #[derive(serde::Deserialize)]
    struct Message {
        message: String,
    }
    let message = serde_json::from_slice(body).map_or_else(
        |_| String::from_utf8_lossy(&body[..body.len().min(limits::EVENT)]).into_owned(),
        |said: Message| said.message,
    );
    HostError::Docker { status: status.as_u16(), message: clean(&message) }
}

fn too_large(error: &(dyn Error + 'static)) -> Option<HostError> {
    let limit = limits::ANSWER >> 20;
    error
        .is::<LengthLimitError>()
        .then(|| HostError::Protocol { why: format!("it is larger than {limit} MiB") })
}

/// Something listens there that is no engine.
fn not_http(error: &(dyn Error + 'static)) -> Option<HostError> {
    causes(error)
        .find(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse))
        .map(not_understood_cause)
}

fn not_understood_cause(cause: &(dyn Error + 'static)) -> HostError {
    not_understood(&cause)
}

/// An error and what it was made from.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let last = causes(error).last();
    lower_first(&last.map_or_else(|| error.to_string(), ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_dockers_words_and_nothing_harmful() {
        let said = |body: &[u8]| match refusal(StatusCode::CONFLICT, body) {
            HostError::Docker { status: 409, message } => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            said(br#"{"message":"network with name web already exists"}"#),
            "network with name web already exists"
        );
        assert_eq!(said(b"404 page not found\n"), "404 page not found");
        assert_eq!(said(b"\x1b[2J\xff"), "[2J\u{fffd}");
        assert_eq!(said(b""), "");
    }
}
