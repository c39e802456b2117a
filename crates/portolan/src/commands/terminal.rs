//! `portolan server terminal`, `portolan container terminal` and `portolan app terminal`: a shell on a
//! server's host or in a container, in the terminal of whoever sits here.
//!
//! Owns what goes between the two and how it ends. This end's own terminal is in `console`, and the
//! way out that works when nothing else does in `escape`.

mod console;
mod escape;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use portolan_types::{
    Argument, ContainerUser, Server, TerminalCause, TerminalEnd, TerminalMessage, TerminalRequest,
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::inside::Named;
use crate::{
    client::{Client, Socket},
    failure::{Failure, Outcome},
    find::{Reference, find},
    printer::{Line, Printer},
};
use console::{Console, Done};
use escape::{Escape, Typed};

/// The control plane pings every 25 s: a connection that is silent for so long is dead.
const SILENCE: Duration = Duration::from_secs(75);
/// How long it may take to be heard that we go.
const FAREWELL: Duration = Duration::from_secs(2);

/// Opens one on a server's host and stays until it ends. The exit status is the shell's.
pub(crate) async fn open(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<Outcome> {
    let console = Console::find()?;
    let server: Server = find(client, wanted).await?;
    let path = format!("/v1/servers/{}/terminal", server.id);
    stay(client, printer, console, (&path, Vec::new()), server.name.as_str()).await
}

/// What runs in a container.
#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) program: Option<Vec<Argument>>,
    pub(crate) user: Option<ContainerUser>,
}

/// Opens one in a container and stays until it ends. The exit status is the program's.
pub(crate) async fn open_inside(
    client: &Client,
    printer: &Printer,
    named: &Named,
    Inside { program, user }: &Inside,
) -> anyhow::Result<Outcome> {
    let console = Console::find()?;
    let found = named.find(client).await?;
    let mut query = Vec::new();
    if let Some(program) = program {
        query.push(("command", serde_json::to_string(program)?));
    }
    query.extend(user.as_ref().map(|user| ("user", user.to_string())));
    let path = format!("{}/terminal", found.path);
    stay(client, printer, console, (&path, query), &found.words).await
}

async fn stay(
    client: &Client,
    printer: &Printer,
    mut console: Console,
    (path, mut query): (&str, Vec<(&'static str, String)>),
    place: &str,
) -> anyhow::Result<Outcome> {
    let size = console::size();
    query.push(("columns", size.columns.get().to_string()));
    query.push(("rows", size.rows.get().to_string()));
    let mut socket = client.socket(path, &query).await?;
    let end = match told(&mut socket).await? {
        TerminalMessage::Ended(end) => Some(end),
        TerminalMessage::Opened {} => {
            printer.say(&Line::plain(format!(
                "a shell on `{place}`; it ends with `exit`, or with Enter ~ ."
            )));
            let raw = console::raw()?;
            let end = converse(&mut socket, &mut console).await;
            drop(raw);
            end?
        }
    };
    conclude(printer, place, end)
}

/// The first that is said beside the bytes.
async fn told(socket: &mut Socket) -> anyhow::Result<TerminalMessage> {
    loop {
        if let Message::Text(text) = next(socket).await? {
            return Ok(serde_json::from_str(&text)?);
        }
    }
}

/// The next frame.
async fn next(socket: &mut Socket) -> anyhow::Result<Message> {
    match timeout(SILENCE, socket.next()).await {
        Ok(Some(Ok(message))) => Ok(message),
        Ok(None | Some(Err(SocketError::ConnectionClosed | SocketError::AlreadyClosed))) => {
            Err(broken("it was closed"))
        }
        Ok(Some(Err(error))) => Err(broken(&error.to_string())),
        Err(_) => Err(broken("it fell silent")),
    }
}

fn broken(why: &str) -> anyhow::Error {
    let message = format!("the connection to the control plane broke off: {why}");
    Failure::advised(message, "the shell ended with it; open another terminal").into()
}

/// Bytes both ways until the end; `None` when whoever sits here left.
async fn converse(
    socket: &mut Socket,
    console: &mut Console,
) -> anyhow::Result<Option<TerminalEnd>> {
    let mut escape = Escape::default();
    loop {
        tokio::select! {
            message = next(socket) => match message? {
                // As it came, as with `ssh`: what it does to this terminal is the host's doing.
                Message::Binary(bytes) => console.show(&bytes).await?,
                Message::Text(text) => {
                    if let TerminalMessage::Ended(end) = serde_json::from_str(&text)? {
                        return Ok(Some(end));
                    }
                }
                Message::Close(_) => return Err(broken("it was closed")),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            },
            done = console.next() => match done? {
                Done::Resized(size) => {
                    let size = serde_json::to_string(&TerminalRequest::Size(size))?;
                    socket.send(Message::text(size)).await?;
                }
                Done::Typed(typed) => match escape.read(&typed) {
                    Typed::Bytes(bytes) => socket.send(Message::Binary(bytes.into())).await?,
                    Typed::Leave => {
                        drop(timeout(FAREWELL, socket.close(None)).await);
                        return Ok(None);
                    }
                },
            },
        }
    }
}

fn conclude(printer: &Printer, place: &str, end: Option<TerminalEnd>) -> anyhow::Result<Outcome> {
    let Some(end) = end else {
        printer.say(&Line::plain(format!("left the terminal on `{place}`")));
        return Ok(Outcome::Done);
    };
    if end.cause == TerminalCause::Exited && end.remedy.is_none() {
        // A shell's status has eight bits; what has more is a failure all the same.
        let status = end.exit_status.map_or(1, |status| u8::try_from(status).unwrap_or(1));
        return Ok(Outcome::Exit(status));
    }
    let message = format!("the terminal on `{place}` ended: {}", end.message);
    match (end.cause, end.remedy) {
        (TerminalCause::Exited, Some(remedy)) => {
            printer.warn(&format!("{message} ({remedy})"));
            Ok(Outcome::Exit(end.exit_status.map_or(1, |status| u8::try_from(status).unwrap_or(1))))
        }
        (_, remedy) => {
            let remedy = remedy.unwrap_or_else(|| "open another terminal".to_owned());
            Err(Failure::advised(message, remedy).into())
        }
    }
}
