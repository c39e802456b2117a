//! What a call of a form found or made, where that is more than an outcome: a secret that is seen
//! once, a preview. And problems, which are shown beside the form that caused them.

use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use portolan_types::{Preview, Problem, Reach, RemovedServer, ReturnTo, SetupDone};
use serde_json::Value;

use super::shown;

/// `None` where the outcome is all there is to say.
pub(super) fn show(
    operation: &str,
    answer: &Value,
    next: &ReturnTo,
    headers: &HeaderMap,
) -> Option<Response> {
    if let Ok(preview) = serde_json::from_value::<Preview>(answer.clone()) {
        return Some(fragment(headers, PreviewShown { preview }));
    }
    match operation {
        "set_up" => {
            let done: SetupDone = serde_json::from_value(answer.clone()).ok()?;
            Some(fragment(headers, SetUp { done, next: next.to_string() }))
        }
        "ask_reach" => {
            let reach: Reach = serde_json::from_value(answer.clone()).ok()?;
            Some(fragment(headers, Reached { reach }))
        }
        "delete_server" => {
            let removed: RemovedServer = serde_json::from_value(answer.clone()).ok()?;
            let left = removed.left_behind;
            (!left.is_empty()).then(|| fragment(headers, ServerRemoved { left }))
        }
        _ => None,
    }
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
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    shown::html(status, &ProblemShown { problem })
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
