//! What handlers take from a request: the caller whom the policy let through, and parsed input.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path as AxumPath, Query as AxumQuery, Request},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use portolan_types::{FieldError, Operation, Preview, Problem};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::{
    AppState,
    address::ClientAddress,
    cookies::{self, Carrier},
    policy::unguarded,
    problem::{answer, invalid, problem},
};
use crate::{
    Actor, Error, credentials, idempotency::IdempotencyKey, operations, sessions::Visitor,
};

/// Who is asking, after the policy of the route let them through (`policy`).
#[derive(Debug)]
pub(super) struct Caller(pub Actor);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Response> {
        // Missing on a public route, and where no policy ran: then nobody is let in.
        let actor = parts.extensions.get::<Actor>().cloned();
        actor.map(Self).ok_or_else(|| unguarded(parts.uri.path()))
    }
}

pub(super) async fn authenticate(
    app: &AppState,
    (method, headers): (&Method, &HeaderMap),
    address: Option<ClientAddress>,
) -> Result<Actor, Error> {
    let (carrier, secret) = presented(headers)
        .ok_or(Error::Unauthenticated("this needs a token (`Authorization: Bearer ...`)"))?;
    match carrier {
        Carrier::Bearer => {
            credentials::authenticate(app, secret, address.map(|address| address.0)).await
        }
        Carrier::Cookie => {
            cookies::require_own_page(method, headers)?;
            credentials::authenticate_session(app, secret).await
        }
    }
}

/// What a request shows who is asking with.
pub(super) fn presented(headers: &HeaderMap) -> Option<(Carrier, &str)> {
    let bearer = bearer(headers).map(|secret| (Carrier::Bearer, secret));
    bearer.or_else(|| cookies::session(headers).map(|secret| (Carrier::Cookie, secret)))
}

impl FromRequestParts<AppState> for Carrier {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        Ok(presented(&parts.headers).map_or(Self::Bearer, |(carrier, _)| carrier))
    }
}

/// Who this is, is found out later, if at all.
impl FromRequestParts<AppState> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        Ok(Self {
            address: ClientAddress::of(&parts.extensions).map(|address| address.0),
            user_agent: text(header::USER_AGENT).map(str::to_owned),
            device: cookies::device(&parts.headers).map(SecretString::from),
        })
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A JSON body; what does not parse is a field error with its path.
#[derive(Debug)]
pub(super) struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Self::Rejection> {
        if !is_json(request.headers()) {
            return Err(answer(problem(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "Unsupported media type",
                "the body has to be JSON (`Content-Type: application/json`)",
            )));
        }
        let body = Bytes::from_request(request, app).await.map_err(|rejection| {
            let (status, detail) = (rejection.status(), rejection.body_text());
            answer(problem(status, "unreadable-body", "Unreadable body", detail))
        })?;
        parse(&body).map(Self).map_err(|problem| answer(*problem))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Box<Problem>> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value =
        serde_path_to_error::deserialize(&mut json).map_err(|error| Box::new(refused(&error)))?;
    json.end().map_err(|error| {
        Box::new(malformed(format!("the body has more after its JSON: {error}")))
    })?;
    Ok(value)
}

fn refused(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() {
        return malformed(format!("the body is not JSON: {inner}"));
    }
    let message = without_position(&inner.to_string());
    let (field, message) = name_field(&error.path().to_string(), message);
    invalid(vec![FieldError { field, message }])
}

fn malformed(detail: String) -> Problem {
    problem(StatusCode::BAD_REQUEST, "malformed-json", "Malformed JSON", detail)
}

/// serde says where in the text; people want the field.
fn without_position(message: &str) -> String {
    message.split_once(" at line ").map_or(message, |(before, _)| before).to_owned()
}

/// The path of the object is not the path of the field that is missing or not known in it.
fn name_field(path: &str, message: String) -> (String, String) {
    let named = ["missing field `", "unknown field `"].iter().find_map(|start| {
        let rest = message.strip_prefix(start)?;
        rest.split_once('`').map(|(name, _)| name.to_owned())
    });
    let field = match (path, named) {
        ("." | "", Some(name)) => name,
        // serde_path_to_error ends the path with a field that is not known.
        (path, Some(name)) if path == name || path.ends_with(&format!(".{name}")) => {
            path.to_owned()
        }
        (path, Some(name)) => format!("{path}.{name}"),
        ("." | "", None) => "body".to_owned(),
        (path, None) => path.to_owned(),
    };
    (field, message)
}

/// A path parameter; what does not parse does not exist.
#[derive(Debug)]
pub(super) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Error> {
        match AxumPath::from_request_parts(parts, app).await {
            Ok(AxumPath(value)) => Ok(Self(value)),
            Err(_) => Err(Error::NotFound("resource")),
        }
    }
}

/// A query string; what does not parse is a field error.
#[derive(Debug)]
pub(super) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Error> {
        match AxumQuery::from_request_parts(parts, app).await {
            Ok(AxumQuery(value)) => Ok(Self(value)),
            Err(rejection) => Err(Error::field("query", rejection.body_text())),
        }
    }
}

/// `Idempotency-Key`, when it is sent.
#[derive(Debug)]
pub(super) struct Repeat(pub Option<IdempotencyKey>);

impl FromRequestParts<AppState> for Repeat {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let refused = |why: String| Error::field("Idempotency-Key", why);
        let text = value.to_str().map_err(|_| refused("not ASCII".into()))?;
        let key = text
            .parse()
            .map_err(|invalid: portolan_types::Invalid| refused(invalid.to_string()))?;
        Ok(Self(Some(key)))
    }
}

/// How long a caller wants to wait for the outcome.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wait {
    /// Seconds to wait for the outcome, 0 to 60; the answer comes as soon as it is known.
    #[param(minimum = 0, maximum = 60, default = 0)]
    #[serde(default)]
    wait: u64,
}

impl Wait {
    pub(super) fn limit(&self) -> Duration {
        Duration::from_secs(self.wait.min(60))
    }

    /// Work that was begun, as it is when the caller has waited for it.
    pub(super) async fn accepted(
        &self,
        app: &AppState,
        actor: &Actor,
        begun: &Operation,
    ) -> Result<Answered<Operation>, Error> {
        let shown = operations::wait(app, actor, &begun.id, self.limit()).await?;
        Ok(Answered::Done(StatusCode::ACCEPTED, shown))
    }
}

/// Whether a change is only to be shown.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// Answers what would happen, and changes nothing.
    #[param(default = false)]
    #[serde(default)]
    pub preview: bool,
}

/// A change that was made or accepted, or its preview.
#[derive(Debug)]
pub(super) enum Answered<T> {
    Done(StatusCode, T),
    Previewed(Preview),
}

impl<T: serde::Serialize> IntoResponse for Answered<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Done(status, body) => (status, axum::Json(body)).into_response(),
            Self::Previewed(preview) => axum::Json(preview).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_by_their_path() {
        let name = |path: &str, message: &str| name_field(path, message.to_owned()).0;
        assert_eq!(name("options.subnet", "invalid"), "options.subnet");
        assert_eq!(name(".", "missing field `name`"), "name");
        assert_eq!(name("connection", "missing field `host`"), "connection.host");
        assert_eq!(name("foo", "unknown field `foo`, expected ..."), "foo");
        assert_eq!(name(".", "invalid type"), "body");
    }
}
