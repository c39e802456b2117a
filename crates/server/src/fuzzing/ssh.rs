//! What an SSH server says before anything is encrypted: never a session, and never a panic.

use std::sync::OnceLock;

use portolan_types::server::Account;
use russh::keys::{Algorithm, PrivateKey, ssh_key::LineEnding};
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use crate::host::{
    Dialer, HostError, Pin, Progress, Reachable, RealDialer, Route, SshRoute, Target,
};

pub(super) fn fuzz(bytes: &[u8]) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    });
    let error = runtime.block_on(dial(bytes)).expect_err("nobody can guess a signature");
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
    assert!(!error.remedy().is_empty());
}

async fn dial(bytes: &[u8]) -> Result<(), HostError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let route = SshRoute {
        host: "127.0.0.1".parse().expect("an address"),
        port,
        user: Account::default(),
        private_key: key().clone(),
        pin: Pin::FirstContact,
        access: None,
    };
    let target = Target { server: "fuzzed".into(), route: Route::Ssh(route) };
    let says = async {
        if let Ok((stream, _)) = listener.accept().await {
            say(stream, bytes).await;
        }
        std::future::pending::<()>().await;
    };
    let networks = vec!["127.0.0.0/8".parse().expect("a network")];
    let dialer = RealDialer::new(Reachable { networks, ..Reachable::default() });
    let silent = Progress::silent();
    tokio::select! {
        outcome = dialer.dial(&target, &silent) => outcome.map(drop),
        () = says => Ok(()),
    }
}

/// Then it hangs up, having read what was there to be read.
async fn say(mut stream: TcpStream, bytes: &[u8]) {
    if stream.write_all(bytes).await.is_ok() && stream.shutdown().await.is_ok() {
        drop(stream.read_to_end(&mut Vec::new()).await);
    }
}

fn key() -> &'static SecretString {
    static KEY: OnceLock<SecretString> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).expect("a key");
        key.to_openssh(LineEnding::LF).expect("a key in text").as_str().into()
    })
}
