//! What the control plane carries in itself and is not Rust of its own: the probe, the templates of
//! databases, and the styles and scripts of the pages.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script starts the compilers; the product starts nothing"
)]

use std::{env, error::Error, path::PathBuf};

#[path = "build/databases.rs"]
mod databases;
#[path = "build/pages.rs"]
mod pages;
#[path = "build/probe.rs"]
mod probe;

fn main() -> Result<(), Box<dyn Error>> {
    // Asked now, not when this script was compiled: a checkout may have been moved or copied since.
    let crate_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    probe::build(&crate_dir.join("../.."), &out)?;
    databases::build(&crate_dir, &out)?;
    pages::build(&crate_dir, &out)
}
