//! With Chromium, as a person.

use anyhow::Result;

use crate::support::{Chromium, Database, PASSWORD, TestApp};

/// Signs in as the owner; the cookie needs TLS, or a host that browsers trust without it.
pub(super) async fn signed_in(app: &TestApp) -> Result<(Chromium, String)> {
    let url = app.owner.url.replace("127.0.0.1", "localhost");
    let chromium = Chromium::start().await?;
    chromium.open(&url).await?;
    chromium.is_at("/sign-in").await?;
    chromium.fill("[name=email]", "owner@example.com").await?;
    chromium.fill("[name=password]", PASSWORD).await?;
    chromium.click("main [type=submit]").await?;
    chromium.is_at("/").await?;
    Ok((chromium, url))
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn the_first_owner_comes_in() -> Result<()> {
    let folder = std::sync::Arc::new(tempfile::tempdir()?);
    let mut app = TestApp::prepare(Database::Sqlite, folder)?;
    app.launch().await?;
    let chromium = Chromium::start().await?;
    chromium.open(&app.owner.url.replace("127.0.0.1", "localhost")).await?;
    chromium.is_at("/setup").await?;
    chromium.picture("first-run").await?;
    chromium.fill("[name=setup_token]", "setup_wrong").await?;
    chromium.fill("[name=email]", "owner@example.com").await?;
    chromium.fill("[name=password]", PASSWORD).await?;
    chromium.press("Become the owner").await?;
    chromium.sees("the setup token is wrong").await?;
    chromium.fill("[name=setup_token]", &app.setup_token()?).await?;
    chromium.press("Become the owner").await?;
    chromium.sees("You are the owner of").await?;
    assert!(chromium.fits(500, 800).await?);
    chromium.press("Sign in").await?;
    chromium.is_at("/sign-in").await?;
    chromium.fill("[name=email]", "owner@example.com").await?;
    chromium.fill("[name=password]", "not the password at all").await?;
    chromium.click("main [type=submit]").await?;
    chromium.sees("the address or the password is wrong").await?;
    chromium.fill("[name=password]", PASSWORD).await?;
    chromium.click("main [type=submit]").await?;
    chromium.sees("Overview").await?;
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn keys_lead_to_pages_and_the_theme_stays() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/")).await?;
    chromium.click("[data-palette]").await?;
    chromium.fill("#palette input", "oper").await?;
    chromium.fill("#palette input", "operations\u{e007}").await?;
    chromium.is_at("/operations").await?;
    chromium.sees("No work was done yet").await?;
    chromium.click("[data-theme-toggle]").await?;
    let theme = "return document.documentElement.dataset.theme";
    let chosen = chromium.ask(theme, serde_json::json!([])).await?;
    chromium.open(&url).await?;
    assert_eq!(chromium.ask(theme, serde_json::json!([])).await?, chosen);
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}
