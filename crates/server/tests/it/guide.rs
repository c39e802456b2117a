//! Each promise of the guide has a test that names it, and the test is there.

use std::fs;

use anyhow::{Result, ensure};

use crate::support::sources::{folder, texts};

/// Every file of tests in the workspace, as one text.
fn tests() -> Result<String> {
    let folders =
        ["server/tests/it", "server/tests/lab", "portolan/tests/cli", "portolan/tests/lab"];
    let texts = folders.iter().map(|of| texts(&folder("..").join(of), "rs"));
    Ok(texts.collect::<Result<Vec<_>>>()?.concat().concat())
}

#[test]
fn every_promise_has_its_tests() -> Result<()> {
    let guide = fs::read_to_string(folder("../../docs/guide.md"))?;
    let tests = tests()?;
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let mut promises = 0;
    let is_promise =
        |row: &(&str, &str)| !["The guide", "The fault", "The promise", "---"].contains(&row.0);
    for (promise, named) in rows.filter(is_promise) {
        let names: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        ensure!(!names.is_empty(), "nothing tests: {promise}");
        for name in names {
            ensure!(tests.contains(&format!("fn {name}(")), "no test `{name}` for: {promise}");
        }
        promises += 1;
    }
    ensure!(promises >= 30, "only {promises} promises were read");
    Ok(())
}
