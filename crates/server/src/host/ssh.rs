//! A host over SSH: the five steps of dialling, one function each.
//!
//! Owns the order of the steps and what is told of them. The parts are below: `gate` (host key),
//! `threshold` (what may be said until) `login`, `session` (the connection), `exec` (fixed commands),
//! `way` (to the Docker socket), `shell` (in a terminal).

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use portolan_types::TerminalSize;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    DialStep, Dialed, HostError, OfferedKey, Pin, Progress, Shell, SshRoute,
    docker::DockerHost,
    limits,
    words::{clean, io_words},
};
use crate::outbound::{self, Guard};

mod exec;
mod gate;
mod handshake;
mod login;
mod repository;
mod session;
mod shell;
#[cfg(test)]
mod tests;
mod threshold;
mod way;

pub(super) use exec::{Command, Complaint};
pub(super) use handshake::Flow;
pub(crate) use repository::{Held, Repository, open_repository, show_key};
pub(super) use session::Session;

/// Who says where a host may be.
#[derive(Debug, Clone, Copy)]
enum Bounds<'a> {
    /// Where servers usually are, and in these networks of the operator.
    Servers(&'a [IpNet]),
    /// Where repositories may be.
    Repositories(&'a Guard),
}

impl Bounds<'_> {
    fn include(self, address: IpAddr) -> bool {
        match self {
            Self::Servers(networks) => outbound::has_servers(address, networks),
            Self::Repositories(guard) => guard.allows(address),
        }
    }

    /// By which the operator permits more.
    const fn flag(self) -> &'static str {
        match self {
            Self::Servers(_) => "--allow-servers-at",
            Self::Repositories(guard) => guard.flag(),
        }
    }
}

/// Connects, logs in and finds the way to the Docker socket.
/// `networks` are those that the operator permits besides where hosts usually are.
pub(super) async fn dial(
    route: &SshRoute,
    networks: &[IpNet],
    progress: &Progress,
    flow: Flow,
) -> Result<Dialed, HostError> {
    let (session, key) = log_in(route, Bounds::Servers(networks), progress, flow).await?;
    progress.began(DialStep::Socket);
    let (engine, access) = way::find(&Arc::new(session), route.access).await?;
    progress.done(DialStep::Socket, way::describe(access));
    Ok(Dialed { host: DockerHost::shared(engine), key: Some(key), access })
}

/// Connects, logs in and opens a shell. The connection is the shell's own: this SSH library lets a
/// host send on before anybody has read, so whoever does not read a channel holds all of its
/// connection up (decision 0040).
pub(super) async fn open_shell(
    route: &SshRoute,
    networks: &[IpNet],
    size: TerminalSize,
) -> Result<Shell, HostError> {
    let bounds = Bounds::Servers(networks);
    let (session, _) = log_in(route, bounds, &Progress::silent(), Flow::Shell).await?;
    shell::open(session, size).await
}

async fn log_in(
    route: &SshRoute,
    bounds: Bounds<'_>,
    progress: &Progress,
    flow: Flow,
) -> Result<(Session, OfferedKey), HostError> {
    progress.began(DialStep::Resolve);
    let addresses = permitted(route, bounds, resolve(route).await?)?;
    progress.done(DialStep::Resolve, in_words(&addresses, |address| address.ip().to_string()));

    progress.began(DialStep::Connect);
    let (stream, address) = connect(&addresses).await?;
    progress.done(DialStep::Connect, format!("{address} answers"));

    progress.began(DialStep::HostKey);
    let (mut pending, key) = handshake::shake_hands(stream, address, &route.pin, flow).await?;
    progress.done(DialStep::HostKey, describe(&key, &route.pin));

    progress.began(DialStep::Login);
    let as_whom = login::login(&mut pending, route).await?;
    progress.done(DialStep::Login, as_whom);
    Ok((Session::new(pending), key))
}

async fn resolve(route: &SshRoute) -> Result<Vec<SocketAddr>, HostError> {
    let host = route.host.as_str();
    let failed = |why: String| HostError::Resolve { host: host.to_owned(), why };
    let found = timeout(limits::STEP, lookup_host((host, route.port)))
        .await
        .map_err(|_| failed(format!("no answer within {} s", limits::STEP.as_secs())))?
        .map_err(|error| failed(clean(&io_words(&error))))?;
    let addresses: Vec<SocketAddr> = found.take(limits::ADDRESSES).collect();
    if addresses.is_empty() {
        return Err(failed("the name has no address".into()));
    }
    Ok(addresses)
}

/// The address is judged, not the name, and what is connected to is what was judged: a name that
/// leads elsewhere the next time is judged again then.
fn permitted(
    route: &SshRoute,
    bounds: Bounds<'_>,
    found: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, HostError> {
    let what = in_words(&found, |address| address.ip().to_string());
    let good = |address: &SocketAddr| bounds.include(address.ip());
    let good: Vec<SocketAddr> = found.into_iter().filter(good).collect();
    if good.is_empty() {
        let what = format!("{} ({what})", route.host);
        return Err(HostError::NotAllowed { what, flag: bounds.flag() });
    }
    Ok(good)
}

/// The first address that answers.
async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), HostError> {
    let mut reasons = Vec::new();
    for address in addresses {
        match open(*address).await {
            Ok(stream) => return Ok((stream, *address)),
            Err(why) => reasons.push(why),
        }
    }
    reasons.dedup();
    Err(HostError::Connect {
        address: in_words(addresses, ToString::to_string),
        why: reasons.join("; "),
    })
}

async fn open(address: SocketAddr) -> Result<TcpStream, String> {
    let stream = timeout(limits::STEP, TcpStream::connect(address))
        .await
        .map_err(|_| format!("no answer within {} s", limits::STEP.as_secs()))?
        .map_err(|error| io_words(&error))?;
    prepare(&stream).map_err(|error| io_words(&error))?;
    Ok(stream)
}

/// Requests are small and wait for their answer: Nagle's algorithm would hold each back.
fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    let patience = u32::try_from(limits::UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX);
    stream.set_nodelay(true)?;
    rustix::net::sockopt::set_tcp_user_timeout(stream, patience)?;
    Ok(())
}

fn describe(key: &OfferedKey, pin: &Pin) -> String {
    let verdict = match pin {
        Pin::FirstContact => "first contact: pinned when the login works",
        Pin::Fingerprint(_) => "as given beforehand",
        Pin::Key(_) => "as pinned",
    };
    format!("{} {} ({verdict})", key.algorithm, key.fingerprint)
}

fn in_words<T>(items: &[T], word: impl Fn(&T) -> String) -> String {
    items.iter().map(word).collect::<Vec<_>>().join(", ")
}
