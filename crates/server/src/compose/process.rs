//! How a service's program is run: as whom, where, what of its files is in memory, and what it may not do.
//!
//! What takes away is done. What gives more than engines give anyway is refused.

use std::collections::BTreeSet;

use portolan_types::{Capability, FileMode, Invalid, MountPath, ProcessSettings, Tmpfs};

use super::{amounts, finding::Findings, spot::Spot, unknown};

/// Takes a key, if it is one of these.
pub(super) fn take(
    (key, spot): (&str, &Spot<'_>),
    process: &mut ProcessSettings,
    findings: &mut Findings,
) -> bool {
    match key {
        "user" => process.user = spot.parsed(findings),
        "working_dir" => process.working_dir = spot.parsed(findings),
        "hostname" => process.hostname = spot.parsed(findings),
        "init" => process.init = spot.flag(findings).unwrap_or_default(),
        "read_only" => process.read_only = spot.flag(findings).unwrap_or_default(),
        "stop_signal" => {
            let name = spot.text(findings).map(|text| named(text, "SIG"));
            process.stop_signal = name.and_then(|name| spot.accept(findings, name.parse()));
        }
        "security_opt" => security(spot, process, findings),
        _ => return false,
    }
    true
}

/// In capital letters, with what begins such names.
fn named(text: &str, start: &str) -> String {
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix(start).unwrap_or(&name);
    format!("{start}{name}")
}

fn security(spot: &Spot<'_>, process: &mut ProcessSettings, findings: &mut Findings) {
    for item in spot.items(findings) {
        match item.text(findings).map(|text| text.replacen('=', ":", 1)).as_deref() {
            Some("no-new-privileges" | "no-new-privileges:true") => {
                process.no_new_privileges = true;
            }
            Some("no-new-privileges:false") => process.no_new_privileges = false,
            Some(_) => item.refuse(
                findings,
                "not done: applications have the engine's own profiles; `no-new-privileges` alone can be said",
            ),
            None => {}
        }
    }
}

/// `cap_drop` and `cap_add`, of which the second brings back what the first took.
#[derive(Debug, Default)]
pub(super) struct Capabilities {
    dropped: BTreeSet<Capability>,
    added: BTreeSet<Capability>,
}

impl Capabilities {
    /// What a service is without.
    pub(super) fn without(self) -> BTreeSet<Capability> {
        let Self { mut dropped, added } = self;
        dropped.retain(|one| !added.contains(one));
        dropped
    }

    pub(super) fn drop(&mut self, spot: &Spot<'_>, findings: &mut Findings) {
        for item in spot.items(findings) {
            let Some(text) = item.text(findings) else { continue };
            if text.eq_ignore_ascii_case("all") {
                self.dropped.extend(Capability::ALL);
            } else {
                // One that no container has is gone already.
                self.dropped.extend(capability(text));
            }
        }
    }

    pub(super) fn add(&mut self, spot: &Spot<'_>, findings: &mut Findings) {
        for item in spot.items(findings) {
            let Some(text) = item.text(findings) else { continue };
            match capability(text) {
                Some(one) => {
                    self.added.insert(one);
                }
                None => item.refuse(
                    findings,
                    "not done: applications have the engine's usual capabilities, and no more",
                ),
            }
        }
    }
}

fn capability(text: &str) -> Option<Capability> {
    let name = text.to_ascii_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).parse().ok()
}

/// `tmpfs`: one, or a list, each with options as `mount` has them.
pub(super) fn tmpfs(spot: &Spot<'_>, all: &mut Vec<Tmpfs>, findings: &mut Findings) {
    if spot.is_list() {
        for item in spot.items(findings) {
            all.extend(short(&item, findings));
        }
    } else {
        all.extend(short(spot, findings));
    }
}

fn short(spot: &Spot<'_>, findings: &mut Findings) -> Option<Tmpfs> {
    let text = spot.text(findings)?;
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    let target = spot.accept(findings, target.parse())?;
    let mut read = Tmpfs { target, size_bytes: None, mode: None };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option.split_once('=').unwrap_or((option, "")) {
            ("size", size) => {
                let bytes = amounts::size(size);
                let why = format!("`{size}` is no size, as `64m`");
                read.size_bytes = spot.accept(findings, bytes.ok_or_else(|| Invalid::new(why)));
            }
            ("mode", mode) => read.mode = spot.accept(findings, mode_of(mode)),
            // As it is anyway.
            ("rw" | "noexec" | "nosuid" | "nodev", "") => {}
            _ => spot
                .refuse(findings, format!("not done: `{option}`; `size` and `mode` can be said")),
        }
    }
    Some(read)
}

/// What a mount of `type: tmpfs` says of itself.
pub(super) fn long(target: MountPath, spot: Option<&Spot<'_>>, findings: &mut Findings) -> Tmpfs {
    let mut read = Tmpfs { target, size_bytes: None, mode: None };
    let entries = spot.map(|spot| spot.entries(findings)).unwrap_or_default();
    for (key, spot) in entries {
        match key {
            "size" => read.size_bytes = amounts::bytes(&spot, findings),
            "mode" => read.mode = mode(&spot, findings),
            _ => unknown::key(key, &spot, findings),
        }
    }
    read
}

/// A mode of a file or folder: octal digits, which begin with a 0 where it is a number of YAML.
pub(super) fn mode(spot: &Spot<'_>, findings: &mut Findings) -> Option<FileMode> {
    let text = spot.text(findings)?;
    let decimal = spot.as_text().is_some_and(|scalar| scalar.plain) && !text.starts_with('0');
    if decimal {
        spot.refuse(
            findings,
            format!("`{text}` is a decimal number: a mode is written as `0{text}`"),
        );
        return None;
    }
    spot.accept(findings, mode_of(text))
}

fn mode_of(text: &str) -> Result<FileMode, Invalid> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    // A 0 more than there are digits says that they are octal.
    digits.strip_prefix('0').filter(|rest| rest.len() > 3).unwrap_or(digits).parse()
}
