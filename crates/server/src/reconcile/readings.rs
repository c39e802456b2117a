//! Readings of what containers say and use: each a task that reads on a host and hands over to who asked.
//!
//! Owns their tasks. Who may read is asked of `readings`; what ends a
//! reading from outside is watched for in `watch`.

mod logs;
mod stats;
mod watch;

use std::sync::Arc;

use futures_util::{StreamExt, stream::BoxStream};
use portolan_types::{ReadingCause, ReadingEnd};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{crew, hosts::Hosts};
use crate::{
    App, Error,
    host::{ContainerDetail, HostError, label},
    readings::{Answer, Asked, Feed, Spool, Ticket, Wish, spool},
    tasks::Pulse,
};

/// Begins readings until `shutdown`, and then waits until each has told its reader.
pub(super) async fn run(
    app: Arc<App>,
    hosts: Arc<Hosts>,
    asked: mpsc::Receiver<Asked>,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    let begin = |asked| keep(app.clone(), hosts.clone(), asked, pulse.clone());
    crew::keep(asked, &shutdown, begin).await;
}

async fn keep(app: Arc<App>, hosts: Arc<Hosts>, asked: Asked, pulse: Pulse) {
    let Asked { ticket, wish } = asked;
    let host = hosts.find(&ticket.place.server.id);
    match wish {
        Wish::Logs(wanted, answer) => logs::whole(&app, host, &ticket, &wanted, answer).await,
        Wish::FollowedLogs(wanted, answer) => {
            logs::follow(&app, host, &ticket, (&wanted, answer), &pulse).await;
        }
        Wish::Stats(answer) => stats::watch(&app, host, &ticket, answer, &pulse).await,
    }
}

type Opened<T> = BoxStream<'static, Result<T, HostError>>;

/// Opens it, tells who waits whether it could be, and hands over what comes until it ends, its reader
/// leaves, or may not go on.
async fn hand_over<T>(
    app: &App,
    ticket: &Ticket,
    pulse: &Pulse,
    (opening, mut answer): (impl Future<Output = Result<Opened<T>, Error>>, Answer<Feed>),
    put: impl Fn(&mut Spool, T),
) {
    let opened = tokio::select! {
        () = answer.closed() => return,
        opened = opening => opened,
    };
    let mut coming = match opened {
        Ok(coming) => coming,
        // Who left meanwhile is not told.
        Err(error) => return drop(answer.send(Err(error))),
    };
    let (mut spool, feed) = spool();
    let left = spool.reader_left();
    if answer.send(Ok(feed)).is_err() {
        return;
    }
    let carrying = async {
        while let Some(come) = coming.next().await {
            match come {
                Ok(come) => put(&mut spool, come),
                Err(error) => return lost(ticket, &error),
            }
        }
        ended(ticket)
    };
    let end = tokio::select! {
        biased;
        end = watch::over(app, ticket, pulse) => Some(end),
        () = left => None,
        end = carrying => Some(end),
    };
    if let Some(end) = end {
        spool.end(end);
    }
}

fn ended(ticket: &Ticket) -> ReadingEnd {
    let message = format!("container `{}` runs no more", ticket.place.container);
    ReadingEnd { cause: ReadingCause::Ended, message, remedy: None }
}

fn lost(ticket: &Ticket, error: &HostError) -> ReadingEnd {
    let message = format!("could not read on from server `{}`: {error}", ticket.place.server.name);
    ReadingEnd { cause: ReadingCause::Lost, message, remedy: Some(error.remedy()) }
}

/// The proxy is its server's: what it says of all that it leads to is read by who manages that.
fn check_is_no_proxy(ticket: &Ticket, container: &ContainerDetail) -> Result<(), Error> {
    if !container.labels.contains_key(label::PROXY) {
        return Ok(());
    }
    Err(Error::refused(
        "container-is-proxy",
        format!(
            "`{}` is the proxy of server `{}`",
            ticket.place.container, ticket.place.server.name
        ),
        "who manages the server reads its logs (`read_proxy_logs`)",
    ))
}
