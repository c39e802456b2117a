//! Connections of the HTTP server: how many there are, how long each may take to say what it wants,
//! and how large that may be. Owns sockets; what is answered is `api`'s.
//!
//! Without it one stranger could hold every connection that the process may have, by saying a byte
//! now and then.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// For the head of a request, and between two requests.
const HEAD: Duration = Duration::from_secs(20);
/// Bytes and fields of a head: what an address may have, which is refused with its reason, and some.
const MOST_HEAD: usize = 72 << 10;
const MOST_FIELDS: usize = 64;
/// Open at a time, in all and from one address. A proxy in front is one address.
const MOST: usize = 1_024;
const MOST_OF_ONE: usize = 512;
/// How long the kernel keeps what somebody does not take.
const UNTAKEN: Duration = Duration::from_mins(1);
/// When the process has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown`, and then until each connection has had its answer.
pub(crate) async fn serve(listener: TcpListener, router: Router, shutdown: &CancellationToken) {
    let (seats, open) = (Seats::default(), TaskTracker::new());
    let serving = async {
        loop {
            let permit = seats.free().await;
            let (stream, address) = accept(&listener).await;
            // Who has too many is hung up on.
            let Some(seat) = seats.take(address.ip()) else { continue };
            let answering = answer(stream, address, router.clone(), shutdown.clone());
            open.spawn(async move {
                let _held = (permit, seat);
                answering.await;
            });
        }
    };
    shutdown.run_until_cancelled(serving).await;
    open.close();
    open.wait().await;
}

/// Until the other end has had enough, or until the answer that is under way at `shutdown`. What
/// becomes a WebSocket is no connection of ours any more: its task is that of what it is for.
async fn answer(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
) {
    let mut connection = pin!(connection(stream, address, router));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

/// The next connection. That one could not be accepted says nothing of those that follow.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) if prepare(&stream).is_ok() => return (stream, address),
            // It is gone again.
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                sleep(PAUSE).await;
            }
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    let patience = u32::try_from(UNTAKEN.as_millis()).unwrap_or(u32::MAX);
    stream.set_nodelay(true)?;
    rustix::net::sockopt::set_tcp_user_timeout(stream, patience)?;
    Ok(())
}

fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
) -> http1::UpgradeableConnection<
    TokioIo<TcpStream>,
    impl hyper::service::Service<
        hyper::Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send,
    >,
> {
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().oneshot(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MOST_HEAD)
        .max_headers(MOST_FIELDS)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades()
}

/// The places of connections.
#[derive(Debug)]
struct Seats {
    all: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Default for Seats {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(MOST)), taken: Arc::default() }
    }
}

/// A place that is given back by being dropped.
#[derive(Debug)]
struct Seat {
    whose: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Seats {
    /// Waits for one.
    async fn free(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// One of those that an address may have.
    fn take(&self, address: IpAddr) -> Option<Seat> {
        let whose = holder(address);
        let mut taken = lock(&self.taken);
        let count = taken.entry(whose).or_default();
        if *count >= MOST_OF_ONE {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Seat { whose, taken: Arc::clone(&self.taken) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

/// An address, for all those that the same customer has: with IPv6 everybody has 2^64 at least.
pub(crate) fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_have_all() {
        let (seats, one): (_, IpAddr) =
            (Seats::default(), "192.0.2.1".parse().expect("an address"));
        let held: Vec<Seat> = std::iter::from_fn(|| seats.take(one)).collect();
        assert_eq!(held.len(), MOST_OF_ONE);
        assert!(seats.take("::ffff:192.0.2.1".parse().expect("an address")).is_none());
        assert!(seats.take("192.0.2.2".parse().expect("an address")).is_some());
        drop(held);
        assert!(lock(&seats.taken).is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| holder(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
