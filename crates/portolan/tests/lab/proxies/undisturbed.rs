//! Changes of some routes, seen by visitors of another.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use super::{HTTP, Stage};
use crate::support::Host;

/// How often a route comes and goes.
const CHANGES: usize = 12;

/// The status of an answer, over a connection of its own.
fn status(host: &Host) -> Result<String> {
    let mut stream = TcpStream::connect((host.address.as_str(), HTTP))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a.example.com\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split(' ').nth(1).context(answer.clone())?.to_owned())
}

/// Asks without pause until it is over; how often each answer came.
fn visits(host: &Host, over: &AtomicBool) -> Result<BTreeMap<String, usize>> {
    let mut answers = BTreeMap::new();
    while !over.load(Ordering::Relaxed) {
        *answers.entry(status(host)?).or_default() += 1;
    }
    Ok(answers)
}

#[test]
#[ignore = "needs the lab"]
fn visitors_of_caddy_see_nothing_of_other_routes() -> Result<()> {
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
    let (changed, seen) = std::thread::scope(|scope| {
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
    let seen = seen.map_err(|_| anyhow::anyhow!("the visitor panicked"))??;
    ensure!(seen.keys().eq(["200"]) && seen["200"] > 100, "{seen:?}");
    Ok(())
}
