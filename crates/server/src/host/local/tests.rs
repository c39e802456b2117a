//! Engines that no real one would be: silent, endless, of another kind. The socket is the easiest
//! way to them; what reads them is the same for every way.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use futures_util::StreamExt;
use portolan_types::{DestinationKind, NetworkOptions, ServerKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::mpsc,
};

use super::super::{
    Dialer, Host, HostError, NewNetwork, Progress, Reachable, RealDialer, Route, Target, limits,
};

mod builds;

const PONG: &str = "HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 2\r\n\r\nOK";

/// Answers pings, and gives everything else to `answer` with the first line of the request.
struct FakeEngine {
    socket: PathBuf,
    _directory: tempfile::TempDir,
}

impl FakeEngine {
    fn start<F: Future<Output = ()> + Send + 'static>(
        answer: impl Fn(String, UnixStream) -> F + Clone + Send + 'static,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone()));
            }
        });
        Self { socket, _directory: directory }
    }

    /// The same bytes for whatever is asked; then the connection closes.
    fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Arc::new(bytes.into());
        Self::start(move |_, mut stream| {
            let bytes = Arc::clone(&bytes);
            async move { drop(stream.write_all(&bytes).await) }
        })
    }

    async fn host(&self) -> Arc<dyn Host> {
        dial(self.socket.clone()).await.expect("it answers pings")
    }
}

async fn serve<F: Future<Output = ()>>(
    mut stream: UnixStream,
    answer: impl Fn(String, UnixStream) -> F,
) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
        if line != "GET /_ping HTTP/1.1" {
            return answer(line, stream).await;
        }
        drop(stream.write_all(PONG.as_bytes()).await);
    }
}

async fn dial(socket: PathBuf) -> Result<Arc<dyn Host>, HostError> {
    let sockets = vec![socket.clone()];
    let dialer = RealDialer::new(Reachable { sockets, ..Reachable::default() });
    let target = Target { server: "test".into(), route: Route::Local { socket } };
    Ok(dialer.dial(&target, &Progress::silent()).await?.host)
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_told() {
    let error = dial("/no/such/docker.sock".into()).await.expect_err("nothing");
    assert_eq!(
        error.to_string(),
        "could not reach the Docker socket: local-socket: /no/such/docker.sock: no such file or directory"
    );
}

#[tokio::test]
async fn paths_carry_the_version_that_both_know() {
    let engine = FakeEngine::start(|line, mut stream| async move {
        let status = if line == "GET /v1.44/networks HTTP/1.1" { 200 } else { 400 };
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\n[]");
        drop(stream.write_all(answer.as_bytes()).await);
    });
    assert_eq!(engine.host().await.list_networks().await, Ok(vec![]));
}

#[tokio::test]
async fn odd_answers_are_errors_in_words() {
    let of = |bytes: &'static str| async move {
        FakeEngine::saying(bytes).host().await.list_networks().await.expect_err(bytes)
    };
    let refused = of("HTTP/1.1 500 X\r\nContent-Length: 18\r\n\r\n{\"message\":\"full\"}").await;
    assert_eq!(refused, HostError::Docker { status: 500, message: "full".into() });
    let redirect =
        of("HTTP/1.1 301 X\r\nLocation: /v1.44/images\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(redirect, HostError::Docker { status: 301, .. }), "{redirect}");
    for bytes in ["nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{\"a\":"] {
        let error = of(bytes).await;
        assert!(matches!(error, HostError::Protocol { .. }), "{error}");
    }
    for bytes in ["", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{"] {
        let error = of(bytes).await;
        assert!(matches!(error, HostError::Lost { .. }), "{error}");
    }
}

#[tokio::test]
async fn answers_without_end_are_refused() {
    let engine = FakeEngine::start(|_, mut stream| async move {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[").await);
        while stream.write_all(&[b' '; 8_192]).await.is_ok() {}
    });
    let host = engine.host().await;
    let error = host.list_networks().await.expect_err("too large");
    assert_eq!(error, HostError::Protocol { why: "it is larger than 32 MiB".into() });
    let mut events = host.events().await.expect("a stream");
    let error = events.next().await.expect("an item").expect_err("too large");
    assert_eq!(error, HostError::Protocol { why: "an event is too large".into() });
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_silent_engine_has_a_deadline() {
    let engine = FakeEngine::start(|_, mut stream| async move {
        tokio::time::pause();
        drop(stream.read_to_end(&mut Vec::new()).await);
    });
    let error = engine.host().await.list_networks().await.expect_err("silence");
    assert_eq!(error, HostError::Timeout { action: "list networks".into(), seconds: 30 });
}

#[tokio::test]
async fn a_closed_connection_is_replaced() {
    let engine = FakeEngine::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
    let host = engine.host().await;
    for _ in 0..20 {
        assert_eq!(host.list_networks().await, Ok(vec![]));
    }
}

#[tokio::test]
async fn nothing_is_asked_after_closing() {
    let engine = FakeEngine::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
    // The connection that carried the ping is still open.
    let host = engine.host().await;
    host.close().await;
    assert!(matches!(host.list_networks().await, Err(HostError::Lost { .. })));
}

/// An answer with this body, for whatever path begins so; anything else is not there.
fn json(line: &str, answers: &[(&str, &str)]) -> String {
    let body = answers.iter().find(|(path, _)| line.starts_with(&format!("GET /v1.44{path}")));
    let (status, body) = body.map_or((404, "{}"), |(_, body)| (200, *body));
    format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Words that bollard's models do not know: they are closed enums.
#[tokio::test]
async fn words_of_a_newer_engine_are_kept() {
    let engine = FakeEngine::start(|line, mut stream| async move {
        let id = "0af1".repeat(16);
        let network = format!(r#"{{"Id":"{id}","Name":"web"}}"#);
        let on = format!(r#""NetworkSettings":{{"Networks":{{"web":{{"NetworkID":"{id}"}}}}}}"#);
        let answer = json(
            &line,
            &[
                ("/networks/", &network),
                (
                    "/containers/json?",
                    &format!(
                        r#"[{{"Id":"a","Names":["/a"],"State":"running",{on}}},{{"Id":"b","Names":["/b"],"State":"hibernating",{on}}}]"#
                    ),
                ),
                ("/version", r#"{"Version":"99"}"#),
                (
                    "/info",
                    r#"{"Name":"future","CgroupVersion":"3","NCPU":4,
                "Swarm":{"LocalNodeState":"floating","ControlAvailable":true}}"#,
                ),
            ],
        );
        drop(stream.write_all(answer.as_bytes()).await);
    });
    let host = engine.host().await;
    let members = host.list_members(&"0af1".repeat(16)).await.expect("two members");
    let states: Vec<_> = members.iter().map(|member| member.state.as_str()).collect();
    assert_eq!(states, ["running", "hibernating"]);
    let system = host.system().await.expect("an engine");
    assert_eq!((system.hostname.as_str(), system.version.as_str()), ("future", "99"));
    assert_eq!((system.cpus, system.kind), (4, ServerKind::SwarmWorker));
    assert_eq!(system.warnings, ["the engine's swarm is floating"]);
}

#[tokio::test]
async fn a_name_in_use_is_refused_by_old_engines_too() {
    let (sender, mut bodies) = mpsc::unbounded_channel();
    let engine = FakeEngine::start(move |line, mut stream| {
        let sender = sender.clone();
        async move {
            assert_eq!(line, "POST /v1.44/networks/create HTTP/1.1");
            let mut body = vec![0; 4_096];
            let length = stream.read(&mut body).await.expect("a body");
            body.truncate(length);
            drop(sender.send(body));
            let taken = r#"{"message":"network with name web already exists"}"#;
            let head = format!("HTTP/1.1 409 X\r\nContent-Length: {}\r\n\r\n", taken.len());
            drop(stream.write_all(format!("{head}{taken}").as_bytes()).await);
        }
    });
    let network = NewNetwork {
        kind: DestinationKind::Standalone,
        name: "web".parse().expect("a name"),
        options: NetworkOptions::default(),
        labels: BTreeMap::new(),
    };
    let error = engine.host().await.create_network(&network).await.expect_err("taken");
    let message = "network with name web already exists".into();
    assert_eq!(error, HostError::Docker { status: 409, message });
    let body = bodies.recv().await.expect("a body");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((&body["Name"], &body["CheckDuplicate"]), (&"web".into(), &true.into()));
}

#[tokio::test]
async fn events_may_be_many_but_not_one_too_large() {
    let engine = FakeEngine::start(|_, mut stream| async move {
        let name = "n".repeat(limits::EVENT / 2);
        let event = format!(
            r#"{{"Type":"network","Action":"create","Actor":{{"ID":"1","Attributes":{{"name":"{name}"}}}}}}"#
        );
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        drop(stream.write_all(head.as_bytes()).await);
        // Twice the bound on answers; then an event that only ever goes on, in small chunks.
        for _ in 0..4 * limits::ANSWER / limits::EVENT {
            let chunk = format!("{:x}\r\n{event}\n\r\n", event.len() + 1);
            drop(stream.write_all(chunk.as_bytes()).await);
        }
        let chunk = format!("200\r\n{}\r\n", " ".repeat(0x200));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let mut events = engine.host().await.events().await.expect("a stream");
    for _ in 0..4 * limits::ANSWER / limits::EVENT {
        events.next().await.expect("an event").expect("an event");
    }
    let error = events.next().await.expect("an item").expect_err("too large");
    assert_eq!(error, HostError::Protocol { why: "an event is too large".into() });
}
