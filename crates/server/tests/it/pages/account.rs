//! One's own account, in a browser.

use anyhow::{Context, Result, ensure};
use portolan_server::config::SignIn;
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    browser::signed_in,
    people::{go, secret},
};
use crate::{
    accounts::second_factor,
    notifiers::mail::with_mail,
    sessions,
    support::{Chromium, Database, PASSWORD, TestApp, eventually},
};

const NEW: &str = "a lantern eats mauve tin";

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_person_changes_how_they_sign_in() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    sessions::begin(&app, &app.owner).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/account")).await?;
    chromium.sees("a browser").await?;
    go(&chromium, "End all others").await?;
    chromium.sees("All your other sessions have ended").await?;
    ensure!(!chromium.text().await?.contains("a browser"), "a session is still there");
    chromium.press("Change it").await?;
    chromium.fill("[name=current]", PASSWORD).await?;
    chromium.fill("[name=new]", NEW).await?;
    go(&chromium, "Change the password").await?;
    chromium.sees("Your password is changed").await?;

    chromium.press("Set up an authenticator").await?;
    chromium.sees("Code that it shows now").await?;
    let key = secret(&chromium, "totp-secret").await?;
    let shown = "return document.querySelector('#totp img').naturalWidth > 0";
    eventually("the QR code is shown", || async {
        Ok((chromium.ask(shown, json!([])).await? == true).then_some(()))
    })
    .await?;
    chromium.fill("#totp [name=code]", &second_factor::code(&key, 0)?).await?;
    chromium.fill("#totp [name=password]", NEW).await?;
    chromium.press("Turn it on").await?;
    chromium.sees("Your recovery codes").await?;
    let codes = secret(&chromium, "secret").await?;
    let code = codes.lines().next().context("a code")?.trim().to_owned();
    go(&chromium, "I have kept them").await?;
    chromium.sees("recovery codes are left").await?;
    chromium.picture("account").await?;
    assert!(chromium.fits(500, 800).await?);
    let body = json!({ "email": "owner@example.com", "password": NEW });
    let refused = app.owner.anonymous().post("/v1/sessions", body).await?;
    assert!(refused.text.contains("second-factor-needed"), "{}", refused.text);

    chromium.press("Turn it off").await?;
    chromium.fill("details[open] [name=password]", NEW).await?;
    chromium.fill("details[open] [name=code]", &code).await?;
    go(&chromium, "Turn the second factor off").await?;
    chromium.sees("The second factor is off").await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

/// Where browsers reach it is known before it listens: it is part of passkeys, and of mails.
pub(super) async fn at_an_origin() -> Result<(TestApp, String)> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    app.config.listen = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let origin = format!("http://localhost:{}", app.config.listen.port());
    app.config.sign_in = SignIn { public_url: Some(origin.parse()?), ..SignIn::default() };
    app.restart().await?;
    Ok((app, origin))
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_passkey_is_added_used_and_removed() -> Result<()> {
    let (mut app, url) = at_an_origin().await?;
    let (chromium, _) = signed_in(&app).await?;
    let authenticator = json!({
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": true,
        "hasUserVerification": true,
        "isUserVerified": true,
    });
    chromium.post("webauthn/authenticator", authenticator).await?;
    chromium.open(&format!("{url}/account")).await?;
    chromium.fill("#passkey-name", "Laptop").await?;
    chromium.press("Add a passkey").await?;
    chromium.sees("Laptop").await?;
    chromium.press("Rename").await?;
    chromium.fill("details[open] [name=name]", "Desk").await?;
    chromium.click("details[open] button").await?;
    chromium.sees("Desk").await?;
    chromium.click("header details summary").await?;
    go(&chromium, "Sign out").await?;
    chromium.is_at("/sign-in").await?;
    chromium.press("Sign in with a passkey").await?;
    chromium.is_at("/").await?;
    chromium.open(&format!("{url}/account")).await?;
    chromium.press("Remove").await?;
    eventually("the passkey is gone", || async {
        Ok((!chromium.text().await?.contains("Desk")).then_some(()))
    })
    .await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_forgotten_password_is_replaced_by_a_link() -> Result<()> {
    let (mut app, url) = at_an_origin().await?;
    let mailbox = with_mail(&mut app).await?;
    let chromium = Chromium::start().await?;
    chromium.open(&format!("{url}/sign-in")).await?;
    go(&chromium, "Forgot the password?").await?;
    chromium.fill("[name=email]", "owner@example.com").await?;
    chromium.press("Send me a code").await?;
    chromium.sees("a mail with a code is on its way").await?;
    let mails = mailbox.wait_for(1).await?;
    // Long lines are broken on their way (RFC 2045, 6.7).
    let text = mails[0].data.replace('\r', "").replace("=\n", "");
    let link = text.lines().map(str::trim).find(|line| line.starts_with(&url));
    chromium.open(link.context("a link in the mail")?).await?;
    ensure!(!chromium.url().await?.contains('#'), "the code stays in the address");
    chromium.fill("[name=new]", NEW).await?;
    go(&chromium, "Set the password").await?;
    chromium.is_at("/sign-in").await?;
    chromium.fill("[name=email]", "owner@example.com").await?;
    chromium.fill("[name=password]", NEW).await?;
    chromium.click("main [type=submit]").await?;
    chromium.is_at("/").await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}
