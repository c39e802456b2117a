//! How an application's program is run, as it is typed.

use clap::Args;
use portolan_types::{
    ApplicationSpec, Capability, ContainerUser, Hostname, Invalid, ProcessSettings, StopSignal,
    Tmpfs, WorkingDirectory,
};

use crate::amount;

/// Flags of a program's surroundings. What is not typed stays.
#[derive(Debug, Args)]
#[command(next_help_heading = "How its program is run")]
pub(crate) struct ProcessArgs {
    /// Whom it runs as in its container: a name or number, with `:GROUP` where that matters.
    #[arg(long)]
    user: Option<ContainerUser>,
    /// Where it is begun.
    #[arg(long, value_name = "PATH")]
    workdir: Option<WorkingDirectory>,
    /// What it takes its machine's name for.
    #[arg(long, value_name = "NAME")]
    hostname: Option<Hostname>,
    /// Put a small process before it, which passes signals on.
    #[arg(long)]
    init: bool,
    /// By which it is asked to end, as `SIGINT`.
    #[arg(long, value_name = "SIGNAL")]
    stop_signal: Option<StopSignal>,
    /// Let it write to its mounts alone.
    #[arg(long)]
    read_only: bool,
    /// What it may not do of what engines allow, as `NET_RAW`; may be given again.
    #[arg(long = "drop-capability", value_name = "CAPABILITY")]
    drop_capabilities: Vec<Capability>,
    /// Let nothing that it runs gain more than it has.
    #[arg(long)]
    no_new_privileges: bool,
    /// A folder that is in memory, as `/tmp:size=64M,mode=1777`; may be given again.
    #[arg(long, value_name = "PATH[:OPTIONS]", value_parser = tmpfs)]
    tmpfs: Vec<Tmpfs>,
}

/// The flags of [`ProcessArgs`], of which an edit needs one.
pub(super) const FLAGS: [&str; 9] = [
    "user",
    "workdir",
    "hostname",
    "init",
    "stop_signal",
    "read_only",
    "drop_capabilities",
    "no_new_privileges",
    "tmpfs",
];

impl ProcessArgs {
    /// The present spec with what was typed instead.
    pub(super) fn apply(self, spec: &mut ApplicationSpec) {
        if !self.tmpfs.is_empty() {
            spec.tmpfs = self.tmpfs;
        }
        let had = std::mem::take(&mut spec.process);
        let dropped = self.drop_capabilities;
        spec.process = ProcessSettings {
            user: self.user.or(had.user),
            working_dir: self.workdir.or(had.working_dir),
            hostname: self.hostname.or(had.hostname),
            init: self.init || had.init,
            stop_signal: self.stop_signal.or(had.stop_signal),
            read_only: self.read_only || had.read_only,
            drop_capabilities: if dropped.is_empty() {
                had.drop_capabilities
            } else {
                dropped.into_iter().collect()
            },
            no_new_privileges: self.no_new_privileges || had.no_new_privileges,
        };
    }
}

fn tmpfs(text: &str) -> Result<Tmpfs, Invalid> {
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    let mut read = Tmpfs { target: target.parse()?, size_bytes: None, mode: None };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("size", size)) => read.size_bytes = Some(amount::memory(size)?),
            Some(("mode", mode)) => read.mode = Some(mode.parse()?),
            _ => {
                return Err(Invalid::new(
                    "a folder in memory is written as `/tmp` or `/tmp:size=64M,mode=1777`",
                ));
            }
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_memory_have_a_size_and_a_mode() {
        let read = tmpfs("/tmp:size=64M,mode=700").expect("a folder");
        assert_eq!((read.target.as_str(), read.size_bytes), ("/tmp", Some(64 << 20)));
        assert_eq!(read.mode.expect("a mode").to_string(), "0700");
        assert_eq!(tmpfs("/run").expect("a folder").size_bytes, None);
        for text in ["", "/", "tmp", "/tmp:exec", "/tmp:size=much", "/tmp:mode=9"] {
            assert!(tmpfs(text).is_err(), "{text:?}");
        }
    }
}
