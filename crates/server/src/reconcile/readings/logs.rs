//! Logs: all that is wanted at once, or line by line for as long as they are followed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::BoxStream};
use portolan_types::{LogLine, ReadLogs};
use tokio::time::timeout;

use super::{super::inside, check_is_no_proxy, hand_over};
use crate::{
    App, Error,
    host::{Follow, Host, HostError, LineQuery},
    readings::{Answer, Feed, Lines, Spool, Ticket},
    tasks::Pulse,
};

/// How long reading all of it may take.
const WITHIN: Duration = Duration::from_secs(30);
/// How many lines are looked through for what is searched.
const SEARCHED: u32 = 100_000;
/// Most bytes of an answer: the last ones.
const MOST: usize = 8 << 20;

type Said = BoxStream<'static, Result<LogLine, HostError>>;

/// Reads what there is now.
pub(super) async fn whole(
    app: &App,
    host: Option<Arc<dyn Host>>,
    ticket: &Ticket,
    wanted: &ReadLogs,
    mut answer: Answer<Lines>,
) {
    let lines = if wanted.search.is_some() { SEARCHED } else { wanted.lines.get() };
    let reading = async {
        let said = open(host, ticket, &query(wanted, lines, Follow::No)).await?;
        gather(said, wanted).await.map_err(|error| inside::refused(&ticket.place, &error))
    };
    tokio::select! {
        // Nobody waits for it any more.
        () = answer.closed() => {}
        () = app.stopping.cancelled() => {}
        read = timeout(WITHIN, reading) => {
            let read = read.unwrap_or_else(|_| Err(too_slow(ticket)));
            // Who left meanwhile does not read it.
            drop(answer.send(read));
        }
    }
}

async fn open(
    host: Option<Arc<dyn Host>>,
    ticket: &Ticket,
    query: &LineQuery,
) -> Result<Said, Error> {
    let (host, container) = inside::find(host, &ticket.place).await?;
    check_is_no_proxy(ticket, &container)?;
    let said = host.container_lines(&container.member.docker_id, query).await;
    said.map_err(|error| inside::refused(&ticket.place, &error))
}

const fn query(wanted: &ReadLogs, lines: u32, follow: Follow) -> LineQuery {
    LineQuery { lines, since: wanted.since, until: wanted.until, follow }
}

/// The last of the lines that are wanted.
async fn gather(mut said: Said, wanted: &ReadLogs) -> Result<Lines, HostError> {
    let most = wanted.lines.get() as usize;
    let (mut kept, mut bytes, mut found) = (VecDeque::new(), 0, 0);
    while let Some(line) = said.next().await {
        let line = line?;
        if !wanted.wants(&line.text) {
            continue;
        }
        found += 1;
        bytes += line.text.len();
        kept.push_back(line);
        while kept.len() > most || bytes > MOST {
            let Some(LogLine { text, .. }) = kept.pop_front() else { break };
            bytes -= text.len();
        }
    }
    let left_out = most.min(found) - kept.len();
    Ok(Lines { left_out: u64::try_from(left_out).unwrap_or(u64::MAX), lines: kept.into() })
}

fn too_slow(ticket: &Ticket) -> Error {
    let (container, seconds) = (&ticket.place.container, WITHIN.as_secs());
    Error::refused(
        "too-slow",
        format!("the logs of container `{container}` could not be read within {seconds} s"),
        "ask for fewer lines, or for those since a moment",
    )
}

/// Reads on, and hands over what is wanted.
pub(super) async fn follow(
    app: &App,
    host: Option<Arc<dyn Host>>,
    ticket: &Ticket,
    (wanted, answer): (&ReadLogs, Answer<Feed>),
    pulse: &Pulse,
) {
    let query = query(wanted, wanted.lines.get(), Follow::Yes);
    let opening = open(host, ticket, &query);
    let put = |spool: &mut Spool, line: LogLine| {
        if wanted.wants(&line.text) {
            spool.push(line);
        }
    };
    hand_over(app, ticket, pulse, (opening, answer), put).await;
}
