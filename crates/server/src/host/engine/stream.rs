//! One connection to an engine: its place among those that may be open, and the bound on answers.
//!
//! bollard reads whole answers into memory, so what an engine may say is bounded below it. Where
//! only a part is the unit, as an event is, the reader of the parts bounds them.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OwnedSemaphorePermit,
};

use super::failure::too_large;

/// Both directions of a connection.
pub(in super::super) type Duplex = Box<dyn ReadWrite>;

/// What a connection must be able to do.
pub(in super::super) trait ReadWrite:
    AsyncRead + AsyncWrite + Send + Unpin
{
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ReadWrite for T {}

/// A connection that fails when an answer is too large.
pub(in super::super) struct Stream {
    io: Duplex,
    /// Most bytes of one answer, its head and framing included.
    most: Option<usize>,
    /// Bytes since the last request.
    read: usize,
    _permit: OwnedSemaphorePermit,
}

impl Stream {
    pub(super) const fn new(io: Duplex, most: Option<usize>, permit: OwnedSemaphorePermit) -> Self {
        Self { io, most, read: 0, _permit: permit }
    }

    fn count(&mut self, bytes: usize) -> io::Result<()> {
        self.read = self.read.saturating_add(bytes);
        match self.most {
            Some(most) if self.read > most => Err(io::Error::other(too_large())),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("read", &self.read).finish_non_exhaustive()
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let bytes = buf.filled().len() - before;
        Poll::Ready(self.count(bytes))
    }
}

impl AsyncWrite for Stream {
    /// HTTP/1.1 has one request at a time under way: writing begins the next one, and an engine
    /// cannot make us write.
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.read = 0;
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        sync::Semaphore,
    };

    use super::*;

    async fn answered(most: Option<usize>, answers: &[&[u8]]) -> Vec<bool> {
        let places = Arc::new(Semaphore::new(1));
        let permit = places.acquire_owned().await.expect("a place");
        let (ours, mut theirs) = duplex(64);
        let mut stream = Stream::new(Box::new(ours), most, permit);
        let mut whole = Vec::new();
        for answer in answers {
            stream.write_all(b"request").await.expect("sent");
            theirs.write_all(answer).await.expect("answered");
            whole.push(stream.read_exact(&mut vec![0; answer.len()]).await.is_ok());
        }
        whole
    }

    #[tokio::test]
    async fn each_answer_is_bounded_and_not_their_sum() {
        assert_eq!(answered(Some(5), &[b"12345", b"12345", b"123456"]).await, [true, true, false]);
        assert_eq!(answered(None, &[b"123456", b"123456"]).await, [true, true]);
    }
}
