//! Dialling peers that a real host cannot be made into: hostile, broken or choosy SSH servers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use portolan_types::Access;
use russh::{
    Channel, ChannelId, ChannelOpenFailure,
    keys::{Algorithm, PrivateKey, key::safe_rng, ssh_key::LineEnding},
    server::{self, Auth, ChannelOpenHandle, Msg, Session, VerifiedPublicKey},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::super::{
    Dialer, HostError, Pin, Progress, Reachable, RealDialer, Route, SshRoute, Target,
};

fn new_key() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key")
}

fn target(address: SocketAddr, pin: Pin) -> Target {
    let key = new_key().to_openssh(LineEnding::LF).expect("a key in text");
    Target {
        server: "test".into(),
        route: Route::Ssh(SshRoute {
            host: address.ip().to_string().parse().expect("an address"),
            port: address.port(),
            user: "deploy".parse().expect("an account"),
            private_key: key.as_str().into(),
            pin,
            access: None,
        }),
    }
}

async fn dial(address: SocketAddr, pin: Pin) -> Result<Access, HostError> {
    let dialer = RealDialer::new(Reachable {
        networks: vec!["127.0.0.0/8".parse().expect("a network")],
        ..Reachable::default()
    });
    let found = dialer.dial(&target(address, pin), &Progress::silent()).await?;
    found.host.list_networks().await?;
    Ok(found.access)
}

/// A TCP server of one connection.
async fn peer<F: Future<Output = ()> + Send>(
    talk: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { talk(listener.accept().await.expect("a peer").0).await });
    address
}

async fn refuses_to_shake_hands(address: SocketAddr) -> String {
    match dial(address, Pin::FirstContact).await {
        Err(HostError::Handshake { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn peers_that_are_no_ssh_servers_are_given_up() {
    let http = peer(|mut tcp| async move {
        drop(tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
    });
    assert!(refuses_to_shake_hands(http.await).await.contains("closed the connection"));

    let flood = peer(|mut tcp| async move { while tcp.write_all(&[b'x'; 4096]).await.is_ok() {} });
    assert!(refuses_to_shake_hands(flood.await).await.contains("not with an SSH greeting"));

    let lines = peer(|mut tcp| async move { while tcp.write_all(b"welcome\r\n").await.is_ok() {} });
    assert!(refuses_to_shake_hands(lines.await).await.contains("not with an SSH greeting"));

    let silent = peer(|mut tcp| async move {
        tokio::time::pause();
        drop(tcp.read_to_end(&mut Vec::new()).await);
    });
    assert_eq!(refuses_to_shake_hands(silent.await).await, "no handshake within 10 s");
}

#[tokio::test]
async fn a_greeting_that_drips_has_a_deadline() {
    let drip = peer(|mut tcp| async move {
        tokio::time::pause();
        while tcp.write_all(b"S").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    });
    assert_eq!(refuses_to_shake_hands(drip.await).await, "no handshake within 10 s");
}

/// What a choosy server lets through, and what it saw.
#[derive(Debug, Clone, Default)]
struct Choosy {
    accepts_keys: bool,
    /// The one command behind which the engine is; forwarding is refused.
    engine_behind: &'static str,
    commands: Arc<Mutex<Vec<String>>>,
    logins: Arc<Mutex<usize>>,
}

impl server::Handler for Choosy {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _: &str,
        _: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        *self.logins.lock().expect("a count") += 1;
        Ok(if self.accepts_keys { Auth::Accept } else { Auth::reject() })
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

    async fn channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(command).into_owned();
        session.channel_success(channel)?;
        if command != self.engine_behind {
            session.extended_data(channel, 1, &b"\x1b[1mdocker: command not found\r\n"[..])?;
            session.exit_status_request(channel, 127)?;
            session.close(channel)?;
        }
        self.commands.lock().expect("a list").push(command);
        Ok(())
    }

    /// An engine without networks. It answers each request once its head is complete.
    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        assert!(data.ends_with(b"\r\n\r\n"), "requests without body come in one piece");
        session.data(
            channel,
            &b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 2\r\n\r\n[]"[..],
        )
    }
}

async fn choosy(handler: Choosy, host_key: PrivateKey) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let config = Arc::new(server::Config {
        keys: vec![host_key],
        auth_rejection_time: Duration::ZERO,
        ..server::Config::default()
    });
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            if let Ok(running) = server::run_stream(Arc::clone(&config), tcp, handler.clone()).await
            {
                tokio::spawn(running);
            }
        }
    });
    address
}

#[tokio::test]
async fn a_refused_key_is_offered_once() {
    let handler = Choosy::default();
    let address = choosy(handler.clone(), new_key()).await;
    let error = dial(address, Pin::FirstContact).await.expect_err("refused");
    assert!(matches!(error, HostError::LoginRefused { .. }), "{error}");
    assert!(error.to_string().contains("publickey"), "{error}");
    assert_eq!(*handler.logins.lock().expect("a count"), 1);
}

#[tokio::test]
async fn another_host_key_is_refused_before_login() {
    let handler = Choosy { accepts_keys: true, ..Choosy::default() };
    let shown = new_key();
    let address = choosy(handler.clone(), shown.clone()).await;
    let pinned = new_key().public_key().to_openssh().expect("a line");
    let error = dial(address, Pin::Key(pinned)).await.expect_err("changed");
    let HostError::HostKeyChanged { offered, .. } = &error else { panic!("{error}") };
    assert_eq!(
        *offered,
        format!("ssh-ed25519 {}", shown.fingerprint(russh::keys::HashAlg::Sha256))
    );
    assert_eq!(*handler.logins.lock().expect("a count"), 0);
}

#[tokio::test]
async fn without_forwarding_fixed_commands_are_tried() {
    let engine_behind = "sudo -n docker system dial-stdio";
    let handler = Choosy { accepts_keys: true, engine_behind, ..Choosy::default() };
    let address = choosy(handler.clone(), new_key()).await;
    assert_eq!(dial(address, Pin::FirstContact).await, Ok(Access::SudoDialStdio));
    let commands = handler.commands.lock().expect("a list").clone();
    assert_eq!(commands, ["docker system dial-stdio", engine_behind]);
}

#[tokio::test]
async fn every_way_that_failed_is_told() {
    let handler = Choosy { accepts_keys: true, ..Choosy::default() };
    let address = choosy(handler, new_key()).await;
    let error = dial(address, Pin::FirstContact).await.expect_err("no engine");
    let HostError::Socket { tried } = &error else { panic!("{error}") };
    assert_eq!(tried.len(), 3);
    assert!(tried[0].1.contains("forbids"), "{error}");
    assert_eq!(tried[1].1, "[1mdocker: command not found (exit status 127)");
}

/// A name that leads to this machine is as good as its address.
#[tokio::test]
async fn what_is_on_this_machine_is_not_dialled() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0"] {
        let mut target = target(address, Pin::FirstContact);
        let Route::Ssh(route) = &mut target.route else { unreachable!("a host over SSH") };
        route.host = host.parse().expect(host);
        let error = RealDialer::default().dial(&target, &Progress::silent()).await.map(drop);
        let error = error.expect_err("it was dialled");
        assert!(matches!(error, HostError::NotAllowed { .. }), "{host}: {error}");
        assert!(error.needs_a_person());
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(nobody.is_err(), "somebody came");
}
