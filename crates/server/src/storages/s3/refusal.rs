//! What a service says that does not do what was asked, and what to do about it. Its words are hostile.

use std::fmt;

use reqwest::StatusCode;

use crate::host::clean;

const KEPT: usize = 200;

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// The service's own word for it, such as `AccessDenied`.
    code: String,
    words: String,
}

impl Refusal {
    pub(super) fn read(status: StatusCode, body: &str) -> Self {
        let kept = |name| element(body, name).map(|text| clean(&unescaped(text)));
        let short = |text: String| text.chars().take(KEPT).collect::<String>();
        Self {
            status,
            code: short(kept("Code").unwrap_or_default()),
            words: short(kept("Message").unwrap_or_default()),
        }
    }

    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// Whether it is the object that is not there: a service may say no more than "not found".
    pub(super) fn is_of_object(&self) -> bool {
        matches!(self.code.as_str(), "" | "NoSuchKey" | "NoSuchUpload" | "NotFound")
    }

    /// Whether it may be another answer in a moment.
    pub(crate) fn may_pass(&self) -> bool {
        self.status.is_server_error() && self.status != StatusCode::NOT_IMPLEMENTED
            || self.status == StatusCode::TOO_MANY_REQUESTS
    }

    pub(crate) fn remedy(&self) -> &'static str {
        match self.code.as_str() {
            "NoSuchBucket" => {
                "make that bucket at the service, or add another storage (`create_storage`)"
            }
            "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
                "give the key and its secret again (`update_storage`)"
            }
            "AccessDenied" | "AllAccessDisabled" => {
                "let the key read, write, list and remove objects there, or give another one \
                 (`update_storage`)"
            }
            "AuthorizationHeaderMalformed"
            | "AuthorizationQueryParametersError"
            | "PermanentRedirect"
            | "TemporaryRedirect"
            | "IllegalLocationConstraintException" => {
                "the bucket is in another region: add a storage with that one (`create_storage`)"
            }
            "RequestTimeTooSkewed" | "RequestExpired" => "set the clock of this machine",
            "QuotaExceeded" | "XMinioStorageFull" | "EntityTooLarge" => {
                "make room there, or remove backups that nobody needs (`delete_backup`)"
            }
            _ if self.status.is_redirection() => {
                "it leads elsewhere: add a storage with the endpoint to which it leads \
                 (`create_storage`)"
            }
            _ => "see what the service says of it, and try again",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it answered {}", self.status)?;
        for text in [&self.code, &self.words].into_iter().filter(|text| !text.is_empty()) {
            write!(f, ": {text}")?;
        }
        Ok(())
    }
}

/// The text of the first element of this name that has no attributes.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// XML's own five.
pub(super) fn unescaped(text: &str) -> String {
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    plain.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_says_is_kept_short_and_harmless() {
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>not &lt;you&gt;\u{1b}[2J{}\
             </Message></Error>",
            "x".repeat(5_000)
        );
        let refusal = Refusal::read(StatusCode::FORBIDDEN, &body);
        let said = refusal.to_string();
        assert!(said.starts_with("it answered 403 Forbidden: AccessDenied: not <you>"), "{said}");
        assert!(said.len() < 300 && !said.contains('\u{1b}'), "{said}");
        assert!(refusal.remedy().contains("update_storage") && !refusal.may_pass());
        for body in ["", "<html>no</html>", "<Code>", "</Code><Code>"] {
            assert_eq!(
                Refusal::read(StatusCode::BAD_GATEWAY, body).to_string(),
                "it answered 502 Bad Gateway"
            );
        }
    }
}
