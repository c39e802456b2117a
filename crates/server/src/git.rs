//! Source code from Git repositories: one commit of a branch or tag, and nothing of its history.
//!
//! Owns how a repository is asked and what is taken of it. The protocol is `gix`'s; the connection is
//! ours (`http`, `ssh`), so that a repository leads Portolan nowhere that it must not be led. `context` makes
//! of a commit what an engine builds from. Everything in a repository is hostile: nothing of it is run,
//! configured by or written to a path of its own choosing.

use std::{
    fs::{self, DirBuilder},
    io,
    num::NonZeroU32,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gix::{
    bstr::ByteSlice,
    protocol::handshake::Ref,
    remote::{
        fetch::{Shallow, Tags},
        ref_map,
    },
};
use gix_transport::{
    Protocol,
    client::blocking_io::{Transport, http::connect_http},
};
use portolan_types::{GitReference, RepositoryUrl, server::Fingerprint};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::timeout};

use crate::{host::Held, outbound::Guard};

mod context;
mod http;
mod ignore;
mod said;
mod ssh;

pub(crate) use context::{Context, ContextError};

/// Fetching one commit, whole.
const FETCH: Duration = Duration::from_mins(15);

/// Most bytes of one answer. A pack of one commit of a repository that is built is smaller.
const MOST: u64 = 1 << 30;

/// What is to be fetched, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub repository: RepositoryUrl,
    /// The repository's own branch without.
    pub reference: Option<GitReference>,
    pub access: Access,
}

/// As whom it is asked.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    Anybody,
    /// By HTTP.
    Password(Login),
    /// By SSH.
    Key(KeyLogin),
}

/// The key of who asks, and that of the host.
#[derive(Debug, Clone)]
pub(crate) struct KeyLogin {
    /// In OpenSSH form, without passphrase.
    pub private_key: SecretString,
    /// Nobody logs in to a host of which nothing is known.
    pub host_key: Option<Fingerprint>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub user: String,
    pub password: SecretString,
}

/// A commit with its files, in a folder that goes with it.
#[derive(Debug)]
pub(crate) struct Checkout {
    pub commit: String,
    /// The first line of what its author says of it. Hostile.
    pub subject: String,
    folder: TempDir,
    /// Where more is put that is to outlive it.
    place: PathBuf,
}

/// Why there is no commit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("there is no branch and no tag `{0}`")]
    NoReference(GitReference),
    #[error("the repository is empty")]
    Empty,
    #[error("the repository wants a login, or does not take this one")]
    Login,
    #[error("its host shows the key `{0}`, which is not named")]
    HostKey(String),
    #[error("the key that logs in is gone")]
    NoKey,
    #[error("{0}")]
    Refused(String),
    #[error("it took longer than {} minutes", FETCH.as_secs() / 60)]
    TooLong,
    #[error("{0}")]
    Other(String),
}

/// Tells the thread that fetches to stop, when nobody waits for it any more.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes the folder for sources, without what a crash left in it.
pub(crate) fn prepare(place: &Path) -> io::Result<()> {
    match fs::remove_dir_all(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    DirBuilder::new().mode(0o700).create(place)
}

/// Fetches the commit into a new folder below `place`.
pub(crate) async fn fetch(guard: &Guard, order: Order, place: &Path) -> Result<Checkout, GitError> {
    let stop = Arc::new(AtomicBool::new(false));
    let _wanted = Wanted(stop.clone());
    let folder = TempDir::with_prefix_in("source-", place)
        .map_err(|error| GitError::Other(format!("no folder for the source: {error}")))?;
    let place = place.to_owned();
    let fetching = async {
        // Held until the thread is done: it ends with the connection.
        let (way, _connection) = Way::open(guard, &order, stop.clone()).await?;
        let taking = spawn_blocking(move || take(&order, way, (folder, place), &stop));
        let broke_off = |error| GitError::Other(format!("the fetch broke off: {error}"));
        taking.await.map_err(broke_off)?
    };
    timeout(FETCH, fetching).await.unwrap_or(Err(GitError::TooLong))
}

/// The connection to a repository.
enum Way {
    Http(http::Connection),
    Ssh(ssh::Pipe),
}

impl Way {
    /// With what has to be held as long as it is used.
    async fn open(
        guard: &Guard,
        order: &Order,
        stop: Arc<AtomicBool>,
    ) -> Result<(Self, Option<Held>), GitError> {
        let Some(repository) = order.repository.by_ssh() else {
            return Ok((Self::Http(http::Connection::new(guard, order, stop)?), None));
        };
        let Access::Key(login) = &order.access else { return Err(GitError::NoKey) };
        let (pipe, connection) = ssh::open(guard, repository, login).await?;
        Ok((Self::Ssh(pipe), Some(connection)))
    }
}

fn take(
    order: &Order,
    way: Way,
    (folder, place): (TempDir, PathBuf),
    stop: &AtomicBool,
) -> Result<Checkout, GitError> {
    let url = gix::url::parse(order.repository.as_str().as_bytes().as_bstr()).map_err(other)?;
    let (said, taken) = match way {
        Way::Http(connection) => {
            let said = connection.said();
            let transport = connect_http(connection, url.clone(), Protocol::V2, false);
            (said, take_commit(order, (url, transport), folder.path(), stop))
        }
        Way::Ssh(pipe) => {
            let said = pipe.said();
            (said, take_commit(order, (url, pipe.transport()), folder.path(), stop))
        }
    };
    match taken {
        Ok((commit, subject)) => Ok(Checkout { commit, subject, folder, place }),
        // What the connection saw is nearer to the cause than what became of it in the protocol.
        Err(error @ (GitError::NoReference(_) | GitError::Empty)) => Err(error),
        Err(error) => Err(said.take().unwrap_or(error)),
    }
}

fn take_commit(
    order: &Order,
    (url, transport): (gix::Url, impl Transport),
    folder: &Path,
    stop: &AtomicBool,
) -> Result<(String, String), GitError> {
    let repository = gix::ThreadSafeRepository::init_opts(
        folder,
        gix::create::Kind::Bare,
        gix::create::Options::default(),
        gix::open::Options::isolated(),
    )
    .map_err(other)?
    .to_thread_local();
    let mut remote =
        repository.remote_at_without_url_rewrite(url).map_err(other)?.with_fetch_tags(Tags::None);
    let wanted = wanted(order.reference.as_ref());
    let specs = wanted.iter().map(String::as_str);
    remote.replace_refspecs(specs, gix::remote::Direction::Fetch).map_err(other)?;
    // The connection logs in by itself; no program of the machine is asked for passwords.
    let fetch = remote
        .to_connection_with_transport(transport)
        .with_credentials(|_| Ok(None))
        .prepare_fetch(gix::progress::Discard, ref_map::Options::default())
        .map_err(other)?;
    let commit = chosen(&fetch.ref_map().remote_refs, order)?;
    fetch
        .with_shallow(Shallow::DepthAtRemote(NonZeroU32::MIN))
        .receive(gix::progress::Discard, stop)
        .map_err(other)?;
    let commit = repository.find_object(commit).map_err(other)?;
    let commit = commit.peel_to_commit().map_err(other)?;
    let message = commit.message_raw().map_err(other)?;
    let subject = message.lines().next().unwrap_or_default().to_str_lossy().into_owned();
    Ok((commit.id.to_string(), subject))
}

/// What the server is asked for: a name may be a branch's or a tag's.
fn wanted(reference: Option<&GitReference>) -> Vec<String> {
    let Some(name) = reference else { return vec!["+HEAD:refs/portolan/head".to_owned()] };
    ["heads", "tags"].map(|kind| format!("+refs/{kind}/{name}:refs/portolan/{kind}/{name}")).into()
}

/// The commit that is meant: a branch before a tag of the same name.
fn chosen(found: &[Ref], order: &Order) -> Result<gix::ObjectId, GitError> {
    let id_of = |name: &str| {
        found.iter().find_map(|one| {
            let (full, object, peeled) = one.unpack();
            (full == name).then(|| peeled.or(object)).flatten().map(ToOwned::to_owned)
        })
    };
    match &order.reference {
        None => id_of("HEAD").ok_or(GitError::Empty),
        Some(name) => id_of(&format!("refs/heads/{name}"))
            .or_else(|| id_of(&format!("refs/tags/{name}")))
            .ok_or_else(|| GitError::NoReference(name.clone())),
    }
}

fn other(error: impl std::fmt::Display) -> GitError {
    GitError::Other(error.to_string())
}
