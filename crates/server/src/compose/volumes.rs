//! What services mount: volumes of their own, and paths of the host.

use std::collections::BTreeSet;

use portolan_types::{Alias, ApplicationMount, Invalid, MountPath, MountSource, Tmpfs};

use super::{finding::Findings, process, spot::Spot, unknown};

/// The volumes that a file names.
pub(super) fn declared(spot: &Spot<'_>, findings: &mut Findings) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (name, spot) in spot.entries(findings) {
        names.insert(name.to_owned());
        for (key, spot) in spot.entries(findings) {
            match key {
                "name" => spot.tell(findings, "left out: volumes have names of Portolan's"),
                "driver" if spot.text(findings) == Some("local") => {}
                "external" if spot.flag(findings) == Some(false) => {}
                "external" => spot.refuse(
                    findings,
                    "not done: a volume is one service's, made with it; copy what is in the other one",
                ),
                "labels" => spot.tell(findings, "left out: volumes have Portolan's labels"),
                _ => unknown::key(key, &spot, findings),
            }
        }
    }
    names
}

/// What a service mounts.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    pub(super) mounts: Vec<ApplicationMount>,
    pub(super) memory: Vec<Tmpfs>,
}

pub(super) fn mounts(
    spot: &Spot<'_>,
    volumes: &BTreeSet<String>,
    findings: &mut Findings,
) -> Mounts {
    let mut all = Mounts::default();
    for item in spot.items(findings) {
        if is_memory(&item) {
            all.memory.extend(memory(&item, findings));
            continue;
        }
        let read = if item.is_map() { long(&item, findings) } else { short(&item, findings) };
        let Some(said) = read else { continue };
        all.mounts.extend(said.mount(volumes, &item, findings));
    }
    all
}

fn is_memory(spot: &Spot<'_>) -> bool {
    let kind = spot.find("type");
    kind.is_some_and(|kind| kind.as_text().is_some_and(|text| text.text == "tmpfs"))
}

fn memory(spot: &Spot<'_>, findings: &mut Findings) -> Option<Tmpfs> {
    for (key, spot) in spot.entries(findings) {
        match key {
            "type" | "target" | "tmpfs" => {}
            _ => unknown::key(key, &spot, findings),
        }
    }
    let Some(target) = spot.find("target") else {
        spot.refuse(findings, "a mount has a `target`");
        return None;
    };
    let target = target.parsed(findings)?;
    Some(process::long(target, spot.find("tmpfs").as_ref(), findings))
}

/// A mount as it is written.
#[derive(Debug)]
struct Said<'a> {
    source: Option<&'a str>,
    target: &'a str,
    read_only: bool,
}

/// `[SOURCE:]TARGET[:OPTIONS]`.
fn short<'a>(spot: &Spot<'a>, findings: &mut Findings) -> Option<Said<'a>> {
    let text = spot.text(findings)?;
    let mut parts = text.splitn(3, ':');
    let first = parts.next().unwrap_or_default();
    let Some(target) = parts.next() else {
        return Some(Said { source: None, target: first, read_only: false });
    };
    let mut read_only = false;
    for option in parts.next().into_iter().flat_map(|options| options.split(',')) {
        match option {
            "ro" => read_only = true,
            "rw" => read_only = false,
            "z" | "Z" => spot.tell(findings, "left out: labels of SELinux stay as they are"),
            _ => spot.refuse(findings, format!("`{option}` is not known here")),
        }
    }
    Some(Said { source: Some(first), target, read_only })
}

fn long<'a>(spot: &Spot<'a>, findings: &mut Findings) -> Option<Said<'a>> {
    let (mut source, mut target, mut read_only) = (None, None, false);
    for (key, spot) in spot.entries(findings) {
        match key {
            "type" => match spot.text(findings)? {
                "volume" | "bind" => {}
                other => {
                    let why = format!(
                        "not done: a mount is a volume, memory or a path of the host, and not `{other}`"
                    );
                    spot.refuse(findings, why);
                    return None;
                }
            },
            "source" => source = spot.text(findings),
            "target" => target = spot.text(findings),
            "read_only" => read_only = spot.flag(findings)?,
            "bind" => bind(&spot, findings),
            "volume" => {
                for (key, spot) in spot.entries(findings) {
                    unknown::key(key, &spot, findings);
                }
            }
            _ => unknown::key(key, &spot, findings),
        }
    }
    if target.is_none() {
        spot.refuse(findings, "a mount has a `target`");
    }
    Some(Said { source, target: target?, read_only })
}

fn bind(spot: &Spot<'_>, findings: &mut Findings) {
    for (key, spot) in spot.entries(findings) {
        match key {
            "create_host_path" | "selinux" => {
                spot.tell(findings, "left out: the path has to be there");
            }
            _ => unknown::key(key, &spot, findings),
        }
    }
}

impl Said<'_> {
    fn mount(
        &self,
        volumes: &BTreeSet<String>,
        spot: &Spot<'_>,
        findings: &mut Findings,
    ) -> Option<ApplicationMount> {
        let target: MountPath = spot.accept(findings, self.target.parse())?;
        let source = match self.source {
            Some(source) if source.starts_with('/') => {
                MountSource::Bind(spot.accept(findings, source.parse())?)
            }
            Some(source) if source.starts_with(['.', '~']) => {
                let why = format!(
                    "not done: `{source}` is a path beside the file, which is not on the server; put \
                     it into the image, or name a path of the server from its root"
                );
                spot.refuse(findings, why);
                return None;
            }
            Some(source) if !volumes.contains(source) => {
                spot.refuse(findings, format!("there is no volume `{source}` under `volumes`"));
                return None;
            }
            Some(source) => MountSource::Volume(spot.accept(findings, label(source))?),
            None => {
                let name = format!("at-{}", self.target.trim_start_matches('/'));
                let name = spot.accept(findings, label(&name))?;
                spot.tell(
                    findings,
                    format!("its volume is called `{name}`, and outlives containers"),
                );
                MountSource::Volume(name)
            }
        };
        Some(ApplicationMount { source, target, read_only: self.read_only })
    }
}

/// A name as those of our volumes are.
fn label(name: &str) -> Result<Alias, Invalid> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(plain).collect();
    name.trim_matches('-').parse()
}
