//! The stream of what happens to networks.

use std::io;

use futures_util::{
    StreamExt, TryStreamExt, future,
    stream::{self, BoxStream},
};
use http_body_util::BodyDataStream;
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    io::StreamReader,
};

use super::{
    super::{
        HostError, HostEvent,
        engine::{Call, Engine, not_understood},
        limits,
    },
    id,
    wire::Event,
};

/// Opens the stream. The engine listens once it has answered, so nothing after that is missed.
pub(super) async fn open(
    engine: &Engine,
) -> Result<BoxStream<'static, Result<HostEvent, HostError>>, HostError> {
    let path = format!("/events?filters={}", id::filter("type", &["network"]));
    let body = engine.stream(Call::new("watch events", &path)).await?;
    let bytes = StreamReader::new(BodyDataStream::new(body).map_err(io::Error::other));
    let lines = FramedRead::new(bytes, LinesCodec::new_with_max_length(limits::EVENT));
    let engine = engine.clone();
    let events = lines
        .map(move |line| {
            line.map_err(|error| failure(&engine, &error)).and_then(|line| read(&line))
        })
        .chain(stream::once(future::ready(Err(ended()))))
        .filter_map(|event| future::ready(event.transpose()));
    Ok(until_error(events.boxed()))
}

fn read(line: &str) -> Result<Option<HostEvent>, HostError> {
    let event: Event = serde_json::from_str(line).map_err(|error| not_understood(&error))?;
    Ok(event.of_network())
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
    stream::unfold(Some(events), |events| async {
        let mut events = events?;
        let event = events.next().await?;
        let rest = event.is_ok().then_some(events);
        Some((event, rest))
    })
    .boxed()
}
