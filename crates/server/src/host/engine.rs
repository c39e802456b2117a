//! The Engine API over any stream: versioned paths, bounded answers, deadlines, errors in words.
//!
//! Owns HTTP. Knows no endpoint: `docker` has those. Connections are kept and used again; each is
//! one Unix socket or one SSH channel.
//!
//! Why not bollard (0.21): its paths lose the API version (`Url::join` with an absolute path) and
//! resolve dots in ids, its answers have no bound, one odd value fails a whole list, its events
//! do not tell when they begin, and its requests cannot ask an engine before 25 to refuse a second
//! network of one name.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Response, body::Incoming, header};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{HostError, limits};

mod connector;
mod failure;
mod stream;
mod version;

pub(super) use connector::Connector;
pub(super) use failure::not_understood;
use failure::refusal;
pub(super) use stream::Duplex;
use version::ApiVersion;

/// A Docker engine that answered.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    client: Client<Connector, Full<Bytes>>,
    /// For answers without end: what bounds each of the others would end these too.
    endless: Client<Connector, Full<Bytes>>,
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
        let client = client(connector.clone(), limits::IDLE_CONNECTIONS);
        let endless = self::client(connector.for_endless_answers(), 0);
        let mut engine = Self { client, endless, connector, version: ApiVersion::NEWEST };
        engine.version = bounded("ping", limits::PING, engine.ping()).await?;
        Ok(engine)
    }

    async fn ping(&self) -> Result<ApiVersion, HostError> {
        let answer = self.send(&self.client, Method::GET, "/_ping", None).await?;
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
        let asking = self.send(&self.endless, Method::GET, &path, None);
        let answer = bounded(call.action, call.within, asking).await?;
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
        let asking = async { self.read(self.send(&self.client, method, &path, body).await?).await };
        bounded(call.action, call.within, asking).await
    }

    async fn send(
        &self,
        client: &Client<Connector, Full<Bytes>>,
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
        let answer = client.request(request).await.map_err(|error| self.failure(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(refusal(answer.status(), &self.read(answer).await?))
    }

    async fn read(&self, answer: Response<Incoming>) -> Result<Bytes, HostError> {
        let body = Limited::new(answer.into_body(), limits::ANSWER).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|error| self.failure(&*error))
    }
}

fn client(connector: Connector, idle: usize) -> Client<Connector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits::IDLE)
        .pool_max_idle_per_host(idle)
        .build(connector)
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
