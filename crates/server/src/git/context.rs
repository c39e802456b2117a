//! What an engine builds from: the files of a commit's folder, as one archive.
//!
//! Owns what is put into it. Nothing of a repository is written to disk by its own path.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufWriter},
    path::{Component, Path},
};

use gix::{
    Repository,
    bstr::{BString, ByteSlice},
    objs::tree::EntryKind,
    traverse::tree::recorder::Entry,
};
use portolan_types::RepositoryPath;
use tar::{Builder, EntryType, Header};
use tempfile::TempPath;
use tokio::task::spawn_blocking;

use super::{Checkout, ignore::Ignored};

/// Most bytes of one that is read by itself.
const FILE: u64 = 1 << 20;
/// Most bytes of all files together.
const MOST: u64 = 1 << 30;

/// An archive of a folder, which goes with it.
#[derive(Debug)]
pub(crate) struct Context {
    pub archive: TempPath,
    files: usize,
    bytes: u64,
    /// Folders of other repositories, which are left out.
    submodules: usize,
    /// The text of the Dockerfile. Hostile.
    pub dockerfile: String,
}

/// Why nothing can be built from it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContextError {
    #[error("the commit has no folder `{0}`")]
    NoFolder(RepositoryPath),
    #[error("there is no `{file}` in folder `{folder}`")]
    NoDockerfile { folder: RepositoryPath, file: RepositoryPath },
    #[error("`{0}` is more than 1 MiB, or no file but a link")]
    NoText(RepositoryPath),
    #[error("its files are more than {} MiB", MOST >> 20)]
    TooMuch,
    #[error("`{0}` leads out of the folder")]
    Astray(String),
    #[error("{0}")]
    Ignore(String),
    #[error("{0}")]
    Git(String),
    #[error("the archive could not be written: {0}")]
    Io(#[from] io::Error),
}

impl Context {
    /// What is in it, for the log of the build.
    pub(crate) fn summary(&self) -> String {
        let kib = self.bytes.div_ceil(1 << 10);
        let left_out = match self.submodules {
            0 => String::new(),
            many => format!("; {many} submodules are left out"),
        };
        format!("[Portolan sends {} files, {kib} KiB{left_out}]", self.files)
    }
}

impl Checkout {
    /// Packs a folder of the commit with its Dockerfile.
    pub(crate) async fn pack(
        self,
        folder: RepositoryPath,
        dockerfile: RepositoryPath,
    ) -> Result<Context, ContextError> {
        let packing = spawn_blocking(move || self.packed(&folder, &dockerfile));
        packing.await.map_err(|error| ContextError::Git(format!("it broke off: {error}")))?
    }

    /// What is in some files of a folder of the commit; those that are not there are left out. A link leads
    /// anywhere, and is refused.
    pub(crate) async fn read(
        self,
        folder: RepositoryPath,
        wanted: BTreeSet<RepositoryPath>,
    ) -> Result<BTreeMap<RepositoryPath, Vec<u8>>, ContextError> {
        let reading = spawn_blocking(move || self.bytes_of(&folder, wanted));
        reading.await.map_err(|error| ContextError::Git(format!("it broke off: {error}")))?
    }

    fn bytes_of(
        &self,
        folder: &RepositoryPath,
        wanted: BTreeSet<RepositoryPath>,
    ) -> Result<BTreeMap<RepositoryPath, Vec<u8>>, ContextError> {
        let options = gix::open::Options::isolated();
        let repository = gix::open_opts(self.folder.path(), options).map_err(git)?;
        let entries = entries(&repository, &self.commit, folder)?;
        let mut read = BTreeMap::new();
        for path in wanted {
            let entry = entries.iter().find(|entry| entry.filepath == path.as_str());
            let Some(entry) = entry else { continue };
            let small = || repository.find_header(entry.oid).map(|header| header.size() <= FILE);
            if !entry.mode.is_blob() || !small().map_err(git)? {
                return Err(ContextError::NoText(path));
            }
            let mut blob = repository.find_blob(entry.oid).map_err(git)?;
            read.insert(path, std::mem::take(&mut blob.data));
        }
        Ok(read)
    }

    fn packed(
        &self,
        folder: &RepositoryPath,
        dockerfile: &RepositoryPath,
    ) -> Result<Context, ContextError> {
        let options = gix::open::Options::isolated();
        let repository = gix::open_opts(self.folder.path(), options).map_err(git)?;
        let entries = entries(&repository, &self.commit, folder)?;
        let text = |path: &str| text(&repository, &entries, path);
        let recipe = text(dockerfile.as_str())?;
        let recipe = recipe.ok_or_else(|| ContextError::NoDockerfile {
            folder: folder.clone(),
            file: dockerfile.clone(),
        })?;
        let ignored = Ignored::parse(&text(".dockerignore")?.unwrap_or_default());
        let ignored = ignored.map_err(ContextError::Ignore)?;
        let stays = |entry: &&Entry| {
            let path = entry.filepath.to_str_lossy();
            path == dockerfile.as_str() || path == ".dockerignore" || !ignored.covers(&path)
        };
        let (file, archive) =
            tempfile::NamedTempFile::with_prefix_in("context-", &self.place)?.into_parts();
        let mut packed = Packed::new(&repository, file);
        for entry in entries.iter().filter(stays) {
            packed.add(entry)?;
        }
        packed.finish(archive, recipe)
    }
}

fn git(error: impl std::fmt::Display) -> ContextError {
    ContextError::Git(error.to_string())
}

/// All that is in a folder of a commit, by its path below the folder.
fn entries(
    repository: &Repository,
    commit: &str,
    folder: &RepositoryPath,
) -> Result<Vec<Entry>, ContextError> {
    let id: gix::ObjectId = commit.parse().map_err(git)?;
    let tree = repository.find_commit(id).map_err(git)?.tree().map_err(git)?;
    let tree = if folder.is_root() {
        tree
    } else {
        let found = tree.lookup_entry_by_path(folder.as_str()).map_err(git)?;
        let found = found.filter(|entry| entry.mode().is_tree());
        let found = found.ok_or_else(|| ContextError::NoFolder(folder.clone()))?;
        found.object().map_err(git)?.into_tree()
    };
    tree.traverse().breadthfirst.files().map_err(git)
}

/// The text of a file of the folder.
fn text(
    repository: &Repository,
    entries: &[Entry],
    path: &str,
) -> Result<Option<String>, ContextError> {
    let is_it = |entry: &&Entry| entry.filepath == path && entry.mode.is_blob();
    let Some(entry) = entries.iter().find(is_it) else { return Ok(None) };
    let blob = repository.find_blob(entry.oid).map_err(git)?;
    Ok(Some(String::from_utf8_lossy(&blob.data).into_owned()))
}

/// An archive in the making.
struct Packed<'a> {
    repository: &'a Repository,
    archive: Builder<BufWriter<File>>,
    files: usize,
    bytes: u64,
    submodules: usize,
}

impl<'a> Packed<'a> {
    fn new(repository: &'a Repository, file: File) -> Self {
        let archive = Builder::new(BufWriter::new(file));
        Self { repository, archive, files: 0, bytes: 0, submodules: 0 }
    }

    fn add(&mut self, entry: &Entry) -> Result<(), ContextError> {
        let path = inside(&entry.filepath)?;
        match entry.mode.kind() {
            EntryKind::Tree => Ok(()),
            EntryKind::Commit => {
                self.submodules += 1;
                Ok(())
            }
            EntryKind::Link => self.link(entry, &path),
            EntryKind::BlobExecutable => self.file(entry, &path, 0o755),
            EntryKind::Blob => self.file(entry, &path, 0o644),
        }
    }

    fn file(&mut self, entry: &Entry, path: &str, mode: u32) -> Result<(), ContextError> {
        let size = self.repository.find_header(entry.oid).map_err(git)?.size();
        self.bytes += size;
        if self.bytes > MOST {
            return Err(ContextError::TooMuch);
        }
        let blob = self.repository.find_blob(entry.oid).map_err(git)?;
        let mut header = Header::new_gnu();
        header.set_size(blob.data.len() as u64);
        header.set_mode(mode);
        self.files += 1;
        Ok(self.archive.append_data(&mut header, path, blob.data.as_slice())?)
    }

    /// Where it leads is the engine's to judge: it unpacks where nothing else is.
    fn link(&mut self, entry: &Entry, path: &str) -> Result<(), ContextError> {
        let blob = self.repository.find_blob(entry.oid).map_err(git)?;
        let target = blob.data.to_str_lossy().into_owned();
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        self.files += 1;
        Ok(self.archive.append_link(&mut header, path, target)?)
    }

    fn finish(self, archive: TempPath, dockerfile: String) -> Result<Context, ContextError> {
        let Self { archive: mut builder, files, bytes, submodules, .. } = self;
        builder.finish()?;
        builder.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        Ok(Context { archive, files, bytes, submodules, dockerfile })
    }
}

/// A path in a commit can be anything that somebody wrote into it.
fn inside(path: &BString) -> Result<String, ContextError> {
    let text = path.to_str_lossy().into_owned();
    let normal = Path::new(&text).components().all(|part| matches!(part, Component::Normal(_)));
    if normal { Ok(text) } else { Err(ContextError::Astray(crate::host::clean(&text))) }
}
