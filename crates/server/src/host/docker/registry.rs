//! Logins of registries: tried, and sent along with what needs them.

use data_encoding::BASE64URL;
use hyper::header::HeaderValue;
use portolan_types::RegistryHost;
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    super::{
        HostError, RegistryLogin,
        engine::{Content, Engine, not_understood},
        limits,
        words::clean,
    },
    id::is_reference,
};

/// The engine asks the registry, and keeps nothing. Its answer may hold a token: it is dropped.
pub(super) async fn check(engine: &Engine, login: &RegistryLogin) -> Result<(), HostError> {
    let body = login.to_json();
    let asking = engine.post_within(limits::REGISTRY, "log in to the registry", "/auth", &body);
    asking.await.map_err(|error| login.hide(error))
}

/// What failed, without the login that was sent along.
pub(super) fn hidden(login: Option<&RegistryLogin>, error: HostError) -> HostError {
    match login {
        Some(login) => login.hide(error),
        None => error,
    }
}

/// What is sent for a service, with a login for its image where there is one.
pub(super) fn json(
    body: &Value,
    login: Option<(&RegistryLogin, &str)>,
) -> Result<Content, HostError> {
    let body = serde_json::to_vec(body).map_err(|error| not_understood(&error))?;
    match login.map(|(login, image)| sent(login, image)).transpose()? {
        Some(Content::Login(login)) => Ok(Content::JsonWithLogin(body, login)),
        Some(_) | None => Ok(Content::Json(body)),
    }
}

/// The digest of what a registry has under a reference, as the engine asks it.
pub(super) async fn resolve(
    engine: &Engine,
    reference: &str,
    login: Option<&RegistryLogin>,
) -> Result<String, HostError> {
    if !is_reference(reference) {
        let why = format!("`{}` is no reference to an image", clean(reference));
        return Err(HostError::Protocol { why });
    }
    let content = login.map_or(Ok(Content::Nothing), |login| sent(login, reference))?;
    let path = format!("/distribution/{reference}/json");
    let asking = engine.fetch::<Distribution>(limits::REGISTRY, "ask the registry", &path, content);
    let answer = asking.await.map_err(|error| hidden(login, error))?;
    let digest = answer.descriptor.digest;
    if is_digest(&digest) {
        return Ok(digest);
    }
    Err(HostError::Protocol { why: format!("`{}` is no digest", clean(&digest)) })
}

fn is_digest(text: &str) -> bool {
    let hex = text.split_once(':').map(|(_, hex)| hex).unwrap_or_default();
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b":+._-".contains(&b))
        && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Distribution {
    descriptor: Descriptor,
}

#[derive(Debug, Deserialize)]
struct Descriptor {
    digest: String,
}

/// What is sent for an image. An engine sends a login on to whichever registry the image names, so
/// one that is for another is refused here.
pub(super) fn sent(login: &RegistryLogin, reference: &str) -> Result<Content, HostError> {
    if RegistryHost::of_image(reference).as_ref() != Some(&login.host) {
        let why = format!("`{}` is not of registry `{}`", clean(reference), login.host);
        return Err(HostError::Protocol { why });
    }
    let mut value = HeaderValue::from_str(&login.to_header()).map_err(|e| not_understood(&e))?;
    value.set_sensitive(true);
    Ok(Content::Login(value))
}

/// What is sent for several registries at once: an engine takes those that it needs.
pub(super) fn sent_all(logins: &[RegistryLogin]) -> Result<HeaderValue, HostError> {
    let all: Map<String, Value> = logins.iter().map(RegistryLogin::to_entry).collect();
    let json = Zeroizing::new(Value::from(all).to_string());
    let text = Zeroizing::new(BASE64URL.encode(json.as_bytes()));
    let mut value = HeaderValue::from_str(&text).map_err(|error| not_understood(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Engines want the head even where there is no login.
pub(super) fn nobody() -> Content {
    Content::Login(HeaderValue::from_static("e30="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_goes_to_its_registry_alone() {
        let login = |host: &str| RegistryLogin {
            host: host.parse().expect("a host"),
            user: "robot".parse().expect("a user"),
            password: "open sesame".into(),
        };
        for (host, reference) in
            [("ghcr.io", "ghcr.io/acme/web:1"), ("docker.io", "caddy:2"), ("docker.io", "acme/web")]
        {
            let content = sent(&login(host), reference).expect("its own");
            assert!(!format!("{content:?}").contains(&*login(host).to_header()), "{content:?}");
        }
        for (host, reference) in
            [("ghcr.io", "caddy:2"), ("docker.io", "ghcr.io/a/b"), ("ghcr.io", "ghcr.io:443/a/b")]
        {
            assert!(sent(&login(host), reference).is_err(), "{host} for {reference}");
        }
    }
}
