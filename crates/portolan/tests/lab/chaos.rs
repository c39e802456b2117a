//! Everything that is done to a host and its proxy, one after another, while a visitor asks on.
//!
//! `make test` does each once, `make chaos` many times and writes `docs/reliability.md`. What is
//! asserted are promises: traffic that a fault does not touch goes on, what was lost is back in
//! time, and nothing that was asked for is missing afterwards.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::{
    proxies::{NAME, Stage},
    support::{Clock, Host, Portolan, eventually, eventually_within, unique},
};

mod report;
mod visitor;

use report::{Row, Tries};
use visitor::Visitor;

const ADDRESS: &str = "chaos.example.com";

/// What a visitor has to see while a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Traffic {
    /// Every request is answered.
    Untouched,
    /// The fault is in the way itself: what counts is when it is over.
    Broken,
}

/// One thing that is done.
struct Fault {
    name: &'static str,
    traffic: Traffic,
    /// From its end until everything is as it was.
    within: Duration,
    /// Does it, and undoes it where that is part of it. Answers the moment from which on it heals.
    act: fn(&mut Scene) -> Result<Instant>,
}

const SOON: Duration = Duration::from_secs(2);
/// A container has to be made and to start.
const REMADE: Duration = Duration::from_secs(10);
/// A host that was away is found again.
const BACK: Duration = Duration::from_mins(1);

const FAULTS: &[Fault] = &[
    Fault { name: "kill -9 of Portolan", traffic: Traffic::Untouched, within: BACK, act: killed },
    Fault { name: "clock stepped", traffic: Traffic::Untouched, within: SOON, act: clock_stepped },
    Fault { name: "sshd gone", traffic: Traffic::Untouched, within: BACK, act: sshd_gone },
    Fault { name: "hostile names", traffic: Traffic::Untouched, within: SOON, act: hostile },
    Fault { name: "link slowed by 200 ms", traffic: Traffic::Untouched, within: SOON, act: slow },
    Fault { name: "prune", traffic: Traffic::Untouched, within: SOON, act: prune },
    Fault { name: "disk full", traffic: Traffic::Untouched, within: BACK, act: disk_full },
    Fault { name: "proxy disconnected", traffic: Traffic::Broken, within: SOON, act: disconnected },
    Fault { name: "proxy killed", traffic: Traffic::Broken, within: REMADE, act: proxy_killed },
    Fault { name: "proxy removed", traffic: Traffic::Broken, within: REMADE, act: proxy_removed },
    Fault { name: "proxy renamed", traffic: Traffic::Broken, within: REMADE, act: proxy_renamed },
    Fault { name: "target renamed and back", traffic: Traffic::Broken, within: SOON, act: renamed },
    Fault { name: "network removed", traffic: Traffic::Broken, within: REMADE, act: network_gone },
    Fault {
        name: "engine restarted",
        traffic: Traffic::Broken,
        within: BACK,
        act: engine_restarted,
    },
    Fault { name: "engine stopped", traffic: Traffic::Broken, within: BACK, act: engine_stopped },
    Fault { name: "host cut off", traffic: Traffic::Broken, within: BACK, act: cut_off },
    Fault { name: "host rebooted", traffic: Traffic::Broken, within: BACK, act: rebooted },
];

/// A proxy with one route to an echo.
struct Scene {
    stage: Stage,
    network: String,
    echo: String,
    tries: Tries,
}

impl Scene {
    fn set(kind: &str) -> Result<(Self, crate::support::Container)> {
        let stage = Stage::of(Portolan::start_by(Some(Clock::new()?))?, "charlie")?;
        stage.proxy(kind, &[])?;
        let (network, container) = stage.echo()?;
        stage.host.docker(&["update", "--restart", "unless-stopped", &container.name])?;
        let to = format!("{}:80", container.name);
        stage.route(ADDRESS, &network, &to, &["--https", "both"])?;
        let echo = container.name.clone();
        Ok((Self { stage, network, echo, tries: Tries::asked() }, container))
    }

    fn host(&self) -> &Host {
        &self.stage.host
    }

    /// Everything that was asked for is there again, as Portolan says and as Docker has it.
    fn whole(&self) -> Result<Option<()>> {
        let portolan = &self.stage.portolan;
        let is = |args: &[&str], field: &str, wanted: &str| -> Result<bool> {
            Ok(portolan.json(args)?[field] == wanted)
        };
        let server = self.host().name.as_str();
        Ok((is(&["server", "show", server], "reachability", "reachable")?
            && is(&["destination", "show", &self.network], "state", "ready")?
            && is(&["route", "show", ADDRESS], "state", "live")?
            && self.is_attached()?
            && self.stage.answers(ADDRESS)?)
        .then_some(()))
    }

    fn is_attached(&self) -> Result<bool> {
        let format = "{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{end}}";
        let said = self.host().try_docker(&["inspect", "-f", format, NAME])?;
        Ok(said.out.split(' ').any(|name| name.trim() == self.network))
    }
}

#[test]
#[ignore = "needs the lab"]
fn caddy_outlives_all_faults() -> Result<()> {
    outlives("caddy")
}

#[test]
#[ignore = "needs the lab"]
fn traefik_outlives_all_faults() -> Result<()> {
    outlives("traefik")
}

fn outlives(kind: &str) -> Result<()> {
    let (mut scene, _echo) = Scene::set(kind)?;
    eventually("everything is there", || scene.whole())?;
    for fault in FAULTS {
        let mut row = Row::new(kind, fault.name);
        for _ in 0..scene.tries.each {
            let tried = attempt(&mut scene, fault, &mut row);
            tried.with_context(|| format!("{kind}: {}", fault.name))?;
        }
        row.write()?;
    }
    Ok(())
}

fn attempt(scene: &mut Scene, fault: &Fault, row: &mut Row) -> Result<()> {
    forget_losses(scene)?;
    let visitor = Visitor::come(&scene.stage, ADDRESS);
    let acted = (fault.act)(scene);
    let since = acted?;
    eventually_within(BACK, "everything is as it was", || scene.whole())?;
    let took = since.elapsed();
    let seen = visitor.leave();
    ensure!(took <= fault.within, "it took {took:?}, promised are {:?}", fault.within);
    if fault.traffic == Traffic::Untouched {
        ensure!(seen.unanswered == 0, "{} of {} requests were lost", seen.unanswered, seen.asked);
    }
    row.add(took, &seen);
    Ok(())
}

/// So many losses in so short a time would be asked about: what counts here is each.
fn forget_losses(scene: &Scene) -> Result<()> {
    scene.stage.portolan.run(&["drift", "policy", "set", "--all", "heal"]).map(drop)
}

fn killed(scene: &mut Scene) -> Result<Instant> {
    scene.stage.portolan.kill_and_restart()?;
    Ok(Instant::now())
}

/// By an hour ahead, then by an hour back, with something to do at each time.
fn clock_stepped(scene: &mut Scene) -> Result<Instant> {
    let (clock, scan) = (scene.stage.portolan.clock()?, ["server", "scan", &scene.host().name]);
    for seconds in [3600, -3600, 0] {
        clock.step(seconds)?;
        scene.stage.portolan.run(&scan)?;
    }
    Ok(Instant::now())
}

fn sshd_gone(scene: &mut Scene) -> Result<Instant> {
    let fault = scene.host().fault("sshd-stop")?;
    unreachable(scene)?;
    fault.clear();
    Ok(Instant::now())
}

fn unreachable(scene: &Scene) -> Result<()> {
    let server = ["server", "show", &scene.host().name];
    eventually("the server is away", || {
        let shown = scene.stage.portolan.json(&server)?;
        Ok((shown["reachability"] == "unreachable").then_some(()))
    })
}

/// Everything that Docker lets a stranger write into names, labels and commands.
fn hostile(scene: &mut Scene) -> Result<Instant> {
    let text = "$(reboot);`id`\u{1b}[2J'\"><script>alert(1)</script>{{.}}%s\u{202e}";
    let label = format!("x.{text}={text}");
    let rule = format!("traefik.http.routers.x.rule=Host(`{text}`)");
    let (network, container) = (unique("h.-_"), unique("h.-_"));
    let host = scene.host();
    host.docker(&["network", "create", "--label", &label, &network])?;
    let run = ["run", "-d", "--name", &container, "--network", &network, "--network-alias", text];
    let since = Instant::now();
    host.docker(&[&run[..], &["--label", &label, "--label", &rule, "echo:1"]].concat())?;
    host.docker(&["rm", "-f", &container])?;
    host.docker(&["network", "rm", &network])?;
    scene.stage.portolan.run(&["server", "scan", &scene.host().name])?;
    Ok(since.max(Instant::now()))
}

fn slow(scene: &mut Scene) -> Result<Instant> {
    let fault = scene.host().fault_with("link-slow", &["200"])?;
    scene.stage.portolan.run(&["server", "scan", &scene.host().name])?;
    fault.clear();
    Ok(Instant::now())
}

/// Networks and containers that nobody uses at this moment go, as on many a night.
fn prune(scene: &mut Scene) -> Result<Instant> {
    let since = Instant::now();
    scene.host().docker(&["system", "prune", "--force", "--volumes"])?;
    Ok(since.max(Instant::now()))
}

fn disk_full(scene: &mut Scene) -> Result<Instant> {
    let fault = scene.host().fault("disk-full")?;
    // What is asked for meanwhile is refused or waits, and harms nobody.
    scene.stage.portolan.try_run(&["server", "scan", &scene.host().name])?;
    fault.clear();
    Ok(Instant::now())
}

fn disconnected(scene: &mut Scene) -> Result<Instant> {
    let since = Instant::now();
    scene.host().docker(&["network", "disconnect", &scene.network, NAME])?;
    Ok(since)
}

fn proxy_killed(scene: &mut Scene) -> Result<Instant> {
    let since = Instant::now();
    scene.host().docker(&["kill", NAME])?;
    Ok(since)
}

fn proxy_removed(scene: &mut Scene) -> Result<Instant> {
    let since = Instant::now();
    scene.host().docker(&["rm", "--force", NAME])?;
    Ok(since)
}

fn proxy_renamed(scene: &mut Scene) -> Result<Instant> {
    let since = Instant::now();
    scene.host().docker(&["rename", NAME, &unique("renamed")])?;
    Ok(since)
}

fn renamed(scene: &mut Scene) -> Result<Instant> {
    let other = unique("other");
    scene.host().docker(&["rename", &scene.echo, &other])?;
    let shown = ["route", "show", ADDRESS];
    eventually("the route is dark", || {
        Ok((scene.stage.portolan.json(&shown)?["state"] == "dark").then_some(()))
    })?;
    let since = Instant::now();
    scene.host().docker(&["rename", &other, &scene.echo])?;
    Ok(since)
}

/// The network goes while its container is stopped, which is then put on the new one.
fn network_gone(scene: &mut Scene) -> Result<Instant> {
    let (host, network, echo) = (scene.host(), &scene.network, &scene.echo);
    host.docker(&["stop", "--time", "0", echo])?;
    let before = host.networks(network)?;
    let since = Instant::now();
    host.docker(&["network", "disconnect", "--force", network, echo])?;
    // The proxy is put back as soon as it is off: whoever removes the network has to be quick.
    eventually("the network is removed", || {
        forget_losses(scene)?;
        host.try_docker(&["network", "disconnect", "--force", network, NAME])?;
        Ok((host.try_docker(&["network", "rm", network])?.code == 0).then_some(()))
    })?;
    eventually("the network is back", || {
        let found = host.networks(network)?;
        Ok((found.len() == 1 && found != before).then_some(()))
    })?;
    host.docker(&["network", "connect", network, echo])?;
    host.docker(&["start", echo])?;
    Ok(since)
}

fn engine_restarted(scene: &mut Scene) -> Result<Instant> {
    scene.host().fault("engine-restart")?.clear();
    Ok(Instant::now())
}

fn engine_stopped(scene: &mut Scene) -> Result<Instant> {
    let fault = scene.host().fault("engine-stop")?;
    unreachable(scene)?;
    fault.clear();
    Ok(Instant::now())
}

/// For a minute in full, else until it is noticed.
fn cut_off(scene: &mut Scene) -> Result<Instant> {
    let begun = Instant::now();
    let fault = scene.host().fault("link-cut")?;
    unreachable(scene)?;
    let lasts = scene.tries.cut;
    eventually_within(lasts + BACK, "the cut is over", || {
        Ok((begun.elapsed() >= lasts).then_some(()))
    })?;
    fault.clear();
    Ok(Instant::now())
}

fn rebooted(scene: &mut Scene) -> Result<Instant> {
    scene.host().fault("reboot")?.clear();
    Ok(Instant::now())
}
