//! Proofs of what a proxy has to reach: targets that are elsewhere, and a network that it is not on.

use anyhow::{Result, ensure};

use super::{NAME, Stage};
use crate::{
    support::{create, unique},
    verify::Checks,
};

/// A target that somebody moved to another network is named, with where it is.
#[test]
#[ignore = "needs the lab"]
fn a_target_on_another_network_is_named() -> Result<()> {
    let stage = Stage::set("charlie")?;
    stage.proxy("caddy", &[])?;
    let (network, echo) = stage.echo()?;
    stage.route("verify.example.com", &network, &format!("{}:80", echo.name), &[])?;
    let sound = Checks::of(&stage.portolan, &network)?;
    sound.passed(&["proxy-attached", "routed-targets"])?;
    let other = unique("verify-other");
    stage.portolan.create("charlie", &other)?;
    stage.host.docker(&["network", "connect", &other, &echo.name])?;
    stage.host.docker(&["network", "disconnect", &network, &echo.name])?;
    let moved = Checks::of(&stage.portolan, &network)?;
    moved.failed("routed-targets", &[&echo.name, "is not on network", &other])?;
    moved.passed(&["proxy-attached", "tcp-inside"])?;
    stage.host.docker(&["network", "connect", &network, &echo.name])?;
    Checks::of(&stage.portolan, &network)?.passed(&["routed-targets"])?;
    stage.host.docker(&["network", "disconnect", &other, &echo.name])?;
    stage.portolan.remove(&other)
}

/// The proxy was taken off the network while Portolan was away, and cannot be put on it again: its
/// place was taken.
#[test]
#[ignore = "needs the lab"]
fn a_missing_attachment_is_named() -> Result<()> {
    let mut stage = Stage::set("charlie")?;
    stage.proxy("caddy", &[])?;
    let network = unique("verify-full");
    // Another one than that of a run that failed and left its network.
    let id = std::process::id();
    let subnet = format!("10.77.{}.{}/29", 128 + id % 128, id / 128 % 32 * 8);
    let small = ["--subnet", &subnet];
    stage.portolan.run(&[&create("charlie", &network), &small[..]].concat())?;
    Checks::of(&stage.portolan, &network)?.passed(&["proxy-attached", "tcp-inside"])?;
    stage.portolan.kill()?;
    stage.host.docker(&["network", "disconnect", &network, NAME])?;
    // Six addresses, of which the host has one.
    let takers: Vec<_> = (0..5)
        .map(|_| stage.host.container(&network, &unique("verify-taker")))
        .collect::<Result<_>>()?;
    stage.portolan.kill_and_restart()?;
    let lost = Checks::of(&stage.portolan, &network)?;
    lost.failed("proxy-attached", &["the proxy is not on network", &network])?;
    drop(takers);
    let shown = stage.portolan.json(&["destination", "show", &network])?;
    ensure!(shown["state"] == "ready", "{shown}");
    stage.portolan.remove(&network)
}
