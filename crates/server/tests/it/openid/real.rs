//! A provider that is not of our making: `oidc-provider`, which is certified, run by node.
//! `scripts/install-test-tools` installs it.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, Result, ensure};
use portolan_server::config::Provider;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::{Browser, PUBLIC, SESSION, browser::sent, provide};
use crate::support::{Database, PATIENCE, TestApp};

struct Real {
    url: String,
    /// Ends with it.
    _node: Child,
    /// Without a reader it would end at the next word that it says.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Real {
    #[expect(clippy::disallowed_methods, reason = "this process is a peer of the test")]
    async fn start(provider: &str) -> Result<Self> {
        let crate_folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let packages = match std::env::var_os("PORTOLAN_TEST_ISSUER") {
            Some(folder) => folder.into(),
            None => crate_folder.join("../../target/test-issuer"),
        };
        let mut node = Command::new("node")
            .arg(crate_folder.join("tests/issuer/issuer.mjs"))
            .arg(&packages)
            .arg(format!("{PUBLIC}/v1/sign-in/oidc/{provider}/callback"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("node (see scripts/install-test-tools)")?;
        let mut lines = BufReader::new(node.stdout.take().context("an output")?).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await??;
        let url = line.with_context(|| format!("no issuer in {}", packages.display()))?;
        Ok(Self { url, _node: node, _said: lines })
    }

    async fn person(&self, person: &Value) -> Result<()> {
        let answer =
            reqwest::Client::new().post(format!("{}/person", self.url)).json(person).send();
        ensure!(answer.await?.status() == 204);
        Ok(())
    }
}

/// Each way of signing; groups and addresses come by userinfo, as that provider has it.
#[tokio::test]
#[ignore = "needs node and a provider of OpenID Connect (make test)"]
async fn a_real_provider_lets_people_in() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let real = Real::start("corp").await?;
    for algorithm in ["rs256", "es256", "eddsa"] {
        let provider = Provider {
            name: "corp".parse()?,
            issuer: real.url.parse()?,
            client_id: algorithm.to_owned(),
            client_secret: Some("between us".to_owned().into()),
            scopes: vec!["email".to_owned(), "groups".to_owned()],
            allowed_domains: vec!["example.com".to_owned()],
            groups_claim: "groups".to_owned(),
            trust_email: true,
            roles: Vec::new(),
        };
        provide(&mut app, vec![provider]).await?;
        let browser = Browser::of(&app.owner)?;
        let person = json!({ "sub": "o-1", "email": "owner@example.com", "email_verified": true });
        real.person(&person).await?;
        let back = browser.agree(&browser.begin("corp").await?).await?;
        let answer = browser.get(&back).await?;
        assert_eq!(sent(&answer)?, "/", "{algorithm}");
        let client = app.owner.with_token(&browser.cookie(SESSION).context("a session")?);
        let session: Value = client.get("/v1/session").await?.ok()?;
        assert_eq!(session["user"]["email"], "owner@example.com");
        // A code is good for one use, there too.
        browser.get(&back).await?.problem(409)?;

        let other = Browser::of(&app.owner)?;
        real.person(&json!({ "sub": "o-2", "email": "owner@example.org", "email_verified": true }))
            .await?;
        let back = other.agree(&other.begin("corp").await?).await?;
        other.get(&back).await?.problem(403)?;
    }
    app.stop().await
}
