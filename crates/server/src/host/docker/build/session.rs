//! The session of a build: a stream of HTTP/2 on which the engine asks, and we answer.
//!
//! Owns the stream and its bounds. What is answered is in `answers`.

use std::{convert::Infallible, fmt::Display, future::pending};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use h2::{RecvStream, server::SendResponse};
use hyper::{
    Request,
    header::{HeaderMap, HeaderName, HeaderValue},
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    super::super::{
        HostError, ImageBuild,
        engine::{Engine, not_understood},
        limits,
    },
    answers, grpc,
};

/// What BuildKit calls a session by, and what it may ask in it: one head each.
const ID: HeaderName = HeaderName::from_static("x-docker-expose-session-uuid");
const NAME: HeaderName = HeaderName::from_static("x-docker-expose-session-name");
const METHOD: HeaderName = HeaderName::from_static("x-docker-expose-session-grpc-method");

/// A session that is open. It ends with whoever serves it.
pub(super) struct Session {
    id: String,
    stream: TokioIo<Upgraded>,
}

impl Session {
    pub(super) async fn open(engine: &Engine) -> Result<Self, HostError> {
        let id = format!("{:032x}", rand::random::<u128>());
        let heads = heads(&id)?;
        let stream = engine.turn("open a session for the build", "/session", heads).await?;
        Ok(Self { id, stream })
    }

    /// How the build names it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Answers what is asked. That the engine ends it early is told by the build, if it matters to that.
    pub(super) async fn serve(self, build: &ImageBuild) -> Infallible {
        if let Err(error) = serve(self.stream, build).await {
            tracing::debug!(%error, "the session of a build ended");
        }
        pending().await
    }
}

fn heads(id: &str) -> Result<HeaderMap, HostError> {
    let id = HeaderValue::from_str(id).map_err(|error| not_understood(&error))?;
    let named = [(ID, id), (NAME, HeaderValue::from_static("portolan"))];
    let mut heads = HeaderMap::from_iter(named);
    for method in answers::OFFERED {
        heads.append(METHOD, HeaderValue::from_static(method));
    }
    Ok(heads)
}

/// Questions are answered beside each other; the stream moves only while it is asked for the next one.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    build: &ImageBuild,
) -> Result<(), h2::Error> {
    let mut settings = h2::server::Builder::new();
    settings.max_concurrent_streams(limits::QUESTIONS).max_header_list_size(16 << 10);
    let mut stream = settings.handshake(stream).await?;
    let mut answering = FuturesUnordered::new();
    loop {
        tokio::select! {
            asked = stream.accept() => match asked {
                Some(asked) => answering.push(answer(asked?, build)),
                None => return Ok(()),
            },
            Some(()) = answering.next() => {}
        }
    }
}

/// That one answer did not reach the engine is no reason to end the others.
async fn answer((asked, respond): (Request<RecvStream>, SendResponse<Bytes>), build: &ImageBuild) {
    let (head, mut body) = asked.into_parts();
    let message = grpc::read(&mut body).await;
    let said = message.and_then(|message| answers::answer(build, head.uri.path(), message));
    if let Err(refusal) = &said {
        unanswered(head.uri.path(), &format!("{refusal:?}"));
    }
    if let Err(error) = grpc::answer(respond, said) {
        unanswered(head.uri.path(), &error);
    }
}

/// Neither the question nor the answer is said: there are secrets in them.
fn unanswered(path: &str, why: &dyn Display) {
    tracing::debug!(%path, %why, "a question of a build has no answer");
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use tokio::io::duplex;

    use super::{
        super::{
            super::super::RegistryLogin,
            messages::{
                CredentialsRequest, CredentialsResponse, GetSecretRequest, GetSecretResponse,
            },
        },
        *,
    };

    fn build() -> ImageBuild {
        ImageBuild {
            reference: "localhost/a:1".into(),
            dockerfile: "Dockerfile".into(),
            stage: None,
            arguments: [].into(),
            secrets: [("TOKEN".to_owned(), "open\nsesame".into())].into(),
            labels: [].into(),
            fresh: false,
            context: "/nowhere".into(),
            logins: vec![RegistryLogin {
                host: "docker.io".parse().expect("a host"),
                user: "robot".parse().expect("a user"),
                password: "open sesame".into(),
            }],
        }
    }

    /// Asks as an engine does; answers what gRPC says of it, and the message.
    async fn ask(path: &str, question: &impl Message) -> (String, Bytes) {
        let (ours, theirs) = duplex(1 << 10);
        let build = build();
        let asking = async {
            let (client, connection) = h2::client::handshake(theirs).await.expect("HTTP/2");
            let asked = asked(client, path, grpc::framed(question));
            tokio::select! {
                answer = asked => answer,
                ended = connection => panic!("{ended:?}"),
            }
        };
        tokio::select! {
            answer = asking => answer,
            ended = serve(ours, &build) => panic!("{ended:?}"),
        }
    }

    async fn asked(
        client: h2::client::SendRequest<Bytes>,
        path: &str,
        framed: Bytes,
    ) -> (String, Bytes) {
        let mut client = client.ready().await.expect("ready");
        let request = Request::post(format!("http://localhost{path}")).body(()).expect("a request");
        let (answer, mut body) = client.send_request(request, false).expect("sent");
        body.send_data(framed, true).expect("sent");
        let (head, mut body) = answer.await.expect("an answer").into_parts();
        let status = |heads: &HeaderMap| {
            heads.get("grpc-status").map(|status| status.to_str().expect("a number").to_owned())
        };
        if let Some(refused) = status(&head.headers) {
            return (refused, Bytes::new());
        }
        let mut message = Vec::new();
        while let Some(part) = body.data().await {
            message.extend_from_slice(&part.expect("a part"));
        }
        let trailers = body.trailers().await.expect("an end").expect("trailers");
        (status(&trailers).expect("a status"), Bytes::from(message).slice(5..))
    }

    #[tokio::test]
    async fn an_engine_is_told_what_its_build_has() {
        let of = async |host: &str| {
            let question = CredentialsRequest { host: host.to_owned() };
            let (status, said) = ask("/moby.filesync.v1.Auth/Credentials", &question).await;
            assert_eq!(status, "0");
            let said = CredentialsResponse::decode(said).expect("a message");
            (said.username, said.secret)
        };
        assert_eq!(of("registry-1.docker.io").await, ("robot".into(), "open sesame".into()));
        assert_eq!(of("ghcr.io").await, (String::new(), String::new()));
        let path = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
        let (status, said) = ask(path, &GetSecretRequest { id: "TOKEN".into() }).await;
        assert_eq!(status, "0");
        let said = GetSecretResponse::decode(said).expect("a message");
        assert_eq!(said.data, b"open\nsesame");
        assert_eq!(ask(path, &GetSecretRequest { id: "OTHER".into() }).await.0, "5");
        let (status, said) = ask("/grpc.health.v1.Health/Check", &()).await;
        assert_eq!((status.as_str(), &said[..]), ("0", &b"\x08\x01"[..]));
    }

    #[tokio::test]
    async fn what_is_not_offered_is_refused() {
        for path in ["/moby.filesync.v1.FileSync/DiffCopy", "/moby.sshforward.v1.SSH/CheckAgent"] {
            assert_eq!(ask(path, &()).await.0, "12");
        }
        let long = GetSecretRequest { id: "x".repeat(limits::QUESTION + 1) };
        assert_eq!(ask("/moby.buildkit.secrets.v1.Secrets/GetSecret", &long).await.0, "3");
    }
}
