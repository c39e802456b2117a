//! What a container says, line by line and as it says it.
//!
//! Each line comes with the engine's time before it. An engine that cuts a long line writes its time
//! before each part, where the parts are frames: it is taken off there, and not in the middle of a
//! stream, where the same words are the program's.

use std::{collections::VecDeque, mem, str};

use futures_util::stream::{self, BoxStream, StreamExt};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use portolan_types::{LogLine, LogStream, Timestamp};

use super::{
    super::{Follow, HostError, LineQuery, engine::Engine, limits},
    frames::Frames,
    id::DockerId,
    pace::Pace,
};

/// Docker's times are 30 characters and a space; other zones make them longer.
const LONGEST_TIME: usize = 40;

pub(super) async fn open(
    engine: &Engine,
    docker_id: &str,
    query: &LineQuery,
) -> Result<BoxStream<'static, Result<LogLine, HostError>>, HostError> {
    let path = path(&DockerId::parse(docker_id)?, query);
    let body = engine.stream("read the container's logs", &path).await?;
    let reading = Reading {
        engine: engine.clone(),
        body,
        lines: Lines::new(),
        pace: Pace::new(limits::LINES_A_SECOND),
    };
    Ok(stream::unfold(Some(reading), |reading| async {
        let mut reading = reading?;
        let line = reading.next().await?;
        let rest = line.is_ok().then_some(reading);
        Some((line, rest))
    })
    .boxed())
}

fn path(id: &DockerId, query: &LineQuery) -> String {
    let LineQuery { lines, since, until, follow } = *query;
    let follow = u8::from(follow == Follow::Yes);
    let bound = |word: &str, at: Option<Timestamp>| {
        at.map_or_else(String::new, |at| {
            let millis = at.as_millis().max(0);
            format!("&{word}={}.{:03}", millis / 1_000, millis % 1_000)
        })
    };
    let (since, until) = (bound("since", since), bound("until", until));
    format!(
        "/containers/{id}/logs?stdout=1&stderr=1&timestamps=1&follow={follow}&tail={lines}{since}{until}"
    )
}

struct Reading {
    engine: Engine,
    body: Incoming,
    lines: Lines,
    pace: Pace,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<LogLine, HostError>> {
        loop {
            if let Some(line) = self.lines.ready.pop_front() {
                return Some(Ok(line));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    let Ok(bytes) = frame.into_data() else { continue };
                    self.pace.keep(bytes.len()).await;
                    if let Err(error) = self.lines.take(&bytes) {
                        return Some(Err(error));
                    }
                }
                Some(Err(error)) => return Some(Err(self.engine.failure(&error))),
                None if self.lines.end() => {}
                None => return None,
            }
        }
    }
}

/// A line that has not ended.
#[derive(Debug, Default)]
struct Begun {
    at: Option<Timestamp>,
    text: Vec<u8>,
}

/// Lines of both outputs.
#[derive(Debug)]
struct Lines {
    frames: Frames,
    stdout: Begun,
    stderr: Begun,
    ready: VecDeque<LogLine>,
}

impl Lines {
    fn new() -> Self {
        let frames = Frames::new(limits::LINES_FRAME);
        let (stdout, stderr) = (Begun::default(), Begun::default());
        Self { frames, stdout, stderr, ready: VecDeque::new() }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        self.frames.take(bytes);
        while let Some((output, content)) = self.frames.next()? {
            let stream = if output == 2 { LogStream::Stderr } else { LogStream::Stdout };
            self.hear(stream, &content);
        }
        Ok(())
    }

    fn hear(&mut self, stream: LogStream, content: &[u8]) {
        let is_terminal = self.frames.is_terminal();
        for piece in content.split_inclusive(|byte| *byte == b'\n') {
            let (at, text) = if is_terminal { (None, piece) } else { stamped(piece) };
            let begun = self.begun(stream);
            begun.at = begun.at.or(at);
            begun.text.extend_from_slice(text);
            if text.ends_with(b"\n") || begun.text.len() >= limits::LINE {
                self.finish(stream);
            }
        }
    }

    const fn begun(&mut self, stream: LogStream) -> &mut Begun {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }

    fn finish(&mut self, stream: LogStream) {
        let Begun { at, text } = mem::take(self.begun(stream));
        let (at, text) = match at {
            Some(at) => (Some(at), text.as_slice()),
            None => stamped(&text),
        };
        // A frame may hold much more than a line has.
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let parts =
            text.chunks(limits::LINE).map(|part| String::from_utf8_lossy(part).into_owned());
        let parts = if text.is_empty() { vec![String::new()] } else { parts.collect() };
        self.ready.extend(parts.into_iter().map(|text| LogLine { stream, at, text }));
    }

    /// What was begun is all there is of it; whether there was something.
    fn end(&mut self) -> bool {
        let rest = self.frames.rest();
        self.hear(LogStream::Stdout, &rest);
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            if !self.begun(stream).text.is_empty() {
                self.finish(stream);
            }
        }
        !self.ready.is_empty()
    }
}

/// The engine's time before a line, and the line.
fn stamped(line: &[u8]) -> (Option<Timestamp>, &[u8]) {
    let space = line.iter().take(LONGEST_TIME).position(|byte| *byte == b' ');
    let moment = space.and_then(|space| str::from_utf8(&line[..space]).ok()?.parse().ok());
    match (moment, space) {
        (Some(moment), Some(space)) => (Some(moment), &line[space + 1..]),
        _ => (None, line),
    }
}

/// However it is cut: the same lines.
#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(bytes: &[u8]) {
    let heard = |parts: usize| {
        let mut lines = Lines::new();
        let understood = bytes.chunks(parts).all(|part| lines.take(part).is_ok());
        lines.end();
        let text: String = lines.ready.into_iter().map(|line| line.text).collect();
        understood.then_some(text)
    };
    let (whole, cut) = (heard(usize::MAX), heard(7));
    assert_eq!(whole.is_some(), cut.is_some());
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-01-31T12:00:00.123456789Z";

    fn frame(stream: u8, text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).expect("short").to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], text.as_bytes()].concat()
    }

    /// What was heard, when it came in parts of this size.
    fn heard(parts: usize, bytes: &[u8]) -> Vec<(&'static str, bool, String)> {
        let mut lines = Lines::new();
        for part in bytes.chunks(parts) {
            lines.take(part).expect("frames");
        }
        lines.end();
        let told = |line: LogLine| (line.stream.as_str(), line.at.is_some(), line.text);
        lines.ready.into_iter().map(told).collect()
    }

    fn line(stream: &'static str, text: &str) -> (&'static str, bool, String) {
        (stream, true, text.to_owned())
    }

    #[test]
    fn outputs_are_told_apart_and_times_are_taken_off() {
        let sent = [
            frame(1, &format!("{AT} one\n")),
            frame(2, &format!("{AT} oops\r\n")),
            frame(1, &format!("{AT} long ")),
            frame(1, &format!("{AT} line\n")),
            frame(1, &format!("{AT} \n")),
            frame(1, &format!("{AT} {AT} said by the program\n")),
            frame(1, &format!("{AT} last")),
        ]
        .concat();
        let own = format!("{AT} said by the program");
        let wanted = [
            line("stdout", "one"),
            line("stderr", "oops"),
            line("stdout", "long line"),
            line("stdout", ""),
            line("stdout", &own),
            line("stdout", "last"),
        ];
        for parts in [1, 2, 7, 8, 30, 4_096] {
            assert_eq!(heard(parts, &sent), wanted, "{parts}");
        }
    }

    #[test]
    fn a_terminal_is_one_stream() {
        let sent = format!("{AT} one\r\n{AT} two {AT} three\r\n");
        let second = format!("two {AT} three");
        for parts in [1, 9, 33, 4_096] {
            let wanted = [line("stdout", "one"), line("stdout", &second)];
            assert_eq!(heard(parts, sent.as_bytes()), wanted, "{parts}");
        }
    }

    #[test]
    fn a_line_without_an_end_comes_in_parts() {
        let long = format!("{AT} {}\n", "x".repeat(2 * limits::LINE + 5));
        let sizes: Vec<usize> =
            heard(usize::MAX, &frame(1, &long)).iter().map(|(_, _, text)| text.len()).collect();
        assert_eq!(sizes, [limits::LINE, limits::LINE, 5]);
        let mut lines = Lines::new();
        assert!(lines.take(&[1, 0, 0, 0, 255, 0, 0, 0]).is_err(), "a frame of 4 GiB is waited for");
    }
}
