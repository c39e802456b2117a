//! How an application's program is run, as the fields of a form: their names are in
//! `templates/applications/process.html`.

use portolan_types::{Capability, ProcessSettings, StopSignal, Tmpfs};

use super::fields::{size, text};

/// [`ProcessSettings`] in fields.
#[derive(Debug)]
pub(super) struct ProcessFields {
    pub user: String,
    pub working_dir: String,
    pub hostname: String,
    /// Each with whether it was chosen.
    pub signals: Vec<(StopSignal, bool)>,
    /// Separated by commas.
    pub dropped: String,
    pub init: bool,
    pub read_only: bool,
    pub no_new_privileges: bool,
}

impl From<&ProcessSettings> for ProcessFields {
    fn from(process: &ProcessSettings) -> Self {
        let dropped: Vec<&str> =
            process.drop_capabilities.iter().map(|one| Capability::as_str(*one)).collect();
        let chosen = process.stop_signal;
        let signals = StopSignal::ALL.iter().map(|one| (*one, chosen == Some(*one)));
        Self {
            user: text(process.user.as_ref()),
            working_dir: text(process.working_dir.as_ref()),
            hostname: text(process.hostname.as_ref()),
            signals: signals.collect(),
            dropped: dropped.join(", "),
            init: process.init,
            read_only: process.read_only,
            no_new_privileges: process.no_new_privileges,
        }
    }
}

/// Memory that is mounted, as a row.
#[derive(Debug)]
pub(super) struct TmpfsFields {
    pub target: String,
    pub size: String,
    pub mode: String,
}

impl From<&Tmpfs> for TmpfsFields {
    fn from(one: &Tmpfs) -> Self {
        Self {
            target: one.target.to_string(),
            size: one.size_bytes.map(size).unwrap_or_default(),
            mode: text(one.mode),
        }
    }
}
