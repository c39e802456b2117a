//! What a volume has in it: each file, folder and link by its path, with a hash of everything that makes
//! it what it is. Two volumes are the same where these are.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

/// Most things of a volume, and most bytes of their paths: all of it is in memory while it is copied.
const MOST_ENTRIES: usize = 1_000_000;
const MOST_PATHS: usize = 256 << 20;

/// One file, folder or link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Of its kind, mode, owner, target, size and content.
    pub(super) sha256: [u8; 32],
    /// What a file has in it.
    pub(super) bytes: u64,
}

/// All of a volume. Paths are bytes as the host has them, and hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    entries: BTreeMap<Vec<u8>, Entry>,
    paths: usize,
}

/// There is more in a volume than can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are more than {MOST_ENTRIES} files and folders in it, or their names are too long")]
pub(super) struct TooMuch;

impl Manifest {
    pub(super) fn add(&mut self, path: Vec<u8>, entry: Entry) -> Result<(), TooMuch> {
        self.paths = self.paths.saturating_add(path.len());
        self.entries.insert(path, entry);
        if self.entries.len() > MOST_ENTRIES || self.paths > MOST_PATHS {
            return Err(TooMuch);
        }
        Ok(())
    }

    /// The root alone is in every volume.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.len() <= 1
    }

    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// What all files have in them.
    pub(super) fn bytes(&self) -> u64 {
        self.entries.values().map(|entry| entry.bytes).fold(0, u64::saturating_add)
    }

    /// What is not there as it is here.
    pub(super) fn missing_in(&self, there: &Self) -> BTreeSet<Vec<u8>> {
        let missing =
            self.entries.iter().filter(|(path, entry)| there.entries.get(*path) != Some(*entry));
        missing.map(|(path, _)| path.clone()).collect()
    }

    /// The first that is there and not here.
    pub(super) fn first_beside(&self, there: &Self) -> Option<String> {
        let beside = there.entries.keys().find(|path| !self.entries.contains_key(*path));
        beside.map(|path| String::from_utf8_lossy(path).into_owned())
    }

    /// One hash over all of it, in hexadecimal digits.
    pub(super) fn sha256(&self) -> String {
        let mut all = Sha256::new();
        for (path, entry) in &self.entries {
            all.update((path.len() as u64).to_be_bytes());
            all.update(path);
            all.update(entry.sha256);
        }
        data_encoding::HEXLOWER.encode(&all.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(of: u8) -> Entry {
        Entry { sha256: [of; 32], bytes: u64::from(of) }
    }

    fn manifest(entries: &[(&str, u8)]) -> Manifest {
        let mut manifest = Manifest::default();
        for (path, of) in entries {
            manifest.add(path.as_bytes().to_vec(), entry(*of)).expect("few");
        }
        manifest
    }

    #[test]
    fn differences_are_found_both_ways() {
        let here = manifest(&[("v", 0), ("v/a", 1), ("v/b", 2)]);
        let there = manifest(&[("v", 0), ("v/a", 9), ("v/c", 3)]);
        let missing: Vec<_> = here.missing_in(&there).into_iter().collect();
        assert_eq!(missing, [b"v/a".to_vec(), b"v/b".to_vec()]);
        assert_eq!(here.first_beside(&there).as_deref(), Some("v/c"));
        assert_eq!(here.missing_in(&here).len(), 0);
        assert_eq!((here.len(), here.bytes()), (3, 3));
        assert_ne!(here.sha256(), there.sha256());
        assert!(manifest(&[("v", 0)]).is_empty() && !here.is_empty());
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        let one = manifest(&[("ab", 1), ("c", 2)]);
        let other = manifest(&[("a", 1), ("bc", 2)]);
        assert_ne!(one.sha256(), other.sha256());
    }
}
