//! Source code from Git repositories: one commit of a branch or tag, and nothing of its history.
//!
//! Owns how a repository is asked and what is taken of it. The protocol is `gix`'s; the connection is
//! ours (`http`), so that a repository leads Portolan nowhere that it must not be led. `context` makes
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
use gix_transport::{Protocol, client::blocking_io::http::connect_http};
use portolan_types::{GitReference, RepositoryUrl};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::timeout};

use crate::outbound::Guard;

mod context;
mod http;
mod ignore;

pub(crate) use context::{Context, ContextError};

/// Fetching one commit, whole.
const FETCH: Duration = Duration::from_mins(15);

/// What is to be fetched, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub repository: RepositoryUrl,
    /// The repository's own branch without.
    pub reference: Option<GitReference>,
    pub login: Option<Login>,
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
    let connection = http::Connection::new(guard, &order, stop.clone())?;
    let place = place.to_owned();
    let fetching = spawn_blocking(move || take(&order, connection, (folder, place), &stop));
    match timeout(FETCH, fetching).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => Err(GitError::Other(format!("the fetch broke off: {error}"))),
        Err(_) => Err(GitError::TooLong),
    }
}

fn take(
    order: &Order,
    connection: http::Connection,
    (folder, place): (TempDir, PathBuf),
    stop: &AtomicBool,
) -> Result<Checkout, GitError> {
    let said = connection.said();
    match take_commit(order, connection, folder.path(), stop) {
        Ok((commit, subject)) => Ok(Checkout { commit, subject, folder, place }),
        // What the connection saw is nearer to the cause than what became of it in the protocol.
        Err(error @ (GitError::NoReference(_) | GitError::Empty)) => Err(error),
        Err(error) => Err(said.take().unwrap_or(error)),
    }
}

fn take_commit(
    order: &Order,
    connection: http::Connection,
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
    let url = gix::url::parse(order.repository.as_str().as_bytes().as_bstr()).map_err(other)?;
    let mut remote = repository
        .remote_at_without_url_rewrite(url.clone())
        .map_err(other)?
        .with_fetch_tags(Tags::None);
    let wanted = wanted(order.reference.as_ref());
    let specs = wanted.iter().map(String::as_str);
    remote.replace_refspecs(specs, gix::remote::Direction::Fetch).map_err(other)?;
    let transport = connect_http(connection, url, Protocol::V2, false);
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
