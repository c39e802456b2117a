//! Passwords of routes, hashed as proxies take them: bcrypt.

use portolan_types::BasicAuth;

use crate::Error;

/// Both proxies hash each request's password anew: 10 is what `htpasswd -B` users run with, and
/// about a hundred milliseconds.
const COST: u32 = 10;
const BYTES: std::ops::RangeInclusive<usize> = 8..=72;

/// Hashes off the threads that serve requests.
pub(super) async fn hash(auth: Option<&BasicAuth>) -> Result<Option<String>, Error> {
    let Some(auth) = auth else { return Ok(None) };
    let refused = |why: &str| Error::field("basic_auth.password", why);
    if !BYTES.contains(&auth.password.len()) {
        return Err(refused("a password has 8 to 72 bytes: bcrypt reads no further"));
    }
    let password = zeroize::Zeroizing::new(auth.password.clone());
    let hashed = tokio::task::spawn_blocking(move || bcrypt::hash(password.as_bytes(), COST));
    match hashed.await {
        Ok(Ok(hash)) => Ok(Some(hash)),
        Ok(Err(error)) => Err(refused(&format!("it cannot be hashed: {error}"))),
        Err(_) => Err(refused("it cannot be hashed: Portolan is stopping")),
    }
}
