//! Backups: taken while everything runs, proved, and restored on either database.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use anyhow::{Result, ensure};
use portolan_server::{
    Config,
    backup::{self, Backup, BackupError, Cost, MasterKey},
    db::dump::TABLES,
};
use portolan_types::{Destination, DestinationState, Event, Page, Reachability, Server};
use secrecy::SecretString;
use sqlx::Row;

use crate::support::{Database, TestApp, mode, story};

/// What is a proof of care elsewhere is only slow here.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };
const WORDS: &str = "correct horse battery staple";
const OTHER_MASTER_KEY: &str = "8f3c0d5e9a7b1246f0e1d2c3b4a5968778695a4b3c2d1e0f13579bdf02468ace";

fn words() -> SecretString {
    WORDS.into()
}

async fn take(app: &TestApp, to: &Path) -> Result<Backup> {
    Ok(backup::take(&app.config, to, &words(), CHEAP, MasterKey::Included).await?)
}

/// A new place with the backup in it, started, its owner signed in as before.
async fn restored(app: &TestApp, file: &Path, database: Database) -> Result<TestApp> {
    let folder = Arc::new(tempfile::tempdir()?);
    let mut other = TestApp::prepare(database, folder)?;
    backup::restore(&other.config, file, &words()).await?;
    // The hosts are those that there are.
    other.fleet = app.fleet.clone();
    other.dialer = app.fleet.clone();
    other.launch().await?;
    other.owner = app.owner.at(&other.owner.url);
    Ok(other)
}

/// A control plane that has something to lose: a server with its key, and destinations.
async fn furnished(app: &TestApp) -> Result<(Server, Vec<Destination>)> {
    let (server, _engine) = app.add_server("alpha").await?;
    let mut made = Vec::new();
    for network in ["one", "two"] {
        made.push(app.owner.destination(&server, network).await?);
    }
    Ok((server, made))
}

async fn everything(app: &TestApp) -> Result<(Page<Server>, Page<Destination>, Page<Event>)> {
    Ok((
        app.owner.get("/v1/servers").await?.ok()?,
        app.owner.get("/v1/destinations").await?.ok()?,
        app.owner.get("/v1/events?limit=100").await?.ok()?,
    ))
}

story! {
    /// Killed and lost with its disk, it is there again: rows, keys that open, and work that goes on.
    async fn what_is_restored_goes_on(app) {
        let (server, made) = furnished(app).await?;
        let file = app.folder.path().join("monday.backup");
        let backup = take(app, &file).await?;
        assert_eq!(mode(&file)?, 0o600);
        ensure!(backup.master_key, "{backup:?}");
        assert_eq!((backup.rows["servers"], backup.rows["destinations"]), (1, 2));
        let before = everything(app).await?;
        app.kill();

        let mut other = restored(app, &file, Database::Sqlite).await?;
        let after = everything(&other).await?;
        let names = |page: &Page<Destination>| -> BTreeSet<String> {
            page.items.iter().map(|one| one.id.to_string()).collect()
        };
        assert_eq!(names(&after.1), names(&before.1));
        ensure!(before.2.items.iter().all(|one| after.2.items.contains(one)), "events are lost");
        // Its key opens: the host is dialled, and what is asked for is done.
        other.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        let new = other.owner.destination(&after.0.items[0], "three").await?;
        assert_eq!(new.state, DestinationState::Ready, "{new:?}");
        let kept = other.owner.settled(&made[0], DestinationState::Ready).await?;
        let docker_id = |one: &Destination| one.observed.as_ref().map(|seen| seen.docker_id.clone());
        assert_eq!(docker_id(&kept), docker_id(&made[0]), "its network was made again");
        other.stop().await?;
    }
}

story! {
    /// While people work, a backup is of one moment: each destination has its operation and event.
    async fn a_backup_is_of_one_moment(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let busy = {
            let (client, server) = (app.owner.clone(), server.clone());
            tokio::spawn(async move {
                for n in 0..40 {
                    client.destination(&server, &format!("net-{n}")).await?;
                }
                anyhow::Ok(())
            })
        };
        let mut rows = Vec::new();
        for n in 0..4 {
            let file = app.folder.path().join(format!("{n}.backup"));
            rows.push(take(app, &file).await?.rows);
        }
        busy.await??;
        for rows in rows {
            let count = |table: &str| rows.get(table).copied().unwrap_or_default();
            // One operation validated the server.
            assert_eq!(count("operations"), count("destinations") + 1, "{rows:?}");
        }
    }
}

/// Restored on a database, backed up there, and nothing of it replaced.
async fn moved(app: &TestApp, to: Database) -> Result<()> {
    furnished(app).await?;
    let file = app.folder.path().join("moved.backup");
    let made = take(app, &file).await?;
    let again = take(app, &file).await.expect_err("it replaced a backup");
    ensure!(again.to_string().contains("exists"), "{again:#}");
    let mut other = restored(app, &file, to).await?;
    other.stop().await?;
    let back = other.folder.path().join("back.backup");
    let returned = take(&other, &back).await?;
    assert_eq!(returned.rows["destinations"], made.rows["destinations"]);
    assert_eq!(returned.rows["users"], 1);
    let refused = backup::restore(&other.config, &file, &words()).await;
    ensure!(matches!(refused, Err(BackupError::NotNew(_))), "{refused:?}");
    other.database.drop().await
}

story! {
    /// Whatever a backup was made of, SQLite takes it.
    async fn sqlite_takes_every_backup(app) {
        moved(app, Database::Sqlite).await?;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn a_small_fleet_grows_onto_postgres() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    moved(&app, Database::empty_postgres().await?).await?;
    app.stop().await
}

story! {
    /// Another passphrase, a part, an altered byte and another's master key restore nothing.
    async fn nothing_is_restored_by_halves(app) {
        furnished(app).await?;
        let file = app.folder.path().join("whole.backup");
        take(app, &file).await?;
        let bytes = fs::read(&file)?;
        ensure!(!contains(&bytes, b"alpha"), "it can be read");
        let folder = tempfile::tempdir()?;
        let config =
            Config { data_dir: folder.path().join("data"), database_url: None, ..app.config.clone() };
        let other: SecretString = "another passphrase".into();
        backup::restore(&config, &file, &other).await.expect_err("it opened");
        for (name, bytes) in [
            ("part", bytes[..bytes.len() - 1].to_vec()),
            ("half", bytes[..bytes.len() / 2].to_vec()),
            ("altered", [&bytes[..200], &[bytes[200] ^ 1], &bytes[201..]].concat()),
            ("empty", Vec::new()),
        ] {
            let broken = app.folder.path().join(name);
            fs::write(&broken, bytes)?;
            let error = backup::restore(&config, &broken, &words()).await.expect_err(name);
            ensure!(matches!(error, BackupError::Unreadable { .. }), "{name}: {error:#}");
            ensure!(!config.sqlite_file().exists(), "{name}: a database was left");
            ensure!(!error.to_string().contains(WORDS), "{error:#}");
        }
        let left: Vec<_> = fs::read_dir(&config.data_dir)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<_, _>>()?;
        assert_eq!(left, ["portolan.lock"]);

        fs::write(config.master_key_file(), OTHER_MASTER_KEY)?;
        fs::set_permissions(config.master_key_file(), PermissionsExt::from_mode(0o600))?;
        let refused = backup::restore(&config, &file, &words()).await;
        ensure!(matches!(refused, Err(BackupError::NotNew(_))), "{refused:?}");
        ensure!(!config.sqlite_file().exists(), "a database was left");
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

story! {
    /// A table that a migration adds has to be in backups.
    async fn no_table_is_forgotten(app) {
        let pool = app.pool().await?;
        let query = match app.database {
            Database::Sqlite => {
                "select name as name from sqlite_master where type = 'table' and name not like 'sqlite%'"
            }
            Database::Postgres { .. } => {
                "select table_name::text as name from information_schema.tables
                 where table_schema = current_schema()"
            }
        };
        let rows = sqlx::query(query).fetch_all(&pool).await?;
        let there = rows.iter().map(|row| row.try_get::<String, _>("name"));
        let mut there: BTreeSet<String> = there.collect::<Result<_, _>>()?;
        there.remove("_sqlx_migrations");
        let known: BTreeSet<String> = TABLES.iter().map(ToString::to_string).collect();
        assert_eq!(there, known);
        pool.close().await;
    }
}
