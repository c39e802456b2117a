//! `openapi.json` in the repository is what the code serves.

use anyhow::{Context, Result};

#[test]
fn the_document_is_up_to_date() -> Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let checked_in = std::fs::read_to_string(path).context("openapi.json: run `make openapi`")?;
    let served = portolan_server::openapi().to_pretty_json()? + "\n";
    assert!(checked_in == served, "openapi.json is stale: run `make openapi`");
    Ok(())
}
