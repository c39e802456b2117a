//! Files beside a Compose file: which it names, and what is in those that came along.
//!
//! Nothing is read here: whoever sends the Compose file sends them, or the stack's repository has them.

use std::collections::BTreeSet;

use portolan_types::{FileText, Invalid, RepositoryPath, SetStackVariable};

use super::{
    Files, Values,
    finding::Findings,
    interpolate,
    spot::Spot,
    yaml::{self, Node},
};

/// The files that a Compose file names, from its folder on. What cannot be read names none: it is refused
/// where the file is read whole.
pub fn named(text: &str, variables: &[SetStackVariable]) -> BTreeSet<RepositoryPath> {
    let value = |one: &SetStackVariable| (one.name.clone(), (one.value.clone(), one.secret));
    named_with(text, &variables.iter().map(value).collect())
}

/// The same with values that are kept.
pub(crate) fn named_with(text: &str, values: &Values) -> BTreeSet<RepositoryPath> {
    let Ok(mut root) = yaml::read(text) else { return BTreeSet::new() };
    let mut findings = Findings::default();
    interpolate::fill(&mut root, values, &mut findings);
    let mut spots = Vec::new();
    for service in below(&root, "services", &mut findings) {
        for file in
            service.find("env_file").map(|all| listed(&all, &mut findings)).unwrap_or_default()
        {
            spots.push(file.find("path").unwrap_or(file));
        }
    }
    for kind in ["configs", "secrets"] {
        let all = below(&root, kind, &mut findings);
        spots.extend(all.iter().filter_map(|one| one.find("file")));
    }
    let text = |spot: &Spot<'_>| spot.as_text().map(|text| text.text.clone());
    spots.iter().filter_map(text).filter_map(|text| path(&text).ok()).collect()
}

/// What is in a mapping at the top.
fn below<'a>(root: &'a Node, key: &str, findings: &mut Findings) -> Vec<Spot<'a>> {
    let found = Spot::root(root).find(key);
    let entries = found.map(|spot| spot.entries(findings)).unwrap_or_default();
    entries.into_iter().map(|(_, spot)| spot).collect()
}

/// The items of a list, or the one that stands for it.
pub(super) fn listed<'a>(spot: &Spot<'a>, findings: &mut Findings) -> Vec<Spot<'a>> {
    if spot.is_list() { spot.items(findings) } else { vec![spot.clone()] }
}

/// A file below the folder of the Compose file.
pub(super) fn path(text: &str) -> Result<RepositoryPath, Invalid> {
    if text.starts_with(['/', '~']) || text.split('/').any(|part| part == "..") {
        return Err(Invalid::new(format!(
            "not done: `{text}` is outside of the folder of the file: put it there"
        )));
    }
    text.parse()
}

/// What is in a file that came along.
pub(super) fn content<'a>(
    path: &RepositoryPath,
    (spot, files): (&Spot<'_>, &'a Files),
    findings: &mut Findings,
) -> Option<&'a FileText> {
    let found = files.get(path);
    if found.is_none() {
        let why = format!(
            "file `{path}` did not come along: `portolan stack apply` sends it from the folder of the \
             Compose file, and the stack's repository may have it there"
        );
        spot.refuse(findings, why);
    }
    found
}
