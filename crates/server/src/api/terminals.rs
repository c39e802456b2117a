//! `/v1/servers/{id}/terminal`, and those in containers: each a `WebSocket`, and the bounds of what comes
//! through it.

use std::future::ready;

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use futures_util::{SinkExt, StreamExt};
use portolan_types::{
    ApplicationId, ContainerName, ContainerTerminal, DestinationId, Right, ServerId,
    TerminalMessage, TerminalSize,
};

use super::{
    AppState,
    extract::{Caller, Path, Query},
    problem::{Problems, answer, problem},
};
use crate::{
    Error,
    container::Named,
    policy::Policy,
    terminals::{self, Gone, Line, Opening, Shown, Ticket, Typed},
};

/// Most bytes of a frame that somebody sends: more than anybody types, as much as they paste at once.
/// Programs send larger texts in several.
const FRAME: usize = 64 << 10;
/// Bytes on their way to a person after which nothing more is taken from the host.
const UNSENT: usize = 64 << 10;
const MOST_UNSENT: usize = 512 << 10;

/// What is said to who sends anything else as text.
const NO_REQUEST: &str =
    "a frame of text is a size (`{\"columns\":80,\"rows\":24}`) or a flow (`{\"flow\":\"stop\"}`)";

/// Opens a terminal on the server's host, as a `WebSocket`.
///
/// Frames of bytes are what is typed and what is shown. Frames of text are JSON: from the client
/// `{"columns":120,"rows":40}` when its size changes, and `{"flow":"stop"}` and `{"flow":"go"}` where
/// it cannot hold back what it reads; to the client `{"opened":{}}` when the shell begins and
/// `{"ended":{"cause":"exited","exit_status":0,"message":"..."}}` at the end, which names the cause.
/// The shell is one of the account that Portolan logs in as, with all that this may do on the host.
///
/// It takes a session, never a token, and with a cookie an `Origin` of this Portolan. It ends with
/// the shell, with the session or the role, when nobody used it for 30 minutes, and with the
/// server's connection, switch or row.
#[utoipa::path(get, path = "/v1/servers/{id}/terminal", tag = "servers",
    params(("id" = ServerId, Path, description = "The server"), TerminalSize),
    security(("session" = ["terminal"])),
    responses((status = 101, description = "The terminal, as a `WebSocket`; the body is its frames of text",
         body = TerminalMessage), Problems))]
pub(super) async fn open_terminal(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(size): Query<TerminalSize>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let ticket = terminals::ask(&app, &actor, &id, size).await?;
    Ok(answered(app, ticket, upgrade))
}

/// Opens a terminal in a running container, as a `WebSocket` that is used as that of `open_terminal`.
///
/// A program runs in it: the one that is named, or a shell. It takes a session of who may have a
/// terminal on the server, and only while terminals are turned on there: a container may be a way to
/// its host. It ends as terminals of servers do, and with the container.
#[utoipa::path(get, path = "/v1/destinations/{id}/containers/{container}/terminal",
    tag = "destinations",
    params(
        ("id" = DestinationId, Path, description = "The destination"),
        ("container" = ContainerName, Path, description = "Its name, or its whole id"),
        ContainerTerminal,
    ),
    security(("session" = ["terminal"])),
    responses((status = 101, description = "The terminal, as a `WebSocket`; the body is its frames of text",
         body = TerminalMessage), Problems))]
pub(super) async fn open_container_terminal(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, container)): Path<(DestinationId, ContainerName)>,
    Query(wanted): Query<ContainerTerminal>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let asked = (Named::On(&id, &container), Policy::Terminal);
    let ticket = terminals::ask_inside(&app, &actor, asked, wanted).await?;
    Ok(answered(app, ticket, upgrade))
}

/// Opens a terminal in the container that serves an application, as `open_container_terminal` does.
///
/// Who may deploy it may have one, while terminals are turned on on its server.
#[utoipa::path(get, path = "/v1/applications/{id}/terminal", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), ContainerTerminal),
    security(("token" = ["operate"])),
    responses((status = 101, description = "The terminal, as a `WebSocket`; the body is its frames of text",
         body = TerminalMessage), Problems))]
pub(super) async fn open_application_terminal(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wanted): Query<ContainerTerminal>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let asked = (Named::Of(&id), Policy::On(Right::Operate));
    let ticket = terminals::ask_inside(&app, &actor, asked, wanted).await?;
    Ok(answered(app, ticket, upgrade))
}

fn answered(
    app: AppState,
    ticket: Ticket,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else { return no_upgrade() };
    bounded(upgrade).on_upgrade(move |socket| async move {
        terminals::open(&app, Opening { ticket, line: line(socket) }).await;
    })
}

fn no_upgrade() -> Response {
    let detail = "a terminal is a WebSocket (`Upgrade: websocket`, version 13)";
    let refused = problem(StatusCode::UPGRADE_REQUIRED, "no-upgrade", "Upgrade required", detail);
    let mut response = answer(refused);
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response
}

fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_frame_size(FRAME)
        .max_message_size(FRAME)
        .write_buffer_size(UNSENT)
        .max_write_buffer_size(MOST_UNSENT)
}

/// The socket as a terminal's line.
fn line(socket: WebSocket) -> Line {
    let (shown, typed) = socket.split();
    // A socket that fails has ended; what is said at the end of one is nothing that was typed.
    let typed = typed
        .take_while(|message| ready(matches!(message, Ok(message) if !is_close(message))))
        .filter_map(|message| ready(message.ok().and_then(read)));
    let shown = shown.sink_map_err(|_| Gone).with(|shown| ready(Ok::<_, Gone>(write(shown))));
    Line { typed: typed.boxed(), shown: Box::pin(shown) }
}

const fn is_close(message: &Message) -> bool {
    matches!(message, Message::Close(_))
}

fn read(message: Message) -> Option<Typed> {
    match message {
        Message::Binary(bytes) => Some(Typed::Bytes(bytes)),
        Message::Text(text) => Some(match serde_json::from_str(text.as_str()) {
            Ok(asked) => Typed::Asked(asked),
            Err(_) => Typed::Misused(NO_REQUEST.to_owned()),
        }),
        // Answered by the socket itself.
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => None,
    }
}

fn write(shown: Shown) -> Message {
    match shown {
        Shown::Bytes(bytes) => Message::Binary(bytes),
        // Words of ours and texts: they can be written as JSON.
        Shown::Said(said) => {
            Message::text(serde_json::to_string(&said).unwrap_or_else(|_| "{}".to_owned()))
        }
        Shown::Pulse => Message::Ping(bytes::Bytes::new()),
    }
}
