//! Starting, stopping, and who else may be in the data directory.

use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use portolan_server::{RunError, host::fake::Trouble};
use portolan_types::{Destination, DestinationState};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::{Database, PATIENCE, TestApp, mode};

/// Starts and answers why that failed.
async fn refusal(app: &TestApp) -> Result<RunError> {
    let listener = TcpListener::bind(app.config.listen).await?;
    let run = portolan_server::run_with(
        app.config.clone(),
        listener,
        CancellationToken::new(),
        app.fleet.clone(),
    );
    let ended = tokio::time::timeout(PATIENCE, run).await.context("it started")?;
    ended.err().context("it started and stopped")
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let second = TestApp::prepare(Database::Sqlite, app.folder.clone())?;
    let error = refusal(&second).await?;
    ensure!(error.to_string().contains("another portolan already runs"), "{error}");
    // The first one is not disturbed, and the next one may have the directory.
    app.owner.get("/v1/session").await?.ok::<Value>()?;
    app.stop().await?;
    app.launch().await?;
    app.stop().await
}

#[tokio::test]
async fn the_data_directory_is_closed_to_others() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let data = app.data_dir();
    assert_eq!(mode(&data)?, 0o700);
    assert_eq!(mode(&data.join("master.key"))?, 0o600);
    app.stop().await?;
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755))?;
    let error = refusal(&app).await?;
    ensure!(error.to_string().contains("chmod 700"), "{error}");
    Ok(())
}

#[tokio::test]
async fn an_empty_master_key_is_refused() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    app.stop().await?;
    std::fs::write(app.data_dir().join("master.key"), "\n")?;
    let error = refusal(&app).await?;
    ensure!(error.to_string().contains("is empty"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_master_key_that_sealed_nothing_is_refused() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    app.owner.key("k").await?;
    app.stop().await?;
    let key = app.data_dir().join("master.key");
    let digits: String = std::fs::read_to_string(&key)?.trim().chars().rev().collect();
    std::fs::write(&key, digits)?;
    let error = refusal(&app).await?;
    ensure!(error.to_string().contains("is not the one that sealed"), "{error}");
    Ok(())
}

/// Whoever starts with a stolen database finds no key beside it afterwards either.
#[tokio::test]
async fn a_database_without_its_master_key_gets_no_other() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    app.stop().await?;
    let key = app.data_dir().join("master.key");
    std::fs::remove_file(&key)?;
    let error = refusal(&app).await?;
    ensure!(error.to_string().contains("there is no master key"), "{error}");
    ensure!(!key.exists(), "a key was made");
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn a_second_process_on_the_same_postgres_is_refused() -> Result<()> {
    let mut app = TestApp::start(Database::postgres().await?).await?;
    let second = TestApp::prepare(app.database.clone(), tempfile::tempdir()?.into())?;
    let error = refusal(&second).await?;
    ensure!(error.to_string().contains("already works with this database"), "{error}");
    app.owner.get("/v1/session").await?.ok::<Value>()?;
    app.restart().await?;
    app.stop().await?;
    app.database.drop().await
}

/// Who waits is not cut off, and holds nobody up.
#[tokio::test]
async fn a_wait_ends_when_the_process_stops() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let (server, engine) = app.add_server("alpha").await?;
    engine.trouble(0, Trouble::HangBefore);
    let (owner, body) = (app.owner.clone(), json!({ "server_id": server.id }));
    let waiter = tokio::spawn(async move { owner.post("/v1/destinations?wait=60", body).await });
    engine.hung().await;
    app.stop().await?;
    let made: Destination = waiter.await??.created()?;
    assert_eq!(made.state, DestinationState::Pending);
    Ok(())
}

#[tokio::test]
async fn an_unreachable_database_is_named() -> Result<()> {
    let mut app = TestApp::prepare(Database::Sqlite, tempfile::tempdir()?.into())?;
    app.config.database_url = Some("postgres://nobody@127.0.0.1:1/none".to_owned().into());
    let error = refusal(&app).await?;
    ensure!(error.to_string().contains("could not open the database"), "{error}");
    Ok(())
}
