//! Compiles the probe (`crates/probe`) into a static program that the control plane carries in
//! itself. Owns how it is compiled; `src/host/probe.rs` makes an image of it.

use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// What cargo and its tools tell each other, and a build of its own must not hear.
const OF_THE_OUTER_BUILD: [&str; 6] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "CLIPPY_ARGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOCFLAGS",
];

pub(crate) fn build(workspace: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    for path in ["crates/probe/Cargo.toml", "crates/probe/src", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    let target = env::var("TARGET")?;
    compile(workspace, &out.join("probe-target"), &target)?;
    let made: PathBuf = out.join("probe-target").join(&target).join("probe/portolan-probe");
    fs::copy(made, out.join("portolan-probe"))?;
    println!("cargo::rustc-env=PORTOLAN_PROBE_ARCHITECTURE={}", env::var("CARGO_CFG_TARGET_ARCH")?);
    Ok(())
}

/// A target directory of its own: the outer build holds the lock of the other one. All it needs
/// was fetched for the outer build, whose dependencies include the probe's.
fn compile(workspace: &Path, into: &Path, target: &str) -> io::Result<()> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--locked", "--offline", "--package", "portolan-probe"])
        .args(["--profile", "probe", "--target", target, "--target-dir"])
        .arg(into)
        .current_dir(workspace)
        .env("RUSTFLAGS", "-C target-feature=+crt-static");
    for name in OF_THE_OUTER_BUILD {
        cargo.env_remove(name);
    }
    let status = cargo.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("could not compile the probe")) }
}
