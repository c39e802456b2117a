//! The policy of each route, read off the document and enforced before its handler runs.
//!
//! One declaration does both: what `#[utoipa::path(security(...))]` says is what is asked of the
//! caller. A route whose policy cannot be read keeps the process from starting; a route that is not
//! in the document answers nothing but an error.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, RawPathParams, Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use portolan_types::{GrantedOn, Right, Role};
use serde_json::Value;
use sqlx::AnyConnection;
use utoipa::openapi::{OpenApi, PathItem, path::Operation};

use super::{
    AppState,
    address::ClientAddress,
    by_route::ByRoute,
    extract::authenticate,
    problem::{answer, problem},
};
use crate::{
    Actor, Error,
    policy::{Policy, UnknownPolicy},
    rights::{self, Thing},
    web,
};

/// Why the routes cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("could not read the document of the API: {0}")]
    Document(#[from] serde_json::Error),
    #[error("{0} states no policy")]
    Missing(String),
    #[error("{route} states no policy that can be enforced: {cause}")]
    Unknown { route: String, cause: UnknownPolicy },
    #[error("{0} does not state one policy for every way to sign in")]
    Unclear(String),
    #[error(
        "{0} needs a right, and nothing tells on which server or in which project its thing is"
    )]
    Nowhere(String),
    #[error(transparent)]
    Page(#[from] web::UnknownOperation),
}

/// An operation of the document, with who may call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    /// Its `operationId`.
    pub name: String,
    pub method: Method,
    /// With its parameters in braces.
    pub path: String,
    pub policy: Policy,
}

/// Every operation of the document with its policy.
pub(super) fn read(document: &OpenApi) -> Result<Vec<Guarded>, PolicyError> {
    let mut guarded = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in operations(item) {
            let route = format!("{method} {path}");
            // Nothing of a requirement can be read but what is written of it.
            let policy = policy_of(&route, &serde_json::to_value(&operation.security)?)?;
            if policy.right().is_some() && path.contains("{id}") && kind(path).is_none() {
                return Err(PolicyError::Nowhere(route));
            }
            let name = operation.operation_id.clone().unwrap_or_default();
            guarded.push(Guarded { name, method, path: path.clone(), policy });
        }
    }
    Ok(guarded)
}

fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    [
        (Method::DELETE, &item.delete),
        (Method::GET, &item.get),
        (Method::HEAD, &item.head),
        (Method::OPTIONS, &item.options),
        (Method::PATCH, &item.patch),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::TRACE, &item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// All ways to sign in lead to the same right.
fn policy_of(route: &str, security: &Value) -> Result<Policy, PolicyError> {
    let missing = || PolicyError::Missing(route.to_owned());
    let unclear = || PolicyError::Unclear(route.to_owned());
    let ways = security.as_array().filter(|ways| !ways.is_empty()).ok_or_else(missing)?;
    let mut policies = ways.iter().map(|way| {
        let schemes = way.as_object().ok_or_else(missing)?;
        let mut words = schemes.values().flat_map(|words| words.as_array().into_iter().flatten());
        match (schemes.len(), words.next().and_then(Value::as_str), words.next()) {
            (0, None, None) => Ok(Policy::Public),
            (1, None, None) if schemes.contains_key("session") => Ok(Policy::Account),
            (_, Some(word), None) => word
                .parse()
                .map_err(|cause| PolicyError::Unknown { route: route.to_owned(), cause }),
            _ => Err(unclear()),
        }
    });
    let first = policies.next().ok_or_else(missing)??;
    for other in policies {
        if other? != first {
            return Err(unclear());
        }
    }
    Ok(first)
}

/// What a path names, by the list that it is in: the same word in the API and in the pages.
fn kind(path: &str) -> Option<fn(&str) -> Option<Thing>> {
    match path.strip_prefix("/v1").unwrap_or(path).split('/').nth(1)? {
        "servers" => Some(|id| id.parse().ok().map(Thing::Server)),
        "destinations" => Some(|id| id.parse().ok().map(Thing::Destination)),
        "routes" => Some(|id| id.parse().ok().map(Thing::Route)),
        "drifts" => Some(|id| id.parse().ok().map(Thing::Drift)),
        "projects" => Some(|id| id.parse().ok().map(Thing::Project)),
        "environments" => Some(|id| id.parse().ok().map(Thing::Environment)),
        "applications" => Some(|id| id.parse().ok().map(Thing::Application)),
        "databases" => Some(|id| id.parse().ok().map(Thing::Database)),
        "jobs" => Some(|id| id.parse().ok().map(Thing::Job)),
        "stacks" => Some(|id| id.parse().ok().map(Thing::Stack)),
        "backups" => Some(|id| id.parse().ok().map(Thing::Backup)),
        _ => None,
    }
}

/// What is enforced.
pub(super) fn policies(operations: Vec<Guarded>) -> ByRoute<Policy> {
    let guarded = operations.into_iter();
    guarded.map(|Guarded { method, path, policy, .. }| (method, path, policy)).collect()
}

/// The layer: looks the policy up, finds out who is asking, and lets those through who may.
pub(super) async fn enforce(
    State((app, policies)): State<(AppState, Arc<ByRoute<Policy>>)>,
    path: MatchedPath,
    params: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(&policy) = policies.find(request.method(), path.as_str()) else {
        return unguarded(&format!("{} {}", request.method(), path.as_str()));
    };
    let address = ClientAddress::of(request.extensions());
    let asked = (request.method(), request.headers());
    let asked_of = (&[policy][..], ReadGrants::WhenAsked);
    match let_in(&app, (asked, address), asked_of, (path.as_str(), &params)).await {
        Ok(Some(actor)) => drop(request.extensions_mut().insert(actor)),
        Ok(None) => {}
        Err(error) => return error.into_response(),
    }
    next.run(request).await
}

/// When what a member was granted is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadGrants {
    /// Where the policies cannot be judged without it.
    WhenAsked,
    /// Always: what somebody may do decides what they are offered.
    Always,
}

/// Lets through who may do all of it with what the path names. Where all of it is public, nobody is
/// asked who they are.
pub(crate) async fn let_in(
    app: &AppState,
    (asked, address): ((&Method, &HeaderMap), Option<ClientAddress>),
    (policies, grants): (&[Policy], ReadGrants),
    (path, params): (&str, &RawPathParams),
) -> Result<Option<Actor>, Error> {
    if policies.iter().all(|policy| *policy == Policy::Public) {
        return Ok(None);
    }
    let mut actor = authenticate(app, asked, address).await?;
    for policy in policies.iter().filter(|policy| **policy != Policy::Public) {
        actor.require(*policy)?;
    }
    // Admins and owners see everything and have every right everywhere: nothing has to be looked up.
    if actor.role == Role::Member {
        // Who has the highest right has the others.
        let right = policies.iter().filter_map(|policy| policy.right()).max();
        look_up(app, &mut actor, (right, grants), named(path, params)).await?;
    }
    Ok(Some(actor))
}

/// What a member was granted, and whether it is enough for the thing of the path.
async fn look_up(
    app: &AppState,
    actor: &mut Actor,
    (right, grants): (Option<Right>, ReadGrants),
    thing: Option<Result<Thing, Error>>,
) -> Result<(), Error> {
    let is_judged = right.is_some() || !actor.visible().is_whole();
    if !is_judged && grants == ReadGrants::WhenAsked {
        return Ok(());
    }
    let mut conn = app.db.acquire().await?;
    actor.grants = rights::read(&mut conn, actor).await?;
    if !is_judged {
        return Ok(());
    }
    let place = match thing {
        Some(thing) => Some(find_place(&mut conn, actor, &thing?).await?),
        None => None,
    };
    check(actor, right, place)
}

/// What the path names; an id that cannot be one names nothing.
fn named(path: &str, params: &RawPathParams) -> Option<Result<Thing, Error>> {
    let parse = kind(path)?;
    let (_, id) = params.iter().find(|(name, _)| *name == "id")?;
    Some(parse(id).ok_or(Error::NotFound("resource")))
}

/// Where the thing of the path is. What the actor does not see does not exist.
async fn find_place(
    conn: &mut AnyConnection,
    actor: &Actor,
    thing: &Thing,
) -> Result<GrantedOn, Error> {
    let place = rights::locate(conn, actor, thing).await?;
    actor.require_visible(&place, thing.word())?;
    Ok(place)
}

/// On the server or in the project of the path; without one the operation finds out which it is, and
/// somebody who has the right nowhere is refused before.
fn check(actor: &Actor, right: Option<Right>, place: Option<GrantedOn>) -> Result<(), Error> {
    match (right, place) {
        (Some(right), Some(place)) => actor.require_on(right, place),
        (Some(right), None) => actor.require_anywhere(right),
        (None, _) => Ok(()),
    }
}

/// A route that is served and not in the document. Nobody gets in by it.
pub(super) fn unguarded(route: &str) -> Response {
    tracing::error!(route, "a route was called for which no policy was enforced");
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    answer(problem(status, "internal", "Internal error", "the control plane made a mistake"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(security: &Value) -> Result<Policy, String> {
        policy_of("GET /x", security).map_err(|error| error.to_string())
    }

    #[test]
    fn every_route_states_a_policy_that_can_be_enforced() {
        let guarded = read(&crate::openapi()).expect("policies");
        assert!(guarded.len() > 60, "{}", guarded.len());
    }

    #[test]
    fn what_is_said_is_one_word_for_all_ways_to_sign_in() {
        assert_eq!(of(&json!([{}])), Ok(Policy::Public));
        assert_eq!(of(&json!([{ "token": ["admin"] }])), Ok(Policy::Admin));
        assert_eq!(of(&json!([{ "session": [] }])), Ok(Policy::Account));
        assert_eq!(of(&json!([{ "session": ["terminal"] }])), Ok(Policy::Terminal));
        let both = json!([{ "token": ["use"] }, { "session": ["use"] }]);
        assert_eq!(of(&both), Ok(Policy::On(Right::Use)));
    }

    #[test]
    fn what_cannot_be_read_is_no_policy() {
        for security in [
            Value::Null,
            json!([]),
            json!([{ "token": [] }]),
            json!([{ "token": ["write"] }]),
            json!([{ "token": ["read", "use"] }]),
            json!([{ "token": ["read"] }, {}]),
            json!([{ "token": ["read"] }, { "session": ["use"] }]),
        ] {
            assert!(of(&security).is_err(), "{security}");
        }
    }

    #[test]
    fn a_right_needs_a_server_or_a_project() {
        assert!(kind("/v1/servers/{id}/proxy").is_some());
        assert!(kind("/v1/environments/{id}").is_some());
        assert!(kind("/v1/keys/{id}").is_none());
    }
}
