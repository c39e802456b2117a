//! The control plane as this program sees it.
//!
//! `doctor` is a stand-in until `portolan-server` has it. To use the real one, replace all below
//! by `pub(crate) use portolan_server::{Config, Finding, Level, doctor, run};`

pub(crate) use portolan_server::{Config, run};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Ok,
    Warn,
    Fail,
}

/// What one check of an installation found.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) level: Level,
    pub(crate) detail: String,
    pub(crate) remedy: Option<String>,
}

pub(crate) async fn doctor(_config: &Config) -> Vec<Finding> {
    std::future::ready(Vec::new()).await
}
