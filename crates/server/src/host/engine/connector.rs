//! Makes the connections under HTTP: Unix sockets, forwarded streams, pipes through a command.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper_util::rt::TokioIo;
use portolan_types::{Access, server::DEFAULT_SOCKET};
use tokio::{net::UnixStream, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        HostError, limits,
        ssh::{Command, Session},
        words::io_words,
    },
    stream::{Duplex, Stream},
};

/// A way to the engine that can be gone any number of times.
#[derive(Debug, Clone)]
pub(in super::super) struct Connector {
    link: Link,
    access: Access,
    /// Most bytes of one answer, where answers have an end.
    answer: Option<usize>,
    /// Bounds what is open at a time.
    channels: Arc<Semaphore>,
    /// Bounds what needs two at once: if each had one and waited for the other, all would wait.
    pairs: Arc<Semaphore>,
    closed: CancellationToken,
}

/// What lies under the connections. A session lives as long as anybody may still connect.
#[derive(Debug, Clone)]
enum Link {
    Local(PathBuf),
    Ssh(Arc<Session>),
}

impl Connector {
    pub(in super::super) fn local(socket: &Path) -> Self {
        Self::new(Link::Local(socket.to_owned()), Access::LocalSocket, limits::STREAM_CHANNELS)
    }

    pub(in super::super) fn ssh(session: &Arc<Session>, access: Access) -> Self {
        let channels = match access {
            Access::DialStdio | Access::SudoDialStdio => limits::EXEC_CHANNELS,
            Access::StreamForwarding | Access::LocalSocket => limits::STREAM_CHANNELS,
        };
        Self::new(Link::Ssh(Arc::clone(session)), access, channels)
    }

    fn new(link: Link, access: Access, channels: usize) -> Self {
        let pairs = Arc::new(Semaphore::new(channels / 3));
        let channels = Arc::new(Semaphore::new(channels));
        let answer = Some(limits::ANSWER);
        Self { link, access, answer, channels, pairs, closed: CancellationToken::new() }
    }

    /// The same way and the same places, for answers that may go on for ever.
    pub(super) fn for_endless_answers(&self) -> Self {
        Self { answer: None, ..self.clone() }
    }

    pub(super) const fn access(&self) -> Access {
        self.access
    }

    /// The SSH connection, unless the engine is on this machine.
    pub(in super::super) fn session(&self) -> Option<&Session> {
        match &self.link {
            Link::Local(_) => None,
            Link::Ssh(session) => Some(session),
        }
    }

    /// Places for what needs two connections at once: whoever holds one will get both.
    pub(in super::super) const fn pairs(&self) -> &Arc<Semaphore> {
        &self.pairs
    }

    /// The reason when no connection can be made any more.
    pub(in super::super) fn lost(&self) -> Option<HostError> {
        let closed = || HostError::Lost { why: "Portolan closed the connection".into() };
        let own = self.closed.is_cancelled().then(closed);
        own.or_else(|| self.session().and_then(Session::lost))
    }

    /// Lets no new connection through and ends those that are open on an SSH connection.
    pub(in super::super) async fn close(&self) {
        self.closed.cancel();
        if let Some(session) = self.session() {
            session.close().await;
        }
    }

    /// Waits for a free place first: a call that finds all taken can get a connection that another
    /// call is done with, whichever is sooner.
    async fn open(self) -> Result<TokioIo<Stream>, HostError> {
        if let Some(lost) = self.lost() {
            return Err(lost);
        }
        let permit = Arc::clone(&self.channels).acquire_owned().await;
        let permit = permit.map_err(|_| HostError::Lost { why: "closed".into() })?;
        match self.reach().await {
            Ok(io) => Ok(TokioIo::new(Stream::new(io, self.answer, permit))),
            Err(why) => Err(self.lost().unwrap_or_else(|| unreachable(self.access, why))),
        }
    }

    /// The reason of a failure in words; the caller knows which way it was.
    async fn reach(&self) -> Result<Duplex, String> {
        match (&self.link, self.access) {
            (Link::Local(socket), _) => match UnixStream::connect(socket).await {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) => Err(format!("{}: {}", socket.display(), io_words(&error))),
            },
            (Link::Ssh(session), Access::DialStdio) => {
                session.open_command(Command::DialStdio).await
            }
            (Link::Ssh(session), Access::SudoDialStdio) => {
                session.open_command(Command::SudoDialStdio).await
            }
            (Link::Ssh(session), Access::StreamForwarding | Access::LocalSocket) => {
                session.open_socket(DEFAULT_SOCKET).await
            }
        }
    }
}

pub(super) fn unreachable(access: Access, why: String) -> HostError {
    HostError::Socket { tried: vec![(access, why)] }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = HostError;
    type Future = BoxFuture<'static, Result<Self::Response, HostError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HostError>> {
        Poll::Ready(Ok(()))
    }

    /// Whatever the address says, there is one engine.
    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().open())
    }
}
