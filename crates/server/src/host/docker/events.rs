//! The stream of what happens to networks, containers, nodes and services.
//!
//! The one answer that bollard does not read. Its decoder of JSON lines keeps a line without end in
//! memory, and reads one read behind for every empty line in between, so that no bound below it
//! holds; it ends a stream at a type of event that is new to it; it tells neither when the engine
//! began to listen nor, once it stops, why.

use std::{io, time::Duration};

use bollard::models::EventActor;
use futures_util::{
    StreamExt, TryStreamExt, future,
    stream::{self, BoxStream},
};
use http_body_util::BodyDataStream;
use serde::Deserialize;
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::{Instant, sleep_until},
};
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    io::StreamReader,
    task::TaskTracker,
};

use super::{
    super::{
        HostError, HostEvent,
        engine::{Engine, not_understood},
        limits,
    },
    id,
};

/// What is watched. Nodes and services are told by managers; another node's containers come and
/// go as changes of that node.
const WATCHED: [&str; 4] = ["network", "container", "node", "service"];

/// What is told of them. An engine also tells of each program that is run in a container and of
/// each file that is put into one: those stay with it. It takes these as beginnings of its words,
/// because `health_status` comes with a result.
const TOLD: [&str; 11] = [
    "create",
    "connect",
    "disconnect",
    "destroy",
    "remove",
    "update",
    "start",
    "die",
    "rename",
    "health_status",
    "prune",
];

/// Words that are of no interest for containers.
const NOT_OF_CONTAINERS: [&str; 3] = ["create", "update", "prune"];

/// A line of `GET /events`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    actor: EventActor,
}

/// Opens the stream. The engine listens once it has answered, so nothing after that is missed.
pub(super) async fn open(
    engine: &Engine,
) -> Result<BoxStream<'static, Result<HostEvent, HostError>>, HostError> {
    let filters = id::filters(&[("type", &WATCHED), ("event", &TOLD)]);
    let path = format!("/events?filters={filters}");
    let body = engine.stream("watch events", &path).await?;
    let bytes = StreamReader::new(BodyDataStream::new(body).map_err(io::Error::other));
    let lines = FramedRead::new(bytes, LinesCodec::new_with_max_length(limits::EVENT));
    let (session, engine) = (engine.connector().session(), engine.clone());
    let events = lines
        .map(move |line| {
            line.map_err(|error| failure(&engine, &error)).and_then(|line| read(&line))
        })
        .chain(stream::once(future::ready(Err(ended()))))
        .filter_map(|event| future::ready(event.transpose()));
    let events = until_error(events.boxed());
    Ok(match session {
        Some(session) => read_ahead(session.tasks(), events),
        None => events,
    })
}

/// Reads on while nobody asks for the next event. russh hands data to its channels one after the
/// other: a channel that is not read holds up every call on the connection, and while a hundred
/// networks are made nobody has time for the events of that.
fn read_ahead(
    tasks: &TaskTracker,
    mut events: BoxStream<'static, Result<HostEvent, HostError>>,
) -> BoxStream<'static, Result<HostEvent, HostError>> {
    let (sender, receiver) = mpsc::channel(limits::EVENTS_AHEAD);
    tasks.spawn(async move {
        while let Some(Some(event)) = until_closed(&sender, events.next()).await {
            match sender.try_send(event) {
                // Those that wait to be read tell of a change already; how it ends is told in any case.
                Err(TrySendError::Full(Err(error))) => drop(sender.send(Err(error)).await),
                Ok(()) | Err(TrySendError::Full(Ok(_)) | TrySendError::Closed(_)) => {}
            }
        }
    });
    let next = |mut receiver: mpsc::Receiver<_>| async { Some((receiver.recv().await?, receiver)) };
    stream::unfold(receiver, next).boxed()
}

/// `None` when nobody is left to hear.
async fn until_closed<T, E>(sender: &mpsc::Sender<E>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = sender.closed() => None,
    }
}

fn read(line: &str) -> Result<Option<HostEvent>, HostError> {
    let event: Event = serde_json::from_str(line).map_err(|error| not_understood(&error))?;
    Ok(event.watched())
}

impl Event {
    /// The event when it is about something that is watched.
    fn watched(self) -> Option<HostEvent> {
        let idle = self.r#type == "container" && NOT_OF_CONTAINERS.contains(&self.action.as_str());
        let watched = WATCHED.contains(&self.r#type.as_str()) && !idle;
        watched.then(|| HostEvent {
            of: self.r#type,
            action: self.action,
            docker_id: self.actor.id.unwrap_or_default(),
            name: self.actor.attributes.unwrap_or_default().remove("name").unwrap_or_default(),
        })
    }
}

fn ended() -> HostError {
    HostError::Lost { why: "the engine ended its stream of events".into() }
}

/// hyper's error comes wrapped for the line reader, which wraps it once more.
fn failure(engine: &Engine, error: &LinesCodecError) -> HostError {
    match error {
        LinesCodecError::MaxLineLengthExceeded => {
            HostError::Protocol { why: "an event is too large".into() }
        }
        LinesCodecError::Io(error) => match error.get_ref() {
            Some(cause) => engine.failure(cause),
            None => engine.failure(error),
        },
    }
}

/// One error is the last item: the caller connects anew and reads everything again.
fn until_error(
    events: BoxStream<'static, Result<HostEvent, HostError>>,
) -> BoxStream<'static, Result<HostEvent, HostError>> {
    stream::unfold(Some((events, Pace::new())), |open| async {
        let (mut events, mut pace) = open?;
        pace.keep().await;
        let event = events.next().await?;
        let rest = event.is_ok().then_some((events, pace));
        Some((event, rest))
    })
    .boxed()
}

/// Holds back a host that tells of something all the time: reading would take a whole processor. What
/// it cannot say holds up its own calls and nobody else's.
struct Pace {
    since: Instant,
    events: usize,
}

impl Pace {
    fn new() -> Self {
        Self { since: Instant::now(), events: 0 }
    }

    /// Waits when this second has had its events.
    async fn keep(&mut self) {
        let over = self.since + Duration::from_secs(1);
        if self.events >= limits::EVENTS_A_SECOND {
            sleep_until(over).await;
        }
        if Instant::now() >= over {
            *self = Self::new();
        }
        self.events += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> HostEvent {
        let text = String::new;
        HostEvent { of: text(), action: text(), docker_id: text(), name: text() }
    }

    /// Time stands still but for what is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_second_has_its_events() {
        let since = Instant::now();
        let endless = stream::repeat_with(|| Ok(event())).boxed();
        let few = until_error(endless).take(3 * limits::EVENTS_A_SECOND);
        assert_eq!(few.count().await, 3 * limits::EVENTS_A_SECOND);
        assert_eq!(since.elapsed(), Duration::from_secs(2));
    }
}
