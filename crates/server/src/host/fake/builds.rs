//! What a fake engine builds: an image for each archive whose recipe says nothing that fails.

use std::{collections::BTreeMap, fs::File, io, io::Read, path::Path};

use super::{FakeEngine, FakeImage, containers::refused, lock, workloads::Workloads};
use crate::host::{BuildListener, HostError, ImageBuild};

/// What an image was built from.
#[derive(Debug, Clone)]
pub struct FakeBuild {
    pub asked: ImageBuild,
    /// The texts of the archive's files, by their paths.
    pub files: BTreeMap<String, String>,
}

/// What a step that fails says, as a shell does.
const FAILS: &str = "RUN false";

impl Workloads {
    /// Goes through the recipe line by line.
    pub(super) fn build(
        &mut self,
        build: &ImageBuild,
        listener: &BuildListener,
    ) -> Result<String, HostError> {
        let files = unpacked(&build.context).map_err(|error| HostError::Protocol {
            why: format!("the archive cannot be read: {error}"),
        })?;
        let Some(recipe) = files.get(&build.dockerfile).cloned() else {
            let words = format!("Cannot locate specified Dockerfile: {}", build.dockerfile);
            return refused(500, words);
        };
        let steps: Vec<&str> = recipe.lines().filter(|line| !line.trim().is_empty()).collect();
        for (number, step) in steps.iter().enumerate() {
            listener.heard(&format!("Step {}/{} : {step}", number + 1, steps.len()));
            self.step(step, build)?;
        }
        let mut image = FakeImage::new();
        image.image.labels.clone_from(&build.labels);
        let id = image.image.docker_id.clone();
        self.put(&build.reference, image);
        let made = FakeBuild { asked: build.clone(), files };
        self.built.insert(build.reference.clone(), made);
        Ok(id)
    }

    fn step(&mut self, step: &str, build: &ImageBuild) -> Result<(), HostError> {
        if step == FAILS {
            let words = "The command '/bin/sh -c false' returned a non-zero code: 1";
            return refused(500, words.into());
        }
        let Some(base) = step.strip_prefix("FROM ") else { return Ok(()) };
        let of_it = |login: &&_| super::registries::is_of(login, base);
        self.registries.admit(base, build.logins.iter().find(of_it))
    }
}

fn unpacked(archive: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut archive = tar::Archive::new(File::open(archive)?);
    let mut files = BTreeMap::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(path, String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(files)
}

impl FakeEngine {
    /// What an image was built from.
    pub fn build_of(&self, reference: &str) -> Option<FakeBuild> {
        lock(&self.world).workloads.built.get(reference).cloned()
    }

    /// Whether an image is on the host.
    pub fn has_image(&self, reference: &str) -> bool {
        lock(&self.world).workloads.find_image(reference).is_some()
    }

    /// What was sent to registries, in its order.
    pub fn pushed(&self) -> Vec<String> {
        lock(&self.world).workloads.pushed.clone()
    }
}
