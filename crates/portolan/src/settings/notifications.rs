//! What the operator says of notifications, put together from its settings.
//!
//! Owns which settings need which; what they mean is the control plane's business.

use std::{path::PathBuf, str::FromStr};

use anyhow::Context;
use ipnet::IpNet;
use portolan_types::Invalid;
use secrecy::{ExposeSecret, SecretString};

use super::Merge;
use crate::{
    ask::read_secret,
    control_plane::{Builds, Notifications, Pace, Smtp, Storages},
    failure::Failure,
};

/// The flags of it.
#[derive(Debug, Default)]
pub(crate) struct NotificationFlags {
    pub(crate) smtp_url: Option<SmtpUrl>,
    pub(crate) smtp_password_file: Option<PathBuf>,
    pub(crate) smtp_from: Option<String>,
    pub(crate) allow_webhooks_to: Option<Networks>,
}

/// A mail server's URL. It may hold a password, so nothing prints it.
#[derive(Debug, Clone)]
pub(crate) struct SmtpUrl(SecretString);

impl FromStr for SmtpUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // As whom to send is another setting: here only the URL is checked.
        Smtp::parse(text, "portolan@example.com")?;
        Ok(Self(text.into()))
    }
}

/// Networks, with commas between them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Networks(pub(super) Vec<IpNet>);

impl Networks {
    pub(crate) fn into_networks(self) -> Vec<IpNet> {
        self.0
    }
}

impl FromStr for Networks {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = |part: &str| {
            let part = part.trim();
            part.parse().map_err(|_| {
                let part = part.escape_debug();
                Invalid::new(format!("`{part}` is no network: write 10.0.0.0/8 or fd00::/8"))
            })
        };
        text.split(',').map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl Merge {
    pub(super) fn notifications(&self, flags: NotificationFlags) -> anyhow::Result<Notifications> {
        let networks = self.optional("allow-webhooks-to", flags.allow_webhooks_to)?;
        let url = self.optional("smtp-url", flags.smtp_url)?;
        let from: Option<String> = self.optional("smtp-from", flags.smtp_from)?;
        let file: Option<PathBuf> =
            self.optional("smtp-password-file", flags.smtp_password_file)?;
        let smtp = match (url, from) {
            (Some(url), Some(from)) => Some(smtp(&url, &from, file)?),
            (Some(_), None) => return Err(lacking("smtp-from", "smtp-url")),
            (None, Some(_)) => return Err(lacking("smtp-url", "smtp-from")),
            (None, None) if file.is_some() => {
                return Err(lacking("smtp-url", "smtp-password-file"));
            }
            (None, None) => None,
        };
        let Networks(allow_webhooks_to) = networks.unwrap_or_default();
        Ok(Notifications { smtp, allow_webhooks_to, pace: Pace::default() })
    }
}

impl Merge {
    pub(super) fn builds(&self, flag: Option<Networks>) -> anyhow::Result<Builds> {
        let networks = self.optional("allow-repositories-at", flag)?;
        Ok(Builds { allow_repositories_at: networks.unwrap_or_default().into_networks() })
    }

    pub(super) fn storages(&self, flag: Option<Networks>) -> anyhow::Result<Storages> {
        let networks = self.optional("allow-storages-at", flag)?;
        Ok(Storages { allow_storages_at: networks.unwrap_or_default().into_networks() })
    }
}

fn smtp(SmtpUrl(url): &SmtpUrl, from: &str, file: Option<PathBuf>) -> anyhow::Result<Smtp> {
    let smtp = Smtp::parse(url.expose_secret(), from).context("bad value of smtp-from")?;
    let Some(file) = file else { return Ok(smtp) };
    let password = read_secret(&file).context("smtp-password-file")?;
    smtp.with_password(password).context("smtp-password-file")
}

fn lacking(key: &str, given: &str) -> anyhow::Error {
    Failure::usage(
        format!("`{given}` is set and `{key}` is not"),
        "mail needs both: --smtp-url smtps://USER@HOST --smtp-from ADDRESS",
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Flags, Settings},
        *,
    };

    fn nothing(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/home/someone".to_owned())
    }

    fn merged(change: impl FnOnce(&mut NotificationFlags)) -> anyhow::Result<Notifications> {
        let mut flags = Flags::default();
        change(&mut flags.notifications);
        Ok(Settings::merge(flags, nothing)?.config.notifications)
    }

    #[test]
    fn mail_needs_a_server_and_an_address() {
        let none = merged(|_| {}).expect("settings");
        assert!(none.smtp.is_none() && none.allow_webhooks_to.is_empty());
        let url = || Some("smtps://u@mail.example.com".parse().expect("a URL"));
        let error = merged(|flags| flags.smtp_url = url()).expect_err("no address");
        assert!(error.to_string().contains("`smtp-from` is not"), "{error}");
        let error = merged(|flags| flags.smtp_from = Some("a@example.com".to_owned()));
        assert!(error.expect_err("no server").to_string().contains("`smtp-url` is not"));
        let both = merged(|flags| {
            flags.smtp_url = url();
            flags.smtp_from = Some("Portolan <a@example.com>".to_owned());
        });
        assert_eq!(both.expect("settings").smtp.expect("mail").host, "mail.example.com");
    }

    #[test]
    fn a_password_stands_in_a_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "hunter2\n").expect("written");
        let read = merged(|flags| {
            flags.smtp_url = Some("smtps://u@mail.example.com".parse().expect("a URL"));
            flags.smtp_from = Some("a@example.com".to_owned());
            flags.smtp_password_file = Some(file.path().to_owned());
        });
        let (user, password) = read.expect("settings").smtp.expect("mail").login.expect("a login");
        assert_eq!((user.as_str(), password.expose_secret()), ("u", "hunter2"));
    }

    #[test]
    fn networks_are_read() {
        let Networks(read) = "10.0.0.0/8, fd00::/8".parse().expect("networks");
        assert_eq!(read.len(), 2);
        for bad in ["", "10.0.0.1/33", "10.0.0.0/8,", "everywhere"] {
            assert!(bad.parse::<Networks>().is_err(), "{bad}");
        }
    }
}
