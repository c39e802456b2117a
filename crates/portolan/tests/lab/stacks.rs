//! A Compose file on a real engine: services in their order, a network that two of them share, a volume
//! that outlives them.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    proxies::Stage,
    support::{create, eventually, unique},
};

const FILE: &str = r#"
services:
  web:
    image: echo:1
    depends_on:
      cache: {condition: service_healthy}
    environment:
      GREETING: ${GREETING:-hello}
      CACHE_PASSWORD: ${PASSWORD}
    expose: [80]
    networks: [default, back]
    stop_grace_period: 1s
  cache:
    image: redis:7
    volumes: ["data:/data"]
    networks:
      back: {aliases: [store]}
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 1s
      timeout: 5s
    stop_grace_period: 1s
  worker:
    image: echo:1
    entrypoint: ["sleep", "600"]
    depends_on: [web]
    env_file: worker.env
    user: "1000:1000"
    working_dir: /var
    tmpfs: ["/scratch:size=64k,mode=1777"]
    init: true
    security_opt: ["no-new-privileges:true"]
    cap_drop: [ALL]
    configs: [{source: site, target: /etc/worker/site.conf}]
    secrets: [{source: password, uid: "1000", mode: 0400}]
    networks: [default, edge]
    stop_grace_period: 1s
  idle:
    image: echo:1
    entrypoint: ["sleep", "600"]
    read_only: true
    tmpfs: /scratch
    stop_grace_period: 1s
configs:
  site: {content: "level ${LEVEL:-one}"}
secrets:
  password: {file: ./password.txt}
networks:
  back: {internal: true}
  edge: {external: true, name: "${EDGE}"}
volumes:
  data:
"#;

/// A stack that was applied on one host.
struct Scene {
    stage: Stage,
    name: String,
    file: String,
}

impl Scene {
    fn apply(&self, more: &[&str]) -> Result<String> {
        let apply = ["stack", "apply", &self.name, "--file", &self.file];
        self.stage.portolan.run(&[&apply[..], more].concat())
    }

    fn show(&self) -> Result<Value> {
        self.stage.portolan.json(&["stack", "show", &self.name])
    }

    /// The container of a service.
    fn container(&self, service: &str) -> Result<String> {
        let shown = self.show()?;
        let services = shown["services"].as_array().context("services")?;
        let found = services.iter().find(|one| one["name"] == service).context("a service")?;
        Ok(found["container"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether a constant script succeeds in the container of a service.
    fn can(&self, service: &str, script: &str) -> Result<bool> {
        let container = self.container(service)?;
        Ok(self.stage.host.try_docker(&["exec", &container, "sh", "-c", script])?.code == 0)
    }

    /// As whom, where, with which files, and with what it may not do.
    fn is_run_as_it_says(&self) -> Result<()> {
        for (service, script) in [
            ("worker", "test \"$(id -u):$(id -g) $PWD $KEY\" = '1000:1000 /var swordfish'"),
            ("worker", "test \"$(stat -f -c %T /scratch)\" = tmpfs && touch /scratch/a"),
            ("worker", "! dd if=/dev/zero of=/scratch/b bs=1k count=128 2>/dev/null"),
            ("worker", "grep -q 'NoNewPrivs:.1' /proc/1/status"),
            ("worker", "grep -q 'CapBnd:.0000000000000000' /proc/1/status"),
            ("worker", "test \"$(cat /etc/worker/site.conf)\" = 'level one'"),
            ("worker", "test \"$(cat /run/secrets/password)\" = 'open sesame'"),
            ("worker", "test \"$(stat -c '%a %u' /run/secrets/password)\" = '400 1000'"),
            ("worker", "! touch /etc/worker/site.conf 2>/dev/null"),
            ("idle", "! touch /a 2>/dev/null && touch /scratch/a"),
        ] {
            ensure!(self.can(service, script)?, "{service} cannot: {script}");
        }
        let container = self.container("worker")?;
        let inspected = self.stage.host.docker(&["inspect", &container])?;
        ensure!(!inspected.contains("open sesame"), "the secret is in the definition");
        Ok(())
    }

    fn started(&self, service: &str) -> Result<String> {
        let container = self.container(service)?;
        let format = "{{.State.StartedAt}}";
        Ok(self.stage.host.docker(&["inspect", "--format", format, &container])?.trim().to_owned())
    }
}

#[test]
#[ignore = "needs the lab"]
fn a_compose_file_is_applied_changed_and_removed() -> Result<()> {
    let stage = Stage::beside("bravo")?;
    let (network, project, name) = (stage.network("pile"), unique("pile"), unique("pile"));
    let edge = stage.network("edge");
    stage.portolan.run(&create(&stage.host.name, &network))?;
    stage.portolan.run(&create(&stage.host.name, &edge))?;
    stage.portolan.run(&["project", "create", &project])?;
    let file = stage.portolan.path("compose.yaml");
    std::fs::write(&file, FILE)?;
    let secrets = stage.portolan.path("secrets.env");
    std::fs::write(&secrets, "PASSWORD='open sesame'\n")?;
    std::fs::write(stage.portolan.path("worker.env"), "KEY=swordfish\n")?;
    std::fs::write(stage.portolan.path("password.txt"), "open sesame")?;
    let scene = Scene { stage, name, file };
    let environment = format!("{project}/production");
    let place = ["--environment", &environment, "--destination", &network];
    let edge_is = format!("EDGE={edge}");
    scene.apply(&[&place[..], &["--secret-file", &secrets, "--set", &edge_is]].concat())?;

    let times = ["cache", "web", "worker"].map(|one| scene.started(one));
    let [cache, web, worker] = times;
    let (cache, web, worker) = (cache?, web?, worker?);
    ensure!(cache < web && web < worker, "{cache} {web} {worker}");
    // Two share the network, and the third does not even find the name there.
    ensure!(scene.can("web", "nc -z -w 2 cache 6379 && getent hosts store")?, "no way to it");
    ensure!(scene.can("worker", "wget -q -T 2 -O /dev/null http://web/")?, "no way to it");
    ensure!(!scene.can("worker", "getent hosts cache")?, "it is found where it is not to be");
    ensure!(scene.can("web", "test \"$CACHE_PASSWORD\" = 'open sesame'")?, "no password");
    let shown = scene.show()?.to_string();
    ensure!(!shown.contains("open sesame"), "{shown}");
    scene.stage.host.docker(&["exec", &scene.container("cache")?, "redis-cli", "set", "a", "1"])?;

    scene.is_run_as_it_says()?;
    let joined = scene.stage.host.docker(&["inspect", &scene.container("worker")?])?;
    ensure!(joined.contains(&format!("\"{edge}\": {{")), "{joined}");

    // Another value concerns the web alone, another content the worker.
    let before = (scene.container("cache")?, scene.container("web")?);
    scene.apply(&["--set", "GREETING=ahoy", "--set", "LEVEL=two"])?;
    ensure!(scene.can("worker", "test \"$(cat /etc/worker/site.conf)\" = 'level two'")?, "old");
    ensure!(scene.container("cache")? == before.0, "it was deployed for nothing");
    ensure!(scene.container("web")? != before.1, "it was not deployed");
    let other = FILE.replace("    image: redis:7\n", "    image: redis:7\n    mem_limit: 128m\n");
    std::fs::write(&scene.file, other)?;
    scene.apply(&[])?;
    ensure!(scene.container("cache")? != before.0, "it was not deployed");
    ensure!(scene.can("cache", "test \"$(redis-cli get a)\" = 1")?, "the volume is another one");
    ensure!(scene.can("web", "nc -z -w 2 cache 6379")?, "no way to the new one");

    let volumes = scene.stage.host.docker(&["volume", "ls", "--format", "{{.Name}}"])?;
    let stack_volume = |line: &&str| line.starts_with(&format!("{}-cache-", scene.name));
    ensure!(volumes.lines().filter(stack_volume).count() == 1, "{volumes}");
    scene.stage.portolan.run(&["stack", "remove", &scene.name, "--volumes", "--yes"])?;
    eventually("its networks are gone", || {
        let networks = scene.stage.host.docker(&["network", "ls", "--format", "{{.Name}}"])?;
        Ok((!networks.contains("stack-")).then_some(()))
    })?;
    let volumes = scene.stage.host.docker(&["volume", "ls", "--format", "{{.Name}}"])?;
    ensure!(volumes.lines().filter(stack_volume).count() == 0, "{volumes}");
    Ok(())
}
