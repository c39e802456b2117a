//! What can go wrong between here and the control plane, and what to do about it.

use portolan_types::Problem;
use reqwest::StatusCode;

use super::BaseUrl;

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The control plane said no, and why.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    #[error("could not reach {url}: {cause}")]
    Unreachable { url: String, cause: String },
    /// The connection broke off before an answer was complete.
    #[error("the connection to {url} broke off: {cause}")]
    Dropped { url: String, cause: String },
    #[error("{url} did not answer in time")]
    TimedOut { url: String },
    /// An answer that the API never gives.
    #[error("{url} answered {status}, but not as a Portolan does")]
    Foreign { url: String, status: StatusCode },
    #[error("could not read the answer of {url}: {cause}")]
    Unreadable { url: String, cause: String },
    #[error("no token for {url}")]
    NoToken { url: String },
}

impl Error {
    pub(super) fn unreachable(url: &BaseUrl, error: &reqwest::Error) -> Self {
        Self::Unreachable { url: url.to_string(), cause: innermost(error) }
    }

    pub(super) fn no_token(url: &BaseUrl) -> Self {
        Self::NoToken { url: url.to_string() }
    }

    pub(super) fn unreadable(url: &BaseUrl, error: &impl std::fmt::Display) -> Self {
        Self::Unreadable { url: url.to_string(), cause: error.to_string() }
    }

    /// A stream on which nothing comes any more.
    pub(super) fn silent(url: &BaseUrl) -> Self {
        Self::Dropped { url: url.to_string(), cause: "it fell silent".to_owned() }
    }

    pub(super) fn sending(url: &BaseUrl, error: &reqwest::Error) -> Self {
        if error.is_connect() {
            Self::unreachable(url, error)
        } else if error.is_timeout() {
            Self::TimedOut { url: url.to_string() }
        } else {
            Self::Dropped { url: url.to_string(), cause: innermost(error) }
        }
    }

    pub(super) fn answered(
        url: &BaseUrl,
        status: StatusCode,
        problem: Option<&impl AsRef<[u8]>>,
    ) -> Self {
        let problem = problem.and_then(|body| serde_json::from_slice(body.as_ref()).ok());
        match problem {
            Some(problem) => Self::Refused(Box::new(problem)),
            None => Self::Foreign { url: url.to_string(), status },
        }
    }

    /// Whether the control plane said no for this reason.
    pub(crate) fn is_problem(&self, code: &str) -> bool {
        matches!(self, Self::Refused(problem) if problem.kind == format!("/problems/{code}"))
    }

    /// Whether nothing of that name exists (or may be known of).
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.status == 404)
    }

    /// Whether the same question may well be answered a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Refused(problem) => matches!(problem.status, 429 | 502..=504),
            Self::Foreign { status, .. } => matches!(status.as_u16(), 429 | 502..=504),
            Self::Unreachable { .. } | Self::Dropped { .. } | Self::TimedOut { .. } => true,
            Self::Unreadable { .. } | Self::NoToken { .. } => false,
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(problem) if problem.status == 401 && !is_of_sign_in(problem) => Some(
                "log in with `portolan login --url URL --token -`, or set PORTOLAN_TOKEN"
                    .to_owned(),
            ),
            Self::Refused(problem) => problem.remedy.clone(),
            Self::Unreachable { url, .. } => Some(format!("is `portolan serve` running at {url}?")),
            Self::Dropped { .. } | Self::TimedOut { .. } => {
                Some("look at the log of `portolan serve`, or try again".to_owned())
            }
            Self::Foreign { .. } => Some("is the address right? see --url".to_owned()),
            Self::Unreadable { .. } => {
                Some("do the control plane and this program have the same version?".to_owned())
            }
            Self::NoToken { url } => Some(format!(
                "log in with `portolan login --url {url} --token -`, or set PORTOLAN_TOKEN"
            )),
        }
    }
}

/// Whoever is just signing in need not be told to.
fn is_of_sign_in(problem: &Problem) -> bool {
    let code = problem.kind.trim_start_matches("/problems/");
    code.starts_with("second-factor-") || matches!(code, "wrong-password" | "reset-code-wrong")
}

/// The cause of the causes: what lies between says only "error sending request".
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
