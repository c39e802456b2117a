//! What is done with keys that no reader takes: refused with the reason where there is one, or told
//! where leaving it out does no harm.

use super::{finding::Findings, spot::Spot};

/// Leaving these out changes nothing for the program, and nothing for its neighbours.
const HARMLESS: &[(&str, &str)] = &[
    ("annotations", "annotations are not kept"),
    ("attach", "what it says is read with `portolan app logs`"),
    ("container_name", "containers have names of Portolan's"),
    ("cpu_shares", "it has no say in who comes first"),
    ("domainname", "a `hostname` can be a whole name"),
    ("logging", "the engine's own way of logging is used"),
    ("mem_reservation", "nothing is set aside for it"),
    ("oom_score_adj", "it has no say in who comes first"),
    ("pull_policy", "an image is fetched with each deployment"),
    ("reservations", "nothing is set aside for it"),
    ("stdin_open", "its input is closed"),
    ("tty", "it has no terminal; `portolan app terminal` gives one"),
];

/// Why these are refused.
const REASONS: &[(&str, &str)] = &[
    ("devices", "applications have no devices of the host"),
    ("extends", "what it extends is in another file: write it out"),
    ("external_links", "use networks"),
    ("include", "one file is all of it"),
    ("ipc", "applications share nothing of the host's"),
    ("links", "use networks, where services find each other by name"),
    ("network_mode", "a service is on its destination, and on networks of the file"),
    ("pid", "applications share nothing of the host's"),
    ("privileged", "it would have the whole host"),
    ("profiles", "all services of the file are placed"),
    ("userns_mode", "applications share nothing of the host's"),
    ("volumes_from", "name the volume under `volumes`"),
];

/// A key that nobody took. Extensions (`x-...`) are nobody's by their definition.
pub(super) fn key(name: &str, spot: &Spot<'_>, findings: &mut Findings) {
    let named = |all: &[(&str, &'static str)]| {
        all.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
    };
    if name.starts_with("x-") || is_off(name, spot) {
        return;
    }
    match (named(HARMLESS), named(REASONS)) {
        (Some(what), _) => spot.tell(findings, format!("left out: {what}")),
        (None, Some(why)) => spot.refuse(findings, format!("not done: {why}")),
        (None, None) => spot.refuse(findings, "not known here"),
    }
}

/// What is said to be as it is anyway.
fn is_off(name: &str, spot: &Spot<'_>) -> bool {
    let switch = matches!(name, "privileged" | "tty" | "stdin_open");
    let off = |text: &str| matches!(text, "false" | "no" | "off");
    spot.is_null() || switch && spot.as_text().is_some_and(|text| off(&text.text))
}
