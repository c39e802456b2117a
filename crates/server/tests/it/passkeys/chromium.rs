//! The same with a browser that is not of our making: Chromium, with its virtual authenticator
//! (<https://www.w3.org/TR/webauthn-3/#sctn-automation>). `scripts/install-test-tools` installs it.

use std::{net::TcpListener, process::Stdio};

use anyhow::{Context, Result, ensure};
use portolan_server::config::SignIn;
use portolan_types::{CreatedSession, Passkey, SignInMethod};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::{answer, ask, begin, create};
use crate::{
    sessions,
    support::{Database, PATIENCE, TestApp},
};

const CREATE: &str = "const [options, done] = arguments;
    navigator.credentials
        .create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        .then((made) => done(made.toJSON()), (error) => done({ error: String(error) }));";
const GET: &str = "const [options, done] = arguments;
    navigator.credentials
        .get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
        .then((used) => done(used.toJSON()), (error) => done({ error: String(error) }));";

/// A browser that is driven (<https://www.w3.org/TR/webdriver2/>).
struct Chromium {
    http: reqwest::Client,
    session: String,
    /// Ends with it.
    _driver: Child,
    _said: Lines<BufReader<ChildStdout>>,
}

impl Chromium {
    #[expect(clippy::disallowed_methods, reason = "this process is a peer of the test")]
    async fn start() -> Result<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("chromedriver (see scripts/install-test-tools)")?;
        let mut said = BufReader::new(driver.stdout.take().context("an output")?).lines();
        let port = tokio::time::timeout(PATIENCE, port(&mut said)).await??;
        let http = reqwest::Client::new();
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
        } } });
        let place = format!("http://127.0.0.1:{port}/session");
        let begun = said_by(http.post(&place).json(&wanted)).await?;
        let session = format!("{place}/{}", begun["sessionId"].as_str().context("a session")?);
        Ok(Self { http, session, _driver: driver, _said: said })
    }

    async fn post(&self, what: &str, body: Value) -> Result<Value> {
        said_by(self.http.post(format!("{}/{what}", self.session)).json(&body)).await
    }

    /// What a page's script makes of the options.
    async fn run(&self, script: &str, options: Value) -> Result<Value> {
        let made =
            self.post("execute/async", json!({ "script": script, "args": [options] })).await?;
        ensure!(made["error"].is_null(), "{made}");
        Ok(made)
    }

    async fn close(self) -> Result<()> {
        said_by(self.http.delete(&self.session)).await.map(drop)
    }
}

async fn port(said: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    while let Some(line) = said.next_line().await? {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Ok(port.trim_end_matches('.').to_owned());
        }
    }
    anyhow::bail!("chromedriver says no port")
}

async fn said_by(request: reqwest::RequestBuilder) -> Result<Value> {
    let answer: Value = request.timeout(PATIENCE).send().await?.json().await?;
    ensure!(answer["value"]["error"].is_null(), "{answer}");
    Ok(answer["value"].clone())
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn chromium_makes_and_uses_passkeys() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    // Its own port is part of the origin, so it has to be known before.
    app.config.listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let origin = format!("http://localhost:{}", app.config.listen.port());
    app.config.sign_in = SignIn { public_url: Some(origin.parse()?), ..SignIn::default() };
    app.restart().await?;
    let (owner, _) = sessions::begin(&app, &app.owner).await?;

    let chromium = Chromium::start().await?;
    let authenticator = json!({
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": true,
        "hasUserVerification": true,
        "isUserVerified": true,
    });
    chromium.post("webauthn/authenticator", authenticator).await?;
    chromium.post("url", json!({ "url": format!("{origin}/v1/sign-in") })).await?;

    let options = serde_json::to_value(begin(&owner).await?)?;
    let made = chromium.run(CREATE, options).await?;
    create(&owner, made).await?.created::<Passkey>()?;
    for _ in 0..2 {
        let used = chromium.run(GET, serde_json::to_value(ask(&app).await?)?).await?;
        let signed_in: CreatedSession = answer(&app, &used).await?.created()?;
        assert_eq!(signed_in.session.method, SignInMethod::Passkey);
        answer(&app, &used).await?.problem(409).context("twice")?;
    }
    chromium.close().await?;
    app.stop().await
}
