//! The lab's hosts: what is on them, what is put there, and what goes wrong.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio};

use anyhow::{Context, Result, ensure};
use ipnet::Ipv4Net;
use serde_json::Value;

use super::{Said, command, said};

/// A host of the lab.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) keys: BTreeMap<String, String>,
    pub(crate) unauthorised_key: String,
    pub(crate) fingerprint: String,
}

impl Host {
    /// The host of this name, as it is now.
    pub(crate) fn find(name: &str) -> Result<Self> {
        let hosts: Vec<Value> = serde_json::from_str(&lab(&["env", "--json"])?)?;
        let host = hosts.into_iter().find(|host| host["name"] == name);
        let host = host.with_context(|| format!("`{name}` does not run: run `make lab-up`"))?;
        let text = |field: &str| host[field].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            name: name.to_owned(),
            address: text("address"),
            keys: serde_json::from_value(host["keys"].clone())?,
            unauthorised_key: text("unauthorised_key"),
            fingerprint: text("host_key_fingerprint"),
        })
    }

    /// The Docker command on the host's own engine; it has to succeed.
    pub(crate) fn docker(&self, args: &[&str]) -> Result<String> {
        lab(&[&["docker", &self.name], args].concat())
    }

    /// Runs a command on the host itself.
    pub(crate) fn as_root(&self, args: &[&str]) -> Result<String> {
        lab(&[&["ssh", &format!("root@{}", self.name)], args].concat())
    }

    /// The same of docker, whatever its outcome.
    pub(crate) fn try_docker(&self, args: &[&str]) -> Result<Said> {
        try_lab(&[&["docker", &self.name], args].concat())
    }

    /// Starts a container that answers HTTP, and removes it when the guard goes.
    pub(crate) fn container(&self, network: &str, name: &str) -> Result<Container> {
        self.container_with(network, name, &[])
    }

    /// The same with further flags of `docker run`.
    pub(crate) fn container_with(
        &self,
        network: &str,
        name: &str,
        flags: &[&str],
    ) -> Result<Container> {
        let run = ["run", "-d", "--name", name, "--network", network];
        self.docker(&[&run, flags, &["echo:1"]].concat())?;
        Ok(Container { host: self.clone(), name: name.to_owned() })
    }

    /// The networks of this name.
    pub(crate) fn networks(&self, name: &str) -> Result<Vec<String>> {
        // A swarm's networks are not found by Docker's own filter with a pattern.
        let all = ["network", "ls", "--no-trunc", "--format", "{{.Name}} {{.ID}}"];
        let listed = self.docker(&all)?;
        let named = listed.lines().filter_map(|line| line.split_once(' '));
        Ok(named.filter(|(found, _)| *found == name).map(|(_, id)| id.to_owned()).collect())
    }

    /// The IPv4 subnets of all networks whose names begin so.
    pub(crate) fn subnets_of(&self, prefix: &str) -> Result<BTreeMap<String, Ipv4Net>> {
        let names = self.docker(&["network", "ls", "--format", "{{.Name}}"])?;
        let ours: Vec<&str> = names.lines().filter(|name| name.starts_with(prefix)).collect();
        if ours.is_empty() {
            return Ok(BTreeMap::new());
        }
        let format = "{{.Name}} {{range .IPAM.Config}}{{.Subnet}}{{end}}";
        let said =
            self.docker(&[&["network", "inspect", "--format", format], &ours[..]].concat())?;
        let pair = |line: &str| {
            let (name, subnet) = line.split_once(' ').context("a name and a subnet")?;
            Ok((name.to_owned(), subnet.trim().parse()?))
        };
        said.lines().map(pair).collect()
    }

    /// Sets a fault, and clears all when the guard goes.
    pub(crate) fn fault(&self, kind: &str) -> Result<Fault> {
        self.fault_with(kind, &[])
    }

    /// The same with what the fault takes.
    pub(crate) fn fault_with(&self, kind: &str, how: &[&str]) -> Result<Fault> {
        lab(&[&["fault", &self.name, kind], how].concat())?;
        Ok(Fault { host: self.clone() })
    }
}

/// A container of a test.
pub(crate) struct Container {
    host: Host,
    pub(crate) name: String,
}

impl Container {
    /// Runs a command in it; answers whether it succeeded.
    pub(crate) fn succeeds(&self, args: &[&str]) -> Result<bool> {
        let said = self.host.try_docker(&[&["exec", &self.name], args].concat())?;
        Ok(said.code == 0)
    }

    /// Runs a command in it that has to succeed; answers what it said.
    pub(crate) fn says(&self, args: &[&str]) -> Result<String> {
        self.host.docker(&[&["exec", &self.name], args].concat())
    }

    /// Its places on networks, as Docker inspects them.
    pub(crate) fn places(&self) -> Result<serde_json::Map<String, Value>> {
        let format = "{{json .NetworkSettings.Networks}}";
        let text = self.host.docker(&["inspect", "-f", format, &self.name])?;
        Ok(serde_json::from_str(&text)?)
    }

    pub(crate) fn address(&self) -> Result<String> {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        Ok(self.host.docker(&["inspect", "-f", format, &self.name])?.trim().to_owned())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // The test may have removed it, or the engine may be down on purpose.
        drop(self.host.try_docker(&["rm", "-f", &self.name]));
    }
}

/// A fault that is in force.
pub(crate) struct Fault {
    host: Host,
}

impl Fault {
    pub(crate) fn clear(self) {
        drop(self);
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        lab(&["fault", &self.host.name, "clear"]).expect("the lab mends its host");
    }
}

fn lab(args: &[&str]) -> Result<String> {
    let said = try_lab(args)?;
    ensure!(said.code == 0, "lab {args:?} ended with {}: {}{}", said.code, said.out, said.err);
    Ok(said.out)
}

fn try_lab(args: &[&str]) -> Result<Said> {
    let program: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "lab", "lab"].iter().collect();
    said(command(&program.display().to_string()).args(args).stdin(Stdio::null()).output()?)
}
