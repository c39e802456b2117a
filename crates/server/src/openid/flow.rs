//! What binds the parts of one sign-in together: all of it follows from one secret, which only the
//! browser has that began. The database knows its hash.
//!
//! A stolen database therefore ends no sign-in, and a link that somebody sends cannot end one in
//! another's browser.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::vault;

/// Behind which the secret stands, so that scanners find it.
const PREFIX: &str = "portolan_o_";

/// One sign-in through a provider, from begin to end.
#[derive(Debug, Clone)]
pub(super) struct Flow(SecretString);

impl Flow {
    pub(super) fn new() -> Self {
        Self(vault::random_secret(PREFIX))
    }

    /// As the browser brings it back.
    pub(super) fn from_browser(secret: &str) -> Self {
        Self(secret.into())
    }

    /// For the browser that began, and nobody else.
    pub(super) fn secret(&self) -> &SecretString {
        &self.0
    }

    /// By which the database knows it.
    pub(super) fn hash(&self) -> String {
        vault::hash(self.0.expose_secret())
    }

    /// Comes back with the code (RFC 6749 section 10.12).
    pub(super) fn state(&self) -> String {
        self.derive("state")
    }

    /// Comes back inside of the token.
    pub(super) fn nonce(&self) -> String {
        self.derive("nonce")
    }

    /// Shows to the issuer that whoever has the code is the one who asked (RFC 7636).
    pub(super) fn verifier(&self) -> Zeroizing<String> {
        Zeroizing::new(self.derive("verifier"))
    }

    /// 32 bytes that tell nothing of the secret nor of each other: 43 characters.
    fn derive(&self, what: &str) -> String {
        let key = self.0.expose_secret().as_bytes();
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        URL_SAFE_NO_PAD.encode(mac.chain_update(what.as_bytes()).finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_follows_from_the_secret() {
        let flow = Flow::new();
        let again = Flow::from_browser(flow.secret().expose_secret());
        assert_eq!(flow.state(), again.state());
        let all = [flow.state(), flow.nonce(), flow.verifier().to_string()];
        for (index, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 43, "{one}");
            assert!(!all[index + 1..].contains(one));
        }
        assert_ne!(flow.state(), Flow::new().state());
    }
}
