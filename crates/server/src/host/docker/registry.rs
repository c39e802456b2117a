//! Logins of registries: tried, and sent along with what needs them.

use hyper::header::HeaderValue;
use portolan_types::RegistryHost;

use super::super::{
    HostError, RegistryLogin,
    engine::{Content, Engine, not_understood},
    limits,
    words::clean,
};

/// The engine asks the registry, and keeps nothing. Its answer may hold a token: it is dropped.
pub(super) async fn check(engine: &Engine, login: &RegistryLogin) -> Result<(), HostError> {
    let body = login.to_json();
    let asking = engine.post_within(limits::REGISTRY, "log in to the registry", "/auth", &body);
    asking.await.map_err(|error| login.hide(error))
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
