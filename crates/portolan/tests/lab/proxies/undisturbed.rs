//! Changes of some routes, seen by visitors of another.

use std::{
    collections::BTreeMap,
    io::{
        self,
        ErrorKind::{BrokenPipe, ConnectionReset},
        Read, Write,
    },
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use super::{HTTP, Stage};
use crate::support::Host;

/// How often a route comes and goes.
const CHANGES: usize = 6;

/// What comes over a connection of its own.
fn asked(host: &Host) -> io::Result<String> {
    let mut stream = TcpStream::connect((host.address.as_str(), HTTP))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a.example.com\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The status of an answer; `None` where the connection ended without one.
fn status(host: &Host) -> Result<Option<String>> {
    let answer = match asked(host) {
        Err(error) if matches!(error.kind(), ConnectionReset | BrokenPipe) => String::new(),
        answer => answer?,
    };
    if answer.is_empty() {
        return Ok(None);
    }
    Ok(Some(answer.split(' ').nth(1).context(answer.clone())?.to_owned()))
}

/// Between two requests of a visitor: an exchange of a configuration takes longer, so that none passes unseen, and
/// the processors are left to those who work.
const PACE: Duration = Duration::from_millis(5);

/// Whoever reaches Caddy in the moment in which it exchanges its listener may be cut off, and asks
/// again, as browsers do (RFC 9110, section 9.2.2).
#[expect(clippy::disallowed_methods, reason = "the pace of a visitor, not a wait for something")]
pub(crate) fn visit(host: &Host, cut: &mut usize) -> Result<String> {
    thread::sleep(PACE);
    for _ in 0..3 {
        if let Some(answer) = status(host)? {
            return Ok(answer);
        }
        *cut += 1;
    }
    bail!("cut off three times in a row")
}

/// Asks until it is over; how often each answer came, and how often none.
fn visits(host: &Host, over: &AtomicBool) -> Result<(BTreeMap<String, usize>, usize)> {
    let (mut answers, mut cut) = (BTreeMap::new(), 0);
    while !over.load(Ordering::Relaxed) {
        *answers.entry(visit(host, &mut cut)?).or_default() += 1;
    }
    Ok((answers, cut))
}

#[test]
#[ignore = "needs the lab"]
fn visitors_of_caddy_are_answered_while_other_routes_change() -> Result<()> {
    sees_nothing("caddy")
}

#[test]
#[ignore = "needs the lab"]
fn visitors_of_traefik_see_nothing_of_other_routes() -> Result<()> {
    sees_nothing("traefik")
}

fn sees_nothing(kind: &str) -> Result<()> {
    let stage = Stage::set("charlie")?;
    stage.proxy(kind, &[])?;
    let (network, echo) = stage.echo()?;
    let to = format!("{}:80", echo.name);
    let plain = ["--https", "off"];
    stage.route("a.example.com", &network, &to, &plain)?;
    let over = AtomicBool::new(false);
    let (changed, seen) = thread::scope(|scope| {
        let visitor = scope.spawn(|| visits(&stage.host, &over));
        let changed = (0..CHANGES).try_for_each(|round| {
            let other = format!("r{round}.example.com");
            stage.route(&other, &network, &to, &plain)?;
            stage.portolan.run(&["route", "remove", &other, "--yes"]).map(drop)
        });
        over.store(true, Ordering::Relaxed);
        (changed, visitor.join())
    });
    changed?;
    let (seen, cut) = seen.map_err(|_| anyhow::anyhow!("the visitor panicked"))??;
    ensure!(seen.keys().eq(["200"]) && seen["200"] > 100, "{seen:?}");
    ensure!(cut <= if kind == "caddy" { CHANGES } else { 0 }, "{cut} of {seen:?} were cut off");
    Ok(())
}
