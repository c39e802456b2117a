//! The first owner.

use anyhow::{Context, Result, bail, ensure};
use portolan_types::{Credential, Role, Session, SetupDone};
use serde_json::json;

use crate::support::{Database, TestApp, mode, story};

story! {
    /// A person starts Portolan, becomes owner with the printed token, and nobody can after them.
    async fn the_first_owner_is_made_once(app) {
        let token = app.setup_token()?;
        let session: Session = app.owner.get("/v1/session").await?.ok()?;
        assert_eq!((session.role, session.team.name.as_str()), (Role::Owner, "Default team"));
        assert_eq!(session.user.email, "owner@example.com");

        let again = json!({ "setup_token": token, "email": "stranger@example.com" });
        let problem = app.owner.anonymous().post("/v1/setup", again).await?.problem(401)?;
        ensure!(problem.detail.contains("was used"), "{problem:?}");

        // A restart offers no second chance.
        std::fs::remove_file(app.folder.path().join("setup-token"))?;
        app.restart().await?;
        ensure!(app.setup_token().is_err(), "a new setup token was offered");
    }
}

story! {
    /// An owner whose last token has ended is let in again, and nobody else.
    async fn an_owner_without_tokens_is_let_in_again(app) {
        let session: Session = app.owner.get("/v1/session").await?.ok()?;
        let Credential::Token(token) = &session.credential else { bail!("{session:?}") };
        let gone = app.owner.delete(&format!("/v1/tokens/{}", token.id)).await?;
        assert_eq!(gone.status, 204);
        app.restart().await?;
        let token = app.setup_token()?;
        let stranger = json!({ "setup_token": token, "email": "stranger@example.com" });
        app.owner.post("/v1/setup", stranger).await?.problem(422)?;
        let owner = json!({ "setup_token": token, "email": "owner@example.com" });
        let done: SetupDone = app.owner.post("/v1/setup", owner.clone()).await?.created()?;
        assert_eq!((done.team.id, done.user.id), (session.team.id, session.user.id));
        app.owner = app.owner.with_token(&done.token.secret);
        app.owner.get("/v1/tokens").await?.ok::<serde_json::Value>()?;
        app.owner.anonymous().post("/v1/setup", owner).await?.problem(401)?;
    }
}

#[tokio::test]
async fn of_twenty_who_race_one_becomes_owner() -> Result<()> {
    let mut app = TestApp::prepare(Database::Sqlite, tempfile::tempdir()?.into())?;
    app.launch().await?;
    let token = app.setup_token()?;
    let race = (0..20).map(|n| {
        let body = json!({ "setup_token": token, "email": format!("racer-{n}@example.com") });
        let client = app.owner.clone();
        tokio::spawn(async move { client.post("/v1/setup", body).await })
    });
    let mut owners = 0;
    for racer in race.collect::<Vec<_>>() {
        let answer = racer.await??;
        match answer.status.as_u16() {
            201 => owners += 1,
            _ => drop(answer.problem(401)?),
        }
    }
    assert_eq!(owners, 1);
    app.stop().await
}

#[tokio::test]
async fn a_setup_token_ends_when_another_is_offered() -> Result<()> {
    let mut app = TestApp::prepare(Database::Sqlite, tempfile::tempdir()?.into())?;
    app.launch().await?;
    let file = app.folder.path().join("setup-token");
    assert_eq!(mode(&file)?, 0o600);
    let old = app.setup_token()?;
    app.restart().await?;
    let new = app.setup_token()?;
    assert_ne!(old, new);
    let with = |token: &str| json!({ "setup_token": token, "email": "owner@example.com" });
    app.owner.post("/v1/setup", with(&old)).await?.problem(401)?;
    app.owner.post("/v1/setup", with("")).await?.problem(401)?;
    let done: SetupDone = app.owner.post("/v1/setup", with(&new)).await?.created()?;
    ensure!(done.token.secret.starts_with("portolan_"), "no prefix for scanners");
    app.stop().await
}

#[tokio::test]
async fn an_expired_setup_token_makes_nobody_owner() -> Result<()> {
    let mut app = TestApp::prepare(Database::Sqlite, tempfile::tempdir()?.into())?;
    app.launch().await?;
    let url = format!("sqlite://{}", app.data_dir().join("portolan.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await?;
    sqlx::query("update setup set expires_at = 1").execute(&pool).await?;
    pool.close().await;
    let body = json!({ "setup_token": app.setup_token()?, "email": "late@example.com" });
    let problem = app.owner.post("/v1/setup", body).await?.problem(401)?;
    ensure!(problem.detail.contains("has expired"), "{problem:?}");
    let remedy = problem.remedy.context("a remedy")?;
    ensure!(remedy.contains("create_session"), "{remedy}");
    app.stop().await
}
