//! How a program is run, as `portolan.toml` says it.

use std::collections::BTreeSet;

use portolan_types::{
    Capability, ContainerUser, FileMode, Hostname, MountPath, ProcessSettings, StopSignal, Tmpfs,
    WorkingDirectory,
};
use serde::Deserialize;

use super::Memory;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Process {
    user: Option<ContainerUser>,
    working_dir: Option<WorkingDirectory>,
    hostname: Option<Hostname>,
    init: bool,
    stop_signal: Option<StopSignal>,
    read_only: bool,
    drop_capabilities: BTreeSet<Capability>,
    no_new_privileges: bool,
}

impl From<Process> for ProcessSettings {
    fn from(process: Process) -> Self {
        Self {
            user: process.user,
            working_dir: process.working_dir,
            hostname: process.hostname,
            init: process.init,
            stop_signal: process.stop_signal,
            read_only: process.read_only,
            drop_capabilities: process.drop_capabilities,
            no_new_privileges: process.no_new_privileges,
        }
    }
}

/// A folder that is in memory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct InMemory {
    path: MountPath,
    size: Option<Memory>,
    mode: Option<FileMode>,
}

impl From<InMemory> for Tmpfs {
    fn from(InMemory { path, size, mode }: InMemory) -> Self {
        Self { target: path, size_bytes: size.map(|size| size.0), mode }
    }
}
