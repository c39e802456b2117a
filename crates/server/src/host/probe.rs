//! The probe as an image that an engine loads: one layer with one static program, under a tag that
//! says which program it is. Nothing is pulled for it, and no registry is asked.
//!
//! Owns the archive. What the probe is asked, and when, is `reconcile::verify`'s affair.

use std::{fmt::Write, sync::LazyLock};

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::HostError;

/// The program, compiled by `build.rs`.
const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portolan-probe"));

/// What the machine must be, as `uname -m` says it.
const ARCHITECTURE: &str = env!("PORTOLAN_PROBE_ARCHITECTURE");

/// The label of everything that a verification makes: its operation.
pub(crate) const LABEL: &str = "dev.portolan.probe";

/// The repository of all probes' images.
pub(crate) const REPOSITORY: &str = "portolan-probe";

/// Where the program is in the image.
pub(crate) const PATH: &str = "/probe";

/// Whether the probe runs on machines of this architecture, as an engine names it.
pub(crate) fn runs_on(architecture: &str) -> bool {
    architecture == ARCHITECTURE || architecture == of_images()
}

/// The architecture in words.
pub(crate) const fn architecture() -> &'static str {
    ARCHITECTURE
}

/// The image's name: another program is another name.
pub(crate) fn reference() -> &'static str {
    static REFERENCE: LazyLock<String> = LazyLock::new(|| {
        let digits = hex(&Sha256::digest(PROGRAM));
        format!("{REPOSITORY}:{}", digits.get(..16).unwrap_or(&digits))
    });
    &REFERENCE
}

/// The image as `docker save` would write it.
pub(crate) fn archive() -> Result<Bytes, HostError> {
    let packed = pack().map_err(|error| HostError::Protocol {
        why: format!("could not pack the probe's image: {error}"),
    })?;
    Ok(packed.into())
}

fn pack() -> std::io::Result<Vec<u8>> {
    let layer = tar(&[(PATH.trim_start_matches('/'), PROGRAM, 0o555)])?;
    let config = config(&layer).to_string();
    let manifest = json!([{
        "Config": "config.json", "RepoTags": [reference()], "Layers": ["layer.tar"],
    }]);
    tar(&[
        ("layer.tar", &layer, 0o444),
        ("config.json", config.as_bytes(), 0o444),
        ("manifest.json", manifest.to_string().as_bytes(), 0o444),
    ])
}

fn config(layer: &[u8]) -> Value {
    json!({
        "architecture": of_images(),
        "os": "linux",
        "config": { "Entrypoint": [PATH], "Labels": { "dev.portolan.managed": "true" } },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex(&Sha256::digest(layer)))] },
    })
}

/// The same bytes each time: neither owner nor time is in it.
fn tar(files: &[(&str, &[u8], u32)]) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content, mode) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(content.len()).unwrap_or(u64::MAX));
        header.set_mode(*mode);
        header.set_cksum();
        builder.append_data(&mut header, path, *content)?;
    }
    builder.into_inner()
}

/// Images have other words than machines.
fn of_images() -> &'static str {
    match ARCHITECTURE {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_image_holds_the_program_under_a_name_of_its_own() {
        let packed = archive().expect("an archive");
        assert_eq!(packed, archive().expect("the same again"));
        let mut whole = tar::Archive::new(packed.as_ref());
        let mut names = Vec::new();
        for entry in whole.entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            names.push(entry.path().expect("a path").display().to_string());
            if names.last().is_some_and(|name| name == "layer.tar") {
                let mut layer = Vec::new();
                entry.read_to_end(&mut layer).expect("a layer");
                assert!(layer.windows(PROGRAM.len()).any(|window| window == PROGRAM));
            }
        }
        assert_eq!(names, ["layer.tar", "config.json", "manifest.json"]);
        assert!(reference().starts_with("portolan-probe:"));
        assert!(runs_on(std::env::consts::ARCH) && !runs_on("riscv64"));
    }

    #[test]
    fn the_program_needs_no_library() {
        assert!(PROGRAM.starts_with(b"\x7fELF"));
        let number = |at: usize, bytes: usize| {
            let bytes = PROGRAM.get(at..at + bytes).expect("a header");
            bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
        };
        // Where the headers of the program are, how long each is, and how many there are.
        let (first, length, count) = (number(32, 8), number(54, 2), number(56, 2));
        let asks_for_a_loader = |index: usize| number(first + index * length, 4) == 3;
        assert!(count > 0 && !(0..count).any(asks_for_a_loader), "it asks for a loader");
    }
}
