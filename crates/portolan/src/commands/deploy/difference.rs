//! What differs between what is there and what a file describes.

use std::collections::BTreeMap;

use portolan_types::{ApplicationSpec, Route, SetVariable, Variable, VariableName};
use serde::Serialize;
use serde_json::Value;

use super::{
    file::{Domain, Wanted},
    jobs::{self, JobChange},
    present::Present,
};
use crate::{
    failure::Failure,
    printer::{Line, Style},
};

/// As JSON it is what `--dry-run` answers.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    /// `PROJECT/ENVIRONMENT/NAME`.
    application: String,
    changes: Vec<Change>,
    #[serde(skip)]
    variables: Vec<SetVariable>,
    #[serde(skip)]
    domains: Vec<Domain>,
    #[serde(skip)]
    jobs: Vec<JobChange>,
}

/// One thing that is made, or that becomes other than it is.
#[derive(Debug, Serialize)]
struct Change {
    kind: Kind,
    /// Of a spec the field, else the name.
    what: String,
    /// Absent when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Project,
    Environment,
    Application,
    Spec,
    Variable,
    Domain,
    Job,
}

impl Kind {
    /// The word before the name; a field of the spec has none.
    const fn word(self) -> &'static str {
        match self {
            Self::Project => "project ",
            Self::Environment => "environment ",
            Self::Application => "application ",
            Self::Spec => "",
            Self::Variable => "variable ",
            Self::Domain => "domain ",
            Self::Job => "job ",
        }
    }
}

impl Difference {
    pub(super) fn between(present: &Present, wanted: &Wanted) -> Result<Self, Failure> {
        let variables = variables(&present.variables, wanted)?;
        let domains = domains(present, wanted)?;
        let mut changes = made(present, wanted);
        if let Some(application) = &present.application {
            changes.extend(spec_changes(&application.spec, &wanted.spec));
        }
        changes.extend(variables.iter().map(|one| {
            let before = present.variables.get(&one.name);
            let from = before.and_then(|before| before.value.as_ref()).map(ToString::to_string);
            Change::new(Kind::Variable, one.name.as_str(), from, Some(one.value.to_string()))
        }));
        changes.extend(domains.iter().map(|domain| Change::made(Kind::Domain, words(domain))));
        let jobs = jobs::changes(&present.jobs, &wanted.jobs);
        changes.extend(jobs.iter().map(|one| {
            let name = one.wanted.name.as_str();
            Change::new(Kind::Job, name, one.from.clone(), Some(one.to.clone()))
        }));
        Ok(Self { application: wanted.path(), changes, variables, domains, jobs })
    }

    /// Whether the spec of an application that is there is another one.
    pub(super) fn of_spec(&self) -> bool {
        self.changes.iter().any(|change| change.kind == Kind::Spec)
    }

    pub(super) fn variables(&self) -> Vec<SetVariable> {
        self.variables.clone()
    }

    pub(super) fn domains(&self) -> Vec<Domain> {
        self.domains.clone()
    }

    pub(super) fn jobs(&self) -> Vec<JobChange> {
        self.jobs.clone()
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        if self.changes.is_empty() {
            let text = format!("{} is as the file says", self.application);
            return vec![Line::styled(Style::Dim, text)];
        }
        self.changes.iter().map(Change::line).collect()
    }
}

impl Change {
    fn new(kind: Kind, what: impl Into<String>, from: Option<String>, to: Option<String>) -> Self {
        Self { kind, what: what.into(), from, to }
    }

    fn made(kind: Kind, what: impl Into<String>) -> Self {
        Self::new(kind, what, None, None)
    }

    /// `+ domain shop.example.com`, `~ image: shop:1 -> shop:2`, `- port = 8080`.
    fn line(&self) -> Line {
        let name = format!("{}{}", self.kind.word(), self.what);
        let added = || Line::styled(Style::Good, "+").and_plain(format!(" {name}"));
        match (&self.from, &self.to) {
            (None, None) => added(),
            (None, Some(to)) => added().and_plain(format!(" = {to}")),
            (Some(from), Some(to)) => {
                Line::styled(Style::Caution, "~").and_plain(format!(" {name}: {from} -> {to}"))
            }
            (Some(from), None) => {
                Line::styled(Style::Bad, "-").and_plain(format!(" {name} = {from}"))
            }
        }
    }
}

/// As people write it.
fn words((host, path): &Domain) -> String {
    if path.is_root() { host.to_string() } else { format!("{host}{path}") }
}

/// What is missing whole.
fn made(present: &Present, wanted: &Wanted) -> Vec<Change> {
    let missing = [
        (present.project.is_none(), Kind::Project, wanted.project.to_string()),
        (present.environment.is_none(), Kind::Environment, wanted.environment.to_string()),
        (present.application.is_none(), Kind::Application, wanted.path()),
    ];
    let missing = missing.into_iter().filter(|(missing, ..)| *missing);
    let mut changes: Vec<Change> =
        missing.map(|(_, kind, what)| Change::made(kind, what)).collect();
    if present.application.is_none() {
        let usual = fields(&ApplicationSpec::of(wanted.spec.image.clone()));
        let own = fields(&wanted.spec).into_iter();
        let own = own.filter(|(name, value)| name == "image" || usual.get(name) != Some(value));
        changes.extend(own.map(|(name, value)| Change::new(Kind::Spec, name, None, Some(value))));
    }
    changes
}

/// Field by field, by their names in the API.
fn spec_changes(before: &ApplicationSpec, after: &ApplicationSpec) -> Vec<Change> {
    let (before, after) = (fields(before), fields(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differing
        .map(|name| {
            Change::new(Kind::Spec, name, before.get(name).cloned(), after.get(name).cloned())
        })
        .collect()
}

/// `limits.memory_bytes`: objects are taken apart, lists are not.
fn fields(spec: &ApplicationSpec) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let value = serde_json::to_value(spec).expect("a spec is JSON: it came as such");
    flatten(String::new(), value, &mut fields);
    fields
}

fn flatten(name: String, value: Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(object) => {
            let dot = if name.is_empty() { "" } else { "." };
            object
                .into_iter()
                .for_each(|(key, value)| flatten(format!("{name}{dot}{key}"), value, fields));
        }
        Value::Null => {}
        Value::String(text) => {
            fields.insert(name, text);
        }
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
            fields.insert(name, other.to_string());
        }
    }
}

/// Those that are missing or have another value. A file is no place for what was made secret.
fn variables(
    present: &BTreeMap<VariableName, Variable>,
    wanted: &Wanted,
) -> Result<Vec<SetVariable>, Failure> {
    let mut set = Vec::new();
    for (name, value) in &wanted.variables {
        match present.get(name) {
            Some(before) if before.secret => {
                return Err(Failure::advised(
                    format!("variable {name} is a secret of the application, and is in the file"),
                    "take it out of the file",
                ));
            }
            Some(before) if before.value.as_ref() == Some(value) => {}
            Some(_) | None => {
                set.push(SetVariable {
                    name: name.clone(),
                    value: value.clone(),
                    secret: false,
                    build: false,
                });
            }
        }
    }
    Ok(set)
}

/// Those that lead nowhere yet.
fn domains(present: &Present, wanted: &Wanted) -> Result<Vec<Domain>, Failure> {
    let its = present.application.as_ref().map(|application| &application.id);
    let mut missing = Vec::new();
    for (host, path) in &wanted.domains {
        let found = present.routes.iter().find(|one| one.host == *host && one.path == *path);
        match found {
            None => missing.push((host.clone(), path.clone())),
            Some(route)
                if route.application_id.is_some() && route.application_id.as_ref() == its => {}
            Some(route) => return Err(elsewhere(&(host.clone(), path.clone()), route)),
        }
    }
    Ok(missing)
}

fn elsewhere(domain: &Domain, route: &Route) -> Failure {
    let Route { target, destination_name, id, .. } = route;
    Failure::advised(
        format!("domain `{}` leads to `{target}` on `{destination_name}` already", words(domain)),
        format!("take it out of the file, or remove that route: `portolan route remove {id}`"),
    )
}
