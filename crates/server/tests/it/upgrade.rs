//! Databases of older Portolans: made with their schema and rows in every table, brought up to date,
//! and worked with.
//!
//! There is no release yet. Until there is, each state of the schema counts as one: whoever follows
//! the source may have any of them.

mod rows;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt};

use anyhow::{Context, Result, ensure};
use futures_util::TryStreamExt;
use portolan_server::db::{
    Db,
    dump::{self, Cell, TABLES},
};
use portolan_types::{
    Certificate, Destination, DestinationState, Event, Key, Operation, Page, Reachability, Route,
    Secrets, Server,
};
use serde_json::Value;

use self::rows::{DESTINATION, MASTER_KEY, OPERATION, SECRET, SERVER, TEAM};
use crate::support::{Client, Database, TestApp, eventually};

/// Of these of sixteen schemas a control plane is told on PostgreSQL too: it is the same program on the same rows as on
/// SQLite, where there is one of each.
const WHOLE: [i64; 2] = [1, 8];

/// A row by the names of its columns.
type Row = BTreeMap<String, Cell>;
type Rows = BTreeMap<&'static str, Vec<Row>>;

/// Everything that is in the tables that there are.
async fn everything(db: &Db, database: &Database) -> Result<Rows> {
    let mut all = Rows::new();
    let mut moment = db.snapshot().await?;
    for table in TABLES {
        if rows::columns(&mut moment, database, table).await?.is_empty() {
            continue;
        }
        let read = |row| Ok(dump::columns(&row).into_iter().zip(dump::cells(&row)?).collect());
        let read: Vec<Row> =
            dump::rows(&mut moment, table).and_then(async |row| read(row)).try_collect().await?;
        all.insert(table, read);
    }
    Ok(all)
}

/// Each row is there still, with all that it had; a column that it had not may have come.
fn nothing_is_lost(before: &Rows, after: &Rows) -> Result<()> {
    for (table, rows) in before {
        let now = after.get(table).with_context(|| format!("the table {table} is gone"))?;
        for row in rows {
            let kept = |new: &&Row| row.iter().all(|(column, cell)| new.get(column) == Some(cell));
            now.iter().find(kept).with_context(|| format!("{table}: {row:?} became {now:?}"))?;
        }
    }
    Ok(())
}

/// A database as it was at a schema, then brought up to date by the present code.
async fn upgraded(app: &TestApp, schema: i64) -> Result<()> {
    let db = Db::connect(&app.config.database_url()).await?;
    db.migrate_to(schema).await?;
    rows::fill(&db, &app.database).await?;
    let before = everything(&db, &app.database).await?;
    let empty: Vec<_> = before.iter().filter(|(_, rows)| rows.is_empty()).collect();
    ensure!(empty.is_empty(), "tables without a row prove nothing: {empty:?}");
    db.close().await;
    // As a new program does: a connection keeps what it knows of tables.
    let db = Db::connect(&app.config.database_url()).await?;
    db.migrate().await?;
    assert_eq!(db.schema().await?, dump::newest_schema());
    let after = everything(&db, &app.database).await?;
    db.close().await;
    nothing_is_lost(&before, &after)
}

/// What people find when they come back.
async fn is_found(owner: &Client, schema: i64) -> Result<()> {
    let session: Value = owner.get("/v1/session").await?.ok()?;
    assert_eq!(session["team"]["id"], TEAM);
    let server: Server = owner.get(&format!("/v1/servers/{SERVER}")).await?.ok()?;
    assert_eq!(server.name.as_str(), "alpha");
    let shop: Destination = owner.get(&format!("/v1/destinations/{DESTINATION}")).await?.ok()?;
    let subnet = shop.options.subnet.context("its subnet")?;
    assert_eq!(subnet.to_string(), "10.77.0.0/24");
    let operation: Operation = owner.get(&format!("/v1/operations/{OPERATION}")).await?.ok()?;
    assert_eq!(operation.steps.len(), 1, "{operation:?}");
    let events: Page<Event> = owner.get("/v1/events?limit=200").await?.ok()?;
    let old = events.items.iter().find(|event| event.kind.as_str() == "destination.ready");
    ensure!(old.context("what happened then")?.sequence > 0, "it has no place: {old:?}");
    let keys: Page<Key> = owner.get("/v1/keys").await?.ok()?;
    assert_eq!(keys.items.len(), 1);
    // Proxies came with schema 6, and all that belongs to them.
    let expected = usize::from(schema >= 6);
    let routes: Page<Route> = owner.get("/v1/routes").await?.ok()?;
    let certificates: Page<Certificate> = owner.get("/v1/certificates").await?.ok()?;
    assert_eq!((routes.items.len(), certificates.items.len()), (expected, expected));
    Ok(())
}

/// Every list, and everything that the rows can be asked about.
async fn everything_is_answered(owner: &Client) -> Result<()> {
    let document = serde_json::to_value(portolan_server::openapi())?;
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().context("paths")? {
        if item["get"].is_null() || path.ends_with("/stream") {
            continue;
        }
        let of =
            |what: &str, id: &str| path.starts_with(what).then(|| path.replacen("{id}", id, 1));
        let path = of("/v1/servers/", SERVER)
            .or_else(|| of("/v1/destinations/", DESTINATION))
            .or_else(|| of("/v1/operations/", OPERATION))
            .unwrap_or_else(|| path.clone());
        let answer = owner.get(&path).await?;
        ensure!(answer.status.as_u16() < 500, "{path}: {}", answer.text);
        asked += 1;
    }
    ensure!(asked > 30, "{asked} questions");
    Ok(())
}

/// Old keys open and reach their host, where what was lost is made again, and something new.
async fn works(owner: &Client, schema: i64) -> Result<()> {
    owner.reachable(SERVER, Reachability::Reachable).await?;
    let server: Server = owner.get(&format!("/v1/servers/{SERVER}")).await?.ok()?;
    let network = format!("since-{schema}");
    let made = owner.destination(&server, &network).await?;
    assert_eq!(made.state, DestinationState::Ready, "{made:?}");
    // Whatever was sealed was opened for it.
    eventually("everything is sealed anew", || async {
        let secrets: Secrets = owner.get("/v1/secrets").await?.ok()?;
        Ok((secrets.left() == 0).then_some(()))
    })
    .await
}

async fn upgrade(database: Database, schema: i64) -> Result<()> {
    let mut app = TestApp::prepare(database, tempfile::tempdir()?.into())?;
    fs::create_dir(app.data_dir())?;
    fs::set_permissions(app.data_dir(), PermissionsExt::from_mode(0o700))?;
    fs::write(app.config.master_key_file(), MASTER_KEY)?;
    fs::set_permissions(app.config.master_key_file(), PermissionsExt::from_mode(0o600))?;
    upgraded(&app, schema).await?;
    app.fleet.add("alpha:22");
    app.launch().await?;
    let owner = app.owner.with_token(SECRET);
    is_found(&owner, schema).await?;
    everything_is_answered(&owner).await?;
    works(&owner, schema).await?;
    // What was brought up to date once is what the next start finds.
    app.restart().await?;
    is_found(&owner.at(&app.owner.url), schema).await?;
    app.stop().await?;
    app.database.drop().await
}

/// Its rows alone.
async fn comes_up_to_date(database: Database, schema: i64) -> Result<()> {
    let app = TestApp::prepare(database, tempfile::tempdir()?.into())?;
    upgraded(&app, schema).await?;
    app.database.drop().await
}

/// Of all schemas that there were, each second from one on: each is a control plane that starts twice.
fn each_second(first: i64) -> impl Iterator<Item = i64> {
    (first..=dump::newest_schema()).step_by(2)
}

async fn on_sqlite(first: i64) -> Result<()> {
    for schema in each_second(first) {
        upgrade(Database::Sqlite, schema).await.with_context(|| format!("from {schema}"))?;
    }
    Ok(())
}

async fn on_postgres(first: i64) -> Result<()> {
    for schema in each_second(first) {
        let database = Database::empty_postgres().await?;
        let done = if WHOLE.contains(&(schema % 16)) {
            upgrade(database, schema).await
        } else {
            comes_up_to_date(database, schema).await
        };
        done.with_context(|| format!("from {schema}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn every_odd_schema_that_there_was_sqlite() -> Result<()> {
    on_sqlite(1).await
}

#[tokio::test]
async fn every_even_schema_that_there_was_sqlite() -> Result<()> {
    on_sqlite(2).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn every_odd_schema_that_there_was_postgres() -> Result<()> {
    on_postgres(1).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn every_even_schema_that_there_was_postgres() -> Result<()> {
    on_postgres(2).await
}
