//! What containers of a fake engine are made of and keep: images, volumes, files, ports, and what
//! programs in them say.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex},
};

use portolan_types::id::cuid2;

use super::{
    FakeBuild, FakePrograms, World, containers::refused, lock, registries::FakeRegistries,
};
use crate::host::{
    Exec, ExecOutput, HostError, HostImage, LogQuery, MountSource, NewContainer, NewFile,
    RegistryLogin, TerminalProgram, probe,
};

/// An image, and what its containers do.
#[derive(Debug, Clone, Default)]
pub struct FakeImage {
    pub image: HostImage,
    /// The exit code of one that ends as soon as it was started.
    pub ends_with: Option<i64>,
    pub logs: String,
    /// What its containers do by what they are told and have in them.
    pub program: Option<FakeProgram>,
}

impl FakeImage {
    /// One that runs until it is stopped, with an id of its own.
    pub fn new() -> Self {
        let docker_id = format!("sha256:{}", cuid2());
        Self { image: HostImage { docker_id, ..HostImage::default() }, ..Self::default() }
    }
}

type Run = dyn Fn(&NewContainer, &BTreeMap<String, Vec<u8>>) -> Option<(i64, String)> + Send + Sync;

/// A program: told how its container was asked for and the files that were put into it, it ends
/// with an exit code and some words, or runs on.
#[derive(Clone)]
pub struct FakeProgram(Arc<Run>);

impl FakeProgram {
    pub fn new(
        run: impl Fn(&NewContainer, &BTreeMap<String, Vec<u8>>) -> Option<(i64, String)>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(run))
    }
}

impl fmt::Debug for FakeProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeProgram")
    }
}

type Answer = dyn Fn(&str, &Exec) -> ExecOutput + Send + Sync;

/// Answers for programs: told the container's name and the program.
#[derive(Clone)]
pub struct FakeExec(Arc<Answer>);

impl FakeExec {
    pub fn new(answer: impl Fn(&str, &Exec) -> ExecOutput + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl fmt::Debug for FakeExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeExec")
    }
}

/// Everything besides the containers themselves.
#[derive(Debug, Default)]
pub(super) struct Workloads {
    registry: BTreeMap<String, FakeImage>,
    /// By the reference of the image.
    pub(super) built: BTreeMap<String, FakeBuild>,
    pub(super) pushed: Vec<String>,
    /// What engines of the fleet sent to registries.
    pub(super) sent: Arc<Mutex<BTreeMap<String, FakeImage>>>,
    /// Which of them want a login.
    pub(super) registries: FakeRegistries,
    images: BTreeMap<String, FakeImage>,
    volumes: BTreeMap<String, BTreeMap<String, String>>,
    /// By volume or container, and path in it.
    files: HashMap<(String, String), Vec<u8>>,
    pub(super) asked: HashMap<String, NewContainer>,
    pub(super) occupied: BTreeSet<u16>,
    answer: Option<FakeExec>,
    pub(super) programs: Option<FakePrograms>,
    /// What was run in terminals, oldest first.
    pub(super) in_terminals: Vec<TerminalProgram>,
    /// Last words of containers that ended.
    said: HashMap<String, String>,
}

impl Workloads {
    pub(super) fn publish(&mut self, reference: &str, image: FakeImage) {
        self.registry.insert(reference.to_owned(), image);
    }

    pub(super) fn put(&mut self, reference: &str, mut image: FakeImage) {
        image.image.tags = vec![reference.to_owned()];
        self.images.insert(reference.to_owned(), image);
    }

    pub(super) fn answer_exec(&mut self, answer: FakeExec) {
        self.answer = Some(answer);
    }

    pub(super) fn occupy(&mut self, port: u16, occupied: bool) {
        if occupied {
            self.occupied.insert(port)
        } else {
            self.occupied.remove(&port)
        };
    }

    pub(super) fn asked_for(&self, docker_id: &str) -> Option<&NewContainer> {
        self.asked.get(docker_id)
    }

    pub(super) fn volume_names(&self) -> Vec<String> {
        self.volumes.keys().cloned().collect()
    }

    pub(super) fn image(&self, reference: &str) -> Option<&FakeImage> {
        let by_id = || self.images.values().find(|one| one.image.docker_id == reference);
        self.images.get(reference).or_else(by_id)
    }

    pub(super) fn image_names(&self, repository: &str) -> Vec<String> {
        let of_it = |name: &&String| name.split_once(':').is_some_and(|(of, _)| of == repository);
        self.images.keys().filter(of_it).cloned().collect()
    }

    pub(super) fn find_image(&self, reference: &str) -> Option<HostImage> {
        self.image(reference).map(|found| found.image.clone())
    }

    pub(super) fn resolve(
        &mut self,
        reference: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<String, HostError> {
        self.registries.admit(reference, login)?;
        match self.registry.get(reference) {
            Some(found) => Ok(found.image.docker_id.clone()),
            None => refused(404, format!("manifest for {reference} not found: manifest unknown")),
        }
    }

    pub(super) fn pull(
        &mut self,
        reference: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<(), HostError> {
        self.registries.admit(reference, login)?;
        let sent = || lock(&self.sent).get(reference).cloned();
        let Some(image) = self.registry.get(reference).cloned().or_else(sent) else {
            return refused(404, format!("manifest for {reference} not found: manifest unknown"));
        };
        self.put(reference, image);
        Ok(())
    }

    /// What was sent can be fetched by every engine that asks this registry.
    pub(super) fn push(
        &mut self,
        reference: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<(), HostError> {
        self.registries.admit(reference, login)?;
        let Some(image) = self.images.get(reference) else {
            let words = format!("An image does not exist locally with the tag: {reference}");
            return refused(404, words);
        };
        lock(&self.sent).insert(reference.to_owned(), image.clone());
        self.pushed.push(reference.to_owned());
        Ok(())
    }

    /// Unless it is the probe's, the whole archive is the reference of the image in it.
    pub(super) fn load(&mut self, archive: &[u8]) {
        let is_probe = probe::archive().is_ok_and(|probe| probe == archive);
        let reference = if is_probe {
            probe::reference().to_owned()
        } else {
            String::from_utf8_lossy(archive).into_owned()
        };
        let image = self.registry.get(&reference).cloned().unwrap_or_else(FakeImage::new);
        self.put(&reference, image);
    }

    pub(super) fn create_volume(&mut self, name: &str, labels: &BTreeMap<String, String>) {
        self.volumes.entry(name.to_owned()).or_insert_with(|| labels.clone());
    }

    pub(super) fn find_volume(&self, name: &str) -> Option<BTreeMap<String, String>> {
        self.volumes.get(name).cloned()
    }

    /// Volumes that a container names are made with it.
    pub(super) fn mount(&mut self, new: &NewContainer) {
        for mount in &new.mounts {
            if let MountSource::Volume(name) = &mount.source {
                self.create_volume(name, &BTreeMap::new());
            }
        }
    }

    fn has_volume(&self, docker_id: &str, name: &str) -> bool {
        let mounts = self.asked.get(docker_id).map_or(&[][..], |new| &new.mounts);
        mounts.iter().any(|mount| mount.source == MountSource::Volume(name.to_owned()))
    }

    pub(super) fn write(&mut self, volume: &str, path: &str, content: &[u8]) {
        self.files.insert((volume.to_owned(), path.to_owned()), content.to_vec());
    }

    pub(super) fn written(&self, volume: &str, path: &str) -> Option<Vec<u8>> {
        self.files.get(&(volume.to_owned(), path.to_owned())).cloned()
    }

    pub(super) fn put_file(&mut self, docker_id: &str, path: &str, content: Vec<u8>) {
        let place = self.kept_at(docker_id, path);
        self.files.insert(place, content);
    }

    /// Files below a path of a container, by the rest of their paths.
    pub(super) fn files_below(
        &self,
        docker_id: &str,
        path: &str,
    ) -> impl Iterator<Item = (&str, &[u8])> {
        let (place, path) = self.kept_at(docker_id, &format!("{path}/"));
        self.files.iter().filter_map(move |((of, file), content)| {
            let below = file.strip_prefix(path.trim_end_matches('/'))?;
            (*of == place && below.starts_with('/')).then_some((below, content.as_slice()))
        })
    }

    /// Where a path of a container is kept: in a volume it outlives the container.
    fn kept_at(&self, docker_id: &str, path: &str) -> (String, String) {
        let mounts = self.asked.get(docker_id).map_or(&[][..], |new| &new.mounts);
        let in_volume = mounts.iter().find_map(|mount| {
            let MountSource::Volume(name) = &mount.source else { return None };
            let rest = path.strip_prefix(&mount.target)?;
            rest.starts_with('/').then(|| (name.clone(), rest.to_owned()))
        });
        in_volume.unwrap_or_else(|| (docker_id.to_owned(), path.to_owned()))
    }
}

impl Workloads {
    /// How a container's program ends, if it does.
    pub(super) fn run(&mut self, docker_id: &str, image: &str) -> Option<i64> {
        let image = self.image(image)?.clone();
        let Some(FakeProgram(program)) = image.program else { return image.ends_with };
        let asked = self.asked.get(docker_id)?;
        let own = |(place, path): (&(String, String), &Vec<u8>)| {
            (place.0 == docker_id).then(|| (place.1.clone(), path.clone()))
        };
        let files: BTreeMap<String, Vec<u8>> = self.files.iter().filter_map(own).collect();
        let (code, said) = program(asked, &files)?;
        self.said.insert(docker_id.to_owned(), said);
        Some(code)
    }
}

impl World {
    pub(super) fn remove_image(&mut self, reference: &str) -> Result<(), HostError> {
        let Some(image) = self.workloads.find_image(reference) else { return Ok(()) };
        if self.containers.values().any(|one| one.image_id == image.docker_id) {
            let message = format!("conflict: unable to remove {reference}: container is using it");
            return refused(409, message);
        }
        self.workloads
            .images
            .retain(|name, one| name != reference && one.image.docker_id != reference);
        Ok(())
    }

    pub(super) fn remove_volume(&mut self, name: &str) -> Result<(), HostError> {
        let mut ids = self.containers.keys();
        if ids.any(|id| self.workloads.has_volume(id, name)) {
            return refused(409, format!("remove {name}: volume is in use"));
        }
        self.workloads.volumes.remove(name);
        self.workloads.files.retain(|(place, _), _| place != name);
        Ok(())
    }

    pub(super) fn put_files(
        &mut self,
        docker_id: &str,
        directory: &str,
        files: &[NewFile],
    ) -> Result<(), HostError> {
        self.known(docker_id)?;
        for file in files {
            let path = format!("{}/{}", directory.trim_end_matches('/'), file.path);
            let place = self.workloads.kept_at(docker_id, &path);
            self.workloads.files.insert(place, file.bytes().to_vec());
        }
        Ok(())
    }

    pub(super) fn read_file(
        &self,
        docker_id: &str,
        path: &str,
    ) -> Result<Option<Vec<u8>>, HostError> {
        self.known(docker_id)?;
        let place = self.workloads.kept_at(docker_id, path);
        Ok(self.workloads.files.get(&place).cloned())
    }

    pub(super) fn logs(&self, docker_id: &str, query: &LogQuery) -> Result<String, HostError> {
        let container = self.known(docker_id)?;
        let image = self.workloads.image(&container.image);
        let said = self.workloads.said.get(docker_id);
        let logs = said.or_else(|| image.map(|image| &image.logs)).map_or("", String::as_str);
        let lines: Vec<&str> = logs.lines().collect();
        let skipped = lines.len().saturating_sub(query.lines as usize);
        Ok(lines[skipped..].join("\n"))
    }

    /// What runs in it is the shell of all fake hosts; what it was to be is kept.
    pub(super) fn open_terminal(
        &mut self,
        docker_id: &str,
        program: &TerminalProgram,
    ) -> Result<(), HostError> {
        if !self.known(docker_id)?.is_running() {
            return refused(409, format!("Container {docker_id} is not running"));
        }
        self.workloads.in_terminals.push(program.clone());
        Ok(())
    }

    /// The name of its container, and what programs do.
    pub(super) fn open_program(
        &mut self,
        docker_id: &str,
    ) -> Result<(String, Option<FakePrograms>), HostError> {
        let container = self.known(docker_id)?;
        if !container.is_running() {
            return refused(409, format!("Container {docker_id} is not running"));
        }
        Ok((container.member.name.clone(), self.workloads.programs.clone()))
    }

    pub(super) fn exec(&mut self, docker_id: &str, exec: &Exec) -> Result<ExecOutput, HostError> {
        let container = self.known(docker_id)?;
        if !container.is_running() {
            return refused(409, format!("Container {docker_id} is not running"));
        }
        if let Some(answer) = self.probe_answer(container, &exec.command) {
            return Ok(answer);
        }
        let answer = self.workloads.answer.as_ref();
        Ok(answer.map_or_else(ExecOutput::default, |FakeExec(answer)| {
            answer(&container.member.name, exec)
        }))
    }
}
