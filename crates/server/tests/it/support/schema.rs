//! The schema of today, made once for all stories, each of which begins with a copy. Owns where the
//! originals are; how schemas come to be is for `upgrade`.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use portolan_server::db::Db;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::database::with_database;

/// The number by which the processes of a run find each other on PostgreSQL.
const LOCK: i64 = i64::from_be_bytes(*b"schemata");

/// Puts the schema into a data directory that is to be used with SQLite.
pub(super) async fn on_disk(data_dir: &Path) -> Result<()> {
    let original = original().await?;
    fs::create_dir_all(data_dir)?;
    fs::set_permissions(data_dir, Permissions::from_mode(0o700))?;
    let file = data_dir.join("portolan.db");
    fs::copy(&original, &file)?;
    Ok(fs::set_permissions(&file, Permissions::from_mode(0o600))?)
}

/// The file with the schema. Whoever finds none makes one: to have it made twice does no harm.
async fn original() -> Result<PathBuf> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let original = place.join(format!("{}.db", name()?));
    if original.exists() {
        return Ok(original);
    }
    let folder = tempfile::tempdir_in(place)?;
    let file = folder.path().join("portolan.db");
    migrate(format!("sqlite://{}?mode=rwc", file.display()).into()).await?;
    match fs::hard_link(&file, &original) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(original),
    }
}

/// The database with the schema on a PostgreSQL, for others to be copies of.
pub(super) async fn on_postgres(server: &str) -> Result<String> {
    let name = name()?;
    let mut conn = PgConnection::connect(server).await?;
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut conn).await?;
    let made = sqlx::query("select 1 from pg_database where datname = $1").bind(&name);
    if made.fetch_optional(&mut conn).await?.is_none() {
        // Under its name once it is whole.
        for sql in
            [format!("drop database if exists {name}_new"), format!("create database {name}_new")]
        {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut conn).await?;
        }
        migrate(with_database(server, &format!("{name}_new")).into()).await?;
        let rename = format!("alter database {name}_new rename to {name}");
        sqlx::query(AssertSqlSafe(rename)).execute(&mut conn).await?;
    }
    conn.close().await?;
    Ok(name)
}

async fn migrate(url: SecretString) -> Result<()> {
    let db = Db::connect(&url).await?;
    db.migrate().await?;
    // The past of a copy begins with the copy.
    sqlx::query("delete from past_since").execute(&mut *db.acquire().await?).await?;
    db.close().await;
    Ok(())
}

/// What the schema of these migrations is called.
fn name() -> Result<String> {
    let mut files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(fs::read(&file).with_context(|| file.display().to_string())?);
    }
    let digest = data_encoding::HEXLOWER.encode(&digest.finalize()[..8]);
    Ok(format!("schema_{digest}"))
}
