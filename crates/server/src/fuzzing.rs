//! Entry points of the fuzzer (`fuzz/`). Each takes any bytes and states what holds for all of them;
//! a panic is a finding.
//!
//! Behind the feature `fuzzing`, which the fuzzer has and the test that goes through its seeds
//! (`tests/it/fuzzing.rs`). Never in the binary.

mod backups;
mod compose;
mod configurations;
mod engines;
mod keys;
mod names;
mod requests;
mod ssh;
mod words;

/// An entry point.
pub type Entry = fn(&[u8]);

/// All of them, by the names of their targets and of the folders with their seeds.
pub const ENTRIES: [(&str, Entry); 9] = [
    ("backups", backups::fuzz),
    ("compose", compose::fuzz),
    ("configurations", configurations::fuzz),
    ("engines", engines::fuzz),
    ("keys", keys::fuzz),
    ("names", names::fuzz),
    ("requests", requests::fuzz),
    ("ssh", ssh::fuzz),
    ("words", words::fuzz),
];

/// The entry point of this name.
///
/// # Panics
///
/// When there is none: a target without an entry point tests nothing.
pub fn entry(name: &str) -> Entry {
    let found = ENTRIES.iter().find(|(entry, _)| *entry == name);
    found.expect("an entry point of this name").1
}
