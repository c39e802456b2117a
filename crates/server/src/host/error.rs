//! How talking to a host fails: what, why in Docker's or SSH's own words, and what to do.

use portolan_types::Access;

use super::Unfinished;

/// Why a host could not be reached or did not do what it was asked. `Display` says what and why;
/// the caller adds which server, and [`HostError::remedy`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("could not resolve `{host}`: {why}")]
    Resolve { host: String, why: String },

    #[error("no server may be at {what}")]
    NotAllowed { what: String, flag: &'static str },

    #[error("could not connect to {address}: {why}")]
    Connect { address: String, why: String },

    #[error("{address} does not speak SSH: {why}")]
    Handshake { address: String, why: String },

    #[error("the host key changed: pinned {pinned}, offered {offered}")]
    HostKeyChanged { pinned: String, offered: String },

    #[error("login as `{user}` was refused: {why}")]
    LoginRefused { user: String, why: String },

    /// Every way that was tried, with the host's own words for each.
    #[error("could not reach the Docker socket: {}", tried_in_words(.tried))]
    Socket { tried: Vec<(Access, String)> },

    #[error("Docker answered {status}: {message}")]
    Docker { status: u16, message: String },

    #[error("Docker's answer was not understood: {why}")]
    Protocol { why: String },

    #[error("no answer to \"{action}\" within {seconds} s")]
    Timeout { action: String, seconds: u64 },

    /// A program in a container took longer than it may, and runs on unheard.
    #[error("the program had not ended after {seconds} s")]
    RanOn { seconds: u64, said: Box<Unfinished> },

    /// Why there is no shell, in our own words.
    #[error("there is no terminal: {why}")]
    NoShell { why: String },

    #[error("the connection was lost: {why}")]
    Lost { why: String },
}

impl HostError {
    /// Whether trying again by itself can help. A refused login or a changed key needs a person:
    /// OpenSSH 9.8 and later penalise sources that keep failing (`PerSourcePenalties`).
    pub const fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::HostKeyChanged { .. } | Self::LoginRefused { .. } | Self::NotAllowed { .. }
        )
    }

    /// Whether the connection itself is in doubt, rather than one request on it.
    pub const fn is_connection(&self) -> bool {
        !matches!(self, Self::Docker { .. } | Self::Protocol { .. } | Self::NoShell { .. })
    }

    /// Whether nothing was heard in time.
    pub const fn is_late(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::RanOn { .. })
    }

    /// Whether it is the swarm that could not be asked through this host: it has no leader, or the
    /// host is no manager any more. Nothing is known of what was asked: it may have been done.
    pub fn is_of_swarm(&self) -> bool {
        matches!(self, Self::Docker { message, .. }
            if UNDECIDED.iter().any(|part| message.contains(part)))
    }

    /// Whether an engine gave up waiting for its swarm to give a container a place on an overlay.
    pub fn is_slow_swarm(&self) -> bool {
        matches!(self, Self::Docker { message, .. }
            if message.contains("attaching to network failed")
                && message.contains("context deadline exceeded"))
    }

    /// Whether nobody knows what became of the request: it is no refusal, and is asked again.
    pub fn is_undecided(&self) -> bool {
        self.is_connection() || self.is_of_swarm()
    }

    /// Whether Docker refused a subnet because something else has its addresses.
    pub fn is_overlap(&self) -> bool {
        matches!(self, Self::Docker { message, .. } if message.contains("overlap"))
    }

    /// Whether a container could not be started because something else has a port of the host.
    pub fn is_port_taken(&self) -> bool {
        matches!(self, Self::Docker { message, .. }
            if ["port is already allocated", "address already in use"]
                .iter()
                .any(|part| message.contains(part)))
    }

    /// Whether a registry does not know the login that was sent. Where it is asked for a token,
    /// Docker answers 401 itself; where it takes passwords, it tells of the registry's.
    pub fn is_login_refused(&self) -> bool {
        matches!(self, Self::Docker { status, message }
            if *status == 401
                || ["401 Unauthorized", "403 Forbidden", "unauthorized: "]
                    .iter()
                    .any(|part| message.contains(part)))
    }

    /// Whether Docker knows no such thing.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Docker { status: 404, .. })
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Resolve { .. } => "check the host's spelling and this machine's DNS".into(),
            Self::NotAllowed { flag, .. } => {
                format!("name another one; the operator of Portolan permits it with `{flag}`")
            }
            Self::Connect { .. } => {
                "check that the host is up, that sshd listens on that port and that no firewall is between".into()
            }
            Self::Handshake { .. } => "check that host and port are those of an SSH server".into(),
            Self::HostKeyChanged { offered, .. } => format!(
                "if the host was reinstalled, compare {offered} with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on it, then trust the new one (`repin_server`); otherwise somebody may be in between"
            ),
            Self::LoginRefused { user, .. } => format!(
                "put the key's public line (`show_key`) into ~{user}/.ssh/authorized_keys on the host"
            ),
            Self::Socket { tried } => socket_remedy(tried),
            Self::Docker { status, message } => docker_remedy(*status, message),
            Self::Protocol { .. } => "check that the socket belongs to a Docker engine of 20.10 or newer".into(),
            Self::Timeout { .. } | Self::RanOn { .. } => "check the host's load and its network, then try again".into(),
            Self::NoShell { .. } => {
                "let sshd give the user a terminal and a shell: `PermitTTY yes` and no `ForceCommand` in sshd_config, no `restrict`, `no-pty` or `command=` beside the key in authorized_keys, a login shell in /etc/passwd".into()
            }
            Self::Lost { .. } => "Portolan reconnects by itself; try again".into(),
        }
    }
}

/// Docker has no code for it (`errNoLeader` and `errNoManager` in moby's `daemon/cluster`,
/// `ErrLostLeadership` in swarmkit's `manager/state/raft`).
const UNDECIDED: [&str; 3] =
    ["does not have a leader", "lost leader status", "not a swarm manager"];

fn tried_in_words(tried: &[(Access, String)]) -> String {
    let each: Vec<String> = tried.iter().map(|(access, why)| format!("{access}: {why}")).collect();
    each.join("; ")
}

fn socket_remedy(tried: &[(Access, String)]) -> String {
    if tried.iter().all(|(access, _)| *access == Access::LocalSocket) {
        return "start the Docker engine, or run Portolan as a user who may open its socket".into();
    }
    "install and start Docker on the host; let the user open its socket (`usermod -aG docker USER`) \
     or run `sudo -n docker` without a password; allow `AllowStreamLocalForwarding` in sshd_config"
        .into()
}

/// Docker has no error codes: its texts are what there is (`moby/libnetwork`, stable for years).
fn docker_remedy(status: u16, message: &str) -> String {
    let has = |part: &str| message.contains(part);
    if has("non-overlapping IPv4 address pool") || has("fully subnetted") {
        "the engine's address pools are used up: give a free subnet (as 10.x.y.0/24), remove unused networks, or widen `default-address-pools` in /etc/docker/daemon.json".into()
    } else if has("overlaps") {
        "choose a subnet that no other network of the host uses (`docker network ls` and `docker network inspect` show them)".into()
    } else if has("not a swarm manager") {
        "ask a manager of the swarm (`docker node ls` on one shows them all)".into()
    } else if UNDECIDED.iter().any(|part| has(part)) {
        "bring back enough managers that more than half of them answer (`docker node ls`); Portolan goes on by itself then".into()
    } else if has("has active endpoints") || has("is in use by") {
        "remove or disconnect the containers and services on the network first".into()
    } else if has("is ambiguous") {
        "several networks of the host have that name: remove all but one by id (`docker network ls`, `docker network rm ID`)".into()
    } else if has("already exists") {
        "a network of that name exists in Docker: choose another name, or adopt the existing one"
            .into()
    } else if has("no space left on device") {
        "free disk space on the host (`docker system df` shows what Docker uses)".into()
    } else if has("manifest unknown") || has("manifest for") {
        "the registry has no such image: correct its name and tag".into()
    } else if has("pull access denied") {
        "correct the image's name, or store a login of its registry (`create_registry`)".into()
    } else if status == 400 {
        "correct the options and try again".into()
    } else {
        "see the engine's log on the host (`journalctl -u docker`)".into()
    }
}
