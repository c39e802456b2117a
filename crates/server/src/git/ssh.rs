//! The connection to a repository by SSH: `gix`'s protocol over a session of ours.
//!
//! Owns whose key is taken for the host's, and how much is taken from it. `gix` works in a thread of its
//! own and blocks; the session lives on the runtime that waits for that thread, and ends it by ending.

use std::io::{Read, Result as IoResult, Write};

use gix_transport::{
    Protocol,
    client::{
        blocking_io::Transport,
        git::{ConnectMode, blocking_io::Connection},
    },
};
use portolan_types::SshRepository;
use tokio_util::io::SyncIoBridge;

use super::{GitError, KeyLogin, MOST, said::Said};
use crate::{
    host::{self, Held, HostError, Pin, Repository, SshRoute, clean},
    outbound::Guard,
};

/// Both directions of a session, for a thread that blocks.
pub(super) struct Pipe {
    from: Box<dyn Read + Send>,
    to: Box<dyn Write + Send>,
    path: String,
    said: Said,
}

impl Pipe {
    pub(super) fn said(&self) -> Said {
        self.said.clone()
    }

    pub(super) fn transport(self) -> impl Transport {
        let Self { from, to, path, said } = self;
        let heard = Heard { from, came: 0, said };
        let nowhere = None::<(String, Option<u16>)>;
        Connection::new(heard, to, Protocol::V2, path, nowhere, ConnectMode::Process, false)
    }
}

/// Must be called on the runtime on which the session is to live, which has to be held as long as the pipe
/// is read.
pub(super) async fn open(
    guard: &Guard,
    repository: SshRepository,
    KeyLogin { private_key, host_key }: &KeyLogin,
) -> Result<(Pipe, Held), GitError> {
    let pin = host_key.clone().map_or(Pin::FirstContact, Pin::Fingerprint);
    let route = SshRoute {
        host: repository.host.clone(),
        port: repository.port.get(),
        user: repository.user.clone(),
        private_key: private_key.clone(),
        pin,
        access: None,
    };
    if host_key.is_none() {
        let shown = host::show_key(&route, guard).await.map_err(refused)?;
        return Err(GitError::HostKey(format!("{} {}", shown.algorithm, shown.fingerprint)));
    }
    let opened = host::open_repository(&route, &repository, guard).await;
    let Repository { from, to, held } = opened.map_err(refused)?;
    let (from, to) = (Box::new(SyncIoBridge::new(from)), Box::new(SyncIoBridge::new(to)));
    Ok((Pipe { from, to, path: repository.path, said: Said::default() }, held))
}

fn refused(error: HostError) -> GitError {
    match error {
        HostError::HostKeyChanged { offered, .. } => GitError::HostKey(offered),
        HostError::LoginRefused { .. } => GitError::Login,
        HostError::NotAllowed { what, flag } => GitError::Refused(format!(
            "{what} has no public address; the operator of Portolan permits others with `{flag}`"
        )),
        other => GitError::Other(other.to_string()),
    }
}

/// What a host says. It is hostile.
struct Heard {
    from: Box<dyn Read + Send>,
    came: u64,
    said: Said,
}

impl Read for Heard {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let read = self.from.read(buffer);
        let count = read.map_err(|error| {
            let why = format!("the host says: {}", clean(&error.to_string()));
            self.said.note(GitError::Other(why))
        })?;
        self.came += u64::try_from(count).unwrap_or(u64::MAX);
        if self.came > MOST {
            return Err(self.said.note(GitError::Other("it is more than 1 GiB".to_owned())));
        }
        Ok(count)
    }
}
