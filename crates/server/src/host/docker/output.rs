//! What programs in containers say, to its end: both outputs apart, or as they were said.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{
    super::{HostError, engine::Engine, limits},
    frames::Frames,
};

/// Both outputs of a program, each no longer than a bound: the end of it.
#[derive(Debug, Default)]
pub(super) struct Output {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    merged: bool,
    most: usize,
    truncated: bool,
    frames: Frames,
}

impl Output {
    /// Both outputs apart.
    pub(super) fn apart() -> Self {
        Self { most: limits::OUTPUT, frames: Frames::new(limits::ANSWER), ..Self::default() }
    }

    /// Both as one, in the order in which they were written.
    pub(super) fn in_order() -> Self {
        let frames = Frames::new(limits::ANSWER);
        Self { merged: true, most: limits::LOGS, frames, ..Self::default() }
    }

    pub(super) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(super) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(super) const fn truncated(&self) -> bool {
        self.truncated
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        self.frames.take(bytes);
        while let Some((stream, content)) = self.frames.next()? {
            self.keep(stream, &content);
        }
        Ok(())
    }

    fn keep(&mut self, stream: u8, content: &[u8]) {
        let apart = stream == 2 && !self.merged;
        let kept = if apart { &mut self.stderr } else { &mut self.stdout };
        kept.extend_from_slice(content);
        // Cut seldom, so that a long output costs no more than its length.
        if kept.len() > 2 * self.most {
            self.truncated = true;
            kept.drain(..kept.len() - self.most);
        }
    }

    pub(super) fn end(mut self) -> Self {
        let rest = self.frames.rest();
        self.keep(1, &rest);
        for kept in [&mut self.stdout, &mut self.stderr] {
            if kept.len() > self.most {
                self.truncated = true;
                kept.drain(..kept.len() - self.most);
            }
        }
        self
    }
}

/// However it is cut: the same.
#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(bytes: &[u8]) {
    let heard = |parts: usize| {
        let mut output = Output::apart();
        let understood = bytes.chunks(parts).all(|part| output.take(part).is_ok());
        let output = output.end();
        understood.then(|| (output.stdout(), output.stderr()))
    };
    let whole = heard(usize::MAX);
    if whole.is_some() {
        assert_eq!(heard(7), whole);
    }
}

/// Reads to the end.
pub(super) async fn read(
    engine: &Engine,
    body: Incoming,
    mut output: Output,
) -> Result<Output, HostError> {
    read_into(engine, body, &mut output).await?;
    Ok(output.end())
}

/// The same where what was read is wanted though the end did not come in time.
pub(super) async fn read_into(
    engine: &Engine,
    mut body: Incoming,
    output: &mut Output,
) -> Result<(), HostError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| engine.failure(&error))?;
        if let Ok(bytes) = frame.into_data() {
            output.take(&bytes)?;
        }
    }
    Ok(())
}

/// A whole answer that is small.
pub(super) async fn whole(engine: &Engine, body: Incoming) -> Result<Bytes, HostError> {
    let body = http_body_util::Limited::new(body, limits::ANSWER).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| engine.failure(&*error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(text.len()).expect("short").to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], text].concat()
    }

    fn read_in(parts: usize, bytes: &[u8], mut output: Output) -> Output {
        for part in bytes.chunks(parts) {
            output.take(part).expect("frames");
        }
        output.end()
    }

    #[test]
    fn outputs_are_told_apart_however_they_come() {
        let sent =
            [frame(1, b"one\n"), frame(2, b"oops\n"), frame(1, b""), frame(1, b"two")].concat();
        for parts in 1..sent.len() {
            let output = read_in(parts, &sent, Output::apart());
            assert_eq!((&*output.stdout(), &*output.stderr()), ("one\ntwo", "oops\n"), "{parts}");
            let output = read_in(parts, &sent, Output::in_order());
            assert_eq!((&*output.stdout(), &*output.stderr()), ("one\noops\ntwo", ""), "{parts}");
        }
    }

    #[test]
    fn a_terminal_has_no_frames() {
        let output = read_in(5, b"plain text without frames", Output::apart());
        assert_eq!(output.stdout(), "plain text without frames");
    }

    #[test]
    fn the_end_of_a_long_output_is_kept() {
        let long = vec![b'a'; limits::OUTPUT];
        let sent: Vec<u8> = [frame(1, &long), frame(1, &long), frame(1, b"end")].concat();
        let output = read_in(1 << 16, &sent, Output::apart());
        assert!(output.truncated());
        assert_eq!(output.stdout().len(), limits::OUTPUT);
        assert!(output.stdout().ends_with("end"));
    }

    #[test]
    fn an_engine_cannot_have_us_wait_for_a_huge_frame() {
        let header = [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        assert!(Output::apart().take(&header).is_err());
    }
}
