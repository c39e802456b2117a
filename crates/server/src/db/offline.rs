//! The database as commands on the host open it, beside a control plane that runs or does not. They
//! work on the installation that there is: they make none, and change no schema.

use super::Db;
use crate::Config;

/// Why a command on the host did not open the database.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    #[error("there is no database at {0}")]
    Missing(String),

    #[error("the schema of the database is older than this Portolan: start it once")]
    Outdated,

    #[error("the database could not be read or written: {0}")]
    Database(#[from] sqlx::Error),
}

/// Opens the database of an installation.
pub async fn open(config: &Config) -> Result<Db, OfflineError> {
    // SQLite would make the file, and a typing error in `--data-dir` an installation.
    if config.has_no_database() {
        return Err(OfflineError::Missing(config.sqlite_file().display().to_string()));
    }
    let db = Db::connect(&config.database_url()).await?;
    if db.missing_migrations().await? > 0 {
        return Err(OfflineError::Outdated);
    }
    Ok(db)
}
