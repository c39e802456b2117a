//! The ways in: the first owner, and signing in.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use portolan_types::{ReturnTo, SignInWays};
use serde::Deserialize;

use super::{
    guard::see_other,
    shown::{self, Shown},
};
use crate::{api::AppState, setup, sign_in as ways};

/// What leads to a page of the ways in.
#[derive(Debug, Deserialize)]
pub(super) struct From {
    #[serde(default)]
    return_to: ReturnTo,
    #[serde(default)]
    email: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    ways: SignInWays,
    return_to: ReturnTo,
    email: String,
}

/// Where nobody can sign in yet, the first owner is made first.
pub(super) async fn sign_in(
    State(app): State<AppState>,
    Query(From { return_to, email }): Query<From>,
) -> Shown {
    if !setup::is_done(&app).await? {
        return Ok(see_other("/setup"));
    }
    Ok(shown::page(&SignInPage { ways: ways::ways(&app), return_to, email }))
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    done: bool,
}

pub(super) async fn set_up(State(app): State<AppState>) -> Result<Response, shown::Failed> {
    Ok(shown::page(&SetupPage { done: setup::is_done(&app).await? }))
}
