//! What a call of a form found or made, where that is more than an outcome: a secret that is seen
//! once, a preview. And problems, which are shown beside the form that caused them.

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use data_encoding::BASE64;
use portolan_types::{
    AcceptedInvite, ClonedApplication, ClonedDatabase, CreatedDatabase, CreatedHook, CreatedInvite,
    CreatedNotifier, CreatedToken, Delivery, LinkBegun, NewTotp, Preview, Problem, Reach,
    RecoveryCodes, RemovedServer, ReturnTo, SetupDone,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{acts::Near, shown};
use crate::api::status_of;

/// `None` where the outcome is all there is to say.
pub(super) fn show(
    operation: &str,
    answer: &Value,
    next: &ReturnTo,
    headers: &HeaderMap,
) -> Option<Response> {
    if let Ok(preview) = Preview::deserialize(answer) {
        return Some(fragment(headers, PreviewShown { preview, near: Near::page(headers) }));
    }
    let next = next.to_string();
    Some(match operation {
        "set_up" => fragment(headers, SetUp { done: read(answer)?, next }),
        "ask_password_reset" => fragment(headers, ResetAsked),
        "accept_invite" => fragment(headers, Accepted { done: read(answer)? }),
        "create_invite" => {
            fragment(headers, InviteMade { made: read(answer)?, origin: origin(headers), next })
        }
        "clone_application" => fragment(headers, Cloned { made: read(answer)? }),
        "clone_database" => fragment(headers, ClonedWithData { made: read(answer)? }),
        "create_database" => fragment(headers, DatabaseMade { made: read(answer)? }),
        "create_token" => fragment(headers, TokenMade { made: read(answer)?, next }),
        "create_hook" => {
            fragment(headers, HookMade { made: read(answer)?, origin: origin(headers), next })
        }
        "create_notifier" => {
            let made: CreatedNotifier = read(answer)?;
            let secret = made.secret.as_ref()?.expose().to_owned();
            fragment(headers, NotifierMade { secret, next })
        }
        "test_notifier" => fragment(headers, Tested { delivery: read(answer)? }),
        "begin_totp" => elsewhere(headers, fragment(headers, TotpBegun::of(read(answer)?))),
        "confirm_totp" | "renew_recovery_codes" => {
            let codes: RecoveryCodes = read(answer)?;
            fragment(headers, Codes { codes: codes.recovery_codes, next })
        }
        "ask_reach" => fragment(headers, Reached { reach: read(answer)? }),
        "delete_server" => {
            let removed: RemovedServer = read(answer)?;
            let left = removed.left_behind;
            if left.is_empty() {
                return None;
            }
            fragment(headers, ServerRemoved { left })
        }
        "link_identity" => {
            let LinkBegun { url } = read(answer)?;
            // A policy for forms holds for where they are sent on to as well: without a script it
            // is a link.
            if shown::is_by_script(headers) {
                shown::go(&url, headers)
            } else {
                fragment(headers, Linking { url })
            }
        }
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(answer: &Value) -> Option<T> {
    let read = T::deserialize(answer);
    // An answer of our own that does not read as what it is has to be known of.
    read.inspect_err(|error| tracing::error!(%error, "an answer could not be shown")).ok()
}

/// Where the browser says that the page is: a link that is copied has to lead there.
fn origin(headers: &HeaderMap) -> String {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.unwrap_or_default().to_owned()
}

/// Shown in the place of the form that asked, because there is a form in it.
fn elsewhere(headers: &HeaderMap, mut response: Response) -> Response {
    if shown::is_by_script(headers) {
        response.headers_mut().insert("hx-retarget", HeaderValue::from_static("#totp"));
    }
    response
}

#[derive(Template)]
#[template(path = "results/reset_asked.html")]
struct ResetAsked;

#[derive(Template)]
#[template(path = "results/accepted.html")]
struct Accepted {
    done: AcceptedInvite,
}

#[derive(Template)]
#[template(path = "results/invite.html")]
struct InviteMade {
    made: CreatedInvite,
    origin: String,
    next: String,
}

#[derive(Template)]
#[template(path = "results/hook.html")]
struct HookMade {
    made: CreatedHook,
    /// Where people reach this control plane: others may have to go another way.
    origin: String,
    next: String,
}

#[derive(Template)]
#[template(path = "results/clone.html")]
struct Cloned {
    made: ClonedApplication,
}

#[derive(Template)]
#[template(path = "results/database_clone.html")]
struct ClonedWithData {
    made: ClonedDatabase,
}

#[derive(Template)]
#[template(path = "results/database.html")]
struct DatabaseMade {
    made: CreatedDatabase,
}

#[derive(Template)]
#[template(path = "results/token.html")]
struct TokenMade {
    made: CreatedToken,
    next: String,
}

#[derive(Template)]
#[template(path = "results/notifier.html")]
struct NotifierMade {
    secret: String,
    next: String,
}

#[derive(Template)]
#[template(path = "results/tested.html")]
struct Tested {
    delivery: Delivery,
}

#[derive(Template)]
#[template(path = "results/totp.html")]
struct TotpBegun {
    secret: String,
    uri: String,
    /// The QR code as the address of a picture.
    picture: String,
}

impl TotpBegun {
    fn of(begun: NewTotp) -> Self {
        let picture = format!("data:image/svg+xml;base64,{}", BASE64.encode(begun.qr.as_bytes()));
        Self { secret: begun.secret, uri: begun.uri, picture }
    }
}

#[derive(Template)]
#[template(path = "results/codes.html")]
struct Codes {
    codes: Vec<String>,
    next: String,
}

#[derive(Template)]
#[template(path = "results/linking.html")]
struct Linking {
    url: String,
}

/// What nobody could remove from its host.
#[derive(Template)]
#[template(path = "results/server_removed.html")]
struct ServerRemoved {
    left: Vec<String>,
}

#[derive(Template)]
#[template(path = "results/reach.html")]
struct Reached {
    reach: Reach,
}

#[derive(Template)]
#[template(path = "results/preview.html")]
struct PreviewShown {
    preview: Preview,
    near: Near,
}

#[derive(Template)]
#[template(path = "results/set_up.html")]
struct SetUp {
    done: SetupDone,
    next: String,
}

#[derive(Template)]
#[template(path = "results/problem.html")]
struct ProblemShown {
    problem: Problem,
    near: Near,
}

#[derive(Template)]
#[template(path = "result.html")]
struct Whole {
    title: String,
    inner: String,
}

/// A problem, in the form or as a page.
pub(super) fn problem(problem: Problem, headers: &HeaderMap) -> Response {
    if !shown::is_by_script(headers) {
        return shown::problem(problem);
    }
    shown::html(status_of(&problem), &ProblemShown { problem, near: Near::page(headers) })
}

/// Put into the page by its script; a page of its own without one.
fn fragment<T: Template>(headers: &HeaderMap, template: T) -> Response {
    if shown::is_by_script(headers) {
        return shown::page(&template);
    }
    match template.render() {
        Ok(inner) => shown::page(&Whole { title: "Result".to_owned(), inner }),
        Err(error) => {
            tracing::error!(%error, "a result could not be written");
            shown::page(&Whole { title: "Done".to_owned(), inner: String::new() })
        }
    }
}
