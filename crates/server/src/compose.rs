//! Compose files (<https://github.com/compose-spec/compose-spec>), read into what Portolan makes of
//! them: each service as the spec of an application, with its variables, its order and its networks.
//!
//! Pure: no database and no host. What a file asks for and Portolan does not do is refused by name and
//! line; what can do no harm is left out and told. Nothing is left out silently: every reader names
//! the keys that it knows, and whatever else is there is refused.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::{
    Alias, ApplicationName, ApplicationSpec, FileMode, FileText, MountPath, RepositoryPath,
    SetVariable, StackRepository, VariableName, VariableValue,
};

mod amounts;
mod build;
mod contents;
mod document;
mod env_file;
mod files;
mod finding;
mod health;
mod interpolate;
mod networks;
mod order;
mod ports;
mod process;
mod service;
mod spot;
mod unknown;
mod volumes;
mod yaml;

pub use files::named as files_named;
pub(crate) use files::named_with as files_named_with;
pub(crate) use finding::Finding;
use finding::Findings;

/// Values for `${NAME}` in a file, and whether each is secret.
pub(crate) type Values = BTreeMap<VariableName, (VariableValue, bool)>;

/// Files beside it that came along.
pub(crate) type Files = BTreeMap<RepositoryPath, FileText>;

/// What a file is read with.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub stack: &'a ApplicationName,
    pub values: &'a Values,
    /// Where contexts of builds are below.
    pub repository: Option<&'a StackRepository>,
    pub files: &'a Files,
    /// The network of the destination: what `default` is.
    pub network: &'a str,
}

/// What a file comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Composed {
    /// Each after those that it needs.
    pub services: Vec<Service>,
    /// Beside the destination's, by name.
    pub networks: BTreeMap<String, Network>,
    /// What was left out, and what may surprise.
    pub notices: Vec<Finding>,
}

/// A service of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its first name for the others.
    pub name: Alias,
    pub line: usize,
    pub spec: ApplicationSpec,
    pub variables: Vec<SetVariable>,
    /// What is put into its container.
    pub files: Vec<ServiceFile>,
    pub needs: BTreeMap<String, Condition>,
    pub places: Places,
}

/// A config or secret in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceFile {
    pub target: MountPath,
    pub content: FileText,
    pub uid: u32,
    pub gid: u32,
    pub mode: FileMode,
}

/// Where a service is found, besides or instead of its destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// Whether it is on the destination: the file says other networks alone otherwise.
    pub apart: bool,
    /// Further networks, with the names that it has there.
    pub beside: BTreeMap<String, BTreeSet<Alias>>,
    /// Networks that are there already, by Docker's names, with the names that it has there.
    pub outside: BTreeMap<String, BTreeSet<Alias>>,
}

/// A network of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Network {
    /// Whether nothing leads outside by it.
    pub internal: bool,
}

/// What is waited for before a service is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// That the other one runs.
    Started,
    /// That it is healthy, too.
    Healthy,
}

impl Condition {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Healthy => "healthy",
        }
    }
}

/// Reads a file, or says all that is against it, line by line.
pub(crate) fn read(text: &str, reading: &Reading<'_>) -> Result<Composed, Vec<Finding>> {
    let mut findings = Findings::default();
    let composed = document::read(text, reading, &mut findings);
    match (composed, findings.into_parts()) {
        (Some(composed), (faults, notices)) if faults.is_empty() => {
            Ok(Composed { notices, ..composed })
        }
        (_, (faults, _)) => Err(faults),
    }
}

#[cfg(test)]
mod tests;
