//! A Git repository that a host sends, over a connection of its own.
//!
//! Owns the way there. What is spoken on it is `git`'s affair.

use portolan_types::SshRepository;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{
    super::{HostError, OfferedKey, Pin, Progress, SshRoute, dial::too_late, limits},
    Bounds, Flow, Session, connect, handshake, log_in, permitted, resolve,
};
use crate::outbound::Guard;

/// The connection. Dropped, it ends, and whoever reads from it finds the end.
#[derive(Debug)]
pub(crate) struct Held {
    _session: Session,
}

/// A repository that a host sends.
pub(crate) struct Repository {
    /// What the host says.
    pub from: Box<dyn AsyncRead + Send + Unpin>,
    /// What it is told.
    pub to: Box<dyn AsyncWrite + Send + Unpin>,
    pub held: Held,
}

/// Logs in to a host and has it send a repository.
pub(crate) async fn open_repository(
    route: &SshRoute,
    repository: &SshRepository,
    guard: &Guard,
) -> Result<Repository, HostError> {
    let opening = async {
        let bounds = Bounds::Repositories(guard);
        let (session, _) = log_in(route, bounds, &Progress::silent(), Flow::Engine).await?;
        let opened = session.open_repository(repository).await;
        let (from, to) = tokio::io::split(opened.map_err(|why| HostError::Lost { why })?);
        let held = Held { _session: session };
        Ok(Repository { from: Box::new(from), to: Box::new(to), held })
    };
    timeout(limits::DIAL, Box::pin(opening)).await.unwrap_or_else(|_| Err(too_late()))
}

/// What a host shows to whoever does not know its key. Nobody logs in.
pub(crate) async fn show_key(route: &SshRoute, guard: &Guard) -> Result<OfferedKey, HostError> {
    let showing = async {
        let addresses = permitted(route, Bounds::Repositories(guard), resolve(route).await?)?;
        let (stream, address) = connect(&addresses).await?;
        let shaken = handshake::shake_hands(stream, address, &Pin::FirstContact, Flow::Engine);
        Ok(shaken.await?.1)
    };
    timeout(limits::DIAL, Box::pin(showing)).await.unwrap_or_else(|_| Err(too_late()))
}
