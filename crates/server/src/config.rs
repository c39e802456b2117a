//! What `run` needs to know. Flags, environment and files are merged by the binary.

mod builds;
mod notifications;
mod sessions;
mod sign_in;
mod storages;

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;

use crate::host::Reachable;

pub use builds::Builds;
pub use notifications::{Notifications, Pace, Smtp, SmtpSecurity};
pub use sessions::Sessions;
pub use sign_in::{GroupRole, Issuer, Provider, PublicUrl, SignIn};
pub use storages::Storages;

/// The checked configuration of one process.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where HTTP is served; for messages, the listener itself is handed to `run`.
    pub listen: SocketAddr,
    /// Holds the SQLite database, the master key and the lock. Made with mode 0700.
    pub data_dir: PathBuf,
    /// PostgreSQL by URL; SQLite in the data directory without it.
    pub database_url: Option<SecretString>,
    /// The master key itself, as 64 hexadecimal digits; that of a file without it.
    pub master_key: Option<SecretString>,
    /// Default: `master.key` in the data directory, made at first start.
    pub master_key_file: Option<PathBuf>,
    /// Where the setup token is written, besides standard error.
    pub setup_token_file: Option<PathBuf>,
    /// Proxies in front of Portolan: whom they name in `X-Forwarded-For` is the caller.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests that one caller may make in a minute.
    pub requests_per_minute: NonZeroU32,
    /// How often each destination is verified by itself; never without it.
    pub verify_every: Option<Duration>,
    /// How long events are kept.
    pub keep_events_days: NonZeroU32,
    /// How long people stay signed in.
    pub sessions: Sessions,
    /// The ways in besides passwords.
    pub sign_in: SignIn,
    /// Where servers may be.
    pub reachable: Reachable,
    /// How notifiers may tell.
    pub notifications: Notifications,
    /// How images are built.
    pub builds: Builds,
    /// Where backups may be kept.
    pub storages: Storages,
}

impl Config {
    /// The URL of the database in use.
    pub fn database_url(&self) -> SecretString {
        self.database_url.clone().unwrap_or_else(|| {
            let file = self.sqlite_file();
            format!("sqlite://{}?mode=rwc", escape_path(&file.to_string_lossy())).into()
        })
    }

    /// The SQLite database, when no URL names another.
    pub fn sqlite_file(&self) -> PathBuf {
        self.data_dir.join("portolan.db")
    }

    /// Where sources are while something is built from them. What is there at the start is left from
    /// a crash.
    pub fn sources(&self) -> PathBuf {
        self.data_dir.join("sources")
    }

    /// Where storages on the disk are, each a folder.
    pub fn backups(&self) -> PathBuf {
        self.data_dir.join("backups")
    }

    /// Whether there is no database yet: opening SQLite's would make one.
    pub fn has_no_database(&self) -> bool {
        self.database_url.is_none() && !self.sqlite_file().exists()
    }

    /// Where the master key is, for people.
    pub fn master_key_place(&self) -> String {
        match &self.master_key {
            Some(_) => "in PORTOLAN_MASTER_KEY".to_owned(),
            None => self.master_key_file().display().to_string(),
        }
    }

    /// The file with the master key.
    pub fn master_key_file(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data_dir.join("master.key"))
    }
}

/// A path may hold what a URL reads as its end.
fn escape_path(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
