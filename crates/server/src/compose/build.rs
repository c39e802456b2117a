//! How a service's image is built: from a folder of the stack's repository, or of one that is named.

use portolan_types::{Build, RepositoryPath, SetVariable, StackRepository};

use super::{
    finding::Findings,
    service,
    spot::{Pair, Spot},
    unknown,
};

/// A build, with what its Dockerfile is told.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) build: Build,
    pub(super) arguments: Vec<SetVariable>,
}

pub(super) fn read(
    spot: &Spot<'_>,
    repository: Option<&StackRepository>,
    findings: &mut Findings,
) -> Option<Built> {
    if !spot.is_map() {
        let build = context(spot, repository, findings)?;
        return Some(Built { build, arguments: Vec::new() });
    }
    let entries = spot.entries(findings);
    let named = entries.iter().find(|(key, _)| *key == "context");
    let Some((_, from)) = named else {
        spot.refuse(findings, "a build has a `context`");
        return None;
    };
    let at = context(from, repository, findings);
    let mut built = Built { build: at?, arguments: Vec::new() };
    for (key, spot) in &entries {
        match *key {
            "context" => {}
            "dockerfile" => {
                if let Some(path) = spot.parsed(findings) {
                    built.build.dockerfile = path;
                }
            }
            "target" => built.build.stage = spot.parsed(findings),
            "args" => built.arguments = arguments(spot, findings),
            _ => unknown::key(key, spot, findings),
        }
    }
    Some(built)
}

/// A folder below that of the file, or a repository with `#REFERENCE:FOLDER`.
fn context(
    spot: &Spot<'_>,
    repository: Option<&StackRepository>,
    findings: &mut Findings,
) -> Option<Build> {
    let text = spot.text(findings)?;
    if text.contains("://") {
        return elsewhere(text, spot, findings);
    }
    let Some(of) = repository else {
        let why = "not done: the file came without a repository, and a folder cannot be built from \
                   anywhere else; name the stack's repository, or an image";
        spot.refuse(findings, why);
        return None;
    };
    let below =
        if text.starts_with('/') { "..".to_owned() } else { format!("{}/{text}", of.folder) };
    let folder: RepositoryPath = spot.accept(findings, below.parse())?;
    Some(Build {
        reference: of.reference.clone(),
        folder,
        key_id: of.key_id.clone(),
        host_key: of.host_key.clone(),
        ..Build::of(of.repository.clone())
    })
}

fn elsewhere(text: &str, spot: &Spot<'_>, findings: &mut Findings) -> Option<Build> {
    let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (reference, folder) = fragment.split_once(':').unwrap_or((fragment, ""));
    let mut build = Build::of(spot.accept(findings, url.parse())?);
    if !reference.is_empty() {
        build.reference = spot.accept(findings, reference.parse());
    }
    if !folder.is_empty() {
        build.folder = spot.accept(findings, folder.parse())?;
    }
    Some(build)
}

fn arguments(spot: &Spot<'_>, findings: &mut Findings) -> Vec<SetVariable> {
    let mut all = Vec::new();
    for Pair { name, value, spot } in spot.pairs(findings) {
        let Some(value) = value else {
            spot.refuse(findings, format!("`{name}` has no value"));
            continue;
        };
        let read = service::variable((name, value), &spot, findings);
        all.extend(read.map(|one| SetVariable { build: true, ..one }));
    }
    all
}
