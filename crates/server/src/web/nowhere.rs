//! An address at which there is nothing: told as a page to whoever reads pages.

use axum::{
    http::{HeaderMap, Uri, header},
    response::Response,
};

use super::shown;
use crate::api;

/// The answer for an address that nothing else answers for.
pub(crate) async fn nowhere(uri: Uri, headers: HeaderMap) -> Response {
    let problem = api::nothing_at(&uri);
    let is_of_api = uri.path().starts_with("/v1/");
    if is_of_api || !reads_pages(&headers) {
        return api::answer(problem);
    }
    shown::problem(problem)
}

/// Browsers say so whenever a person goes somewhere; programs that read JSON do not.
fn reads_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}
