//! Backups: everything that Portolan knows in one sealed file, taken while it runs, proved by
//! restoring it, and restored into a new installation on either database.
//!
//! Owns what a backup holds and how it is proved. How it is sealed is in `envelope`, its lines in
//! `record`, reading and writing of tables in `db::dump`.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use portolan_types::Timestamp;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::{
    Config, RunError,
    db::{
        Db,
        offline::{self, OfflineError},
    },
    run,
    vault::{self, Missing, VaultError},
};

mod envelope;
mod load;
mod record;
mod save;

pub use envelope::Cost;
#[cfg(feature = "fuzzing")]
pub(crate) use envelope::fuzzed::{open_anything, seal_and_alter};

/// What there was in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The version that made it.
    pub portolan: String,
    pub made_at: Timestamp,
    /// Whether the master key is in it.
    pub master_key: bool,
    /// Rows by table; empty tables are left out.
    pub rows: BTreeMap<String, u64>,
    /// Bytes of the file.
    pub size: u64,
}

/// What goes into a backup besides the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MasterKey {
    Included,
    KeptElsewhere,
}

/// Why there is no backup, or none was restored. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("could not use {}: {cause}", .path.display())]
    File { path: PathBuf, cause: io::Error },

    #[error("could not restore {}: {cause}", .path.display())]
    Unreadable { path: PathBuf, cause: io::Error },

    #[error("the backup {} was made by Portolan {portolan}, which is newer than this one", .path.display())]
    Newer { path: PathBuf, portolan: String },

    #[error("the database could not be read or written: {0}")]
    Database(#[from] sqlx::Error),

    #[error(transparent)]
    Offline(#[from] OfflineError),

    #[error("there is an installation already: {0}")]
    NotNew(String),

    #[error("the backup was restored for a proof, and differs in: {}", .0.join(", "))]
    Differs(Vec<String>),

    #[error(transparent)]
    Vault(#[from] VaultError),

    #[error(transparent)]
    Run(#[from] RunError),
}

/// What can go wrong between the file and the database.
enum Trouble {
    Database(sqlx::Error),
    File(io::Error),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl Trouble {
    /// `file` says which file it was.
    fn or_of_file(self, file: impl FnOnce(io::Error) -> BackupError) -> BackupError {
        match self {
            Self::Database(error) => error.into(),
            Self::File(cause) => file(cause),
        }
    }
}

/// Writes a backup of a running or stopped installation to a new file, and proves it: it is opened,
/// restored into a database of its own, and compared row by row. What cannot be proved is removed.
pub async fn take(
    config: &Config,
    to: &Path,
    passphrase: &SecretString,
    cost: Cost,
    master_key: MasterKey,
) -> Result<Backup, BackupError> {
    let db = offline::open(config).await?;
    let key = match master_key {
        MasterKey::Included => Some(vault::MasterKey::open(config, Missing::Refuse)?.to_text()),
        MasterKey::KeptElsewhere => None,
    };
    let unfinished = Unfinished::create(to)?;
    let sums = save::save(&db, &unfinished, passphrase, cost, key).await?;
    db.close().await;
    let made = prove(config, &unfinished.path, passphrase, &sums).await?;
    unfinished.keep(to)?;
    Ok(made)
}

/// Restores into a database that is thrown away.
async fn prove(
    config: &Config,
    path: &Path,
    passphrase: &SecretString,
    sums: &record::Sums,
) -> Result<Backup, BackupError> {
    let (_folder, trial) = aside(config, ".backup-proof-")?;
    let db = Db::connect(&trial.database_url()).await?;
    let (made, _) = load::load(&db, path, passphrase).await?;
    let restored = save::sums(&db).await?;
    db.close().await;
    match sums.differences(&restored) {
        differences if differences.is_empty() => Ok(made),
        differences => Err(BackupError::Differs(differences)),
    }
}

/// SQLite in a folder that goes when it is let go of. Beside the database: what is secret there is
/// as secret here.
fn aside(config: &Config, prefix: &str) -> Result<(TempDir, Config), BackupError> {
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(&config.data_dir)
        .map_err(|cause| BackupError::File { path: config.data_dir.clone(), cause })?;
    let data_dir = folder.path().to_owned();
    Ok((folder, Config { data_dir, database_url: None, ..config.clone() }))
}

/// Restores a backup into an installation that has neither a database nor, where one is in the
/// backup, a master key. All of it is there afterwards, or none of it.
pub async fn restore(
    config: &Config,
    from: &Path,
    passphrase: &SecretString,
) -> Result<Backup, BackupError> {
    let _lock = run::take_data_dir(config)?;
    match &config.database_url {
        None => restore_sqlite(config, from, passphrase).await,
        Some(url) => restore_elsewhere(config, url, from, passphrase).await,
    }
}

/// Under another name until it is whole.
async fn restore_sqlite(
    config: &Config,
    from: &Path,
    passphrase: &SecretString,
) -> Result<Backup, BackupError> {
    let file = config.sqlite_file();
    if file.exists() {
        return Err(BackupError::NotNew(format!("{} exists", file.display())));
    }
    let (_folder, aside) = aside(config, ".restoring-")?;
    let db = Db::connect(&aside.database_url()).await?;
    let (made, key) = load::load(&db, from, passphrase).await?;
    db.close().await;
    put_key(config, key)?;
    fs::rename(aside.sqlite_file(), &file)
        .map_err(|cause| BackupError::File { path: file, cause })?;
    Ok(made)
}

/// Into a PostgreSQL database without a schema.
async fn restore_elsewhere(
    config: &Config,
    url: &SecretString,
    from: &Path,
    passphrase: &SecretString,
) -> Result<Backup, BackupError> {
    let db = Db::connect(url).await?;
    if db.missing_migrations().await.is_ok() {
        let why = "the database has tables of Portolan; give an empty one";
        return Err(BackupError::NotNew(why.to_owned()));
    }
    let (made, key) = load::load(&db, from, passphrase).await?;
    db.close().await;
    put_key(config, key)?;
    Ok(made)
}

/// Puts the master key where the installation looks for it, unless the same one is there.
fn put_key(config: &Config, key: Option<SecretString>) -> Result<(), BackupError> {
    let Some(key) = key else { return Ok(()) };
    let key = vault::MasterKey::parse(&key, "of the backup", "restore an earlier backup")?;
    let path = config.master_key_file();
    if config.master_key.is_none() && !path.exists() {
        return Ok(key.write(&path)?);
    }
    if vault::MasterKey::open(config, Missing::Refuse)? == key {
        return Ok(());
    }
    let place = config.master_key_place();
    Err(BackupError::NotNew(format!("there is another master key {place}")))
}

/// A file that is removed unless it is kept.
struct Unfinished {
    path: PathBuf,
    file: File,
}

impl Unfinished {
    /// Refuses a name that is taken: a backup never replaces another.
    fn create(to: &Path) -> Result<Self, BackupError> {
        let failed = |cause| BackupError::File { path: to.to_owned(), cause };
        if to.try_exists().map_err(failed)? {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".unfinished");
        let path = to.with_file_name(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.map(|file| Self { path, file }).map_err(failed)
    }

    /// On the disk and under its name, or not at all.
    fn keep(&self, to: &Path) -> Result<(), BackupError> {
        let failed = |cause| BackupError::File { path: to.to_owned(), cause };
        self.file.sync_all().map_err(failed)?;
        fs::hard_link(&self.path, to).map_err(failed)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(failed)?;
        folder.sync_all().map_err(failed)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Kept, it has another name by now.
        drop(fs::remove_file(&self.path));
    }
}

fn reader(path: &Path) -> io::Result<BufReader<File>> {
    Ok(BufReader::new(File::open(path)?))
}

fn writer(file: &File) -> io::Result<BufWriter<impl Write>> {
    Ok(BufWriter::new(file.try_clone()?))
}
