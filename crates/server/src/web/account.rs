//! `/account`: how a person signs in, and where they are signed in. `/password-reset` and `/invite`:
//! the ways in of those who cannot sign in yet.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Account, Identity, Page, PageQuery, Passkey, SignIn, SignInWays};
use serde::Deserialize;

use super::{
    chrome::Chrome,
    extract::Query,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{accounts, api::AppState, openid, passkeys, sessions, sign_in as ways};

const SHOWS: [&str; 4] = ["show_user", "list_sessions", "list_passkeys", "list_identities"];

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages
        .page("/account", &SHOWS, get(show))
        .page("/password-reset", &["list_sign_in_ways"], get(reset))
        .page("/invite", &["list_sign_in_ways"], get(invite))
}

/// What was just done: the page says it in its own words.
#[derive(Debug, Deserialize)]
pub(super) struct After {
    #[serde(default)]
    done: String,
}

impl After {
    fn words(&self) -> Option<&'static str> {
        Some(match self.done.as_str() {
            "password" => "Your password is changed. All your other sessions have ended.",
            "totp-off" => "The second factor is off. All your other sessions have ended.",
            "sessions" => "All your other sessions have ended.",
            _ => return None,
        })
    }
}

#[derive(Template)]
#[template(path = "account/show.html")]
struct Show {
    chrome: Chrome,
    account: Account,
    sessions: Page<SignIn>,
    passkeys: Page<Passkey>,
    identities: Page<Identity>,
    ways: SignInWays,
    done: Option<&'static str>,
}

async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(after): Query<After>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let (actor, all) = (&chrome.actor, PageQuery::largest());
    let account = accounts::show(&app, actor).await?;
    let sessions = sessions::list(&app, actor, &query).await?;
    let passkeys = passkeys::list(&app, actor, &all).await?;
    let identities = openid::list(&app, actor, &all).await?;
    let (ways, done) = (ways::ways(&app), after.words());
    Ok(shown::page(&Show { chrome, account, sessions, passkeys, identities, ways, done }))
}

#[derive(Template)]
#[template(path = "account/reset.html")]
struct Reset;

async fn reset() -> Shown {
    Ok(shown::page(&Reset))
}

#[derive(Template)]
#[template(path = "account/invite.html")]
struct Invited;

async fn invite() -> Shown {
    Ok(shown::page(&Invited))
}
