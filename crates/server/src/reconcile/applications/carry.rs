//! Carries what is in volumes from one host to another: archives that pass through, beside the keeper's
//! looks and over connections of their own, because whoever writes slowly holds up who reads.
//!
//! Owns the order: what has arrived is compared first, only what differs is sent, and what then is there
//! is read back. So it goes on wherever it was broken off, and is not believed before it was proven.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use portolan_types::{MovedVolume, Timestamp};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use self::{
    manifest::Manifest,
    tape::{END, Tape, Unreadable, Wanted},
};
use crate::host::{
    ContainerDetail, Dialer, Host, HostError, Mount, MountAccess, MountSource, NetworkMode,
    NewContainer, Target,
};

mod manifest;
mod tape;

/// How long a host may send or take nothing.
const SILENCE: Duration = Duration::from_mins(2);
/// How long a host may take until all that was sent is written.
const WRITTEN: Duration = Duration::from_mins(10);
/// Parts that wait to be written: what is read ahead of a slow host.
const AHEAD: usize = 16;
/// Links between files come right at the second time, at the latest.
const TRIES: usize = 4;
/// The bell is rung for so many bytes.
const RING: u64 = 32 << 20;

/// What is to be carried.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) from: End,
    pub(super) to: End,
    /// The labels of everything that is made for it.
    pub(super) labels: BTreeMap<String, String>,
    pub(super) volumes: Vec<Volume>,
    /// What would write to them: it must not run from the beginning to the end.
    pub(super) still: Option<String>,
}

impl Load {
    fn end(&self, side: Side) -> &End {
        match side {
            Side::From => &self.from,
            Side::To => &self.to,
        }
    }
}

/// What a volume is called at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) from: String,
    pub(super) to: String,
}

impl Volume {
    fn at(&self, side: Side) -> &str {
        match side {
            Side::From => &self.from,
            Side::To => &self.to,
        }
    }
}

/// One of the two hosts.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) target: Target,
    /// What the container is called that holds the volumes.
    pub(super) holder: String,
    /// Of which it is made: nothing in it is ever run.
    pub(super) image: String,
}

/// Why it was not carried.
#[derive(Debug)]
pub(super) enum Failed {
    Host {
        server: String,
        error: HostError,
    },
    Unreadable {
        server: String,
        volume: String,
        why: String,
    },
    /// There is something at the target that was not sent.
    Beside {
        volume: String,
        path: String,
    },
    /// It does not become the same.
    Differs {
        volume: String,
    },
    /// What writes to the volumes ran meanwhile.
    Runs {
        container: String,
    },
}

impl Failed {
    /// Whether a connection was lost: what has arrived is gone on from.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::Host { error, .. } if error.is_connection() && !error.needs_a_person())
    }
}

/// How far it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<Mutex<Now>>);

#[derive(Debug, Default)]
struct Now {
    words: String,
    bytes: u64,
}

impl Progress {
    /// Nothing panics while it holds the lock, so a poisoned one is still whole.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In words, for whoever follows the work.
    pub(super) fn words(&self) -> String {
        let now = self.now();
        match now.bytes {
            0 => now.words.clone(),
            bytes => format!("{}: {} MiB", now.words, bytes >> 20),
        }
    }
}

/// Carries all of it.
pub(super) async fn carry(
    dialer: Arc<dyn Dialer>,
    load: Load,
    (progress, bell): (Progress, Arc<Notify>),
) -> Result<Vec<MovedVolume>, Failed> {
    let from = Holder::make(&dialer, &load, Side::From).await?;
    let rest = from.rest(load.still.as_deref()).await?;
    let to = Holder::make(&dialer, &load, Side::To).await?;
    let way = Way { from, to, progress, bell };
    let mut carried = Vec::new();
    for (index, volume) in load.volumes.iter().enumerate() {
        carried.push(way.volume(index, volume).await?);
    }
    if way.from.rest(load.still.as_deref()).await? != rest {
        return Err(Failed::Runs { container: load.still.unwrap_or_default() });
    }
    way.from.remove().await?;
    way.to.remove().await?;
    Ok(carried)
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    From,
    To,
}

/// A container that is never started, and has the volumes.
struct Holder {
    server: String,
    host: Arc<dyn Host>,
    docker_id: String,
}

/// Where it has a volume: no image has something there, with which an engine would fill an empty one.
fn place(index: usize) -> String {
    format!("/portolan-volume-{index}")
}

impl Holder {
    async fn make(dialer: &Arc<dyn Dialer>, load: &Load, side: Side) -> Result<Self, Failed> {
        let end = load.end(side);
        let server = end.target.server.clone();
        let failed = |error| Failed::Host { server: server.clone(), error };
        let host = dialer.dial_apart(&end.target).await.map_err(failed)?.host;
        if side == Side::To {
            for volume in &load.volumes {
                host.create_volume(&volume.to, &load.labels).await.map_err(failed)?;
            }
        }
        let holder = holder(load, side);
        let before = host.find_container(&holder.name).await.map_err(failed)?;
        let is_ours = |one: &ContainerDetail| {
            holder.labels.iter().all(|(key, value)| one.labels.get(key) == Some(value))
        };
        if let Some(before) = before.filter(is_ours) {
            host.remove_container(&before.member.docker_id).await.map_err(failed)?;
        }
        let docker_id = host.create_container(&holder).await.map_err(failed)?;
        Ok(Self { server, host, docker_id })
    }

    /// When what would write was started last; refused while it runs.
    async fn rest(&self, container: Option<&str>) -> Result<Option<Timestamp>, Failed> {
        let Some(name) = container else { return Ok(None) };
        let found = self.host.find_container(name).await.map_err(|error| self.failed(error))?;
        if found.as_ref().is_some_and(ContainerDetail::is_running) {
            return Err(Failed::Runs { container: name.to_owned() });
        }
        Ok(found.and_then(|one| one.started_at))
    }

    async fn remove(&self) -> Result<(), Failed> {
        let removed = self.host.remove_container(&self.docker_id).await;
        removed.map_err(|error| Failed::Host { server: self.server.clone(), error })
    }

    fn failed(&self, error: HostError) -> Failed {
        Failed::Host { server: self.server.clone(), error }
    }

    fn silent(&self, action: &str, after: Duration) -> Failed {
        let action = action.to_owned();
        self.failed(HostError::Timeout { action, seconds: after.as_secs() })
    }
}

fn holder(load: &Load, side: Side) -> NewContainer {
    let end = load.end(side);
    let mount = |(index, volume): (usize, &Volume)| Mount {
        source: MountSource::Volume(volume.at(side).to_owned()),
        target: place(index),
        access: MountAccess::ReadWrite,
    };
    NewContainer {
        name: end.holder.clone(),
        labels: load.labels.clone(),
        image: end.image.clone(),
        network: NetworkMode::None,
        mounts: load.volumes.iter().enumerate().map(mount).collect(),
        // Of an image that names no program an engine makes no container.
        command: vec!["portolan-never-runs".to_owned()],
        ..NewContainer::default()
    }
}

/// From one holder to the other.
struct Way {
    from: Holder,
    to: Holder,
    progress: Progress,
    bell: Arc<Notify>,
}

impl Way {
    async fn volume(&self, index: usize, volume: &Volume) -> Result<MovedVolume, Failed> {
        let name = volume.to.as_str();
        let mut here: Option<Manifest> = None;
        let mut sent = 0;
        for _ in 0..TRIES {
            self.enter(&format!("reading what is in volume `{name}` at its new place"));
            let (there, _) = self.pass(index, name, (&self.to, None), Wanted::Nothing).await?;
            if let Some(here) = here.as_ref().filter(|here| **here == there) {
                return Ok(told(name, here, sent));
            }
            let wanted = if there.is_empty() && here.is_none() {
                Wanted::Everything
            } else {
                let known = match here.take() {
                    Some(known) => known,
                    None => self.read(index, &volume.from).await?,
                };
                if let Some(path) = known.first_beside(&there) {
                    return Err(Failed::Beside { volume: name.to_owned(), path });
                }
                let missing = known.missing_in(&there);
                if missing.is_empty() {
                    return Ok(told(name, &known, sent));
                }
                Wanted::Some(missing)
            };
            self.enter(&format!("copying volume `{name}`"));
            let (manifest, passed) =
                self.pass(index, &volume.from, (&self.from, Some(&self.to)), wanted).await?;
            sent += passed;
            here = Some(manifest);
        }
        Err(Failed::Differs { volume: name.to_owned() })
    }

    async fn read(&self, index: usize, name: &str) -> Result<Manifest, Failed> {
        self.enter(&format!("reading what is in volume `{name}`"));
        Ok(self.pass(index, name, (&self.from, None), Wanted::Nothing).await?.0)
    }

    /// Reads a volume at the one end, and writes what is wanted of it at the other.
    async fn pass(
        &self,
        index: usize,
        name: &str,
        (from, to): (&Holder, Option<&Holder>),
        wanted: Wanted,
    ) -> Result<(Manifest, u64), Failed> {
        let (send, receive) = mpsc::channel::<std::io::Result<Bytes>>(AHEAD);
        let reading = self.read_through(index, name, (from, to), (wanted, send));
        let Some(to) = to else {
            drop(receive);
            return reading.await;
        };
        let archive = stream::unfold(receive, |mut receive| async move {
            receive.recv().await.map(|part| (part, receive))
        });
        let archive = archive.boxed();
        let writing = async {
            let written = to.host.put_archive(&to.docker_id, "/", archive).await;
            written.map_err(|error| to.failed(error))
        };
        tokio::pin!(reading, writing);
        let passed = tokio::select! {
            passed = &mut reading => passed?,
            written = &mut writing => {
                written?;
                return reading.await;
            }
        };
        timeout(WRITTEN, writing).await.map_err(|_| to.silent("write the archive", WRITTEN))??;
        Ok(passed)
    }

    async fn read_through(
        &self,
        index: usize,
        name: &str,
        (from, to): (&Holder, Option<&Holder>),
        (wanted, send): (Wanted, mpsc::Sender<std::io::Result<Bytes>>),
    ) -> Result<(Manifest, u64), Failed> {
        let unreadable = |why: Unreadable| Failed::Unreadable {
            server: from.server.clone(),
            volume: name.to_owned(),
            why: why.to_string(),
        };
        let opened = from.host.read_archive(&from.docker_id, &place(index)).await;
        let mut archive = opened.map_err(|error| from.failed(error))?;
        let (mut tape, mut on) = (Tape::new(wanted), Vec::new());
        loop {
            let part = timeout(SILENCE, archive.next()).await;
            let Some(part) = part.map_err(|_| from.silent("read the archive", SILENCE))? else {
                break;
            };
            let part = part.map_err(|error| from.failed(error))?;
            self.count(part.len());
            tape.take(part, &mut on).map_err(unreadable)?;
            if let Some(to) = to {
                hand_on(to, &send, on.drain(..)).await?;
            }
        }
        let read = tape.end().map_err(unreadable)?;
        if let Some(to) = to {
            hand_on(to, &send, [Bytes::from_static(END)].into_iter()).await?;
        }
        Ok(read)
    }

    fn enter(&self, words: &str) {
        *self.progress.now() = Now { words: words.to_owned(), bytes: 0 };
        self.bell.notify_one();
    }

    fn count(&self, bytes: usize) {
        let mut now = self.progress.now();
        let before = now.bytes / RING;
        now.bytes = now.bytes.saturating_add(bytes as u64);
        if now.bytes / RING > before {
            self.bell.notify_one();
        }
    }
}

async fn hand_on(
    to: &Holder,
    send: &mpsc::Sender<std::io::Result<Bytes>>,
    parts: impl Iterator<Item = Bytes>,
) -> Result<(), Failed> {
    for part in parts.filter(|part| !part.is_empty()) {
        let taken = timeout(SILENCE, send.send(Ok(part))).await;
        // Why nobody takes it any more is what the writer says.
        drop(taken.map_err(|_| to.silent("write the archive", SILENCE))?);
    }
    Ok(())
}

fn told(name: &str, manifest: &Manifest, sent_bytes: u64) -> MovedVolume {
    MovedVolume {
        name: name.to_owned(),
        entries: manifest.len(),
        bytes: manifest.bytes(),
        sent_bytes,
        sha256: manifest.sha256(),
    }
}
