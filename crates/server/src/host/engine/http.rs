//! Requests over kept connections: what bollard sends, and the few that it has no call for.
//!
//! Two pools over the same ways to the engine. Answers that end come through connections that bound
//! them; an answer without end has a connection of its own, without a bound on the whole.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures_util::{TryStreamExt, stream::BoxStream};
use http_body_util::{BodyExt, Either, Full, Limited, StreamBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, UPGRADE},
    upgrade::{self, Upgraded},
};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use tokio_util::io::ReaderStream;

use super::{
    super::{HostError, limits},
    connector::Connector,
    failure::{not_understood, refusal},
    version::{ApiVersion, Builder},
};

/// The host part of all addresses: there is one engine, whatever they say.
pub(super) const ADDRESS: &str = "http://docker";

/// Where the Engine API takes the login of a registry.
const REGISTRY_AUTH: &str = "x-registry-auth";

/// The same for those of several.
const REGISTRY_CONFIG: &str = "x-registry-config";

/// The body of bollard's requests, which it does not name in public.
pub(super) type Body =
    Either<Full<Bytes>, StreamBody<BoxStream<'static, io::Result<Frame<Bytes>>>>>;

/// What is sent along with a request.
#[derive(Debug, Clone)]
pub(in super::super) enum Content {
    Nothing,
    Json(Vec<u8>),
    /// With the login of a registry in the head.
    JsonWithLogin(Vec<u8>, HeaderValue),
    Tar(Bytes),
    /// Nothing but the login of a registry, in the head.
    Login(HeaderValue),
    /// What an image is built from, as a file, with logins in the head.
    Build {
        archive: PathBuf,
        logins: Option<HeaderValue>,
    },
}

impl Content {
    async fn into_body(self) -> io::Result<Body> {
        let bytes = match self {
            Self::Nothing | Self::Login(_) => Bytes::new(),
            Self::Json(json) | Self::JsonWithLogin(json, _) => json.into(),
            Self::Tar(archive) => archive,
            Self::Build { archive, .. } => return file(&archive).await,
        };
        Ok(Either::Left(Full::new(bytes)))
    }
}

/// A file as it is read: it may be larger than what should be in memory.
async fn file(path: &Path) -> io::Result<Body> {
    let file = tokio::fs::File::open(path).await?;
    let frames: BoxStream<'static, _> = Box::pin(ReaderStream::new(file).map_ok(Frame::data));
    Ok(Either::Right(StreamBody::new(frames)))
}

/// The connections to one engine.
#[derive(Debug, Clone)]
pub(super) struct Http {
    calls: Client<Connector, Body>,
    streams: Client<Connector, Body>,
    connector: Connector,
}

impl Http {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            calls: client(connector.clone(), limits::IDLE_CONNECTIONS),
            streams: client(connector.for_endless_answers(), 0),
            connector,
        }
    }

    pub(super) const fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The newest version of the API that both sides know, and who builds.
    pub(super) async fn ping(&self) -> Result<(ApiVersion, Builder), HostError> {
        let answer = self.call(get("/_ping")?).await?;
        let answer = self.accepted(answer).await?;
        let version = ApiVersion::from_headers(answer.headers())?;
        let builder = Builder::from_headers(answer.headers());
        self.read(answer).await?;
        Ok((version, builder))
    }

    /// The whole answer to a request that bollard has no call for.
    pub(super) async fn get(&self, path: &str) -> Result<Bytes, HostError> {
        let answer = self.call(get(path)?).await?;
        self.read(self.accepted(answer).await?).await
    }

    /// The same with a body, which is JSON.
    pub(super) async fn post(&self, path: &str, body: Bytes) -> Result<Bytes, HostError> {
        let answer = self.call(post(path, body)?).await?;
        self.read(self.accepted(answer).await?).await
    }

    /// The beginning of an answer without end.
    pub(super) async fn stream(&self, path: &str) -> Result<Incoming, HostError> {
        let answer = self.send(&self.streams, get(path)?).await?;
        Ok(self.accepted(answer).await?.into_body())
    }

    /// The beginning of the answer to a request with a body, which its reader bounds.
    pub(super) async fn send_content(
        &self,
        method: Method,
        path: &str,
        content: Content,
    ) -> Result<Incoming, HostError> {
        let request = Request::builder().method(method).uri(format!("{ADDRESS}{path}"));
        let request = match &content {
            Content::Nothing => request,
            Content::Json(_) => request.header(CONTENT_TYPE, "application/json"),
            Content::JsonWithLogin(_, login) => {
                request.header(CONTENT_TYPE, "application/json").header(REGISTRY_AUTH, login)
            }
            Content::Tar(_) | Content::Build { logins: None, .. } => {
                request.header(CONTENT_TYPE, "application/x-tar")
            }
            Content::Login(login) => request.header(REGISTRY_AUTH, login),
            Content::Build { logins: Some(logins), .. } => {
                request.header(CONTENT_TYPE, "application/x-tar").header(REGISTRY_CONFIG, logins)
            }
        };
        let body = content.into_body().await.map_err(|error| HostError::Protocol {
            why: format!("what is sent could not be read: {error}"),
        })?;
        let request = request.body(body);
        let request = request.map_err(|error| not_understood(&error))?;
        let answer = self.send(&self.streams, request).await?;
        Ok(self.accepted(answer).await?.into_body())
    }

    /// Sends an archive as it comes, and reads the whole answer.
    pub(super) async fn put_stream(
        &self,
        path: &str,
        archive: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<Bytes, HostError> {
        let frames: BoxStream<'static, _> = Box::pin(archive.map_ok(Frame::data));
        let request = Request::put(format!("{ADDRESS}{path}"))
            .header(CONTENT_TYPE, "application/x-tar")
            .body(Either::Right(StreamBody::new(frames)));
        let request = request.map_err(|error| not_understood(&error))?;
        let answer = self.send(&self.streams, request).await?;
        self.read(self.accepted(answer).await?).await
    }

    /// A request that becomes a stream of bytes both ways, without bounds and without an end.
    pub(super) async fn upgrade(&self, path: &str, body: Bytes) -> Result<Upgraded, HostError> {
        self.upgraded(post(path, body)?, HeaderValue::from_static("tcp")).await
    }

    /// The same for HTTP/2, on which the engine then asks: what it may ask is in the heads.
    pub(super) async fn turn(&self, path: &str, heads: HeaderMap) -> Result<Upgraded, HostError> {
        let request = Request::post(format!("{ADDRESS}{path}")).body(Either::Left(Full::default()));
        let mut request = request.map_err(|error| not_understood(&error))?;
        request.headers_mut().extend(heads);
        self.upgraded(request, HeaderValue::from_static("h2c")).await
    }

    async fn upgraded(
        &self,
        mut request: Request<Body>,
        protocol: HeaderValue,
    ) -> Result<Upgraded, HostError> {
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        request.headers_mut().insert(UPGRADE, protocol);
        let answer = self.send(&self.streams, request).await?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return upgrade::on(answer).await.map_err(|error| self.failure(&error));
        }
        self.accepted(answer).await?;
        Err(not_understood("it gives no stream to speak on"))
    }

    /// The whole answer to a request with a body.
    pub(super) async fn send_whole(
        &self,
        method: Method,
        path: &str,
        content: Content,
    ) -> Result<Bytes, HostError> {
        let body = self.send_content(method, path, content).await?;
        self.bytes(body).await
    }

    /// The beginning of an answer, whatever its status is.
    pub(super) async fn call(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, HostError> {
        self.send(&self.calls, request).await
    }

    async fn send(
        &self,
        client: &Client<Connector, Body>,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, HostError> {
        // A connection that is still kept would carry the request even after `close`.
        if let Some(lost) = self.connector.lost() {
            return Err(lost);
        }
        client.request(request).await.map_err(|error| self.failure(&error))
    }

    async fn accepted(&self, answer: Response<Incoming>) -> Result<Response<Incoming>, HostError> {
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(refusal(answer.status(), &self.read(answer).await?))
    }

    async fn read(&self, answer: Response<Incoming>) -> Result<Bytes, HostError> {
        self.bytes(answer.into_body()).await
    }

    async fn bytes(&self, body: Incoming) -> Result<Bytes, HostError> {
        let body = Limited::new(body, limits::ANSWER).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|error| self.failure(&*error))
    }
}

fn client(connector: Connector, idle: usize) -> Client<Connector, Body> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits::IDLE)
        .pool_max_idle_per_host(idle)
        .build(connector)
}

fn get(path: &str) -> Result<Request<Body>, HostError> {
    let request = Request::get(format!("{ADDRESS}{path}")).body(Either::Left(Full::default()));
    request.map_err(|error| not_understood(&error))
}

fn post(path: &str, body: Bytes) -> Result<Request<Body>, HostError> {
    let request = Request::post(format!("{ADDRESS}{path}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Either::Left(Full::new(body)));
    request.map_err(|error| not_understood(&error))
}
