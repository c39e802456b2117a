//! One request of a fetch with its answer: written and read piece by piece by a thread that blocks, and
//! made when its answer is first read.

use std::{
    io::{self, BufRead, BufReader, Cursor, Read, Write},
    sync::{Arc, Mutex, atomic::Ordering},
};

use futures_util::StreamExt;
use reqwest::{
    Response,
    header::{HeaderName, HeaderValue},
};

use super::{Connection, held};
use crate::{
    git::{GitError, MOST},
    outbound,
};

/// A request that `gix` asks for; its body is written after it was asked for.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) url: String,
    pub(super) base: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<Vec<u8>>,
}

impl Call {
    pub(super) fn new(
        url: &str,
        base: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        let headers = headers.into_iter().filter_map(|line| {
            let (name, value) = line.as_ref().split_once(':')?;
            Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
        });
        Self { url: url.to_owned(), base: base.to_owned(), headers: headers.collect(), body: None }
    }
}

/// A call, made when its answer is first read.
#[derive(Debug)]
pub(super) struct Exchange {
    connection: Connection,
    call: Call,
    answer: Option<(Cursor<Vec<u8>>, BufReader<Body>)>,
}

impl Exchange {
    pub(super) fn new(connection: Connection, call: Call) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { connection, call, answer: None }))
    }

    fn answer(&mut self) -> io::Result<&mut (Cursor<Vec<u8>>, BufReader<Body>)> {
        if self.answer.is_none() {
            let made = self.connection.make(&self.call);
            let response = made.map_err(|error| self.connection.said.note(error))?;
            let mut head = Vec::new();
            for (name, value) in response.headers() {
                head.extend([name.as_str().as_bytes(), b":", value.as_bytes(), b"\n"].concat());
            }
            let body = BufReader::new(Body::new(self.connection.clone(), response));
            self.answer = Some((Cursor::new(head), body));
        }
        self.answer.as_mut().ok_or_else(|| io::Error::other("no answer"))
    }
}

/// What comes, byte for byte.
struct Body {
    connection: Connection,
    chunks: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    rest: bytes::Bytes,
    came: u64,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("came", &self.came).finish_non_exhaustive()
    }
}

impl Body {
    fn new(connection: Connection, response: Response) -> Self {
        let chunks = response.bytes_stream().boxed();
        Self { connection, chunks, rest: bytes::Bytes::new(), came: 0 }
    }

    /// The next piece; empty at the end.
    fn next(&mut self) -> Result<bytes::Bytes, GitError> {
        if self.connection.stop.load(Ordering::Relaxed) {
            return Err(GitError::Other("nobody waits for it any more".to_owned()));
        }
        let next = self.connection.runtime.block_on(self.chunks.next());
        let Some(chunk) = next else { return Ok(bytes::Bytes::new()) };
        let chunk = chunk.map_err(|error| GitError::Other(outbound::cause(&error)))?;
        self.came += chunk.len() as u64;
        if self.came > MOST {
            let most = MOST >> 20;
            return Err(GitError::Refused(format!("one commit of it is more than {most} MiB")));
        }
        Ok(chunk)
    }
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            let next = self.next().map_err(|error| self.connection.said.note(error))?;
            if next.is_empty() {
                return Ok(0);
            }
            self.rest = next;
        }
        let taken = self.rest.split_to(self.rest.len().min(into.len()));
        into[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

/// Head or body of an answer.
#[derive(Debug)]
pub(in super::super) struct Answer {
    exchange: Arc<Mutex<Exchange>>,
    part: Part,
    /// What was read of it and not taken yet.
    ahead: Vec<u8>,
    taken: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Head,
    Body,
}

impl Answer {
    pub(super) fn of(exchange: &Arc<Mutex<Exchange>>, part: Part) -> Self {
        Self { exchange: exchange.clone(), part, ahead: Vec::new(), taken: 0 }
    }
}

impl BufRead for Answer {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.ahead.len() {
            let mut exchange = held(&self.exchange);
            let (head, body) = exchange.answer()?;
            let from: &mut dyn BufRead = match self.part {
                Part::Head => head,
                Part::Body => body,
            };
            let found = from.fill_buf()?;
            self.ahead = found.to_vec();
            self.taken = 0;
            let length = found.len();
            from.consume(length);
        }
        Ok(&self.ahead[self.taken..])
    }

    fn consume(&mut self, amount: usize) {
        self.taken = (self.taken + amount).min(self.ahead.len());
    }
}

impl Read for Answer {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = (&mut self.fill_buf()?).read(into)?;
        self.consume(length);
        Ok(length)
    }
}

/// The body of a call, as it is written.
#[derive(Debug)]
pub(in super::super) struct Question(pub(super) Arc<Mutex<Exchange>>);

impl Write for Question {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        held(&self.0).call.body.get_or_insert_default().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
