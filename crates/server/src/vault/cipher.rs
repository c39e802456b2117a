//! XChaCha20-Poly1305 with a random nonce before what it sealed, in hexadecimal.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use super::{VaultError, from_hex, to_hex};

pub(super) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A key that is ready for use. It zeroes itself when it is dropped.
#[derive(Clone)]
pub(super) struct Cipher(XChaCha20Poly1305);

impl Cipher {
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    pub(super) fn seal(&self, plain: &[u8], context: &str) -> Result<String, VaultError> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed =
            self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Sealed)?;
        Ok(format!("{}{}", to_hex(&nonce), to_hex(&sealed)))
    }

    pub(super) fn open(
        &self,
        sealed: &str,
        context: &str,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let bytes = from_hex(sealed).ok_or(VaultError::Sealed)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES).ok_or(VaultError::Sealed)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Sealed)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        let plain = self.0.decrypt(&nonce, payload).map_err(|_| VaultError::Sealed)?;
        Ok(Zeroizing::new(plain))
    }
}
