//! Errors as problem details (RFC 9457). The causes that users cannot act on go to the log.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use portolan_types::{FieldError, Problem};
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{Content, Ref, RefOr, Response as Documented, ResponseBuilder},
};

use crate::{Error, error::Refusal};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::TooSoon(wait) = &self {
            let after = [(header::RETRY_AFTER, (wait.as_secs() + 1).to_string())];
            return (after, answer(self.into_problem())).into_response();
        }
        answer(self.into_problem())
    }
}

/// A problem with its media type.
pub(crate) fn answer(problem: Problem) -> Response {
    let status = status_of(&problem);
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

/// The status with which a problem goes out.
pub(crate) fn status_of(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl Error {
    /// As it is told over HTTP.
    pub(crate) fn into_problem(self) -> Problem {
        let detail = self.to_string();
        match self {
            Self::NotFound(_) => problem(StatusCode::NOT_FOUND, "not-found", "Not found", detail),
            Self::Refused(refusal) => refused(refusal),
            Self::Invalid(errors) => invalid(errors),
            Self::Unauthenticated(_) => Problem {
                remedy: Some("sign in (`create_session`), or send a valid token".into()),
                ..problem(StatusCode::UNAUTHORIZED, "unauthenticated", "Not signed in", detail)
            },
            Self::NotProven { code, .. } => {
                problem(StatusCode::UNAUTHORIZED, code, "Not signed in", detail)
            }
            Self::TooSoon(_) => Problem {
                remedy: Some(
                    "wait; from a device that you signed in on before it goes at once".into(),
                ),
                ..problem(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too-many-attempts",
                    "Too many attempts",
                    detail,
                )
            },
            Self::Forbidden(_) => {
                problem(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
            }
            Self::Database(ref error) if is_busy(error) => busy(&self),
            Self::Database(_) | Self::Vault(_) | Self::Password(_) => internal(&self),
        }
    }
}

/// A problem of which only the sentence is known.
pub(crate) fn problem(
    status: StatusCode,
    code: &str,
    title: &str,
    detail: impl Into<String>,
) -> Problem {
    Problem {
        kind: format!("/problems/{code}"),
        title: title.to_owned(),
        status: status.as_u16(),
        detail: detail.into(),
        remedy: None,
        errors: Vec::new(),
        blockers: Vec::new(),
        request_id: None,
    }
}

fn refused(refusal: Refusal) -> Problem {
    Problem {
        remedy: refusal.remedy,
        blockers: refusal.blockers,
        ..problem(StatusCode::CONFLICT, refusal.code, "Refused", refusal.message)
    }
}

/// Fields that were refused.
pub(crate) fn invalid(errors: Vec<FieldError>) -> Problem {
    let detail = match errors.as_slice() {
        [only] => only.message.clone(),
        several => format!("{} fields were refused", several.len()),
    };
    Problem {
        errors,
        ..problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid input", detail)
    }
}

/// Whether the database may do it a moment later: every connection was in use, or SQLite's one writer
/// was at work (`SQLITE_BUSY`, <https://www.sqlite.org/rescode.html>).
fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("5" | "517")),
        _ => false,
    }
}

fn busy(error: &Error) -> Problem {
    tracing::warn!(%error, "the database had no time for a request");
    Problem {
        remedy: Some("try again; if it stays so, give the control plane a faster disk".into()),
        ..problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "Busy",
            "the database had too much to do, and nothing was changed",
        )
    }
}

fn internal(error: &Error) -> Problem {
    tracing::error!(%error, "a request failed");
    Problem {
        remedy: Some(
            "find the request in the log by its id; `portolan doctor` may know more".into(),
        ),
        ..problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
            "the control plane could not do it, and nothing was changed",
        )
    }
}

pub(crate) fn nothing_at(uri: &Uri) -> Problem {
    let detail = format!("there is nothing at {}", uri.path());
    problem(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
}

pub(super) async fn no_such_method() -> Response {
    answer(problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
        "this address does not take that method",
    ))
}

/// What every route may answer besides its own: documented once.
#[derive(Debug)]
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> std::collections::BTreeMap<String, RefOr<Documented>> {
        let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
        let response = ResponseBuilder::new()
            .description("A problem: 401, 403, 404, 409, 422, 429, 500 or 503")
            .content("application/problem+json", content)
            .build();
        [("default".to_owned(), response.into())].into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_database_is_no_fault_of_the_program() {
        let problem = Error::Database(sqlx::Error::PoolTimedOut).into_problem();
        assert_eq!((problem.status, problem.kind.as_str()), (503, "/problems/busy"));
        let problem = Error::Database(sqlx::Error::RowNotFound).into_problem();
        assert_eq!((problem.status, problem.kind.as_str()), (500, "/problems/internal"));
    }
}
