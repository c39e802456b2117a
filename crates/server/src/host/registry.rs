//! The login of a registry as an engine takes it, and how it may stand in what an engine says.

use data_encoding::{BASE64, BASE64URL};
use portolan_types::{RegistryHost, RegistryUser};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{HostError, hidden::Hidden, words::clean};

/// Docker Hub, as engines of every age know it.
const HUB_ADDRESS: &str = "https://index.docker.io/v1/";

/// Who logs in to a registry, and with what. Its debug form shows no password.
#[derive(Debug, Clone)]
pub struct RegistryLogin {
    pub host: RegistryHost,
    pub user: RegistryUser,
    pub password: SecretString,
}

impl RegistryLogin {
    /// As the Engine API takes it (`AuthConfig`).
    pub(super) fn to_json(&self) -> Value {
        json!({
            "username": self.user.as_str(),
            "password": self.password.expose_secret(),
            "serveraddress": self.address(),
        })
    }

    /// The same under the name by which an engine finds it among several.
    pub(super) fn to_entry(&self) -> (String, Value) {
        (self.address().to_owned(), self.to_json())
    }

    fn address(&self) -> &str {
        let host = self.host.as_str();
        if host == RegistryHost::DOCKER_HUB { HUB_ADDRESS } else { host }
    }

    /// The same as the value of `X-Registry-Auth`.
    pub(super) fn to_header(&self) -> Zeroizing<String> {
        let json = Zeroizing::new(self.to_json().to_string());
        Zeroizing::new(BASE64URL.encode(json.as_bytes()))
    }

    /// An engine's or a registry's words, in which the password may stand.
    pub(super) fn hide(&self, error: HostError) -> HostError {
        Hidden::new(self.forms()).error(error)
    }

    /// How the password may stand in a text: as it is, in an address, and as HTTP sends it.
    pub(super) fn forms(&self) -> Vec<Zeroizing<String>> {
        let password = self.password.expose_secret();
        let pair = Zeroizing::new(format!("{}:{password}", self.user));
        let escaped = Value::from(password).to_string();
        let forms = [
            clean(password),
            clean(escaped.trim_matches('"')),
            percent_encoded(password),
            BASE64.encode(pair.as_bytes()),
            BASE64.encode(password.as_bytes()),
            self.to_header().to_string(),
        ];
        forms.map(Zeroizing::new).into()
    }
}

/// As Go's addresses have it.
fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::{
        super::hidden::{HIDDEN, TELLING},
        *,
    };

    fn login(host: &str, password: &str) -> RegistryLogin {
        RegistryLogin {
            host: host.parse().expect("a host"),
            user: "robot".parse().expect("a user"),
            password: password.into(),
        }
    }

    #[test]
    fn a_login_is_what_engines_take() {
        let json = login("docker.io", "open sesame").to_json();
        assert_eq!(json["serveraddress"], "https://index.docker.io/v1/");
        let header = login("ghcr.io", "open sesame??>>").to_header();
        let read = BASE64URL.decode(header.as_bytes()).expect("the padded alphabet of addresses");
        let read: Value = serde_json::from_slice(&read).expect("JSON");
        assert_eq!(read["serveraddress"], "ghcr.io");
        assert_eq!(read["username"], "robot");
        assert_eq!(read["password"], "open sesame??>>");
    }

    #[test]
    fn no_form_of_the_password_is_shown() {
        let long = format!("{{\n  \"private_key\": \"{}\"\n}}", "k".repeat(2_000));
        for password in ["open sesame", "p", "a/b+c=d&e", long.as_str()] {
            let login = login("ghcr.io", password);
            for form in login.forms() {
                let said = clean(&format!("Get \"https://{}@ghcr.io/v2/\": no", *form));
                let error = login.hide(HostError::Docker { status: 500, message: said.clone() });
                let HostError::Docker { message, .. } = error else { panic!("{error:?}") };
                assert!(message.contains(HIDDEN), "{message}");
                assert!(!message.contains(&form[..form.len().min(TELLING)]), "{message}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let login = login("ghcr.io", "open sesame");
        assert!(!format!("{login:?}").contains("sesame"));
        let said = "unauthorized: incorrect username or password".to_owned();
        assert_eq!(Hidden::new(login.forms()).text(said.clone()), said);
    }
}
