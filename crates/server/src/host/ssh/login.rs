//! Logging in with a key, once.
//!
//! A refused key is not tried again: OpenSSH 9.8 and later lock out sources that keep failing.

use std::sync::Arc;

use russh::{
    client::AuthResult,
    keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, decode_secret_key},
};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::{
    super::{HostError, SshRoute, limits, words::lower_first},
    handshake::Pending,
};

/// Logs in and says as whom.
pub(super) async fn login(pending: &mut Pending, route: &SshRoute) -> Result<String, HostError> {
    let refused = |why: String| HostError::LoginRefused { user: route.user.to_string(), why };
    let key = decode_secret_key(route.private_key.expose_secret(), None).map_err(|error| {
        refused(format!("the private key is unusable: {}", lower_first(&error.to_string())))
    })?;
    let whom = format!(
        "as {} with {} {}",
        route.user,
        key.algorithm().as_str(),
        key.fingerprint(HashAlg::Sha256)
    );
    match timeout(limits::LOGIN, authenticate(pending, route.user.as_str(), key)).await {
        Err(_) => {
            Err(HostError::Timeout { action: "log in".into(), seconds: limits::LOGIN.as_secs() })
        }
        Ok(Err(Failure::Lost)) => Err(HostError::Lost { why: pending.seen.why() }),
        Ok(Err(Failure::Refused(why))) => Err(refused(why)),
        Ok(Ok(())) => {
            pending.seen.logged_in();
            Ok(whom)
        }
    }
}

enum Failure {
    Lost,
    Refused(String),
}

async fn authenticate(pending: &mut Pending, user: &str, key: PrivateKey) -> Result<(), Failure> {
    let is_rsa = key.algorithm().is_rsa();
    let hash = if is_rsa { Some(rsa_hash(pending).await?) } else { None };
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
    match pending.handle.authenticate_publickey(user, key).await {
        Ok(AuthResult::Success) => Ok(()),
        Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
            let methods: Vec<&str> = remaining_methods.iter().map(Into::into).collect();
            // russh reports a connection that ended as a refusal that leaves no method.
            if methods.is_empty() && pending.handle.is_closed() {
                return Err(Failure::Lost);
            }
            Err(Failure::Refused(in_words(&methods, partial_success)))
        }
        Err(_) => Err(Failure::Lost),
    }
}

/// RSA with SHA-1 is no longer safe, and current servers refuse it.
async fn rsa_hash(pending: &Pending) -> Result<HashAlg, Failure> {
    match pending.handle.best_supported_rsa_hash().await {
        Ok(Some(Some(hash))) => Ok(hash),
        // A server that does not say (RFC 8308) is likely to know both.
        Ok(None) => Ok(HashAlg::Sha512),
        Ok(Some(None)) => {
            Err(Failure::Refused("the host takes RSA keys only with SHA-1: use ed25519".into()))
        }
        Err(_) => Err(Failure::Lost),
    }
}

fn in_words(methods: &[&str], partial_success: bool) -> String {
    let left = if methods.is_empty() { "nothing".into() } else { methods.join(", ") };
    if partial_success {
        format!("the key was accepted, but the host also wants {left}")
    } else {
        format!("the key was not accepted; the host takes {left}")
    }
}
