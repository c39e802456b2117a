//! What goes wrong below and inside bollard, as [`HostError`].

use std::{error::Error, fmt::Display, io};

use bollard::errors::Error as DockerError;
use http_body_util::LengthLimitError;
use hyper::StatusCode;
use portolan_types::Access;

use super::{
    super::{
        HostError, limits,
        ssh::Complaint,
        words::{clean, lower_first},
    },
    connector::unreachable,
    http::Http,
};

impl Http {
    /// Why one of bollard's calls failed. Our own errors come back from below it.
    pub(super) fn call_failure(&self, error: DockerError) -> HostError {
        match error {
            DockerError::DockerResponseServerError { status_code, message } => {
                HostError::Docker { status: status_code, message: clean(&message) }
            }
            DockerError::JsonDataError { message, .. } => not_understood(&message),
            DockerError::JsonSerdeError { err } => not_understood(&err),
            DockerError::IOError { err } => self.failure(&err),
            DockerError::HyperResponseError { err } => self.failure(&err),
            other => not_understood(&other),
        }
    }

    /// What the layers below said, which HTTP wraps; else why the connection ended.
    pub(super) fn failure(&self, error: &(dyn Error + 'static)) -> HostError {
        own_words(error, self.connector().access())
            .or_else(|| error.is::<LengthLimitError>().then(too_large))
            .or_else(|| self.connector().lost())
            .or_else(|| not_http(error))
            .unwrap_or_else(|| HostError::Lost { why: clean(&innermost(error)) })
    }
}

/// Our own error from below the layers of HTTP, where there is one.
fn own_words(error: &(dyn Error + 'static), access: Access) -> Option<HostError> {
    causes(error).find_map(|cause| {
        // An input/output error skips what it is made of when asked for its cause.
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let complaint = |Complaint(words): &Complaint| unreachable(access, words.clone());
        let own = cause.downcast_ref().or_else(|| inner?.downcast_ref());
        own.cloned().or_else(|| inner?.downcast_ref().map(complaint))
    })
}

/// An answer past [`limits::ANSWER`].
pub(super) fn too_large() -> HostError {
    HostError::Protocol { why: format!("it is larger than {} MiB", limits::ANSWER >> 20) }
}

/// Something listens there that is no engine.
fn not_http(error: &(dyn Error + 'static)) -> Option<HostError> {
    causes(error)
        .find(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse))
        .map(not_understood)
}

pub(in super::super) fn not_understood(error: &(impl Display + ?Sized)) -> HostError {
    HostError::Protocol { why: clean(&lower_first(&error.to_string())) }
}

/// Docker's `{"message": ...}`, or whatever else was said.
pub(super) fn refusal(status: StatusCode, body: &[u8]) -> HostError {
    #[derive(serde::Deserialize)]
    struct Message {
        message: String,
    }
    let message = serde_json::from_slice(body).map_or_else(
        |_| String::from_utf8_lossy(&body[..body.len().min(limits::EVENT)]).into_owned(),
        |said: Message| said.message,
    );
    HostError::Docker { status: status.as_u16(), message: clean(&message) }
}

/// An error and what it was made from.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let last = causes(error).last();
    lower_first(&last.map_or_else(|| error.to_string(), ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_dockers_words_and_nothing_harmful() {
        let said = |body: &[u8]| match refusal(StatusCode::CONFLICT, body) {
            HostError::Docker { status: 409, message } => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            said(br#"{"message":"network with name web already exists"}"#),
            "network with name web already exists"
        );
        assert_eq!(said(b"404 page not found\n"), "404 page not found");
        assert_eq!(said(b"\x1b[2J\xff"), "[2J\u{fffd}");
        assert_eq!(said(b""), "");
    }
}
