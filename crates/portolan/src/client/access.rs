//! Which control plane, as whom: flags, environment and the client's file, merged once.

use secrecy::SecretString;

use super::{BaseUrl, Client, ClientFile, Credentials};
use crate::{environment::environment, failure::Failure, printer::Printer};

/// How the control plane is reached, as far as flags and environment say.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) url: Option<BaseUrl>,
    pub(crate) token: Option<SecretString>,
    pub(crate) file: ClientFile,
}

impl Access {
    /// Adds the environment to what the flags gave.
    pub(crate) fn merge(
        url: Option<BaseUrl>,
        token: Option<String>,
        file: ClientFile,
    ) -> Result<Self, Failure> {
        let from_environment = || environment("PORTOLAN_URL").map(|text| parse_variable(&text));
        Ok(Self {
            url: url.map(Ok).or_else(from_environment).transpose()?,
            token: token.or_else(|| environment("PORTOLAN_TOKEN")).map(SecretString::from),
            file,
        })
    }

    /// A client for what was asked for, with what is stored for the rest.
    pub(crate) fn client(&self, printer: &Printer) -> anyhow::Result<Client> {
        let stored = match (&self.url, &self.token) {
            // Nothing is left to be looked up, so a broken file does not matter.
            (Some(_), Some(_)) => None,
            (None, _) | (_, None) => self.file.read()?,
        };
        if stored.is_some()
            && let Some(mode) = self.file.too_open()
        {
            let path = self.file.path().display();
            printer.warn(&format!("others can read {path} (mode {mode:o}): chmod 600 {path}"));
        }
        let url = self.url.clone().or_else(|| stored.as_ref().map(|stored| stored.url.clone()));
        let url = url.unwrap_or_default();
        let token = self.token.clone().or_else(|| stored_for(&url, stored));
        Ok(Client::new(url, token)?)
    }
}

/// A stored token is for the address it was stored with, and goes nowhere else.
fn stored_for(url: &BaseUrl, stored: Option<Credentials>) -> Option<SecretString> {
    stored.filter(|stored| stored.url == *url).map(|stored| stored.token)
}

fn parse_variable(text: &str) -> Result<BaseUrl, Failure> {
    text.parse().map_err(|error| {
        Failure::usage(
            format!("bad value in PORTOLAN_URL: {error}"),
            "unset it, or say --url ADDRESS",
        )
    })
}
