//! The same with a browser that is not of our making: Chromium, with its virtual authenticator
//! (<https://www.w3.org/TR/webauthn-3/#sctn-automation>). `scripts/install-test-tools` installs it.

use std::net::TcpListener;

use anyhow::{Context, Result};
use portolan_server::config::SignIn;
use portolan_types::{CreatedSession, Passkey, SignInMethod};
use serde_json::json;

use super::{answer, ask, begin, create};
use crate::{
    sessions,
    support::{Chromium, Database, TestApp},
};

const CREATE: &str = "const [options, done] = arguments;
    navigator.credentials
        .create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        .then((made) => done(made.toJSON()), (error) => done({ error: String(error) }));";
const GET: &str = "const [options, done] = arguments;
    navigator.credentials
        .get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
        .then((used) => done(used.toJSON()), (error) => done({ error: String(error) }));";

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
