//! What BuildKit tells of the steps of a build, as lines for people: `#5 [2/3] RUN make`, what it says,
//! and how it ended.
//!
//! Steps go on beside each other, so each line begins with the number of its step. All of it is hostile:
//! what is kept is bounded.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem::take,
};

use prost::Message;

use super::{
    super::super::{BuildListener, limits, words::clean},
    messages::{StatusResponse, Time, Vertex, VertexLog, VertexStatus},
};
use crate::amount;

/// Less is there before anybody reads how much of it is.
const LARGE: u64 = 16 << 20;

/// More than the quarters of a part: it is done.
const ALL: u64 = 4;

/// What is known of a build's steps.
#[derive(Debug, Default)]
pub(super) struct Trace {
    steps: HashMap<Vec<u8>, Step>,
}

#[derive(Debug, Default)]
struct Step {
    number: usize,
    /// Whether its name was told.
    named: bool,
    /// Whether its end was told.
    ended: bool,
    /// What its program said after the end of a line.
    rest: Vec<u8>,
    /// How much of each of its parts was told, in quarters.
    parts: HashMap<Vec<u8>, u64>,
}

impl Trace {
    /// Takes a message of BuildKit's; whether it is one.
    pub(super) fn heard(&mut self, message: &[u8], listener: &BuildListener) -> bool {
        let Ok(said) = StatusResponse::decode(message) else { return false };
        for vertex in &said.vertexes {
            self.begins(vertex, listener);
        }
        for status in &said.statuses {
            self.step(&status.vertex).part(status, listener);
        }
        for log in &said.logs {
            self.step(&log.vertex).says(log, listener);
        }
        for warning in &said.warnings {
            self.step(&warning.vertex).tell("WARN: ", &lossy(&warning.short), listener);
        }
        for vertex in &said.vertexes {
            self.ends(vertex, listener);
        }
        true
    }

    /// Nothing more comes: programs that said no end of a line have said it.
    pub(super) fn end(&mut self, listener: &BuildListener) {
        for step in self.steps.values_mut() {
            step.flush(listener);
        }
    }

    /// Numbers are in the order in which steps are heard of. Past a number that nobody writes, the rest
    /// counts as one.
    fn step(&mut self, digest: &[u8]) -> &mut Step {
        let digest = cut(digest);
        let known = self.steps.len();
        let is_told_apart = known < limits::STEPS || self.steps.contains_key(digest);
        let key = if is_told_apart { digest.to_vec() } else { Vec::new() };
        let new = || Step { number: known + 1, ..Step::default() };
        self.steps.entry(key).or_insert_with(new)
    }

    fn begins(&mut self, vertex: &Vertex, listener: &BuildListener) {
        if vertex.started.is_none() && vertex.completed.is_none() && !vertex.cached {
            return;
        }
        let step = self.step(&vertex.digest);
        if !std::mem::replace(&mut step.named, true) {
            step.tell("", &lossy(&vertex.name), listener);
        }
    }

    fn ends(&mut self, vertex: &Vertex, listener: &BuildListener) {
        let Some(completed) = vertex.completed else { return };
        let took = vertex.started.map_or(0, |started| tenths(started, completed));
        let step = self.step(&vertex.digest);
        step.flush(listener);
        let error = lossy(&vertex.error);
        // Many end twice: when it is known what they are, and when that is done.
        if std::mem::replace(&mut step.ended, true) && error.is_empty() && took == 0 {
            return;
        }
        if error.ends_with("context canceled") {
            step.tell("", "CANCELED", listener);
        } else if !error.is_empty() {
            step.tell("ERROR: ", &error, listener);
        } else if vertex.cached {
            step.tell("", "CACHED", listener);
        } else {
            step.tell("DONE ", &format!("{}.{}s", took / 10, took % 10), listener);
        }
    }
}

impl Step {
    /// One line of ours.
    fn tell(&self, what: &str, words: &str, listener: &BuildListener) {
        let line = format!("#{} {what}{}", self.number, clean(words));
        listener.heard(line.trim_end());
    }

    /// One line of a program's.
    fn line(&self, line: &[u8], listener: &BuildListener) {
        let line = lossy(line);
        listener.heard(&format!("#{} {}", self.number, line.trim_end_matches('\r')));
    }

    fn says(&mut self, log: &VertexLog, listener: &BuildListener) {
        let mut parts = log.msg.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.rest.extend_from_slice(part);
            let line = take(&mut self.rest);
            self.line(&line, listener);
        }
        self.rest.extend_from_slice(last);
        if self.rest.len() > limits::LINE {
            self.flush(listener);
        }
    }

    fn flush(&mut self, listener: &BuildListener) {
        let rest = take(&mut self.rest);
        if !rest.is_empty() {
            self.line(&rest, listener);
        }
    }

    /// Each byte of a layer is told of: quarters of large ones, and the end, are worth a line.
    fn part(&mut self, status: &VertexStatus, listener: &BuildListener) {
        let is_room = self.parts.len() < limits::LAYERS;
        let told = match self.parts.entry(cut(&status.id).to_vec()) {
            Entry::Occupied(told) => told.into_mut(),
            Entry::Vacant(new) if is_room => new.insert(0),
            Entry::Vacant(_) => return,
        };
        let (now, words) = progress(status);
        if now > *told {
            *told = now;
            self.tell("", &format!("{} {words}", lossy(cut(&status.id))), listener);
        }
    }
}

/// How much of a part is there, in quarters and in words.
fn progress(status: &VertexStatus) -> (u64, String) {
    let [current, total] =
        [status.current, status.total].map(|count| u64::try_from(count).unwrap_or(0));
    if status.completed.is_some() {
        let size = if current > 0 { format!("{} ", amount::bytes(current)) } else { String::new() };
        return (ALL, format!("{size}done"));
    }
    let quarters = if total < LARGE { 0 } else { current.min(total) / (total / 4) };
    (quarters.min(3), format!("{}% of {}", quarters.min(3) * 25, amount::bytes(total)))
}

/// Tenths of seconds, which Docker's own program says too.
fn tenths(from: Time, to: Time) -> i128 {
    let nanos = |time: Time| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    ((nanos(to) - nanos(from)) / 100_000_000).max(0)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What something is called by, as far as it is kept.
fn cut(id: &[u8]) -> &[u8] {
    &id[..id.len().min(limits::STEP_ID)]
}

/// For the fuzzer.
#[cfg(feature = "fuzzing")]
pub(in super::super) fn read_anything(bytes: &[u8]) {
    let (mut trace, listener) = (Trace::default(), BuildListener::new(|_| {}));
    for message in bytes.chunks(1 << 10) {
        trace.heard(message, &listener);
    }
    trace.end(&listener);
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The lines that somebody tells.
    pub(in super::super) fn heard_by(tell: impl FnOnce(&BuildListener)) -> Vec<String> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        tell(&BuildListener::new(move |line| kept.lock().expect("held").push(line.to_owned())));
        heard.lock().expect("held").clone()
    }

    fn at(tenths: i64) -> Time {
        let nanos = i32::try_from(tenths % 10).expect("small") * 100_000_000;
        Time { seconds: tenths / 10, nanos }
    }

    fn vertex(digest: &str, name: &str) -> Vertex {
        Vertex {
            digest: digest.into(),
            name: name.into(),
            started: Some(at(10)),
            ..Vertex::default()
        }
    }

    fn steps(vertexes: Vec<Vertex>) -> StatusResponse {
        StatusResponse { vertexes, ..StatusResponse::default() }
    }

    fn says(vertex: &str, msg: &[u8]) -> StatusResponse {
        let log = VertexLog { vertex: vertex.into(), msg: msg.to_vec() };
        StatusResponse { logs: vec![log], ..StatusResponse::default() }
    }

    fn lines(said: &[StatusResponse]) -> Vec<String> {
        let mut trace = Trace::default();
        heard_by(|listener| {
            for one in said {
                assert!(trace.heard(&one.encode_to_vec(), listener));
            }
            trace.end(listener);
        })
    }

    #[test]
    fn steps_have_numbers_and_ends() {
        let (run, copy) = (vertex("b", "[2/3] RUN make"), vertex("c", "[3/3] COPY\n\u{1b}[31m. /"));
        let later = Vertex { started: None, ..vertex("d", "not begun") };
        let said = [
            steps(vec![
                Vertex { cached: true, completed: Some(at(10)), ..vertex("a", "[1/3] FROM x") },
                later,
            ]),
            steps(vec![run.clone()]),
            says("b", b"one\r\ntw"),
            steps(vec![run.clone(), copy.clone()]),
            says("b", b"o\n\xff\nrest"),
            steps(vec![Vertex { completed: Some(at(23)), ..run.clone() }]),
            steps(vec![Vertex { started: Some(at(24)), completed: Some(at(24)), ..run }]),
            steps(vec![Vertex {
                completed: Some(at(30)),
                error: "exit code: 7".into(),
                ..copy.clone()
            }]),
            steps(vec![Vertex {
                completed: Some(at(31)),
                error: "context canceled".into(),
                ..copy
            }]),
        ];
        assert_eq!(
            lines(&said),
            [
                "#1 [1/3] FROM x",
                "#1 CACHED",
                "#2 [2/3] RUN make",
                "#2 one",
                "#3 [3/3] COPY [31m. /",
                "#2 two",
                "#2 \u{fffd}",
                "#2 rest",
                "#2 DONE 1.3s",
                "#3 ERROR: exit code: 7",
                "#3 CANCELED",
            ]
        );
    }

    #[test]
    fn of_a_large_layer_the_quarters_are_told() {
        let part = |id: &str, current, total, completed| StatusResponse {
            statuses: vec![VertexStatus {
                id: id.into(),
                vertex: "a".into(),
                current,
                total,
                completed,
            }],
            ..StatusResponse::default()
        };
        let said = [
            part("sha256:a", 0, 40 << 20, None),
            part("sha256:a", 21 << 20, 40 << 20, None),
            part("sha256:a", 22 << 20, 40 << 20, None),
            part("sha256:a", 40 << 20, 40 << 20, Some(at(1))),
            part("sha256:a", 40 << 20, 40 << 20, Some(at(1))),
            part("sha256:b", 5, 9, None),
            part("extracting", 0, 0, None),
            part("extracting", -1, -1, Some(at(1))),
        ];
        assert_eq!(
            lines(&said),
            ["#1 sha256:a 50% of 40.0 MiB", "#1 sha256:a 40.0 MiB done", "#1 extracting done"]
        );
    }

    #[test]
    fn an_engine_without_measure_is_bounded() {
        let mut trace = Trace::default();
        let lines = heard_by(|listener| {
            for number in 0..limits::STEPS + 50 {
                let name = format!("{number}{}", "x".repeat(1_000));
                trace.heard(&says(&name, &[b'x'; 100]).encode_to_vec(), listener);
            }
            trace.heard(&says("one", &vec![b'x'; 3 * limits::LINE]).encode_to_vec(), listener);
        });
        assert!(trace.steps.len() <= limits::STEPS + 1, "{}", trace.steps.len());
        assert!(trace.steps.values().all(|step| step.rest.len() <= limits::LINE));
        assert_eq!(lines.len(), 1);
        assert!(!trace.heard(b"\xff\xff", &BuildListener::new(|_| {})));
    }
}
