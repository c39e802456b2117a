//! Checks of what listens: the control plane's address, Docker's socket, the client's login.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use portolan_types::{Session, server::DEFAULT_SOCKET};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixStream},
    time::timeout,
};

use super::Check;
use crate::{
    client::{Access, innermost},
    environment::environment,
    printer::Printer,
};

/// A local answer that takes longer is no answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn listen(address: SocketAddr) -> Check {
    match TcpListener::bind(address).await {
        Ok(_) => Check::ok("address", format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => taken(address).await,
        Err(error) => {
            let detail = format!("cannot listen on {address}: {error}");
            Check::fail("address", detail, "choose another with --listen")
        }
    }
}

async fn taken(address: SocketAddr) -> Check {
    match is_portolan(reachable(address)).await {
        Ok(true) => Check::ok("address", format!("a Portolan answers on {address}")),
        Ok(false) => {
            let detail = format!("another program answers on {address}");
            Check::fail("address", detail, "stop it, or choose another address with --listen")
        }
        Err(error) => {
            let detail = format!("{address} is taken, but does not answer: {}", innermost(&error));
            Check::fail("address", detail, "stop what has it, or choose another with --listen")
        }
    }
}

/// Who listens on all addresses is asked on this machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Healthy, and its API speaks as ours does to a stranger.
async fn is_portolan(address: SocketAddr) -> Result<bool, reqwest::Error> {
    // Not through a proxy: this is about this machine.
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let healthy = http.get(format!("http://{address}/healthz")).send().await?;
    let stranger = http.get(format!("http://{address}/v1/session")).send().await?;
    let is_problem = stranger
        .headers()
        .get(reqwest::header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/problem+json"));
    Ok(healthy.status().is_success() && stranger.status().as_u16() == 401 && is_problem)
}

/// Only a server with `--local` needs it, so its absence is no failure.
pub(super) async fn docker() -> Check {
    let path = environment("DOCKER_HOST")
        .and_then(|host| host.strip_prefix("unix://").map(str::to_owned))
        .unwrap_or_else(|| DEFAULT_SOCKET.to_owned());
    let asked = match timeout(PATIENCE, ping(&path)).await {
        Ok(asked) => asked,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    match asked {
        Ok(true) => Check::ok("local docker", format!("{path} answers")),
        Ok(false) => {
            let detail = format!("{path} answers, but not as Docker does");
            Check::warn("local docker", detail, "see `systemctl status docker`")
        }
        Err(error) => Check::warn(
            "local docker",
            format!("{path}: {error}"),
            match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    "add this user to the group `docker`, or leave `server add --local` be"
                }
                _ => "start Docker, if this machine is to be a server too (`server add --local`)",
            },
        ),
    }
}

async fn ping(path: &str) -> io::Result<bool> {
    let mut socket = UnixStream::connect(path).await?;
    socket.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n").await?;
    let mut answer = Vec::new();
    socket.take(4_096).read_to_end(&mut answer).await?;
    let status = answer.split(|byte| *byte == b' ').nth(1);
    Ok(answer.starts_with(b"HTTP/1.") && status == Some(b"200"))
}

pub(super) async fn login(access: &Access, printer: &Printer) -> Check {
    let session = async {
        let client = access.client(printer)?;
        let session: Session = client.get("/v1/session", &[]).await?;
        anyhow::Ok((client.url().to_string(), session.team.name))
    };
    match session.await {
        Ok((url, team)) => Check::ok("login", format!("{url}, team {team}")),
        Err(error) => {
            let hint = error
                .downcast_ref::<crate::client::Error>()
                .and_then(crate::client::Error::hint)
                .unwrap_or_else(|| "log in anew with `portolan login`".to_owned());
            not_logged_in(&error, hint)
        }
    }
}

/// A machine that only runs the control plane needs no login; a broken one is worth a look.
fn not_logged_in(error: &anyhow::Error, hint: String) -> Check {
    use crate::client::Error;
    match error.downcast_ref::<Error>() {
        Some(Error::NoToken { .. } | Error::Unreachable { .. }) => {
            Check::warn("login", format!("{error:#}"), hint)
        }
        Some(_) | None => Check::fail("login", format!("{error:#}"), hint),
    }
}
