//! The control plane's settings: flags, environment and file, merged once.
//!
//! Owns precedence (flag, then environment, then file, then default) and the words that say where
//! a bad value came from. What the values mean is the control plane's business.

mod file;
mod notifications;
mod reachable;
mod sign_in;
mod values;

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, str::FromStr};

use anyhow::Context;
use portolan_types::Pause;
use secrecy::SecretString;

use crate::{
    control_plane::{Config, Sessions},
    environment::Environment,
};

use self::file::File;
pub(crate) use self::notifications::{Networks, NotificationFlags, SmtpUrl};
pub(crate) use self::reachable::{ReachableFlags, Sockets};
pub(crate) use self::sign_in::SignInFlags;
pub(crate) use self::values::{DatabaseUrl, Every, LogFilter, LogFormat};

const DEFAULT_LISTEN: &str = "127.0.0.1:7070";
const DEFAULT_RATE_LIMIT: &str = "600";
const DEFAULT_VERIFY_EVERY: &str = "24h";
const DEFAULT_LOG: &str = "info";
const DEFAULT_KEEP_EVENTS: &str = "90";
const DEFAULT_SESSION_IDLE: &str = "7d";
const DEFAULT_SESSION_LIFETIME: &str = "30d";

/// What was said on the command line; the rest is looked for elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) database_url: Option<DatabaseUrl>,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) setup_token_file: Option<PathBuf>,
    pub(crate) trusted_proxy: Option<Networks>,
    pub(crate) rate_limit: Option<NonZeroU32>,
    pub(crate) verify_every: Option<Every>,
    pub(crate) keep_events: Option<NonZeroU32>,
    pub(crate) session_idle: Option<Pause>,
    pub(crate) session_lifetime: Option<Pause>,
    pub(crate) reachable: ReachableFlags,
    pub(crate) notifications: NotificationFlags,
    pub(crate) allow_repositories_at: Option<Networks>,
    pub(crate) allow_storages_at: Option<Networks>,
    pub(crate) sign_in: SignInFlags,
    pub(crate) log: Option<LogFilter>,
    pub(crate) log_format: Option<LogFormat>,
}

/// Everything that `portolan serve` needs, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) log: LogFilter,
    pub(crate) log_format: LogFormat,
}

impl Settings {
    pub(crate) fn merge(flags: Flags, environment: Environment) -> anyhow::Result<Self> {
        let path = flags.config.or_else(|| environment("PORTOLAN_CONFIG").map(PathBuf::from));
        let file = path.as_deref().map(File::read).transpose()?.unwrap_or_default();
        let merge = Merge { environment, file };
        let config = Config {
            listen: merge.needed("listen", flags.listen, DEFAULT_LISTEN)?,
            data_dir: merge.data_dir(flags.data_dir)?,
            database_url: merge
                .optional("database-url", flags.database_url)?
                .map(DatabaseUrl::into_secret),
            master_key: merge.master_key(flags.master_key_file.as_ref())?,
            master_key_file: merge.optional("master-key-file", flags.master_key_file)?,
            setup_token_file: merge.optional("setup-token-file", flags.setup_token_file)?,
            trusted_proxies: merge
                .optional("trusted-proxy", flags.trusted_proxy)?
                .map(Networks::into_networks)
                .unwrap_or_default(),
            requests_per_minute: merge.needed(
                "rate-limit",
                flags.rate_limit,
                DEFAULT_RATE_LIMIT,
            )?,
            verify_every: merge
                .needed("verify-every", flags.verify_every, DEFAULT_VERIFY_EVERY)?
                .as_duration(),
            keep_events_days: merge.needed(
                "keep-events",
                flags.keep_events,
                DEFAULT_KEEP_EVENTS,
            )?,
            sessions: Sessions {
                idle: merge
                    .needed("session-idle", flags.session_idle, DEFAULT_SESSION_IDLE)?
                    .as_duration(),
                lifetime: merge
                    .needed("session-lifetime", flags.session_lifetime, DEFAULT_SESSION_LIFETIME)?
                    .as_duration(),
            },
            sign_in: merge.sign_in(flags.sign_in)?,
            reachable: merge.reachable(flags.reachable)?,
            notifications: merge.notifications(flags.notifications)?,
            builds: merge.builds(flags.allow_repositories_at)?,
            storages: merge.storages(flags.allow_storages_at)?,
        };
        Ok(Self {
            config,
            log: merge.needed("log", flags.log, DEFAULT_LOG)?,
            log_format: merge.needed("log-format", flags.log_format, LogFormat::DEFAULT)?,
        })
    }
}

/// Where values are looked for when no flag gives them.
struct Merge {
    environment: Environment,
    file: File,
}

impl Merge {
    fn needed<T>(&self, key: &str, flag: Option<T>, default: &str) -> anyhow::Result<T>
    where
        T: FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        match self.optional(key, flag)? {
            Some(value) => Ok(value),
            None => default.parse().with_context(|| format!("the default of {key}")),
        }
    }

    fn optional<T>(&self, key: &str, flag: Option<T>) -> anyhow::Result<Option<T>>
    where
        T: FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        if flag.is_some() {
            return Ok(flag);
        }
        let variable = variable(key);
        if let Some(text) = (self.environment)(&variable) {
            return text.parse().map(Some).with_context(|| format!("bad value in {variable}"));
        }
        let Some(text) = self.file.value(key) else { return Ok(None) };
        let place = || format!("bad value of `{key}` in {}", self.file.path().display());
        text.parse().map(Some).with_context(place)
    }

    /// Only the environment gives it: other programs of the machine can read flags, and a file
    /// of settings is not kept as one of secrets is.
    fn master_key(&self, file: Option<&PathBuf>) -> anyhow::Result<Option<SecretString>> {
        let key = (self.environment)("PORTOLAN_MASTER_KEY").map(SecretString::from);
        let file: Option<PathBuf> = self.optional("master-key-file", file.cloned())?;
        anyhow::ensure!(
            key.is_none() || file.is_none(),
            "PORTOLAN_MASTER_KEY and master-key-file exclude each other"
        );
        Ok(key)
    }

    fn data_dir(&self, flag: Option<PathBuf>) -> anyhow::Result<PathBuf> {
        let path = match self.optional("data-dir", flag)? {
            Some(path) => path,
            None => self.default_data_dir()?,
        };
        std::path::absolute(&path).with_context(|| format!("data-dir {}", path.display()))
    }

    /// `/var/lib/portolan` for root, else where the person's programs keep their data.
    fn default_data_dir(&self) -> anyhow::Result<PathBuf> {
        if rustix::process::geteuid().is_root() {
            return Ok(PathBuf::from("/var/lib/portolan"));
        }
        let absolute =
            |name| (self.environment)(name).map(PathBuf::from).filter(|path| path.is_absolute());
        absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .map(|data| data.join("portolan"))
            .context("neither HOME nor XDG_DATA_HOME is set: name a folder with --data-dir")
    }
}

/// `data-dir` is `PORTOLAN_DATA_DIR` in the environment.
fn variable(key: &str) -> String {
    format!("PORTOLAN_{}", key.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file
    }

    fn flags(file: &tempfile::NamedTempFile) -> Flags {
        Flags { config: Some(file.path().to_owned()), ..Flags::default() }
    }

    fn nothing(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/home/someone".to_owned())
    }

    #[test]
    fn flag_beats_environment_beats_file_beats_default() {
        let file = file("listen = '127.0.0.3:3'\nrate-limit = 3\nlog = 'debug'");
        let environment: Environment = |name| match name {
            "PORTOLAN_LISTEN" => Some("127.0.0.2:2".to_owned()),
            "PORTOLAN_RATE_LIMIT" => Some("2".to_owned()),
            other => nothing(other),
        };
        let listen = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
        let flags = Flags { listen, ..flags(&file) };
        let settings = Settings::merge(flags, environment).expect("settings");
        assert_eq!(settings.config.listen.port(), 1);
        assert_eq!(settings.config.requests_per_minute.get(), 2);
        assert_eq!(settings.log.to_string(), "debug");
        assert_eq!(settings.log_format, LogFormat::Text);
    }

    #[test]
    fn defaults_need_no_file() {
        let settings = Settings::merge(Flags::default(), nothing).expect("settings");
        assert_eq!(settings.config.listen.to_string(), DEFAULT_LISTEN);
        assert!(settings.config.data_dir.ends_with("portolan"));
        assert!(settings.config.database_url.is_none());
    }

    #[test]
    fn errors_name_their_source_and_never_the_secret() {
        let error = |text: &str, environment: Environment| {
            let error = Settings::merge(flags(&file(text)), environment).expect_err(text);
            format!("{error:#}")
        };
        let bad_variable = error("", |name| {
            (name == "PORTOLAN_DATABASE_URL").then(|| "mysql://u:hunter2@h/d".to_owned())
        });
        assert!(bad_variable.contains("PORTOLAN_DATABASE_URL"), "{bad_variable}");
        assert!(!bad_variable.contains("hunter2"), "{bad_variable}");
        let bad_value = error("listen = 'everywhere'", nothing);
        assert!(bad_value.contains("`listen` in /"), "{bad_value}");
        let unknown = error("rate-limit = 3\nlissten = ''", nothing);
        assert!(unknown.contains("line 2") && unknown.contains("lissten"), "{unknown}");
        let broken = error("database-url = 'postgres://u:hunter2@h", nothing);
        assert!(!broken.contains("hunter2"), "{broken}");
        assert!(error("rate-limit = 0", nothing).contains("rate-limit"));
        assert!(error("keep-events = 0", nothing).contains("keep-events"));
    }
}
