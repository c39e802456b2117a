//! What pages take from a request. What does not parse is a page that says so.

use axum::{
    extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::shown::Failed;
use crate::{Error, api::AppState};

/// A part of the path; what does not parse does not exist.
#[derive(Debug)]
pub(super) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Path<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failed> {
        let read = AxumPath::from_request_parts(parts, app).await;
        Ok(Self(read.map_err(|_| Error::NotFound("page"))?.0))
    }
}

/// The query string. A field that was left empty in a form is one that was not sent.
#[derive(Debug)]
pub(super) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Failed> {
        let query = parts.uri.query().unwrap_or_default();
        let sent =
            url::form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty());
        let sent = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(sent).finish();
        let uri = format!("/?{sent}").parse().map_err(|_| Error::field("query", "unreadable"))?;
        let read = AxumQuery::try_from_uri(&uri);
        Ok(Self(read.map_err(|error| Error::field("query", error.body_text()))?.0))
    }
}
