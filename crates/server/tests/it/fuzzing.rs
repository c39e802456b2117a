//! What the fuzzer begins with, and what it ever found: each goes through its entry point here, so
//! that what was mended stays so where nobody fuzzes.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use portolan_server::fuzzing::ENTRIES;

#[test]
fn seeds_and_findings_do_no_harm() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, entry) in ENTRIES {
        let seeds = fs::read_dir(folder.join(name)).with_context(|| name.to_owned())?;
        let seeds: Vec<_> = seeds.collect::<std::io::Result<_>>()?;
        ensure!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            entry(&fs::read(seed.path())?);
        }
        for bytes in [&b""[..], b"\0", &[0xff; 4_096], &[b'{'; 4_096]] {
            entry(bytes);
        }
    }
    Ok(())
}

/// Every target of the fuzzer is an entry point, and the other way round.
#[test]
fn targets_are_the_entry_points() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/targets");
    let mut targets = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        targets.push(path.file_stem().context("a name")?.to_string_lossy().into_owned());
    }
    targets.sort();
    let entries: Vec<&str> = ENTRIES.iter().map(|(name, _)| *name).collect();
    assert_eq!(targets, entries);
    Ok(())
}
