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
    start_tests_quickly();
    probe::build(&crate_dir.join("../.."), &out)?;
    databases::build(&crate_dir, &out)?;
    pages::build(&crate_dir, &out)
}

/// Each test is a process of its own, and to move a program of this size to an address of chance is a sixth of
/// the work of a short one.
fn start_tests_quickly() {
    let target = |part: &str| env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-tests=-no-pie");
    }
}
