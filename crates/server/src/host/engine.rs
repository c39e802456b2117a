//! The Engine API over any stream: bollard's calls with deadlines, bounded answers, errors in words.
//!
//! Owns how a call is made. Knows no endpoint: `docker` has those. The parts are below: `connector`
//! makes the connections and `stream` bounds what comes through them, `http` keeps them and uses
//! them again, `transport` is what bollard speaks through, `failure` puts what goes wrong into
//! words, `forgiving` reads what bollard does not.

use std::{io, time::Duration};

use bollard::{Docker, errors::Error as DockerError};
use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};
use hyper::{Method, body::Incoming, header::HeaderMap, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{HostError, limits};

mod connector;
mod failure;
mod forgiving;
mod http;
mod stream;
mod transport;
mod version;

pub(super) use connector::Connector;
pub(super) use failure::not_understood;
pub(super) use forgiving::Odd;
pub(super) use http::Content;
use http::Http;
pub(super) use stream::Duplex;
#[cfg(test)]
pub(super) use transport::refusing_duplicates;
use version::{ApiVersion, Builder};

/// A Docker engine that answered.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    docker: Docker,
    http: Http,
    version: ApiVersion,
    builder: Builder,
}

impl Engine {
    /// Asks the engine whether it is there, and which version of its API to speak. bollard's own
    /// negotiation reads `/version` instead, which would cost a round trip more.
    pub(super) async fn connect(connector: Connector) -> Result<Self, HostError> {
        let http = Http::new(connector);
        let (version, builder) = bounded("ping", limits::PING, http.ping()).await?;
        let docker = transport::docker(&http, version)?;
        Ok(Self { docker, http, version, builder })
    }

    /// The endpoints; what they answer goes through [`Engine::ask`].
    pub(super) const fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Where the connections come from.
    pub(super) const fn connector(&self) -> &Connector {
        self.http.connector()
    }

    /// Makes a call. The action is for people: "list networks".
    pub(super) fn ask<T>(
        &self,
        action: &str,
        call: impl Future<Output = Result<T, DockerError>>,
    ) -> impl Future<Output = Result<T, HostError>> {
        self.ask_within(limits::CALL, action, call)
    }

    /// Makes a call that may take longer than most. bollard's futures are large: each is boxed
    /// here, before it becomes a part of others.
    pub(super) fn ask_within<T>(
        &self,
        within: Duration,
        action: &str,
        call: impl Future<Output = Result<T, DockerError>>,
    ) -> impl Future<Output = Result<T, HostError>> {
        let call = Box::pin(call);
        let asking = async { call.await.map_err(|error| self.http.call_failure(error)) };
        bounded(action, within, asking)
    }

    /// Makes a call whose answer has closed enums in bollard's models. An engine that is newer than
    /// they are may say a word that they do not know, and one such word fails the whole answer. It
    /// is asked for again then, at `path`, and read without the odd words, which come along.
    pub(super) async fn ask_forgiving<T: DeserializeOwned>(
        &self,
        action: &str,
        path: &str,
        call: BoxFuture<'_, Result<T, DockerError>>,
    ) -> Result<(T, Odd), HostError> {
        let readable = async {
            match call.await {
                Err(DockerError::JsonDataError { .. }) => Ok(None),
                answer => answer.map(Some),
            }
        };
        if let Some(answer) = self.ask(action, readable).await? {
            return Ok((answer, Odd::new()));
        }
        let path = self.version.path(path);
        let answer = bounded(action, limits::CALL, Box::pin(self.http.get(&path))).await?;
        forgiving::parse(&answer)
    }

    /// Makes a call for what bollard's models lack or close too tightly, and reads it into a model
    /// of ours.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        action: &str,
        path: &str,
    ) -> Result<T, HostError> {
        let path = self.version.path(path);
        let answer = bounded(action, limits::CALL, Box::pin(self.http.get(&path))).await?;
        serde_json::from_slice(&answer).map_err(|error| not_understood(&error))
    }

    /// Sends what bollard's models would not carry whole, and may take longer than most. The answer is
    /// dropped.
    pub(super) async fn post_within(
        &self,
        within: Duration,
        action: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<(), HostError> {
        let path = self.version.path(path);
        let body = serde_json::to_vec(body).map_err(|error| not_understood(&error))?;
        let posting = Box::pin(self.http.post(&path, body.into()));
        bounded(action, within, posting).await.map(drop)
    }

    /// Sends what bollard has no call for, and reads the answer.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        action: &str,
        path: &str,
        content: Content,
    ) -> Result<T, HostError> {
        let path = self.version.path(path);
        let sending = Box::pin(self.http.send_whole(Method::POST, &path, content));
        let answer = bounded(action, limits::CALL, sending).await?;
        serde_json::from_slice(&answer).map_err(|error| not_understood(&error))
    }

    /// Asks with the login of a registry, which the engine asks in turn.
    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        within: Duration,
        action: &str,
        path: &str,
        content: Content,
    ) -> Result<T, HostError> {
        let path = self.version.path(path);
        let asking = Box::pin(self.http.send_whole(Method::GET, &path, content));
        let answer = bounded(action, within, asking).await?;
        serde_json::from_slice(&answer).map_err(|error| not_understood(&error))
    }

    /// Opens an answer without end; only its beginning has a deadline. It has a connection of its
    /// own, and whoever reads it bounds its parts.
    pub(super) async fn stream(&self, action: &str, path: &str) -> Result<Incoming, HostError> {
        let path = self.version.path(path);
        bounded(action, limits::CALL, Box::pin(self.http.stream(&path))).await
    }

    /// Makes a request that becomes a stream of bytes both ways; only its beginning has a deadline. It
    /// has a connection of its own.
    pub(super) async fn upgrade(
        &self,
        action: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<TokioIo<Upgraded>, HostError> {
        let path = self.version.path(path);
        let body = serde_json::to_vec(body).map_err(|error| not_understood(&error))?;
        let upgrading = Box::pin(self.http.upgrade(&path, body.into()));
        bounded(action, limits::CALL, upgrading).await.map(TokioIo::new)
    }

    /// Opens a stream of HTTP/2 on which the engine asks what the heads say; only its beginning has a
    /// deadline. It has a connection of its own.
    pub(super) async fn turn(
        &self,
        action: &str,
        path: &str,
        heads: HeaderMap,
    ) -> Result<TokioIo<Upgraded>, HostError> {
        let path = self.version.path(path);
        let turning = Box::pin(self.http.turn(&path, heads));
        bounded(action, limits::CALL, turning).await.map(TokioIo::new)
    }

    /// Makes a request that bollard has no call for, and reads its answer as it comes. The reader
    /// bounds what it keeps; all of it has one deadline.
    pub(super) async fn converse<T, F>(
        &self,
        action: &str,
        within: Duration,
        request: (Method, &str, Content),
        read: impl FnOnce(Incoming) -> F,
    ) -> Result<T, HostError>
    where
        F: Future<Output = Result<T, HostError>>,
    {
        let (method, path, content) = request;
        let path = self.version.path(path);
        let conversing = async {
            let body = Box::pin(self.http.send_content(method, &path, content)).await?;
            read(body).await
        };
        bounded(action, within, conversing).await
    }

    /// Sends an archive as it comes, without a deadline of its own. The answer is dropped.
    pub(super) async fn put_stream(
        &self,
        path: &str,
        archive: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<(), HostError> {
        let path = self.version.path(path);
        Box::pin(self.http.put_stream(&path, archive)).await.map(drop)
    }

    /// Whether a container can be made on several networks at once (API 1.44, Docker 25).
    pub(super) fn makes_on_many_networks(&self) -> bool {
        self.version >= ApiVersion::MANY_NETWORKS
    }

    /// Whether it keeps everything that builds leave for later ones (before API 1.48, Docker 28).
    pub(super) fn keeps_builds(&self) -> bool {
        self.version < ApiVersion::BOUNDED_BUILDS
    }

    /// Whether it builds with nothing but its own builder.
    pub(super) fn builds_by_itself(&self) -> bool {
        self.builder == Builder::Classic
    }

    /// What the layers below said about an answer that is read as it comes.
    pub(super) fn failure(&self, error: &(dyn std::error::Error + 'static)) -> HostError {
        self.http.failure(error)
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
