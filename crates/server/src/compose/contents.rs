//! What is put into containers: `configs` and `secrets`, from the file itself, from variables of the stack
//! and from files beside it.

use std::collections::BTreeMap;

use portolan_types::{FileMode, FileText, MountPath, VariableName};

use super::{
    Reading, Service, ServiceFile, files, finding::Findings, process, spot::Spot, unknown,
};

/// What there is by name. Nothing where it was refused already.
pub(super) type Contents = BTreeMap<String, Option<FileText>>;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Config,
    Secret,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Secret => "secret",
        }
    }

    /// Where what has no whole path is below.
    const fn folder(self) -> &'static str {
        match self {
            Self::Config => "/",
            Self::Secret => "/run/secrets/",
        }
    }
}

pub(super) fn declared(
    kind: Kind,
    spot: &Spot<'_>,
    reading: &Reading<'_>,
    findings: &mut Findings,
) -> Contents {
    let entries = spot.entries(findings).into_iter();
    let read =
        |(name, spot): (&str, Spot<'_>)| (name.to_owned(), one(kind, &spot, reading, findings));
    entries.map(read).collect()
}

fn one(
    kind: Kind,
    spot: &Spot<'_>,
    reading: &Reading<'_>,
    findings: &mut Findings,
) -> Option<FileText> {
    let (mut found, mut sources) = (None, 0);
    for (key, spot) in spot.entries(findings) {
        match key {
            "file" => {
                let path = spot.text(findings)?;
                let path = spot.accept(findings, files::path(path))?;
                found = files::content(&path, (&spot, reading.files), findings).cloned();
            }
            "environment" => found = variable(&spot, reading, findings),
            "content" if kind == Kind::Config => {
                let text = spot.text(findings)?;
                found = spot.accept(findings, text.parse());
            }
            "external" if spot.flag(findings) == Some(false) => continue,
            "external" => spot.refuse(
                findings,
                "not done: Portolan keeps none for several stacks; name a `file` or a variable of the \
                 stack (`environment`)",
            ),
            "name" | "labels" => {
                spot.tell(findings, "left out: it is put into containers, and has no name");
                continue;
            }
            _ => {
                unknown::key(key, &spot, findings);
                continue;
            }
        }
        sources += 1;
    }
    if sources != 1 {
        let what = match kind {
            Kind::Config => "`file`, `environment` or `content`",
            Kind::Secret => "`file` or `environment`",
        };
        spot.refuse(findings, format!("a {} has one of {what}", kind.word()));
        return None;
    }
    found
}

/// The value of a variable of the stack.
fn variable(spot: &Spot<'_>, reading: &Reading<'_>, findings: &mut Findings) -> Option<FileText> {
    let name: VariableName = spot.parsed(findings)?;
    let Some((value, _)) = reading.values.get(&name) else {
        spot.refuse(findings, format!("variable `{name}` of the stack is needed"));
        return None;
    };
    spot.accept(findings, value.as_str().parse())
}

/// What a service is given.
pub(super) fn placed(
    kind: Kind,
    spot: &Spot<'_>,
    all: &Contents,
    findings: &mut Findings,
) -> Vec<ServiceFile> {
    let mut files = Vec::new();
    for item in spot.items(findings) {
        let read = if item.is_map() { long(&item, findings) } else { short(&item, findings) };
        let Some(asked) = read else { continue };
        files.extend(asked.file(kind, (&item, all), findings));
    }
    files
}

/// What is asked for by a service.
#[derive(Debug)]
struct Asked<'a> {
    source: &'a str,
    target: Option<&'a str>,
    uid: u32,
    gid: u32,
    mode: FileMode,
}

impl<'a> Asked<'a> {
    const fn of(source: &'a str) -> Self {
        Self { source, target: None, uid: 0, gid: 0, mode: FileMode::READABLE }
    }
}

fn short<'a>(spot: &Spot<'a>, findings: &mut Findings) -> Option<Asked<'a>> {
    spot.text(findings).map(Asked::of)
}

fn long<'a>(spot: &Spot<'a>, findings: &mut Findings) -> Option<Asked<'a>> {
    let Some(source) = spot.find("source") else {
        spot.refuse(findings, "it has a `source`");
        return None;
    };
    let mut asked = Asked::of(source.text(findings)?);
    for (key, spot) in spot.entries(findings) {
        match key {
            "source" => {}
            "target" => asked.target = Some(spot.text(findings)?),
            "uid" => asked.uid = spot.number(findings)?,
            "gid" => asked.gid = spot.number(findings)?,
            "mode" => asked.mode = process::mode(&spot, findings)?,
            _ => unknown::key(key, &spot, findings),
        }
    }
    Some(asked)
}

impl Asked<'_> {
    fn file(
        &self,
        kind: Kind,
        (spot, all): (&Spot<'_>, &Contents),
        findings: &mut Findings,
    ) -> Option<ServiceFile> {
        let Self { source, uid, gid, mode, .. } = *self;
        let Some(content) = all.get(source) else {
            let word = kind.word();
            spot.refuse(findings, format!("there is no {word} `{source}` under `{word}s`"));
            return None;
        };
        let target = self.target.unwrap_or(source);
        let target = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("{}{target}", kind.folder())
        };
        let target: MountPath = spot.accept(findings, target.parse())?;
        let content = content.clone()?;
        Some(ServiceFile { target, content, uid, gid, mode })
    }
}

/// A file is put before its container is started: a mount would hide it or keep it, and what is read only
/// takes nothing.
pub(super) fn check(service: &Service, spot: &Spot<'_>, findings: &mut Findings) {
    if !service.files.is_empty() && service.spec.process.read_only {
        spot.refuse(
            findings,
            "not done: `configs` and `secrets` beside read only files of a container: engines put none into \
             it; leave one of the two out, or put the files into the image",
        );
    }
    let mut seen: Vec<&str> = Vec::new();
    for file in &service.files {
        let target = file.target.as_str();
        if seen.contains(&target) {
            spot.refuse(findings, format!("two files are put at `{target}`"));
        }
        seen.push(target);
        let covers = |mount: &&MountPath| {
            let rest = target.strip_prefix(mount.as_str().trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(mount) = service.spec.targets().find(covers) {
            let why =
                format!("not done: `{target}` is below `{mount}`, where something is mounted");
            spot.refuse(findings, why);
        }
    }
}
