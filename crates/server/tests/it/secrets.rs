//! Secrets at rest: what a thief of the database finds, and other data keys.

use anyhow::{Context, Result, ensure};
use portolan_types::{AuditVerdict, CreatedToken, Secrets};
use serde_json::{Value, json};

use crate::{
    certificates, notifiers,
    support::{Database, TestApp, eventually, story},
};

async fn shown(app: &TestApp) -> Result<Secrets> {
    app.owner.get("/v1/secrets").await?.ok()
}

async fn resealed(app: &TestApp) -> Result<Secrets> {
    eventually("everything is sealed anew", || async {
        let secrets = shown(app).await?;
        Ok((secrets.left() == 0).then_some(secrets))
    })
    .await
}

/// Everything sealed there is, in one text.
async fn sealed(app: &TestApp) -> Result<String> {
    let pool = app.pool().await?;
    let mut all = String::new();
    for sql in [
        "select sealed_private_key from keys",
        "select sealed_private_key from certificates",
        "select sealed_url from notifiers",
        "select sealed_secret from notifiers",
        "select sealed_secret from audit_chain",
    ] {
        let values: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await?;
        ensure!(!values.is_empty(), "nothing: {sql}");
        all.extend(values.into_iter().map(|value| value + "\n"));
    }
    pool.close().await;
    Ok(all)
}

async fn fill(app: &TestApp) -> Result<()> {
    app.owner.key("deploy").await?;
    certificates::add(app, "first").await?;
    notifiers::add_unheard(app).await?;
    Ok(())
}

story! {
    /// A new data key seals everything anew, and the secrets stay what they are.
    async fn everything_is_sealed_anew(app) {
        fill(app).await?;
        let [before] = &shown(app).await?.keys[..] else { anyhow::bail!("one key is in use") };
        assert_eq!(before.values, 5);
        let begun: Secrets = app
            .owner
            .post("/v1/secrets/rotate", json!({}))
            .await?
            .accepted()?;
        assert_eq!(begun.keys.len(), 2);
        let after = resealed(app).await?;
        let current = after.keys.iter().find(|key| key.retired_at.is_none()).context("a key")?;
        ensure!(current.id != before.id, "the same key");
        assert_eq!(current.values, 5);
        let texts = sealed(app).await?;
        ensure!(texts.lines().all(|line| line.starts_with(&format!("v2:{}:", current.id))), "{texts}");

        // The audit's own secret is among them: opened again at the next start, it still proves.
        app.restart().await?;
        let verdict: AuditVerdict = app.owner.get("/v1/audit/verify").await?.ok()?;
        assert_eq!(verdict.broken, None);
        let rotated: Value = app.owner.get("/v1/audit?kind=secrets.rotated").await?.ok()?;
        assert_eq!(rotated["items"].as_array().map(Vec::len), Some(1));
    }
}

story! {
    /// Ended in the middle, it goes on at the next start, and drops the older key at last.
    async fn it_goes_on_after_a_crash(app) {
        fill(app).await?;
        let older = sealed(app).await?;
        let older = older.lines().next().context("a value")?;
        let _: Secrets = app.owner.post("/v1/secrets/rotate", json!({})).await?.accepted()?;
        resealed(app).await?;
        app.kill();
        let pool = app.pool().await?;
        let undo = "update keys set sealed_private_key = $1";
        sqlx::query(undo).bind(older).execute(&pool).await?;
        pool.close().await;
        app.launch().await?;
        let secrets = resealed(app).await?;
        assert_eq!(secrets.keys.len(), 2, "it is kept for those who are not done yet");
        ensure!(!sealed(app).await?.contains(older), "it is as before");

        let pool = app.pool().await?;
        let age = "update data_keys set retired_at = 1 where retired_at is not null";
        sqlx::query(age).execute(&pool).await?;
        pool.close().await;
        app.restart().await?;
        eventually("the older key is dropped", || async {
            Ok((shown(app).await?.keys.len() == 1).then_some(()))
        })
        .await?;
    }
}

/// What a thief of the files finds, without the master key.
#[tokio::test]
async fn a_stolen_database_holds_no_secret() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let private_key = crate::keys::fixture("ed25519_openssh")?;
    let body = json!({ "name": "sealed", "private_key": private_key });
    app.owner.post("/v1/keys", body).await?.created::<Value>()?;
    let certificate = certificates::body("first", &["a.example.com"]);
    app.owner.post("/v1/certificates", certificate.clone()).await?.created::<Value>()?;
    let hook = notifiers::body("hook", "https://hooks.example.com/very-secret-path");
    let made: Value = app.owner.post("/v1/notifiers", hook).await?.created()?;
    let token = json!({ "name": "t", "abilities": ["read"] });
    let token: CreatedToken = app.owner.post("/v1/tokens", token).await?.created()?;
    let master = std::fs::read_to_string(app.data_dir().join("master.key"))?;
    let key_of_certificate = certificate["private_key"].as_str().context("a private key")?;
    let line = |pem: &str| pem.lines().nth(1).unwrap_or_default().to_owned();
    let known = [
        line(&private_key),
        line(key_of_certificate),
        "very-secret-path".to_owned(),
        made["secret"].as_str().context("a signing secret")?.to_owned(),
        token.secret,
        app.setup_token()?,
        master.trim().to_owned(),
    ];
    let mut read = 0;
    for entry in std::fs::read_dir(app.data_dir())? {
        let path = entry?.path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("portolan.db")) {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        read += 1;
        for secret in &known {
            ensure!(secret.len() > 10, "not a secret: {secret}");
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            ensure!(!found, "{secret} lies in clear in {}", path.display());
        }
    }
    // The log of changes is a part of the database while it runs.
    ensure!(read >= 2, "{read} files");
    app.stop().await
}
