//! Who may be at the other end: compares the host key with the pin, and notes why a session ended.
//!
//! Owns the callbacks of russh; everything else ignores what hosts send by themselves. No host opens
//! a channel to us: russh would let it, any number of times, and keep each of them.

use std::{
    io::ErrorKind,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use russh::{
    Channel, ChannelOpenFailure,
    client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session},
    keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey, PublicKeyOrCertificate},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::{
    OfferedKey, Pin,
    words::{clean, io_words, lower_first},
};

/// Host-key algorithms we accept, the best first: no DSA, and no RSA with SHA-1.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// What the gate saw, shared with the owner of the session.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) offered: OnceLock<OfferedKey>,
    /// Ends when the session does, whatever the reason.
    pub(super) ended: CancellationToken,
    why: OnceLock<String>,
    logged_in: AtomicBool,
}

impl Seen {
    /// From now on the host may say as much as it likes.
    pub(super) fn logged_in(&self) {
        self.logged_in.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_logged_in(&self) -> bool {
        self.logged_in.load(Ordering::Relaxed)
    }

    /// Why the session ended, in the host's or russh's words.
    pub(super) fn why(&self) -> String {
        self.why.get().cloned().unwrap_or_else(|| "the host closed the SSH connection".into())
    }

    /// What ended the session first is the reason.
    pub(super) fn end_because(&self, why: &str) {
        drop(self.why.set(clean(why)));
    }
}

/// russh's view of us: it lives in the session's task and is dropped when that ends.
pub(super) struct Gate {
    pin: Pin,
    seen: Arc<Seen>,
    _ended: DropGuard,
}

impl Gate {
    pub(super) fn new(pin: Pin, seen: &Arc<Seen>) -> Self {
        Self { pin, seen: Arc::clone(seen), _ended: seen.ended.clone().drop_guard() }
    }
}

impl Handler for Gate {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        // Certificates are not asked for, so a host that sends one is not talking to us.
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let offered = offered(key)?;
        let good = accepts(&self.pin, &offered);
        drop(self.seen.offered.set(offered));
        Ok(good)
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                self.seen.end_because(&format!("the host disconnected: {}", info.message));
            }
            DisconnectReason::Error(russh::Error::KeepaliveTimeout) => {
                self.seen.end_because("the host stopped answering keep-alives");
            }
            DisconnectReason::Error(russh::Error::Disconnect | russh::Error::HUP) => {}
            DisconnectReason::Error(russh::Error::IO(error)) => match error.kind() {
                ErrorKind::UnexpectedEof => {}
                _ => self.seen.end_because(&io_words(&error)),
            },
            DisconnectReason::Error(error) => {
                self.seen.end_because(&lower_first(&error.to_string()));
            }
        }
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        refuse(reply).await
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        refuse(reply).await
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        refuse(reply).await
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        refuse(reply).await
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        refuse(reply).await
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        refuse(reply).await
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        refuse(reply).await
    }
}

async fn refuse(reply: ChannelOpenHandle) -> Result<(), russh::Error> {
    reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
    Ok(())
}

fn offered(key: &PublicKey) -> Result<OfferedKey, russh::Error> {
    Ok(OfferedKey {
        algorithm: key.algorithm().as_str().to_owned(),
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        public_key: two_words(&key.to_openssh()?),
    })
}

fn accepts(pin: &Pin, offered: &OfferedKey) -> bool {
    match pin {
        Pin::FirstContact => true,
        Pin::Fingerprint(fingerprint) => fingerprint.as_str() == offered.fingerprint,
        Pin::Key(key) => two_words(key) == offered.public_key,
    }
}

/// Algorithm and base64; a comment says nothing about the key.
fn two_words(line: &str) -> String {
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// The pin as an error shows it.
pub(super) fn pin_in_words(pin: &Pin) -> String {
    match pin {
        Pin::FirstContact => "nothing".into(),
        Pin::Fingerprint(fingerprint) => fingerprint.to_string(),
        Pin::Key(line) => PublicKey::from_openssh(line).map_or_else(
            |_| "an unreadable key".into(),
            |key| format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256)),
        ),
    }
}

/// Lists of algorithms to offer, tried in turn until one leads to the pinned key.
///
/// A host has several keys and shows the one whose algorithm we prefer. With a pinned key that
/// algorithm comes first, or another key of the same host would look like a change. A fingerprint
/// does not tell its algorithm, so the families that the host likes less get their try too.
pub(super) fn preferences(pin: &Pin) -> Vec<Vec<Algorithm>> {
    match pin {
        Pin::FirstContact => vec![ALGORITHMS.to_vec()],
        Pin::Key(line) => {
            let pinned = line.split_whitespace().next().unwrap_or_default();
            let mut all = ALGORITHMS.to_vec();
            all.sort_by_key(|algorithm| !is_of_type(algorithm, pinned));
            vec![all]
        }
        Pin::Fingerprint(_) => {
            let (ecdsa, rsa) = ALGORITHMS[1..].split_at(3);
            vec![ALGORITHMS.to_vec(), ecdsa.to_vec(), rsa.to_vec()]
        }
    }
}

/// A key of type `ssh-rsa` signs with the `rsa-sha2` algorithms.
fn is_of_type(algorithm: &Algorithm, key_type: &str) -> bool {
    algorithm.as_str() == key_type
        || (matches!(algorithm, Algorithm::Rsa { .. }) && key_type == "ssh-rsa")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_algorithm_is_preferred() {
        let first = |line: &str| preferences(&Pin::Key(line.into()))[0][0].to_string();
        assert_eq!(first("ssh-ed25519 AAAA"), "ssh-ed25519");
        assert_eq!(first("ssh-rsa AAAA comment"), "rsa-sha2-512");
        assert_eq!(first("ecdsa-sha2-nistp384 AAAA"), "ecdsa-sha2-nistp384");
        assert_eq!(first("nonsense"), "ssh-ed25519");
    }

    #[test]
    fn comments_do_not_make_a_key_differ() {
        let key = OfferedKey {
            algorithm: "ssh-ed25519".into(),
            fingerprint: "SHA256:x".into(),
            public_key: "ssh-ed25519 AAAA".into(),
        };
        assert!(accepts(&Pin::Key("ssh-ed25519  AAAA root@old-name".into()), &key));
        assert!(!accepts(&Pin::Key("ssh-ed25519 AAAB".into()), &key));
        assert!(!accepts(&Pin::Key(String::new()), &key));
    }
}
