//! A clock of one process that can be stepped.
//!
//! Hosts and processes share the kernel's clock. So one is put between a program and the kernel by
//! libfaketime, which reads from a file how far off it is. Pauses and time limits stay the kernel's.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// Right until it is stepped.
#[derive(Debug)]
pub(crate) struct Clock(tempfile::NamedTempFile);

impl Clock {
    pub(crate) fn new() -> Result<Self> {
        let clock = Self(tempfile::NamedTempFile::new()?);
        clock.step(0)?;
        Ok(clock)
    }

    /// Off by so many seconds from now on; zero is right.
    pub(crate) fn step(&self, seconds: i64) -> Result<()> {
        Ok(std::fs::write(self.0.path(), format!("{seconds:+}\n"))?)
    }

    /// What a process is started with to go by it.
    pub(super) fn environment(&self) -> Result<[(&'static str, PathBuf); 4]> {
        Ok([
            ("LD_PRELOAD", library()?),
            ("FAKETIME_TIMESTAMP_FILE", self.0.path().to_owned()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ])
    }
}

/// Debian has it in a directory of the machine's architecture.
fn library() -> Result<PathBuf> {
    let directories = std::fs::read_dir("/usr/lib")?.collect::<Result<Vec<_>, _>>()?;
    let mut places = directories.iter().map(|one| one.path().join("faketime/libfaketime.so.1"));
    places.find(|path| path.exists()).context("there is no libfaketime: `lab/lab install`")
}
