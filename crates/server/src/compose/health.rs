//! The health check of a service.

use portolan_types::{ApplicationSpec, Argument, HealthCheck, Seconds};

use super::{amounts, finding::Findings, service, spot::Spot, unknown};

/// As Compose and the engine have it where nothing is said.
const USUAL: u32 = 30;
const RETRIES: u8 = 3;

pub(super) fn read(spot: &Spot<'_>, spec: &mut ApplicationSpec, findings: &mut Findings) {
    let mut command = None;
    let usual = || Seconds::try_from(USUAL).expect("within the bounds");
    let (mut interval, mut timeout, mut start, mut retries) = (usual(), usual(), None, RETRIES);
    for (key, spot) in spot.entries(findings) {
        match key {
            "test" => command = test(&spot, findings),
            "interval" => interval = amounts::seconds(&spot, findings).unwrap_or(interval),
            "timeout" => timeout = amounts::seconds(&spot, findings).unwrap_or(timeout),
            "start_period" => {
                let time = amounts::time(&spot, findings).filter(|time| !time.is_zero());
                start = time.and_then(|_| amounts::seconds(&spot, findings));
            }
            "retries" => retries = spot.number(findings).unwrap_or(retries),
            "start_interval" => spot.tell(findings, "left out: it is checked at its interval"),
            "disable" if spot.flag(findings) == Some(true) => cannot_disable(&spot, findings),
            "disable" => {}
            _ => unknown::key(key, &spot, findings),
        }
    }
    let Some(command) = command else {
        return spot.refuse(findings, "it has a `test`, or there is nothing to check");
    };
    spec.health = Some(HealthCheck {
        interval_seconds: interval,
        timeout_seconds: timeout,
        start_seconds: start,
        retries,
        ..HealthCheck::of(command)
    });
    spec.ready_within_seconds = patience(spec, (interval, start, retries));
}

fn cannot_disable(spot: &Spot<'_>, findings: &mut Findings) {
    spot.refuse(findings, "not done: a check that the image brings along cannot be turned off");
}

/// Long enough for the check to say that it fails.
fn patience(
    spec: &ApplicationSpec,
    (interval, start, retries): (Seconds, Option<Seconds>, u8),
) -> Seconds {
    let tries = u32::from(interval).saturating_mul(u32::from(retries) + 1);
    let all = tries.saturating_add(start.map_or(0, u32::from)).min(Seconds::MAX);
    Seconds::try_from(all)
        .map_or(spec.ready_within_seconds, |all| all.max(spec.ready_within_seconds))
}

/// `CMD` with a program, `CMD-SHELL` with a line for a shell, or that line alone.
fn test(spot: &Spot<'_>, findings: &mut Findings) -> Option<Vec<Argument>> {
    if !spot.is_list() {
        return shell(spot, findings);
    }
    let items = spot.items(findings);
    let kind = items.first().and_then(|first| first.text(findings));
    match (kind, &items[items.len().min(1)..]) {
        (Some("NONE"), _) => {
            cannot_disable(spot, findings);
            None
        }
        (Some("CMD"), [_, ..]) => Some(service::words(spot, findings).split_off(1)),
        (Some("CMD-SHELL"), [line]) => shell(line, findings),
        _ => {
            spot.refuse(findings, "it begins with `CMD` or `CMD-SHELL`, and a program follows");
            None
        }
    }
}

fn shell(line: &Spot<'_>, findings: &mut Findings) -> Option<Vec<Argument>> {
    let line: Argument = line.parsed(findings)?;
    let word = |text: &str| text.parse().expect("a short text is an argument");
    Some(vec![word("/bin/sh"), word("-c"), line])
}
