//! How much an SSH server may say before we are logged in. After that, channels have windows; until
//! then nothing but a deadline would hold a flood of greetings, banners and packets to be ignored.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{super::limits, gate::Seen};

/// A connection that fails when too much comes before the login.
#[derive(Debug)]
pub(super) struct Threshold<S> {
    io: S,
    seen: Arc<Seen>,
    read: usize,
}

impl<S> Threshold<S> {
    pub(super) fn new(io: S, seen: &Arc<Seen>) -> Self {
        Self { io, seen: Arc::clone(seen), read: 0 }
    }

    fn count(&mut self, bytes: usize) -> io::Result<()> {
        if self.seen.is_logged_in() {
            return Ok(());
        }
        self.read = self.read.saturating_add(bytes);
        if self.read > limits::BEFORE_LOGIN {
            return Err(io::Error::other("it said too much before anybody was logged in"));
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Threshold<S> {
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Threshold<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
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
    use tokio::io::{AsyncReadExt, repeat};

    use super::*;

    async fn reads(bytes: usize, seen: &Arc<Seen>) -> bool {
        Threshold::new(repeat(b'x'), seen).read_exact(&mut vec![0; bytes]).await.is_ok()
    }

    #[tokio::test]
    async fn much_may_be_said_after_the_login_only() {
        let seen = Arc::default();
        assert!(reads(limits::BEFORE_LOGIN, &seen).await);
        assert!(!reads(limits::BEFORE_LOGIN + 1, &seen).await);
        seen.logged_in();
        assert!(reads(limits::BEFORE_LOGIN + 1, &seen).await);
    }
}
