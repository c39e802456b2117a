//! Logins of registries, in a browser.

use anyhow::{Result, ensure};
use portolan_types::{Page, Registry, RegistryOutcome};

use super::{
    browser::signed_in,
    destinations::without_complaints,
    people::{choose, go},
};
use crate::support::{Client, Database, TestApp, eventually};

const HOSTILE: &str = "<img src=x onerror=document.title='broken'>";
const HOST: &str = "registry.example.com:5000";

async fn all(client: &Client) -> Result<Vec<Registry>> {
    Ok(client.get("/v1/registries").await?.ok::<Page<Registry>>()?.items)
}

/// What the latest check found, when there is one.
async fn checked(client: &Client) -> Result<RegistryOutcome> {
    eventually("the login was tried", || async {
        let found = all(client).await?.into_iter().find_map(|registry| registry.check);
        Ok(found.map(|check| check.outcome))
    })
    .await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_login_is_stored_tried_changed_and_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (_server, engine) = app.add_server("alpha").await?;
    engine.want_login(HOST, "robot", "close sesame");
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/registries")).await?;
    chromium.sees("No logins yet").await?;
    chromium.press("+ Add").await?;
    chromium.fill("#new [name=name]", HOSTILE).await?;
    chromium.fill("#new [name=host]", "https://ghcr.io").await?;
    chromium.fill("#new [name=user]", "robot").await?;
    chromium.fill("#new [name=password]", "open sesame").await?;
    chromium.click("#new [type=submit]").await?;
    chromium.sees("has no scheme").await?;
    chromium.fill("#new [name=host]", HOST).await?;
    go(&chromium, "Add").await?;
    chromium.sees("It was not tried yet").await?;
    let registry = all(&app.owner).await?.remove(0);
    assert_eq!((registry.name.as_str(), registry.host.as_str()), (HOSTILE, HOST));
    let place = format!("{url}/registries/{}", registry.id);

    choose(&chromium, "[name=server_id]", "alpha").await?;
    go(&chromium, "Check").await?;
    chromium.sees("incorrect username or password").await?;
    chromium.sees("the registries").await?;
    assert_eq!(checked(&app.owner).await?, RegistryOutcome::Refused);
    chromium.open(&place).await?;
    chromium.sees("refused").await?;

    chromium.fill("[name=password]", "close sesame").await?;
    go(&chromium, "Save").await?;
    chromium.sees("It was not tried yet").await?;
    go(&chromium, "Check").await?;
    chromium.sees("registry.example.com:5000 takes robot").await?;
    assert_eq!(checked(&app.owner).await?, RegistryOutcome::Accepted);
    chromium.open(&format!("{url}/registries")).await?;
    chromium.sees("valid").await?;
    assert!(chromium.fits(375, 800).await?);
    go(&chromium, HOSTILE).await?;
    assert!(chromium.fits(375, 800).await?);
    let source =
        chromium.ask("return document.documentElement.outerHTML", serde_json::json!([])).await?;
    ensure!(!source.to_string().contains("sesame"), "the password is on the page");

    chromium.fill("[name=_typed]", HOSTILE).await?;
    go(&chromium, "Delete").await?;
    chromium.sees("No logins yet").await?;
    assert_eq!(all(&app.owner).await?, []);
    ensure!(chromium.ask("return document.title", serde_json::json!([])).await? != "broken");
    without_complaints(chromium).await?;
    app.stop().await
}
