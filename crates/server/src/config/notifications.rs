//! What the operator says of notifications: the mail server, where webhooks may go, and how
//! patiently it is tried.

use std::time::Duration;

use ipnet::IpNet;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use portolan_types::Invalid;
use secrecy::SecretString;
use url::Url;

/// How notifiers may tell.
#[derive(Debug, Clone, Default)]
pub struct Notifications {
    /// Without it there are no notifiers by mail.
    pub smtp: Option<Smtp>,
    /// Networks that webhooks may go to, besides public addresses.
    pub allow_webhooks_to: Vec<IpNet>,
    pub pace: Pace,
}

/// How long and how often it is tried.
#[derive(Debug, Clone)]
pub struct Pace {
    /// For one attempt of a webhook.
    pub webhook: Duration,
    /// For one attempt of a mail: mail servers take their time.
    pub mail: Duration,
    /// Before the second attempt; three times as long before each next one.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// A message is given up after so many attempts,
    pub attempts: u32,
    /// or when it is so old.
    pub give_up_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            webhook: Duration::from_secs(10),
            mail: Duration::from_secs(30),
            first_pause: Duration::from_secs(10),
            longest_pause: Duration::from_hours(1),
            attempts: 30,
            give_up_after: Duration::from_hours(24),
        }
    }
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// From its first byte.
    Tls,
    /// Before anything is said. A server that cannot is not used.
    StartTls,
    None,
}

/// A mail server, and as whom to send.
#[derive(Debug, Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    /// User and password.
    pub login: Option<(String, SecretString)>,
    pub from: Mailbox,
}

impl Smtp {
    /// From `smtps://[USER[:PASSWORD]@]HOST[:465]`, or `smtp://...[:587]`, which begins in plain and
    /// has to become TLS unless `?tls=none` is behind it; and `NAME <ADDRESS>` or an address.
    /// What is refused is not repeated: there may be a password in it.
    pub fn parse(url: &str, from: &str) -> Result<Self, Invalid> {
        let shape = "a mail server is written `smtps://USER@HOST:PORT` or `smtp://HOST:PORT`";
        let url: Url = url.trim().parse().map_err(|_| Invalid::new(shape))?;
        let (security, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (SmtpSecurity::Tls, 465),
            ("smtp", None) => (SmtpSecurity::StartTls, 587),
            ("smtp", Some("tls=none")) => (SmtpSecurity::None, 25),
            _ => return Err(Invalid::new(shape)),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(Invalid::new(shape))?;
        let login = login(&url)?;
        if security == SmtpSecurity::None && login.is_some() {
            return Err(Invalid::new("a user and a password are only sent over TLS"));
        }
        let from = from.trim().parse().map_err(|error| {
            Invalid::new(format!("mail comes from `NAME <ADDRESS>` or an address: {error}"))
        })?;
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port: url.port().unwrap_or(port), security, login, from })
    }

    /// The same with a password that stands elsewhere than in the URL.
    pub fn with_password(mut self, password: SecretString) -> Result<Self, Invalid> {
        match &mut self.login {
            Some((_, known)) => *known = password,
            None => return Err(Invalid::new("a password needs a user: `smtps://USER@HOST`")),
        }
        Ok(self)
    }
}

fn login(url: &Url) -> Result<Option<(String, SecretString)>, Invalid> {
    if url.username().is_empty() {
        return match url.password() {
            Some(_) => Err(Invalid::new("a password needs a user: `smtps://USER@HOST`")),
            None => Ok(None),
        };
    }
    let decoded = |text| {
        let text = percent_decode_str(text).decode_utf8();
        text.map_err(|_| Invalid::new("user and password are UTF-8 with `%` before two digits"))
    };
    let password = decoded(url.password().unwrap_or_default())?;
    Ok(Some((decoded(url.username())?.into_owned(), password.into_owned().into())))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const FROM: &str = "Portolan <portolan@example.com>";

    #[test]
    fn a_mail_server_is_read() {
        let smtp = Smtp::parse("smtps://me%40example.com:p%3Aw@mail.example.com", FROM);
        let smtp = smtp.expect("a mail server");
        assert_eq!((smtp.host.as_str(), smtp.port), ("mail.example.com", 465));
        assert_eq!(smtp.security, SmtpSecurity::Tls);
        let (user, password) = smtp.login.clone().expect("a login");
        assert_eq!((user.as_str(), password.expose_secret()), ("me@example.com", "p:w"));
        assert!(!format!("{smtp:?}").contains("p:w"));
        let other = smtp.with_password("from a file".to_owned().into()).expect("a user");
        let (_, password) = other.login.expect("a login");
        assert_eq!(password.expose_secret(), "from a file");
        let smtp = Smtp::parse("smtp://[::1]:2525", "p@example.com").expect("a mail server");
        assert_eq!((smtp.host.as_str(), smtp.port), ("::1", 2525));
        assert_eq!(smtp.security, SmtpSecurity::StartTls);
    }

    #[test]
    fn what_is_refused_is_not_repeated() {
        for bad in [
            "",
            "hunter2",
            "http://u:hunter2@h",
            "smtp://u:hunter2@h?tls=none",
            "smtps://:hunter2@h",
            "smtps://u:hunter2@",
            "smtps://u:hunter2@h?tls=none",
        ] {
            let refused = Smtp::parse(bad, FROM).expect_err(bad).to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        assert!(Smtp::parse("smtps://h", "nobody").is_err());
        assert!(Smtp::parse("smtps://h", "a@example.com\r\nBcc: b@example.com").is_err());
        let nobody = Smtp::parse("smtps://h", FROM).expect("a mail server");
        assert!(nobody.with_password("p".to_owned().into()).is_err());
    }
}
