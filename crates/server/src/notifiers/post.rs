//! Sending one message to one receiver, once. Nothing is remembered here: when it is tried, and
//! again, is the courier's affair.

mod mail;
mod signature;
mod webhook;

use portolan_types::{DeliveryId, Email, WebhookSecret, WebhookUrl};

use self::{mail::Mail, webhook::Webhooks};
use crate::config::Notifications;

pub(crate) use mail::mailbox;
pub(crate) use signature::new_secret;

/// Where messages go, with what is needed to send them there.
#[derive(Debug)]
pub(crate) enum Receiver {
    Webhook { url: WebhookUrl, secret: WebhookSecret },
    Email { to: Vec<Email> },
}

/// A message that is about to be sent.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    /// The same at each attempt, so that the receiver knows one that came twice.
    pub id: &'a DeliveryId,
    /// The subject of a mail.
    pub title: &'a str,
    /// The text of a mail.
    pub text: &'a str,
    /// The body of a webhook.
    pub body: &'a str,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Fit to be shown, and without any secret.
    pub words: String,
    /// The receiver wants no more, ever.
    pub gone: bool,
}

impl Refusal {
    pub(crate) fn because(words: impl Into<String>) -> Self {
        Self { words: words.into(), gone: false }
    }
}

/// Sends webhooks and mail.
#[derive(Debug)]
pub struct Post {
    webhooks: Webhooks,
    mail: Option<Mail>,
}

/// Why nothing could ever be sent. Causes are in the message.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    #[error("could not prepare to send webhooks: {0}")]
    Webhooks(reqwest::Error),

    #[error("could not prepare to send mail: {0}")]
    Mail(lettre::transport::smtp::Error),
}

impl Post {
    /// Reads nothing from the network.
    pub fn new(config: &Notifications) -> Result<Self, PostError> {
        // One may be there already; without any, no TLS can be spoken.
        let _present = rustls::crypto::ring::default_provider().install_default();
        let mail = config.smtp.as_ref().map(|smtp| Mail::new(smtp, &config.pace)).transpose();
        Ok(Self {
            webhooks: Webhooks::new(config).map_err(PostError::Webhooks)?,
            mail: mail.map_err(PostError::Mail)?,
        })
    }

    /// Whether there is a mail server.
    pub(crate) fn has_mail(&self) -> bool {
        self.mail.is_some()
    }

    /// Sends it once, within the time that `Pace` gives. The receiver's words, either way.
    pub(crate) async fn send(&self, to: &Receiver, letter: &Letter<'_>) -> Result<String, Refusal> {
        match (to, &self.mail) {
            (Receiver::Webhook { url, secret }, _) => self.webhooks.send(url, secret, letter).await,
            (Receiver::Email { to }, Some(mail)) => mail.send(to, letter).await,
            (Receiver::Email { .. }, None) => {
                Err(Refusal::because("Portolan has no mail server any more (`--smtp-url`)"))
            }
        }
    }
}
