//! The registries that a fake engine reaches: which logins they take, and who fetched what.

use std::collections::BTreeMap;

use portolan_types::RegistryHost;
use secrecy::ExposeSecret;

use super::{FakeEngine, containers::refused, lock};
use crate::host::{HostError, RegistryLogin};

/// Registries that are not named here give images to everybody, and take no login: nobody is there.
#[derive(Debug, Default)]
pub(super) struct FakeRegistries {
    /// User and password, by host.
    accepted: BTreeMap<String, (String, String)>,
    /// As whom an image was fetched last.
    fetched: BTreeMap<String, Option<String>>,
}

impl FakeRegistries {
    /// In the words of an engine whose registry hands out tokens.
    pub(super) fn check(&self, login: &RegistryLogin) -> Result<(), HostError> {
        let host = &login.host;
        let Some(accepted) = self.accepted.get(host.as_str()) else {
            return refused(500, format!("Get \"https://{host}/v2/\": dial tcp: no such host"));
        };
        if is_it(accepted, login) {
            return Ok(());
        }
        let words = "unauthorized: incorrect username or password";
        refused(401, format!("Get \"https://{host}/v2/\": {words}"))
    }

    pub(super) fn admit(
        &mut self,
        reference: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<(), HostError> {
        let host = RegistryHost::of_image(reference);
        let accepted = host.and_then(|host| self.accepted.get(host.as_str()));
        let enters = accepted.is_none_or(|accepted| login.is_some_and(|one| is_it(accepted, one)));
        if !enters {
            let words = "repository does not exist or may require 'docker login'";
            return refused(404, format!("pull access denied for {reference}, {words}"));
        }
        let user = login.map(|login| login.user.to_string());
        self.fetched.insert(reference.to_owned(), user);
        Ok(())
    }
}

/// Whether a login is for the registry of an image.
pub(super) fn is_of(login: &RegistryLogin, reference: &str) -> bool {
    RegistryHost::of_image(reference).as_ref() == Some(&login.host)
}

fn is_it((user, password): &(String, String), login: &RegistryLogin) -> bool {
    user == login.user.as_str() && password == login.password.expose_secret()
}

impl FakeEngine {
    /// Lets a registry give its images to this login alone.
    pub fn want_login(&self, host: &str, user: &str, password: &str) {
        let login = (user.to_owned(), password.to_owned());
        lock(&self.world).workloads.registries.accepted.insert(host.to_owned(), login);
    }

    /// As whom an image was fetched, where it was: `Some(None)` is nobody.
    pub fn fetched_as(&self, reference: &str) -> Option<Option<String>> {
        lock(&self.world).workloads.registries.fetched.get(reference).cloned()
    }
}
