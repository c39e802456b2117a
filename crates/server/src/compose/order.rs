//! In which order services are placed: each after those that it needs.

use std::collections::BTreeSet;

use super::{Service, finding::Findings};

/// The services in that order, and otherwise as the file has them. A circle is refused.
pub(super) fn sorted(services: Vec<Service>, findings: &mut Findings) -> Option<Vec<Service>> {
    let known: BTreeSet<String> = services.iter().map(|one| one.name.to_string()).collect();
    let mut good = true;
    for service in &services {
        for name in service.needs.keys().filter(|name| !known.contains(*name)) {
            let path = format!("services.{}.depends_on", service.name);
            findings.refuse((service.line, &path), format!("there is no service `{name}`"));
            good = false;
        }
    }
    if !good {
        return None;
    }
    let (mut placed, mut rest) = (Vec::new(), services);
    let mut done = BTreeSet::new();
    while !rest.is_empty() {
        let ready = |one: &Service| one.needs.keys().all(|name| done.contains(name));
        let (next, waiting): (Vec<_>, Vec<_>) = rest.into_iter().partition(ready);
        if next.is_empty() {
            circle(&waiting, findings);
            return None;
        }
        done.extend(next.iter().map(|one| one.name.to_string()));
        placed.extend(next);
        rest = waiting;
    }
    Some(placed)
}

fn circle(waiting: &[Service], findings: &mut Findings) {
    let names: Vec<&str> = waiting.iter().map(|one| one.name.as_str()).collect();
    let line = waiting.first().map_or(1, |one| one.line);
    let why = format!("these wait for each other, or for one that does: {}", names.join(", "));
    findings.refuse((line, "services"), why);
}
