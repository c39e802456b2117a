//! Each promise of the guide has a test that names it, and the test is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

/// Every file of tests in the workspace, as one text.
fn tests() -> Result<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = String::new();
    for folder in
        ["server/tests/it", "server/tests/lab", "portolan/tests/cli", "portolan/tests/lab"]
    {
        read(&crates.join(folder), &mut text).context(folder)?;
    }
    Ok(text)
}

fn read(folder: &Path, text: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            read(&path, text)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path)?);
        }
    }
    Ok(())
}

#[test]
fn every_promise_has_its_tests() -> Result<()> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide.md");
    let guide = fs::read_to_string(guide)?;
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
