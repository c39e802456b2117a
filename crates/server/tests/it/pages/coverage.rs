//! Everything that the API can do has its place on a page.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::support::sources::{folder, texts};

/// What has no place on a page, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("call_hook", "for hosts of repositories"),
    ("healthz", "for load balancers"),
    ("readyz", "for load balancers"),
    ("metrics", "for Prometheus"),
    ("list_sign_in_ways", "the page of the sign-in reads it"),
    ("begin_openid", "the page of the sign-in has a link for each provider"),
    ("finish_openid", "the provider sends the browser there"),
    ("stream_events", "every page follows it"),
];

/// What has no place yet, one name a line.
const OWED: &str = include_str!("owed.txt");

/// `METHOD /v1/keys/{}` of each form in a template: `act("delete", "/v1/keys/" ~ key.id, ...)`.
fn acts(template: &str) -> Vec<String> {
    let starts = ["ui::act(", "ui::button(", "ui::typed_act("];
    let calls = starts.iter().flat_map(|start| template.split(start).skip(1));
    calls
        .filter_map(|call| {
            let mut arguments = call.splitn(3, ", ");
            let method = arguments.next()?.trim_matches('"').to_uppercase();
            let path: String = arguments
                .next()?
                .split(" ~ ")
                .map(|part| {
                    part.strip_prefix('"').and_then(|part| part.strip_suffix('"')).unwrap_or("{}")
                })
                .collect();
            Some(format!("{method} {}", path.split('?').next()?))
        })
        .collect()
}

/// What scripts call: `send("/v1/passkeys", ...)`, and links to what answers no page.
fn calls(text: &str) -> Vec<String> {
    let scripts = text.split("send(\"").skip(1).map(|call| ("POST", call));
    let links = text.split("\"/v1/").skip(1).map(|link| ("GET", link));
    let paths = scripts.chain(links).filter_map(|(method, rest)| {
        let path = rest.split('"').next()?;
        let path = if path.starts_with("/v1") { path.to_owned() } else { format!("/v1/{path}") };
        Some(format!("{method} {}", placed(path.split('?').next()?)))
    });
    paths.collect()
}

/// A path with its parameters without names.
fn placed(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.contains('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn everything_that_the_api_can_do_has_a_place() -> Result<()> {
    let operations = portolan_server::policies()?;
    let pages = portolan_server::pages()?;
    let mut placed_operations: BTreeSet<&str> =
        pages.iter().flat_map(|(_, shows)| shows.iter().copied()).collect();
    placed_operations.extend(ELSEWHERE.iter().map(|(name, _)| *name));
    let templates = texts(&folder("templates"), "html")?;
    let scripts = texts(&folder("web/js"), "js")?;
    let mut asked: BTreeSet<String> = templates.iter().flat_map(|text| acts(text)).collect();
    asked.extend(templates.iter().chain(&scripts).flat_map(|text| calls(text)));
    let known: BTreeSet<String> =
        operations.iter().map(|one| format!("{} {}", one.method, placed(&one.path))).collect();
    for act in templates.iter().flat_map(|text| acts(text)) {
        assert!(known.contains(&act), "a form asks for {act}, which there is not");
    }
    let without = operations.iter().filter(|one| {
        let call = format!("{} {}", one.method, placed(&one.path));
        !placed_operations.contains(one.name.as_str()) && !asked.contains(&call)
    });
    let without: BTreeSet<&str> = without.map(|one| one.name.as_str()).collect();
    assert_eq!(without, OWED.lines().collect(), "operations without a place on a page");
    Ok(())
}
