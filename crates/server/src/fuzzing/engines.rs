//! What an engine says: HTTP and every model that is read from it, through the client that speaks to
//! real ones.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    runtime::Runtime,
};

use crate::host::{
    Dialer, Exec, Host, HostError, LogQuery, Progress, PullProgress, Reachable, RealDialer, Route,
    Target,
};

const PONG: &[u8] = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\nOK";
/// Every question has this id in it.
const ID: &str = "0af10af10af10af10af10af10af10af10af10af10af10af10af10af10af10af1";
/// Much longer than any answer takes, and shorter than the patience for one: what waits for more than
/// was said is no finding.
const ENOUGH: Duration = Duration::from_millis(200);

/// The first byte says what is asked, the second whether the rest is a whole answer or its body.
pub(super) fn fuzz(bytes: &[u8]) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    });
    let [which, form, rest @ ..] = bytes else { return };
    let answer = if form % 2 == 0 { rest.to_vec() } else { with_head(rest) };
    let asking = async { tokio::time::timeout(ENOUGH, ask(*which, answer)).await };
    if let Ok(Err(error)) = runtime.block_on(asking) {
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
        assert!(!error.remedy().is_empty());
    }
}

fn with_head(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// One socket for all: binding one each time would cost more than the rest.
fn listener() -> (&'static UnixListener, &'static Path) {
    static LISTENER: OnceLock<(UnixListener, PathBuf, tempfile::TempDir)> = OnceLock::new();
    let (listener, path, _) = LISTENER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("docker.sock");
        (UnixListener::bind(&path).expect("a socket"), path, folder)
    });
    (listener, path)
}

async fn ask(which: u8, answer: Vec<u8>) -> Result<(), HostError> {
    let (listener, socket) = listener();
    let route = Route::Local { socket: socket.to_owned() };
    let target = Target { server: "fuzzed".into(), route };
    // The greeting is fuzzed like everything else.
    let pongs = which != 0;
    let says = async {
        while let Ok((stream, _)) = listener.accept().await {
            say(stream, pongs, &answer).await;
        }
    };
    let asks = async {
        let sockets = vec![socket.to_owned()];
        let dialer = RealDialer::new(Reachable { sockets, ..Reachable::default() });
        let host = dialer.dial(&target, &Progress::silent()).await?.host;
        question(host, which).await
    };
    tokio::select! { asked = asks => asked, () = says => Ok(()) }
}

/// Answers each request of one connection; the fuzzed one ends it.
async fn say(mut stream: UnixStream, pongs: bool, answer: &[u8]) {
    let mut head = [0; 8_192];
    while let Ok(length @ 1..) = stream.read(&mut head).await {
        if pongs && head[..length].starts_with(b"GET /_ping") {
            drop(stream.write_all(PONG).await);
        } else {
            drop(stream.write_all(answer).await);
            return;
        }
    }
}

async fn question(host: Arc<dyn Host>, which: u8) -> Result<(), HostError> {
    let second = Duration::from_secs(1);
    let query = LogQuery { lines: 10, since: None, timestamps: false };
    let (progress, tell) = (PullProgress::default(), || {});
    match which % 18 {
        0 => host.system().await.map(drop),
        1 => host.role().await.map(drop),
        2 => host.list_networks().await.map(drop),
        3 => host.find_network(ID).await.map(drop),
        4 => host.list_containers().await.map(drop),
        5 => host.find_container(ID).await.map(drop),
        6 => host.list_nodes().await.map(drop),
        7 => host.list_services().await.map(drop),
        8 => host.list_tasks().await.map(drop),
        9 => host.find_image("caddy:2").await.map(drop),
        10 => host.list_image_names("caddy").await.map(drop),
        11 => host.pull_image("caddy:2", None, &progress.on_news(&tell)).await,
        12 => host.load_image(Bytes::new()).await,
        13 => host.wait_container(ID, second).await.map(drop),
        14 => host.container_logs(ID, &query).await.map(drop),
        15 => host.read_file(ID, "/etc/hostname").await.map(drop),
        16 => host.exec(ID, &Exec::new(["true"], second)).await.map(drop),
        _ => events(host).await,
    }
}

async fn events(host: Arc<dyn Host>) -> Result<(), HostError> {
    let mut events = host.events().await?;
    while let Some(event) = events.next().await {
        event?;
    }
    Ok(())
}
