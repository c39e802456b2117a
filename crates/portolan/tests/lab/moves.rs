//! Applications that move between real networks and real hosts, with what is in their volumes: killed in
//! the middle of the copy, compared, kept, confirmed and taken back.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    proxies::Stage,
    support::{Host, create, eventually, unique},
};

const SITE: &str = "moved.example.com";
/// Large enough that a kill meets the copy.
const SIZE: usize = 48 << 20;

/// An application with a volume behind Caddy on the one host, and networks on two.
struct Scene {
    stage: Stage,
    name: String,
    /// Two on the first host.
    here: [String; 2],
    there: String,
    other: Host,
}

impl Scene {
    fn set(host: &str, other: &str) -> Result<Self> {
        let stage = Stage::set(host)?;
        stage.proxy("caddy", &[])?;
        let other = Host::find(other)?;
        stage.portolan.add_server(&other, "deploy")?;
        let here = [stage.network("here"), stage.network("near")];
        let there = unique("there");
        for network in &here {
            stage.portolan.run(&create(&stage.host.name, network))?;
        }
        stage.portolan.run(&create(&other.name, &there))?;
        let project = unique("shop");
        stage.portolan.run(&["project", "create", &project])?;
        let name = unique("web").chars().take(16).collect::<String>();
        let environment = format!("{project}/production");
        let args = ["--environment", &environment, "--destination", &here[0], "--image", "echo:1"];
        let add = [&["app", "add", &name][..], &args, &["--port", "80", "--volume", "data:/data"]];
        stage.portolan.run(&add.concat())?;
        Ok(Self { stage, name, here, there, other })
    }

    fn app(&self, act: &str, more: &[&str]) -> Result<String> {
        self.stage.portolan.run(&[&["app", act, &self.name][..], more].concat())
    }

    fn shown(&self) -> Result<Value> {
        self.stage.portolan.json(&["app", "show", &self.name])
    }

    fn container(&self) -> Result<String> {
        Ok(self.shown()?["container"].as_str().context("a container")?.to_owned())
    }

    /// The latest work on it.
    fn work(&self) -> Result<Value> {
        let id = self.shown()?["operation_id"].as_str().context("work")?.to_owned();
        self.stage.portolan.json(&["operation", "show", &id])
    }

    fn file(host: &Host, container: &str) -> Result<Vec<u8>> {
        let kept = std::env::temp_dir().join(unique("read"));
        host.docker(&["cp", &format!("{container}:/data/large"), &kept.to_string_lossy()])?;
        let content = std::fs::read(&kept)?;
        std::fs::remove_file(&kept)?;
        Ok(content)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for host in [&self.stage.host, &self.other] {
            for kind in [&["ps", "-aq"][..], &["volume", "ls", "-q"]] {
                let filter = format!("name={}-", self.name);
                let left = host.try_docker(&[kind, &["--filter", &filter]].concat());
                let left = left.map(|said| said.out).unwrap_or_default();
                for one in left.split_whitespace() {
                    let gone: &[&str] =
                        if kind[0] == "ps" { &["rm", "-f", one] } else { &["volume", "rm", one] };
                    drop(host.try_docker(gone));
                }
            }
        }
        drop(self.other.try_docker(&["network", "rm", &self.there]));
    }
}

/// Bytes that do not repeat soon.
fn large() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..SIZE / 8).flat_map(next).collect()
}

fn written(content: &[u8]) -> Result<PathBuf> {
    let file = std::env::temp_dir().join(unique("large"));
    std::fs::write(&file, content)?;
    Ok(file)
}

#[test]
#[ignore = "needs the lab"]
#[expect(clippy::print_stderr, reason = "measurements are for the reader of the test's output")]
fn an_application_moves_to_another_network_and_another_host_with_its_data() -> Result<()> {
    let mut scene = Scene::set("alpha", "bravo")?;
    scene.app("deploy", &[])?;
    let route = ["route", "add", SITE, "--app", &scene.name];
    scene.stage.portolan.run(&route)?;
    let (content, first) = (large(), scene.container()?);
    let file = written(&content)?;
    let into = format!("{first}:/data/large");
    scene.stage.host.docker(&["cp", &file.to_string_lossy(), &into])?;
    std::fs::remove_file(&file)?;
    eventually("an answer", || Ok(scene.stage.answers(SITE)?.then_some(())))?;

    // On the same host: the volume stays, and the route follows.
    let near = scene.here[1].clone();
    scene.app("move", &[&near, "--yes"])?;
    let gap = scene.work()?["result"]["gap_ms"].as_u64().context("a gap")?;
    eprintln!("to another network: nothing ran for {gap} ms");
    ensure!(scene.shown()?["destination_name"] == near.as_str(), "it is elsewhere");
    eventually("an answer over the other network", || {
        Ok(scene.stage.answers(SITE)?.then_some(()))
    })?;
    let (source, second) = (scene.stage.host.clone(), scene.container()?);
    ensure!(Scene::file(&source, &second)? == content, "the data are not the same");

    // To another host, killed in the middle of the copy.
    let there = scene.there.clone();
    scene.app("move", &[&there, "--yes", "--no-wait"])?;
    eventually("it is being copied", || {
        let steps = scene.work()?["steps"].as_array().cloned().unwrap_or_default();
        Ok(steps.iter().any(|step| step["name"] == "copy").then_some(()))
    })?;
    scene.stage.portolan.kill_and_restart()?;
    let done = eventually("it serves there", || {
        let work = scene.work()?;
        ensure!(work["state"] != "failed", "{work:#}");
        Ok((work["state"] == "succeeded").then_some(work))
    })?;
    let moved = &done["result"];
    eprintln!("to another host: nothing ran for {} ms, {}", moved["gap_ms"], moved["volumes"]);
    let third = scene.container()?;
    ensure!(Scene::file(&scene.other, &third)? == content, "the data are not the same there");
    // What was is kept, stopped.
    let state = ["inspect", "--format", "{{.State.Running}}", &second];
    ensure!(source.docker(&state)?.trim() == "false", "it runs on both");
    ensure!(Scene::file(&source, &second)? == content, "the source lost its data");
    ensure!(scene.shown()?["moved"]["state"] == "waiting", "nobody is asked");

    scene.app("take-back", &["--yes"])?;
    eventually("an answer where it was", || Ok(scene.stage.answers(SITE)?.then_some(())))?;
    eventually("nothing is left there", || {
        let filter = format!("name={}-", scene.name);
        let left = scene.other.docker(&["volume", "ls", "-q", "--filter", &filter])?;
        Ok((left.trim().is_empty() && scene.shown()?.get("moved").is_none()).then_some(()))
    })?;
    scene.app("move", &[&there, "--yes"])?;
    scene.app("confirm-move", &["--yes"])?;
    let gone = source.try_docker(&["inspect", &second])?;
    ensure!(gone.code != 0, "the container stays");
    let fourth = scene.container()?;
    ensure!(Scene::file(&scene.other, &fourth)? == content, "the data are not the same there");
    scene.app("remove", &["--volumes", "--yes"])?;
    Ok(())
}
