//! SSH servers of our own: some that never come to SSH, and some that speak it well and mean harm.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use russh::{
    Channel, ChannelId, ChannelOpenFailure, Disconnect, Sig,
    keys::{Algorithm, PrivateKey, key::safe_rng},
    server::{self, Auth, ChannelOpenHandle, Config, Handle, Msg, Session, VerifiedPublicKey},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncWriteExt, copy, sink},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// How a server misbehaves.
#[derive(Debug, Clone)]
pub(super) enum Harm {
    /// Says this and waits.
    Greets(Vec<u8>),
    /// Says the first, then the second over and over.
    Floods(Vec<u8>, Vec<u8>),
    /// Says one byte a second.
    Drips,
    /// Sends a banner before the login.
    Banner(String),
    /// Never answers to a login.
    NeverLogsIn,
    /// Takes the key and wants more.
    WantsMore,
    /// Ends the session at the login with these words.
    Disconnects(&'static str),
    /// Refuses every channel.
    RefusesChannels,
    /// Opens channels and gives them no window.
    NoWindow,
    /// Floods the standard output, or the standard error, of each command.
    FloodsOutput,
    FloodsErrors,
    /// Ends each command in every way that there is, several times.
    EndsOften,
    /// Opens channels to the client instead of answering.
    OpensChannels,
    /// An engine behind it works, and every connection shows another host key.
    ChangesItsKey,
}

/// A server of our own. It ends with this.
pub(super) struct Server {
    address: SocketAddr,
    said: Arc<AtomicUsize>,
    /// Channels that it opened to the client, and that were accepted.
    accepted: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(super) async fn start(harm: Harm) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (said, accepted) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let peer = Peer { harm, said: said.clone(), accepted: accepted.clone() };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            let mut host_key = new_key();
            while let Ok((stream, _)) = listener.accept().await {
                if matches!(peer.harm, Harm::ChangesItsKey) {
                    host_key = new_key();
                }
                connections.spawn(peer.clone().serve(stream, host_key.clone()));
            }
        });
        Ok(Self { address, said, accepted, _tasks: tasks })
    }

    /// Bytes that it could say outside of SSH.
    pub(super) fn said(&self) -> usize {
        self.said.load(Ordering::Relaxed)
    }

    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn connection(&self, key: &str) -> Value {
        let (host, port) = (self.address.ip(), self.address.port());
        json!({ "type": "ssh", "host": host, "port": port, "key_id": key })
    }
}

fn new_key() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key")
}

/// One side of a connection, and what there is to count.
#[derive(Debug, Clone)]
struct Peer {
    harm: Harm,
    said: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

impl Peer {
    async fn serve(self, stream: TcpStream, host_key: PrivateKey) {
        match self.harm.clone() {
            Harm::Greets(bytes) => self.says(stream, bytes, Vec::new(), Duration::ZERO).await,
            Harm::Floods(first, then) => self.says(stream, first, then, Duration::ZERO).await,
            Harm::Drips => {
                self.says(stream, Vec::new(), b"S".to_vec(), Duration::from_secs(1)).await;
            }
            _ => self.speaks(stream, host_key).await,
        }
    }

    /// Without a word of SSH, or with no more than that. What it hears is dropped.
    async fn says(self, stream: TcpStream, first: Vec<u8>, then: Vec<u8>, pause: Duration) {
        let (mut from, mut to) = stream.into_split();
        let hears = async { drop(copy(&mut from, &mut sink()).await) };
        let says = async {
            let mut next = first;
            loop {
                if to.write_all(&next).await.is_err() {
                    return;
                }
                self.said.fetch_add(next.len(), Ordering::Relaxed);
                if then.is_empty() {
                    return std::future::pending().await;
                }
                next.clone_from(&then);
                sleep(pause).await;
            }
        };
        tokio::select! { () = hears => {}, () = says => {} }
    }

    async fn speaks(self, stream: TcpStream, host_key: PrivateKey) {
        let window_size = if matches!(self.harm, Harm::NoWindow) { 0 } else { 1 << 20 };
        let config = Arc::new(Config {
            keys: vec![host_key],
            auth_rejection_time: Duration::ZERO,
            window_size,
            ..Config::default()
        });
        if let Ok(running) = server::run_stream(config, stream, self).await {
            drop(running.await);
        }
    }
}

/// Over and over, until the client has gone.
async fn flood(handle: Handle, channel: ChannelId, errors: bool) {
    let piece = bytes::Bytes::from(vec![b'x'; 32_768]);
    loop {
        let said = if errors {
            handle.extended_data(channel, 1, piece.clone()).await.is_ok()
        } else {
            handle.data(channel, piece.clone()).await.is_ok()
        };
        if !said {
            return;
        }
    }
}

/// A thousand of each kind.
async fn open_channels(handle: Handle, accepted: Arc<AtomicUsize>) {
    for n in 0..1_000 {
        let opened = [
            handle.channel_open_session().await.is_ok(),
            handle.channel_open_agent().await.is_ok(),
            handle.channel_open_x11("localhost", n).await.is_ok(),
            handle.channel_open_forwarded_tcpip("localhost", 22, "localhost", n).await.is_ok(),
            handle.channel_open_forwarded_streamlocal("/run/docker.sock").await.is_ok(),
            handle.channel_open_direct_tcpip("localhost", 22, "localhost", n).await.is_ok(),
            handle.channel_open_direct_streamlocal("/run/docker.sock").await.is_ok(),
        ];
        let count = opened.into_iter().filter(|opened| *opened).count();
        accepted.fetch_add(count, Ordering::Relaxed);
    }
}

impl server::Handler for Peer {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(match &self.harm {
            Harm::Banner(text) => Some(text.clone()),
            _ => None,
        })
    }

    async fn auth_publickey(
        &mut self,
        _: &str,
        _: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        match self.harm {
            Harm::NeverLogsIn => std::future::pending().await,
            Harm::WantsMore => {
                Ok(Auth::Reject { proceed_with_methods: None, partial_success: true })
            }
            _ => Ok(Auth::Accept),
        }
    }

    async fn auth_succeeded(&mut self, session: &mut Session) -> Result<(), Self::Error> {
        if let Harm::Disconnects(words) = self.harm {
            session.disconnect(Disconnect::ByApplication, words, "\x1b[1m")?;
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.harm {
            Harm::RefusesChannels => reply.reject(ChannelOpenFailure::ResourceShortage).await,
            Harm::OpensChannels => {
                tokio::spawn(open_channels(session.handle(), self.accepted.clone()));
                reply.accept().await;
            }
            _ => reply.accept().await,
        }
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.harm {
            Harm::NoWindow | Harm::ChangesItsKey => reply.accept().await,
            _ => reply.reject(ChannelOpenFailure::UnknownChannelType).await,
        }
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.harm {
            Harm::FloodsOutput => drop(tokio::spawn(flood(session.handle(), channel, false))),
            Harm::FloodsErrors => drop(tokio::spawn(flood(session.handle(), channel, true))),
            Harm::EndsOften => {
                for status in [0, 1, 255, u32::MAX] {
                    session.exit_status_request(channel, status)?;
                    let signal = Sig::Custom("\x1b[2J".into());
                    session.exit_signal_request(channel, signal, true, "\x1b[31mgone\n", "\0")?;
                    session.extended_data(channel, u32::MAX, &b"\x1b]0;me\x07\r\n"[..])?;
                    session.channel_failure(channel)?;
                    session.channel_success(channel)?;
                }
                session.eof(channel)?;
                session.close(channel)?;
            }
            _ => session.channel_success(channel)?,
        }
        Ok(())
    }

    /// An engine that has nothing.
    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if !matches!(self.harm, Harm::ChangesItsKey) {
            return Ok(());
        }
        let asked = String::from_utf8_lossy(data);
        let lists = asked.contains("/networks") || asked.contains("/containers");
        let body = if lists { "[]" } else { "{}" };
        let head = "HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\n";
        let answer = if asked.contains("/events") {
            format!("{head}\r\n")
        } else {
            format!("{head}Content-Length: 2\r\n\r\n{body}")
        };
        session.data(channel, answer.into_bytes())
    }
}
