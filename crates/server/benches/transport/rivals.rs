//! The ways to an engine that are compared: the bare API, Portolan's host layer, and programs.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use portolan_server::host::{
    Dialer, Host, NewNetwork, Pin, Progress, RealDialer, Route, SshRoute, Target,
};
use serde_json::json;
use tokio::net::UnixStream;

use crate::lab::{self, LabHost};

/// Each call ends when its result is known.
#[async_trait(?Send)]
pub(crate) trait Rival {
    fn name(&self) -> &'static str;

    /// How many lists are timed together.
    fn lists_at_once(&self) -> u32;

    async fn create(&mut self, name: &str) -> anyhow::Result<String>;
    async fn inspect(&mut self, id: &str) -> anyhow::Result<()>;
    async fn remove(&mut self, id: &str) -> anyhow::Result<()>;
    async fn list(&mut self) -> anyhow::Result<()>;

    /// With subnets, labels and options, which the API's list has already.
    async fn list_with_details(&mut self) -> anyhow::Result<()> {
        self.list().await
    }
}

/// One HTTP connection to the engine's own socket, answers read and not parsed: what no client
/// can beat.
pub(crate) struct BareApi(SendRequest<Full<Bytes>>);

impl BareApi {
    pub(crate) async fn connect(socket: &Path) -> anyhow::Result<Self> {
        let stream = TokioIo::new(UnixStream::connect(socket).await?);
        let (sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    async fn ask(&mut self, method: Method, path: &str, body: String) -> anyhow::Result<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1.41{path}"))
            .header("host", "docker")
            .header("content-type", "application/json")
            .body(Full::from(body))?;
        self.0.ready().await?;
        let answer = self.0.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "{path}: {status}");
        Ok(body)
    }
}

#[async_trait(?Send)]
impl Rival for BareApi {
    fn name(&self) -> &'static str {
        "Engine API on the host's own socket"
    }

    fn lists_at_once(&self) -> u32 {
        20
    }

    async fn create(&mut self, name: &str) -> anyhow::Result<String> {
        let body = json!({"Name": name, "CheckDuplicate": true, "Driver": "bridge"});
        let answer = self.ask(Method::POST, "/networks/create", body.to_string()).await?;
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        Ok(answer["Id"].as_str().context("no id")?.to_owned())
    }

    async fn inspect(&mut self, id: &str) -> anyhow::Result<()> {
        self.ask(Method::GET, &format!("/networks/{id}"), String::new()).await.map(drop)
    }

    async fn remove(&mut self, id: &str) -> anyhow::Result<()> {
        self.ask(Method::DELETE, &format!("/networks/{id}"), String::new()).await.map(drop)
    }

    async fn list(&mut self) -> anyhow::Result<()> {
        self.ask(Method::GET, "/networks", String::new()).await.map(drop)
    }
}

/// The host layer over SSH, as the control plane uses it.
pub(crate) struct Portolan(Arc<dyn Host>);

impl Portolan {
    pub(crate) async fn connect(host: &LabHost) -> anyhow::Result<Self> {
        let route = Route::Ssh(SshRoute {
            host: host.address.parse()?,
            port: 22,
            user: "root".parse()?,
            private_key: std::fs::read_to_string(&host.key)?.into(),
            pin: Pin::FirstContact,
            access: None,
        });
        let target = Target { server: "bench".into(), route };
        Ok(Self(RealDialer::default().dial(&target, &Progress::silent()).await?.host))
    }
}

#[async_trait(?Send)]
impl Rival for Portolan {
    fn name(&self) -> &'static str {
        "Portolan over SSH"
    }

    fn lists_at_once(&self) -> u32 {
        20
    }

    async fn create(&mut self, name: &str) -> anyhow::Result<String> {
        let (options, labels) = Default::default();
        Ok(self
            .0
            .create_network(&NewNetwork {
                kind: portolan_types::DestinationKind::Standalone,
                name: name.parse()?,
                options,
                labels,
            })
            .await?)
    }

    async fn inspect(&mut self, id: &str) -> anyhow::Result<()> {
        self.0.find_network(id).await?.context("not there").map(drop)
    }

    async fn remove(&mut self, id: &str) -> anyhow::Result<()> {
        Ok(self.0.remove_network(id).await?)
    }

    async fn list(&mut self) -> anyhow::Result<()> {
        Ok(self.0.list_networks().await.map(drop)?)
    }
}

/// A program for each command.
pub(crate) struct Programs {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    /// Where `docker` finds `ssh`.
    path: Option<String>,
}

impl Programs {
    /// `docker -H ssh://...`: starts an `ssh` by itself.
    pub(crate) fn docker_over_ssh(host: &LabHost, scratch: &Path) -> anyhow::Result<Self> {
        let config = ssh_config(host, scratch, "plain", "")?;
        let wrapper = scratch.join("ssh");
        std::fs::write(&wrapper, format!("#!/bin/sh\nexec /usr/bin/ssh -F {config} \"$@\"\n"))?;
        lab::run(lab::program(Path::new("chmod")).arg("755").arg(&wrapper))?;
        Ok(Self {
            name: "`docker -H ssh://`",
            program: host.docker(),
            arguments: vec!["-H".into(), format!("ssh://root@{}", host.address)],
            path: Some(format!("{}:{}", scratch.display(), std::env::var("PATH")?)),
        })
    }

    /// `ssh HOST docker ...`: a connection for each command.
    pub(crate) fn ssh_alone(host: &LabHost, scratch: &Path) -> anyhow::Result<Self> {
        let config = ssh_config(host, scratch, "plain", "")?;
        Ok(Self::ssh("`ssh` per command", host, config))
    }

    /// `ssh HOST docker ...` over one connection that stays.
    pub(crate) fn ssh_with_master(host: &LabHost, scratch: &Path) -> anyhow::Result<Self> {
        let path = scratch.join("master").display().to_string();
        let master = format!("ControlMaster auto\nControlPath {path}\nControlPersist 60\n");
        let config = ssh_config(host, scratch, "master.config", &master)?;
        Ok(Self::ssh("`ssh` with ControlMaster", host, config))
    }

    fn ssh(name: &'static str, host: &LabHost, config: String) -> Self {
        let target = format!("root@{}", host.address);
        let arguments = vec!["-F".into(), config, target, "docker".into()];
        Self { name, program: "ssh".into(), arguments, path: None }
    }

    fn docker(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command: Command = lab::program(&self.program);
        command.args(&self.arguments).args(arguments);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        lab::run(&mut command)
    }
}

fn ssh_config(host: &LabHost, scratch: &Path, name: &str, more: &str) -> anyhow::Result<String> {
    let path = scratch.join(name);
    let key = host.key.display();
    let config = format!(
        "IdentityFile {key}\nIdentitiesOnly yes\nStrictHostKeyChecking no\n\
         UserKnownHostsFile /dev/null\nLogLevel ERROR\n{more}"
    );
    std::fs::write(&path, config)?;
    Ok(path.display().to_string())
}

#[async_trait(?Send)]
impl Rival for Programs {
    fn name(&self) -> &'static str {
        self.name
    }

    fn lists_at_once(&self) -> u32 {
        1
    }

    async fn create(&mut self, name: &str) -> anyhow::Result<String> {
        self.docker(&["network", "create", name])
    }

    async fn inspect(&mut self, id: &str) -> anyhow::Result<()> {
        self.docker(&["network", "inspect", id]).map(drop)
    }

    async fn remove(&mut self, id: &str) -> anyhow::Result<()> {
        self.docker(&["network", "rm", id]).map(drop)
    }

    async fn list(&mut self) -> anyhow::Result<()> {
        self.docker(&["network", "ls"]).map(drop)
    }

    /// `ssh` runs a shell on the host, so one command there can ask twice.
    async fn list_with_details(&mut self) -> anyhow::Result<()> {
        if self.path.is_none() {
            return self.docker(&["network", "inspect", "$(docker network ls -q)"]).map(drop);
        }
        let ids = self.docker(&["network", "ls", "-q"])?;
        let ids = ids.lines();
        self.docker(&[&["network", "inspect"], &ids.collect::<Vec<_>>()[..]].concat()).map(drop)
    }
}
