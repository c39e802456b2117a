//! The lab's host that is measured, and the programs beside it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};
use serde::Deserialize;

/// A host as `lab env --json` describes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LabHost {
    name: String,
    pub(crate) address: String,
    pub(crate) key: PathBuf,
    pub(crate) docker_socket: PathBuf,
}

impl LabHost {
    /// The Docker client of the lab: this machine may have none.
    pub(crate) fn docker(&self) -> PathBuf {
        let state = self.key.ancestors().nth(2).unwrap_or(Path::new("/"));
        state.join("cache/root/usr/bin/docker")
    }
}

pub(crate) fn host(name: &str) -> anyhow::Result<LabHost> {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lab/lab");
    let answer = program(&lab).args(["env", "--json"]).output().context("lab/lab")?;
    let hosts: Vec<LabHost> = serde_json::from_slice(&answer.stdout)?;
    let found = hosts.into_iter().find(|host| host.name == name);
    found.with_context(|| format!("`{name}` does not run"))
}

#[expect(clippy::disallowed_methods, reason = "the rivals are programs")]
pub(crate) fn program(path: &Path) -> Command {
    Command::new(path)
}

/// Runs a program to its end and gives what it printed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<String> {
    let answer = command.output()?;
    let errors = String::from_utf8_lossy(&answer.stderr);
    ensure!(answer.status.success(), "{command:?}: {errors}");
    Ok(String::from_utf8(answer.stdout)?.trim().to_owned())
}
