//! How a page goes out: as HTML with its policy for browsers, and errors as pages.

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use portolan_types::{PageQuery, Problem};

use super::{acts::Near, guard::see_other};
use crate::{Error, api::status_of};

/// Nothing inline, nothing from elsewhere; `data:` is for the pictures in the style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; worker-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);
/// Sent by the script of the pages: the answer is put into the page, which stays.
const BY_SCRIPT: HeaderName = HeaderName::from_static("hx-request");
const REDIRECT_SCRIPT: HeaderName = HeaderName::from_static("hx-redirect");

/// A page that was made, or why not.
pub(super) type Shown = Result<Response, Failed>;

/// An error of an operation, as a page.
#[derive(Debug)]
pub(super) struct Failed(Error);

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        error(self.0)
    }
}

/// A template as a page.
pub(super) fn page<T: Template>(template: &T) -> Response {
    html(StatusCode::OK, template)
}

/// What was searched for, as the field shows it again.
pub(super) fn searched(query: &PageQuery) -> String {
    query.search.as_ref().map_or_else(String::new, |text| text.as_str().to_owned())
}

pub(super) fn html<T: Template>(status: StatusCode, template: &T) -> Response {
    match template.render() {
        Ok(text) => {
            (status, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(text)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    problem: Problem,
    near: Near,
}

/// What an operation refused, as a page of its own.
pub(super) fn error(error: Error) -> Response {
    problem(error.into_problem())
}

/// The same of a problem that is one already.
pub(super) fn problem(problem: Problem) -> Response {
    html(status_of(&problem), &ErrorPage { problem, near: Near::default() })
}

/// Whether the script of a page asks, which puts the answer into it.
pub(super) fn is_by_script(headers: &HeaderMap) -> bool {
    headers.contains_key(BY_SCRIPT)
}

/// Sends whoever asks to another page.
pub(super) fn go(to: &str, headers: &HeaderMap) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) if is_by_script(headers) => [(REDIRECT_SCRIPT, to)].into_response(),
        _ => see_other(to),
    }
}
