//! `/operations`: pieces of work, and one of them with its steps as they happen.

use std::{convert::Infallible, time::Duration};

use askama::Template;
use axum::{
    extract::State,
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use portolan_types::{
    Adoptability, Failure, Operation, OperationId, OperationKind, OperationResult, OperationState,
    Page, PageQuery, ScannedNetwork, Step, Subject, Timestamp,
};
use tokio::sync::broadcast::Receiver;

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    shown::{self, Failed, Shown},
};
use crate::{api::AppState, app::rung, credentials, operations};

/// Browsers and proxies close what is silent for longer.
const PULSE: Duration = Duration::from_secs(15);
/// How long what has just been done stays open to be read.
const JUST_NOW_SECONDS: u64 = 60;

#[derive(Template)]
#[template(path = "operations/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Operation>,
}

pub(super) async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = operations::list(&app, &chrome.actor, None, &query).await?;
    Ok(shown::page(&List { chrome, page }))
}

#[derive(Template)]
#[template(path = "operations/show.html")]
struct Show {
    chrome: Chrome,
    operation: Operation,
    subject: String,
    /// On the server that it is about.
    may_operate: bool,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<OperationId>,
) -> Shown {
    let operation = operations::show(&app, &chrome.actor, &id).await?;
    let subject = match ended_with(&operation) {
        Some(list) => list.to_owned(),
        None => address(&operation.subject),
    };
    let may_operate =
        matches!(&operation.subject, Subject::Server(server) if chrome.may_operate(server));
    Ok(shown::page(&Show { chrome, operation, subject, may_operate }))
}

/// The list that something stood in until this work ended it.
fn ended_with(operation: &Operation) -> Option<&'static str> {
    let is = |kinds: &[OperationKind]| kinds.contains(&operation.kind);
    let list = if is(&[OperationKind::DeleteDestination, OperationKind::ForgetDestination]) {
        "/destinations"
    } else if is(&[OperationKind::RemoveApplication]) {
        "/applications"
    } else {
        return None;
    };
    (operation.state == OperationState::Succeeded).then_some(list)
}

/// How many of the networks that a scan found can be adopted.
fn adoptable(networks: &[ScannedNetwork]) -> usize {
    networks.iter().filter(|one| one.adoptability == Adoptability::Adoptable).count()
}

/// Whether work is worth reading where it is not what the page is about: it goes on, has failed, or
/// has just ended.
pub(super) fn is_told(operation: &Operation) -> bool {
    let ended = operation.finished_at.map(|at| at.seconds_until(Timestamp::now()));
    operation.failure.is_some() || ended.is_none_or(|age| age < JUST_NOW_SECONDS)
}

/// Whether the failure of an operation says again what its step said: it is shown once.
pub(super) fn is_said_again(step: &Step, failure: Option<&Failure>) -> bool {
    failure.is_some_and(|failure| step.detail.as_ref() == Some(&failure.message))
}

/// The page of what an operation or an event is about.
pub(super) fn address(subject: &Subject) -> String {
    let id = subject.id();
    match subject {
        Subject::Server(_) => format!("/servers/{id}"),
        Subject::Destination(_) => format!("/destinations/{id}"),
        Subject::Route(_) => format!("/routes/{id}"),
        Subject::Certificate(_) => "/certificates".to_owned(),
        Subject::Key(_) => "/keys".to_owned(),
        Subject::Registry(_) => format!("/registries/{id}"),
        Subject::Token(_) => "/tokens".to_owned(),
        Subject::Team(_) => "/teams".to_owned(),
        Subject::User(_) => "/people".to_owned(),
        Subject::Project(_) => format!("/projects/{id}"),
        Subject::Environment(_) => format!("/environments/{id}"),
        Subject::Application(_) => format!("/applications/{id}"),
        Subject::Notifier(_) => "/notifiers".to_owned(),
        Subject::Stack(_) => format!("/stacks/{id}"),
        Subject::Storage(_) => "/storages".to_owned(),
    }
}

/// Says `changed` at each change of the work, and ends with it: the page reads itself again.
pub(super) async fn follow(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<OperationId>,
) -> Result<impl IntoResponse, Failed> {
    // Listened to before it is read, or what happens in between would be missed.
    let bell = app.watch();
    operations::show(&app, &chrome.actor, &id).await?;
    let changes = changes(app, chrome, id, bell);
    Ok(Sse::new(changes).keep_alive(KeepAlive::new().interval(PULSE)))
}

/// What is followed, until there is nothing more to tell.
struct Following {
    app: AppState,
    chrome: Chrome,
    id: OperationId,
    bell: Receiver<OperationId>,
    told: bool,
    over: bool,
}

fn changes(
    app: AppState,
    chrome: Chrome,
    id: OperationId,
    bell: Receiver<OperationId>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let following = Following { app, chrome, id, bell, told: false, over: false };
    stream::unfold(following, |mut at| async move {
        if at.over {
            return None;
        }
        if at.told {
            tokio::select! {
                () = rung(&at.id, &mut at.bell) => {}
                () = at.app.stopping.cancelled() => return None,
            }
        }
        at.told = true;
        at.over = is_over(&at).await;
        let word = if at.over { "over" } else { "changed" };
        Some((Ok(Event::default().event("operation").data(word)), at))
    })
}

/// Somebody who may not see it any more sees its end.
async fn is_over(at: &Following) -> bool {
    if !credentials::is_good(&at.app, &at.chrome.actor).await.unwrap_or(false) {
        return true;
    }
    let read = operations::show(&at.app, &at.chrome.actor, &at.id).await;
    read.map_or(true, |operation| operation.state.is_over())
}
