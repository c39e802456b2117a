//! Shells of real SSH, spoken with by the real dialer: a server of our own that gives one, or none.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use portolan_types::{Server, ServerState, TerminalCause};
use russh::{
    Channel, ChannelId, Pty,
    keys::{Algorithm, HashAlg, PrivateKey, key::safe_rng},
    server::{self, Auth, ChannelOpenHandle, Config, Handle, Msg, Session, VerifiedPublicKey},
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use super::person::{Terminal, path};
use crate::{
    hostile::reach_real_peers,
    sessions,
    support::{Client, TestApp, eventually, story},
};

/// What a server makes of somebody who wants a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Willing,
    /// `PermitTTY no`
    NoTerminal,
    /// A terminal, and no shell in it.
    NoShell,
    /// `ForceCommand /usr/sbin/nologin`
    EndsAtOnce,
    /// Breaks the connection off after the first that is typed.
    BreaksOff,
}

/// An SSH server without an engine: it ends with this.
struct Sshd {
    address: SocketAddr,
    fingerprint: String,
    flooded: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Sshd {
    async fn start(manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519)?;
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let flooded = Arc::<AtomicUsize>::default();
        let peer = Peer { manner, size: (0, 0), flooded: flooded.clone() };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            let config = Arc::new(Config {
                keys: vec![key],
                auth_rejection_time: Duration::ZERO,
                ..Config::default()
            });
            while let Ok((stream, _)) = listener.accept().await {
                let (config, peer) = (config.clone(), peer.clone());
                connections.spawn(async move {
                    if let Ok(running) = server::run_stream(config, stream, peer).await {
                        drop(running.await);
                    }
                });
            }
        });
        Ok(Self { address, fingerprint, flooded, _tasks: tasks })
    }

    /// The same as a server of the team. There is no engine on it, so its validation fails: a shell
    /// is what one needs then.
    async fn server(&self, app: &TestApp, name: &str, key: &str) -> Result<Server> {
        let (host, port) = (self.address.ip(), self.address.port());
        let body = json!({
            "name": name,
            "host_key_fingerprint": self.fingerprint,
            "connection": { "type": "ssh", "host": host, "port": port, "key_id": key },
        });
        app.owner.post("/v1/servers", body).await?.created()
    }
}

#[derive(Debug, Clone)]
struct Peer {
    manner: Manner,
    size: (u32, u32),
    flooded: Arc<AtomicUsize>,
}

impl Peer {
    /// Shows what was typed, and does what a letter says.
    fn hears(
        &self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        match data {
            b"s" => {
                let (columns, rows) = self.size;
                session.data(channel, format!("{columns} by {rows}\r\n").into_bytes())
            }
            b"x" => {
                session.data(channel, &b"bye\r\n"[..])?;
                session.exit_status_request(channel, 7)?;
                session.eof(channel)?;
                session.close(channel)
            }
            b"f" => {
                drop(tokio::spawn(flood(session.handle(), channel, self.flooded.clone())));
                Ok(())
            }
            typed => session.data(channel, typed.to_vec()),
        }
    }
}

/// Over and over, until the client has gone.
async fn flood(handle: Handle, channel: ChannelId, flooded: Arc<AtomicUsize>) {
    let piece = bytes::Bytes::from(vec![b'x'; 32_768]);
    while handle.data(channel, piece.clone()).await.is_ok() {
        flooded.fetch_add(piece.len(), Ordering::Relaxed);
    }
}

impl server::Handler for Peer {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _: &str,
        _: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.size = (columns, rows);
        if self.manner == Manner::NoTerminal || term != "xterm-256color" {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.manner == Manner::NoShell {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        if self.manner == Manner::EndsAtOnce {
            session.data(channel, &b"This account is currently not available.\r\n"[..])?;
            session.exit_status_request(channel, 1)?;
            session.eof(channel)?;
            session.close(channel)?;
        }
        Ok(())
    }

    async fn window_change_request(
        &mut self,
        _: ChannelId,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.size = (columns, rows);
        Ok(())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.manner == Manner::BreaksOff {
            return Err(russh::Error::Disconnect);
        }
        self.hears(channel, data, session)
    }
}

async fn prepared(app: &mut TestApp) -> Result<(Client, String)> {
    reach_real_peers(app).await?;
    let key = app.owner.key("shells").await?;
    Ok((sessions::begin(app, &app.owner).await?.0, key))
}

story! {
    /// What a person does comes to the shell, and what the shell does to the person; on a host whose
    /// engine does not even run.
    async fn a_real_shell(app) {
        let (owner, key) = prepared(app).await?;
        let sshd = Sshd::start(Manner::Willing).await?;
        let server = sshd.server(app, "willing", &key).await?;
        app.owner.outcome(server.operation_id.as_ref().expect("a validation").as_str()).await?;
        let shown: Server = app.owner.get(&format!("/v1/servers/{}", server.id)).await?.ok()?;
        assert_eq!(shown.state, ServerState::Failed);
        let sized = format!("{}?columns=90&rows=33", path(&server));
        let mut terminal = Terminal::begin(&owner, &sized).await?;
        terminal.ended().await.expect_err("it began");
        terminal.types("héllo").await?;
        terminal.sees("héllo").await?;
        terminal.types("s").await?;
        terminal.sees("90 by 33").await?;
        terminal.resize(200, 50).await?;
        terminal.types("s").await?;
        terminal.sees("200 by 50").await?;
        terminal.types("x").await?;
        terminal.sees("bye").await?;
        let end = terminal.ended().await?;
        assert_eq!((end.cause, end.exit_status), (TerminalCause::Exited, Some(7)));
    }
}

story! {
    /// Each way in which there is none is told apart, with what to do.
    async fn none_to_be_had(app) {
        let (owner, key) = prepared(app).await?;
        for (manner, cause, words) in [
            (Manner::NoTerminal, TerminalCause::Refused, "sshd gives this user no terminal"),
            (Manner::NoShell, TerminalCause::Refused, "sshd gives this user no shell"),
            (Manner::EndsAtOnce, TerminalCause::Exited, "exit status 1"),
            (Manner::BreaksOff, TerminalCause::Lost, "the connection was lost"),
        ] {
            let sshd = Sshd::start(manner).await?;
            let server = sshd.server(app, &format!("{manner:?}").to_lowercase(), &key).await?;
            let mut terminal = Terminal::begin(&owner, &path(&server)).await?;
            if manner == Manner::BreaksOff {
                terminal.ended().await.expect_err("it began");
                terminal.types("x").await?;
            }
            let end = match terminal.ended().await {
                Err(_) if manner == Manner::EndsAtOnce => terminal.ended().await?,
                end => end?,
            };
            assert_eq!(end.cause, cause, "{manner:?}: {end:?}");
            ensure!(end.message.contains(words), "{manner:?}: {end:?}");
            let remedy = end.remedy.unwrap_or_default();
            let explains = remedy.contains("ForceCommand") || manner == Manner::BreaksOff;
            ensure!(explains, "{manner:?}: {remedy}");
        }
        // Another key than the pinned one gets nobody in.
        let sshd = Sshd::start(Manner::Willing).await?;
        let other = Sshd::start(Manner::Willing).await?;
        let two_faced = Sshd { fingerprint: other.fingerprint.clone(), ..sshd };
        let server = two_faced.server(app, "two-faced", &key).await?;
        let end = Terminal::begin(&owner, &path(&server)).await?.ended().await?;
        assert_eq!(end.cause, TerminalCause::Refused);
        ensure!(end.message.contains("the host key changed"), "{end:?}");
    }
}

story! {
    /// A person who reads nothing holds the host up, over real sockets too.
    async fn a_real_flood_is_held_up(app) {
        let (owner, key) = prepared(app).await?;
        let sshd = Sshd::start(Manner::Willing).await?;
        let server = sshd.server(app, "floods", &key).await?;
        let mut terminal = Terminal::open(&owner, &server).await?;
        terminal.types("f").await?;
        let (mut before, mut same) = (0, 0);
        eventually("the host is held up", || {
            let now = sshd.flooded.load(Ordering::Relaxed);
            same = if now == before { same + 1 } else { 0 };
            before = now;
            let held = now > 0 && same > 50;
            async move { Ok(held.then_some(())) }
        })
        .await?;
        // The kernel's buffers of two connections, and the windows between.
        let flooded = sshd.flooded.load(Ordering::Relaxed);
        ensure!(flooded < 48 << 20, "{flooded} bytes");
    }
}
