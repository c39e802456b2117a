//! Files of variables (`env_file`). What is in them is secret: that is what they are kept apart for.

use portolan_types::{FileText, RepositoryPath, SetVariable, dotenv};

use super::{
    Files,
    files::{self, content},
    finding::Findings,
    spot::Spot,
    unknown,
};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Usual,
    /// Nothing in it stands for anything else.
    Raw,
}

/// The variables of all files: of one that is there several times the last counts.
pub(super) fn read(spot: &Spot<'_>, files: &Files, findings: &mut Findings) -> Vec<SetVariable> {
    let mut all: Vec<SetVariable> = Vec::new();
    for item in files::listed(spot, findings) {
        for one in of_one(&item, files, findings) {
            all.retain(|other| other.name != one.name);
            all.push(one);
        }
    }
    all
}

fn of_one(spot: &Spot<'_>, files: &Files, findings: &mut Findings) -> Vec<SetVariable> {
    let (mut named, mut needed, mut format) = (None, true, Format::Usual);
    if spot.is_map() {
        for (key, spot) in spot.entries(findings) {
            match key {
                "path" => named = Some(spot),
                "required" => needed = spot.flag(findings).unwrap_or(true),
                "format" if spot.text(findings) == Some("raw") => format = Format::Raw,
                "format" => spot.refuse(findings, "not known here: `raw` is all that can be said"),
                _ => unknown::key(key, &spot, findings),
            }
        }
    } else {
        named = Some(spot.clone());
    }
    let Some(named) = named else {
        spot.refuse(findings, "a file has a `path`");
        return Vec::new();
    };
    let Some(text) = named.text(findings) else { return Vec::new() };
    let Some(path) = named.accept(findings, files::path(text)) else { return Vec::new() };
    if !needed && !files.contains_key(&path) {
        named.tell(findings, format!("file `{path}` did not come along, and is not needed"));
        return Vec::new();
    }
    let Some(text) = content(&path, (&named, files), findings) else { return Vec::new() };
    match parsed((&path, text), format) {
        Ok(variables) => variables,
        Err(why) => {
            named.refuse(findings, why);
            Vec::new()
        }
    }
}

/// Reasons have a line and a name, and never a value.
fn parsed(
    (path, text): (&RepositoryPath, &FileText),
    format: Format,
) -> Result<Vec<SetVariable>, String> {
    let at = |line: usize, why: String| format!("`{path}`, line {line}: {why}");
    let lines = match format {
        Format::Usual => dotenv::parse(text.as_str()),
        Format::Raw => raw(text.as_str()),
    };
    let lines = lines.map_err(|(line, why)| at(line, why.to_string()))?;
    let filled = lines.iter().find(|one| !one.literal && fills_in(one.value.as_str()));
    if let Some(one) = filled {
        let why = format!(
            "not done: a `$` of `{}` is not filled in: write the value between single quotes where it \
             is meant, or under `environment`",
            one.name
        );
        return Err(at(one.number, why));
    }
    let variable = |one: dotenv::Line| SetVariable {
        name: one.name,
        value: one.value,
        secret: true,
        build: false,
    };
    Ok(lines.into_iter().map(variable).collect())
}

/// Whether Compose would put something in the place of a part of it.
fn fills_in(value: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '$');
    value.match_indices('$').any(|(at, _)| value[at + 1..].starts_with(begins))
}

fn raw(text: &str) -> Result<Vec<dotenv::Line>, (usize, portolan_types::Invalid)> {
    let told =
        |(_, line): &(usize, &str)| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines = (1..).zip(text.lines()).filter(told);
    let line = |(number, line): (usize, &str)| {
        let wrong = |why| (number, why);
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| wrong(portolan_types::Invalid::new("there is no `=`")))?;
        let name = name.trim().parse().map_err(wrong)?;
        Ok(dotenv::Line { number, name, value: value.parse().map_err(wrong)?, literal: true })
    };
    lines.map(line).collect()
}
