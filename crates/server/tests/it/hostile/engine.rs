//! An engine on a Unix socket that says what it is told to, counts what it says and keeps what it
//! was asked.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::JoinSet,
    time::sleep,
};

/// What is said to a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// 200 with a body.
    Body(Vec<u8>),
    /// These bytes; then the connection closes.
    Raw(Vec<u8>),
    /// These bytes; then those, over and over.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, one at a time and over and over, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// These bytes, and then nothing more, over a connection that stays.
    Stall(Vec<u8>),
}

impl Reply {
    pub(super) fn json(body: &Value) -> Self {
        Self::Body(body.to_string().into_bytes())
    }

    pub(super) fn raw(text: &str) -> Self {
        Self::Raw(text.as_bytes().to_vec())
    }
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// Its head, byte by byte.
    pub(super) head: Vec<u8>,
}

impl Asked {
    /// `GET /v1.44/networks HTTP/1.1`.
    pub(super) fn line(&self) -> String {
        let head = String::from_utf8_lossy(&self.head);
        head.split("\r\n").next().unwrap_or_default().to_owned()
    }

    /// Its method, and its path without version and query.
    pub(super) fn what(&self) -> String {
        let line = self.line();
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split('?').next().unwrap_or_default();
        let unversioned = path.strip_prefix("/v1.44").unwrap_or(path);
        format!("{method} {unversioned}")
    }
}

type Script = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// An engine of our own. It ends with this.
pub(super) struct Engine {
    pub(super) socket: PathBuf,
    said: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<Asked>>>,
    _directory: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

impl Engine {
    pub(super) fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let socket = directory.path().join("docker.sock");
        let listener = UnixListener::bind(&socket)?;
        let (said, asked) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<Asked>>>::default());
        let mut tasks = JoinSet::new();
        let script: Script = Arc::new(script);
        let (counting, keeping) = (said.clone(), asked.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let mouth = Mouth { stream, said: counting.clone() };
                connections.spawn(serve(mouth, script.clone(), keeping.clone()));
            }
        });
        Ok(Self { socket, said, asked, _directory: directory, _tasks: tasks })
    }

    /// Bytes that could be said.
    pub(super) fn said(&self) -> usize {
        self.said.load(Ordering::Relaxed)
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often this was asked: `GET /networks`.
    pub(super) fn times(&self, what: &str) -> usize {
        self.asked().iter().filter(|one| one.what() == what).count()
    }

    pub(super) fn connection(&self) -> Value {
        json!({ "type": "local", "socket": self.socket })
    }
}

/// What an engine without anything on it says.
pub(super) fn ordinary(asked: &Asked) -> Reply {
    match asked.what().as_str() {
        "GET /_ping" => Reply::raw(
            "HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 2\r\n\
             Connection: close\r\n\r\nOK",
        ),
        "GET /version" => Reply::json(&json!({ "Version": "28.5.1", "ApiVersion": "1.44" })),
        "GET /info" => Reply::json(&json!({ "ID": "engine", "Name": "hostile", "NCPU": 2 })),
        "GET /networks" | "GET /containers/json" => Reply::json(&json!([])),
        "GET /events" => Reply::Stall(STREAM.to_vec()),
        _ => Reply::raw("HTTP/1.1 404 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"),
    }
}

/// The head of an answer that goes on.
pub(super) const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";

/// One end of a connection, which counts what goes out of it.
struct Mouth {
    stream: UnixStream,
    said: Arc<AtomicUsize>,
}

impl Mouth {
    async fn say(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.stream.write(bytes).await?;
            self.said.fetch_add(taken, Ordering::Relaxed);
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// A request, without its body.
    async fn hear(&mut self) -> io::Result<Asked> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await?);
        }
        let length = content_length(&head);
        self.stream.read_exact(&mut vec![0; length]).await?;
        Ok(Asked { head })
    }

    async fn reply(&mut self, reply: Reply) -> io::Result<()> {
        match reply {
            Reply::Body(body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                self.say(head.as_bytes()).await?;
                self.say(&body).await
            }
            Reply::Raw(bytes) => {
                self.say(&bytes).await?;
                self.stream.shutdown().await
            }
            Reply::Endless(first, piece) => {
                self.say(&first).await?;
                loop {
                    self.say(&piece).await?;
                }
            }
            Reply::Drip(bytes, pause) => loop {
                for byte in &bytes {
                    self.say(&[*byte]).await?;
                    sleep(pause).await;
                }
            },
            Reply::Stall(bytes) => {
                self.say(&bytes).await?;
                // Until the other side goes away.
                self.stream.read_to_end(&mut Vec::new()).await.map(drop)
            }
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse().ok()).unwrap_or_default()
}

/// Until either side has enough.
async fn serve(mut mouth: Mouth, script: Script, keeping: Arc<Mutex<Vec<Asked>>>) {
    while let Ok(asked) = mouth.hear().await {
        let reply = script(&asked);
        keeping.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        if mouth.reply(reply).await.is_err() {
            return;
        }
    }
}
