//! Applications on real engines, behind real proxies: replaced under requests, killed in the middle,
//! given back when the new one fails, and their data kept.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    proxies::{Stage, undisturbed::visit},
    support::{Host, create, eventually, unique},
};

/// So many requests meet the deployments.
const REQUESTS: usize = 10_000;
const VISITORS: usize = 4;
const PLAIN: &str = "a.example.com";
const SECURE: &str = "b.example.com";

/// An application of the echo image with a route for visitors, on a network of its own.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) network: String,
    pub(crate) name: String,
    /// `PROJECT/production`.
    pub(crate) environment: String,
}

impl Scene {
    pub(crate) fn set(host: &str, kind: Option<&str>) -> Result<Self> {
        let stage = Stage::set(host)?;
        if let Some(kind) = kind {
            stage.proxy(kind, &[])?;
        }
        let network = stage.network("apps");
        stage.portolan.run(&create(&stage.host.name, &network))?;
        let project = unique("shop");
        stage.portolan.run(&["project", "create", &project])?;
        let environment = format!("{project}/production");
        Ok(Self { stage, network, name: unique("web"), environment })
    }

    fn add(&self, more: &[&str]) -> Result<()> {
        let args = [
            "app",
            "add",
            &self.name,
            "--environment",
            &self.environment,
            "--destination",
            &self.network,
            "--image",
            "echo:1",
        ];
        self.stage.portolan.run(&[&args[..], more].concat())?;
        Ok(())
    }

    pub(crate) fn app(&self, act: &str, more: &[&str]) -> Result<String> {
        self.stage.portolan.run(&[&["app", act, &self.name][..], more].concat())
    }

    fn shown(&self) -> Result<Value> {
        self.stage.portolan.json(&["app", "show", &self.name])
    }

    /// The application's containers, sorted.
    fn containers(&self) -> Result<Vec<String>> {
        let filter = format!("name={}-", self.name);
        let said =
            self.stage.host.docker(&["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"])?;
        let mut names: Vec<String> = said.lines().map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }
}

/// How often each status came, and how often none.
type Seen = (BTreeMap<String, usize>, usize);

/// Asks until there were enough requests and the deployments are over.
fn visits(host: &Host, asked: &AtomicUsize, over: &AtomicUsize) -> Result<Seen> {
    let (mut answers, mut cut) = (BTreeMap::new(), 0);
    while over.load(Ordering::Relaxed) == 0 || asked.load(Ordering::Relaxed) < REQUESTS {
        *answers.entry(visit(host, &mut cut)?).or_default() += 1;
        asked.fetch_add(1, Ordering::Relaxed);
    }
    Ok((answers, cut))
}

#[test]
#[ignore = "needs the lab"]
fn caddy_loses_no_request_to_a_deployment() -> Result<()> {
    loses_nothing("alpha", "caddy")
}

#[test]
#[ignore = "needs the lab"]
fn traefik_loses_no_request_to_a_deployment() -> Result<()> {
    loses_nothing("charlie", "traefik")
}

#[expect(clippy::print_stderr, reason = "measurements are for the reader of the test's output")]
fn loses_nothing(host: &str, kind: &str) -> Result<()> {
    let scene = Scene::set(host, Some(kind))?;
    scene.add(&["--port", "80"])?;
    scene.app("deploy", &[])?;
    let portolan = &scene.stage.portolan;
    portolan.run(&["route", "add", PLAIN, "--app", &scene.name, "--https", "off"])?;
    portolan.run(&["route", "add", SECURE, "--app", &scene.name])?;
    eventually("an answer over HTTPS", || Ok(scene.stage.answers(SECURE)?.then_some(())))?;
    let (asked, over, host) = (AtomicUsize::new(0), AtomicUsize::new(0), &scene.stage.host);
    let (deployed, seen) = std::thread::scope(|scope| {
        let visitors: Vec<_> =
            (0..VISITORS).map(|_| scope.spawn(|| visits(host, &asked, &over))).collect();
        let deployed = (0..3).try_for_each(|_| scene.app("deploy", &[]).map(drop));
        over.store(1, Ordering::Relaxed);
        (
            deployed,
            visitors.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>(),
        )
    });
    deployed?;
    let (mut answers, mut cut) = (BTreeMap::<String, usize>::new(), 0);
    for one in seen {
        let (some, lost) = one.map_err(|_| anyhow::anyhow!("a visitor panicked"))??;
        for (status, count) in some {
            *answers.entry(status).or_default() += count;
        }
        cut += lost;
    }
    eprintln!("{kind}: {answers:?}, asked again {cut} times");
    ensure!(answers.keys().eq(["200"]) && answers["200"] >= REQUESTS, "{answers:?}");
    // Caddy may cut off whoever connects in the moment of an exchange of its listener.
    ensure!(cut <= if kind == "caddy" { 3 * VISITORS } else { 0 }, "{cut} of {answers:?}");
    ensure!(scene.stage.answers(SECURE)?, "HTTPS does not answer");
    assert_eq!(scene.containers()?.len(), 1);
    scene.app("remove", &["--yes"])?;
    ensure!(scene.containers()?.is_empty(), "a container stays");
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_deployment_survives_a_kill() -> Result<()> {
    let mut scene = Scene::set("bravo", None)?;
    scene.add(&["--port", "80"])?;
    scene.app("deploy", &[])?;
    let before = scene.containers()?;
    scene.app("deploy", &["--no-wait"])?;
    scene.stage.portolan.kill_and_restart()?;
    let after = eventually("the second one serves alone", || {
        let now = scene.containers()?;
        Ok((now.len() == 1 && now != before).then_some(now))
    })?;
    let shown = scene.shown()?;
    assert_eq!(shown["container"].as_str(), Some(after[0].as_str()));

    // Behind Portolan's back it ends, and is gone; both are seen, and mended by who is asked.
    scene.stage.host.docker(&["rm", "-f", &after[0]])?;
    eventually("it is missed", || Ok((scene.shown()?["state"] == "missing").then_some(())))?;
    scene.app("start", &[])?;
    eventually("it runs", || Ok((scene.shown()?["state"] == "running").then_some(())))?;
    scene.app("remove", &["--yes"])?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn data_outlives_deployments_that_fail_as_well() -> Result<()> {
    let scene = Scene::set("delta", None)?;
    scene.add(&["--port", "80", "--volume", "data:/data", "--memory", "64M"])?;
    scene.app("deploy", &[])?;
    let first = scene.containers()?.pop().context("a container")?;
    scene.stage.host.docker(&["cp", "/etc/hostname", &format!("{first}:/data/kept")])?;
    scene.app("edit", &["--command", "/no-such-program"])?;
    let said = scene.stage.portolan.refuse(&["app", "deploy", &scene.name])?;
    ensure!(said.contains(&scene.name), "{said}");
    eventually("the first runs again, alone", || {
        let now = scene.containers()?;
        let runs =
            scene.stage.host.docker(&["inspect", "--format", "{{.State.Running}}", &first])?;
        Ok((now == [first.clone()] && runs.trim() == "true").then_some(()))
    })?;
    scene.app("rollback", &["--to", "1"])?;
    let second = scene.containers()?.pop().context("a container")?;
    ensure!(second != first, "nothing was deployed");
    let kept = std::env::temp_dir().join(unique("kept"));
    let (from, to) = (format!("{second}:/data/kept"), kept.to_string_lossy().into_owned());
    scene.stage.host.docker(&["cp", &from, &to])?;
    std::fs::remove_file(&kept)?;
    scene.app("remove", &["--volumes", "--yes"])?;
    let filter = format!("name={}-", scene.name);
    let left = scene.stage.host.docker(&["volume", "ls", "-q", "--filter", &filter])?;
    ensure!(left.trim().is_empty(), "{left}");
    Ok(())
}
