//! Jobs in a container of a real engine.

use anyhow::{Context, Result, ensure};

use crate::{
    proxies::Stage,
    support::{create, eventually, unique},
};

/// No test runs on that day for long.
const RARELY: &str = "0 0 29 2 *";

#[test]
#[ignore = "needs the lab"]
fn a_job_runs_in_a_real_container() -> Result<()> {
    let stage = Stage::beside("bravo")?;
    let (portolan, network) = (&stage.portolan, stage.network("jobs"));
    portolan.run(&create(&stage.host.name, &network))?;
    let (project, name) = (unique("project"), unique("web"));
    portolan.run(&["project", "create", &project])?;
    let environment = format!("{project}/production");
    let app = ["app", "add", &name, "--environment", &environment, "--destination", &network];
    let more = ["--image", "echo:1", "--port", "80", "--stop-within", "1", "--deploy"];
    portolan.run(&[&app[..], &more].concat())?;

    let add = ["app", "job", "add", &name, "tidy", "--cron", RARELY, "--"];
    let script = "echo \"$0 and no shell: $1\"; echo no >&2; exit 3";
    portolan.run(&[&add[..], &["sh", "-c", script, "it", "$(id); rm"]].concat())?;
    let ran = portolan.try_run(&["app", "job", "run", &name, "tidy"])?;
    ensure!(ran.code == 3, "{}{}", ran.out, ran.err);
    ensure!(
        ran.out.contains("it and no shell: $(id); rm") && ran.err.contains("no"),
        "{}",
        ran.out
    );

    // What takes too long is told to end, with what it began.
    let late = ["sh", "-c", "echo half; sleep 4321 & sleep 4321; wait"];
    let edit = ["app", "job", "edit", &name, "tidy", "--within", "2", "--"];
    portolan.run(&[&edit[..], &late].concat())?;
    let said = portolan.refuse(&["app", "job", "run", &name, "tidy"])?;
    ensure!(said.contains("had not ended after 2 s"), "{said}");
    let shown = portolan.json(&["app", "show", &name])?;
    let container = shown["container"].as_str().context("a container")?.to_owned();
    eventually("nothing of it goes on", || {
        let said = stage.host.docker(&["top", &container])?;
        Ok((!said.contains("sleep 4321")).then_some(()))
    })?;

    let runs = portolan.json(&["app", "job", "runs", &name, "tidy"])?;
    let runs = runs["items"].as_array().context("runs")?;
    let states: Vec<_> = runs.iter().filter_map(|run| run["state"].as_str()).collect();
    ensure!(states == ["timed-out", "failed"], "{states:?}");
    let id = runs[0]["id"].as_str().context("an id")?;
    let shown = portolan.json(&["app", "job", "runs", &name, "tidy", "--show", id])?;
    ensure!(shown["output"]["stdout"] == "half\n", "{shown}");
    let id = runs[1]["id"].as_str().context("an id")?;
    let shown = portolan.json(&["app", "job", "runs", &name, "tidy", "--show", id])?;
    ensure!(shown["output"]["stderr"] == "no\n", "{shown}");

    // Nothing that runs keeps a deployment waiting.
    let edit = ["app", "job", "edit", &name, "tidy", "--within", "600", "--"];
    portolan.run(&[&edit[..], &["sleep", "600"]].concat())?;
    portolan.run(&["app", "job", "run", &name, "tidy", "--no-wait"])?;
    let latest = || -> Result<String> {
        let runs = portolan.json(&["app", "job", "runs", &name, "tidy"])?;
        let run = &runs["items"][0];
        let began = if run["started_at"].is_null() { "waits" } else { "began" };
        Ok(format!("{began}: {}", run["state"].as_str().unwrap_or_default()))
    };
    eventually("it runs", || Ok((latest()? == "began: running").then_some(())))?;
    portolan.run(&["app", "deploy", &name])?;
    eventually("it is cut off", || Ok((latest()? == "began: cut-off").then_some(())))
}
