//! From a TCP connection to an encrypted one with the host that is pinned.

use std::{borrow::Cow, io::ErrorKind, net::SocketAddr, sync::Arc};

use russh::{
    Preferred,
    client::{self, Config, Handle},
    compression,
    keys::Algorithm,
};
use tokio::{net::TcpStream, time::timeout};

use super::{
    super::{
        HostError, OfferedKey, Pin, limits,
        words::{clean, io_words, lower_first},
    },
    gate::{self, Gate, Seen},
    threshold::Threshold,
};

/// An encrypted connection that is not logged in yet.
pub(super) struct Pending {
    pub(super) handle: Handle<Gate>,
    pub(super) seen: Arc<Seen>,
}

/// How much a host may send ahead of who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Flow {
    /// Answers of an engine, each of which is read to its end.
    Engine,
    /// What a shell says, which is read as fast as a person's connection takes it.
    Shell,
}

/// Shakes hands until the host shows the pinned key or has no other to show.
pub(super) async fn shake_hands(
    stream: TcpStream,
    address: SocketAddr,
    pin: &Pin,
    flow: Flow,
) -> Result<(Pending, OfferedKey), HostError> {
    let mut stream = Some(stream);
    let mut changed = None;
    for algorithms in gate::preferences(pin) {
        let stream = match stream.take() {
            Some(stream) => stream,
            None => super::connect(&[address]).await?.0,
        };
        match once(stream, address, pin, config(algorithms, flow)).await {
            Ok(found) => return Ok(found),
            Err(error @ HostError::HostKeyChanged { .. }) => changed = changed.or(Some(error)),
            // The host has no key of this family: what it showed before is its answer.
            Err(_) if changed.is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Err(changed.unwrap_or_else(|| HostError::Handshake {
        address: address.to_string(),
        why: "it showed no host key".into(),
    }))
}

/// One handshake on one connection. Whatever goes wrong before the host key is known means that
/// no SSH server is there that we could talk to.
async fn once(
    stream: TcpStream,
    address: SocketAddr,
    pin: &Pin,
    config: Arc<Config>,
) -> Result<(Pending, OfferedKey), HostError> {
    let seen = Arc::new(Seen::default());
    let stream = Threshold::new(stream, &seen);
    let shaking = client::connect_stream(config, stream, Gate::new(pin.clone(), &seen));
    let failed = |why: String| HostError::Handshake { address: address.to_string(), why };
    match timeout(limits::STEP, shaking).await {
        Err(_) => Err(failed(format!("no handshake within {} s", limits::STEP.as_secs()))),
        Ok(Err(error)) => {
            Err(refused_key(&error, &seen, pin).unwrap_or_else(|| failed(why(&error))))
        }
        Ok(Ok(handle)) => {
            let key = seen.offered.get().cloned();
            let key = key.ok_or_else(|| failed("it showed no host key".into()))?;
            Ok((Pending { handle, seen }, key))
        }
    }
}

fn config(algorithms: Vec<Algorithm>, flow: Flow) -> Arc<Config> {
    let usual = Config::default();
    let (window_size, channel_buffer_size) = match flow {
        Flow::Engine => (usual.window_size, usual.channel_buffer_size),
        Flow::Shell => (limits::SHELL_WINDOW, limits::SHELL_MESSAGES),
    };
    Arc::new(Config {
        window_size,
        channel_buffer_size,
        preferred: Preferred {
            key: Cow::Owned(algorithms),
            // Compression saves little on small requests and has cost memory safety before.
            compression: Cow::Borrowed(&[compression::NONE]),
            ..Preferred::DEFAULT
        },
        keepalive_interval: Some(limits::KEEP_ALIVE),
        keepalive_max: limits::KEEP_ALIVES_LOST,
        ..usual
    })
}

/// russh says only that the key was refused; which it was, the gate has seen.
fn refused_key(error: &russh::Error, seen: &Seen, pin: &Pin) -> Option<HostError> {
    let russh::Error::UnknownKey = error else { return None };
    let offered = seen.offered.get()?;
    Some(HostError::HostKeyChanged {
        pinned: gate::pin_in_words(pin),
        offered: format!("{} {}", offered.algorithm, offered.fingerprint),
    })
}

/// sshd closes early while too many connections begin (`MaxStartups`) and after repeated failures
/// (`PerSourcePenalties`), without a word.
const CLOSED: &str = "it closed the connection during the handshake (sshd does so while too many \
     connections begin, `MaxStartups`, and after repeated failures, `PerSourcePenalties`)";

fn why(error: &russh::Error) -> String {
    match error {
        russh::Error::Version => "it answers, but not with an SSH greeting".into(),
        russh::Error::Disconnect | russh::Error::HUP => CLOSED.into(),
        russh::Error::IO(error) => match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                CLOSED.into()
            }
            _ => io_words(error),
        },
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            clean(&format!("no common algorithm ({kind:?}): it offers {}", theirs.join(", ")))
        }
        other => clean(&lower_first(&other.to_string())),
    }
}
