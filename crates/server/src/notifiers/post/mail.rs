//! Sending mail: one plain message through the installation's mail server.

use std::time::Duration;

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};
use portolan_types::Email;
use secrecy::ExposeSecret;

use super::{Letter, Refusal};
use crate::{
    config::{Pace, Smtp, SmtpSecurity},
    host::clean,
};

/// Sends mail.
#[derive(Debug)]
pub(super) struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl Mail {
    pub(super) fn new(smtp: &Smtp, pace: &Pace) -> Result<Self, lettre::transport::smtp::Error> {
        let tls = || TlsParameters::new(smtp.host.clone());
        let tls = match smtp.security {
            SmtpSecurity::Tls => Tls::Wrapper(tls()?),
            SmtpSecurity::StartTls => Tls::Required(tls()?),
            SmtpSecurity::None => Tls::None,
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
            .port(smtp.port)
            .tls(tls)
            .timeout(Some(pace.mail))
            .hello_name(ClientId::Domain(smtp.from.email.domain().to_owned()));
        if let Some((user, password)) = &smtp.login {
            let password = password.expose_secret().to_owned();
            server = server.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { server: server.build(), from: smtp.from.clone(), timeout: pace.mail })
    }

    /// The mail server's words when it took the message.
    pub(super) async fn send(&self, to: &[Email], letter: &Letter<'_>) -> Result<String, Refusal> {
        let message = self.write(to, letter).map_err(Refusal::because)?;
        match tokio::time::timeout(self.timeout, self.server.send(message)).await {
            Ok(Ok(response)) => Ok(clean(&format!(
                "{} {}",
                response.code(),
                response.message().collect::<Vec<_>>().join(" ")
            ))),
            Ok(Err(error)) => Err(Refusal::because(clean(&error_words(&error)))),
            Err(_) => Err(Refusal::because(format!(
                "the mail server did not take it within {:?}",
                self.timeout
            ))),
        }
    }

    fn write(&self, to: &[Email], letter: &Letter<'_>) -> Result<Message, String> {
        let domain = self.from.email.domain();
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(format!("Portolan: {}", clean(letter.title)))
            // The same however often it is tried: whoever gets it twice can tell.
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .date_now()
            // So that no holiday notice answers (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN);
        for address in to {
            message = message.to(Mailbox::new(None, mailbox(address)?));
        }
        message.body(letter.text.to_owned()).map_err(|error| error.to_string())
    }
}

/// The address as mail servers take it.
pub(crate) fn mailbox(address: &Email) -> Result<Address, String> {
    let refused = |error| format!("`{address}` is not an address that mail can go to: {error}");
    address.as_str().parse::<Address>().map_err(refused)
}

/// lettre says the kind first and the server's words as the source.
fn error_words(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        let text = deeper.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = deeper.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use portolan_types::DeliveryId;

    use super::*;

    #[test]
    fn a_message_has_the_headers_that_were_meant_and_no_others() {
        let smtp: Smtp =
            Smtp::parse("smtp://mail.example.com?tls=none", "Portolan <portolan@example.com>")
                .expect("a mail server");
        let mail = Mail::new(&smtp, &Pace::default()).expect("mail");
        let id = DeliveryId::generate();
        let letter = Letter {
            id: &id,
            title: "drift: `x\r\nBcc: a@example.com\r\n\r\nhello` \u{e9}",
            text: "one\ntwo\n.\nthree",
            body: "",
        };
        let to = ["ops@example.com", "dev@example.com"].map(|text| text.parse().expect("mail"));
        let message = mail.write(&to, &letter).expect("a message");
        let text = String::from_utf8(message.formatted()).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(!head.to_lowercase().contains("\r\nbcc:"), "{head}");
        assert!(head.contains(&format!("Message-ID: <{id}@example.com>")), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(body.contains("three"), "{body}");
        assert_eq!(message.envelope().to().len(), 2);
    }
}
