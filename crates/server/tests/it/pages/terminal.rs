//! The terminal of a server, as a person uses it in a browser.

use anyhow::Result;
use axum::http::header;
use portolan_types::{Role, Server};
use serde_json::json;

use super::{browser::signed_in, open, sign_in};
use crate::support::{Chromium, Database, TestApp, eventually};

/// Whether a script says yes, soon.
async fn comes(chromium: &Chromium, what: &str, script: &str) -> Result<()> {
    eventually(what, || async {
        Ok((chromium.ask(script, json!([])).await? == true).then_some(()))
    })
    .await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_person_uses_a_shell() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine) = app.add_server("alpha").await?;
    let (chromium, url) = signed_in(&app).await?;
    let page = format!("{url}/servers/{}/terminal", server.id);
    chromium.open(&page).await?;
    chromium.sees("Not connected.").await?;
    engine.has_shells(0).await;
    chromium.press("Open a terminal").await?;
    chromium.sees("Connected.").await?;
    chromium.keys("hello\r").await?;
    chromium.sees("ran hello").await?;
    // Keys of the page are the shell's here, and colours come through its strict policy.
    chromium.keys("g s ?/\r").await?;
    chromium.sees("ran g s ?/").await?;
    chromium.keys("\u{e00c}[48;2;250;1;2mcoloured\r").await?;
    let script = "return [...document.querySelectorAll('.xterm-rows span')].some(
        (span) => getComputedStyle(span).backgroundColor === 'rgb(250, 1, 2)')";
    comes(&chromium, "a colour is seen", script).await?;
    let rows = "return document.querySelectorAll('.xterm-rows > div').length > 10
        && document.querySelector('.xterm-rows > div').offsetHeight > 10";
    comes(&chromium, "rows have their height", rows).await?;
    chromium.keys("\u{e00c}[0m").await?;
    assert_eq!(chromium.barriers().await?, Vec::<String>::new());

    assert!(chromium.fits(500, 800).await?);
    chromium.keys("\rsize\r").await?;
    let narrow = "return /\\b[3-6]\\d by \\d+/.test(
        document.querySelector('.xterm-rows').innerText)";
    comes(&chromium, "the shell is told of another size", narrow).await?;
    chromium.picture("terminal").await?;

    chromium.keys("exit 7\r").await?;
    chromium.sees("Ended: the shell ended with exit status 7").await?;
    chromium.press("Open a terminal").await?;
    chromium.sees("Connected.").await?;
    chromium.press("Turn terminals off").await?;
    chromium.sees("Terminals on this server are turned off").await?;
    engine.has_shells(0).await;
    let shown: Server = app.owner.get(&format!("/v1/servers/{}", server.id)).await?.ok()?;
    assert_eq!(shown.terminal.as_str(), "off");
    chromium.press("Turn terminals on").await?;
    chromium.press("Open a terminal").await?;
    chromium.sees("Connected.").await?;
    // Somebody else takes it away while it is looked at.
    let path = format!("/v1/servers/{}", server.id);
    app.owner.patch(&path, json!({ "terminal": "off" })).await?.ok::<Server>()?;
    chromium.sees("terminals on the server were turned off").await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

/// Its script needs nothing that the policy of all pages forbids.
#[tokio::test]
async fn the_policy_is_that_of_every_page() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, _engine) = app.add_server("alpha").await?;
    let cookie = sign_in(&app.owner).await?;
    let mut policies = Vec::new();
    for path in [format!("/servers/{}/terminal", server.id), "/servers".to_owned()] {
        let answer = open(&app.owner, &path, &cookie).await?;
        assert_eq!(answer.status, 200, "{path}");
        policies.push(answer.headers[header::CONTENT_SECURITY_POLICY].clone());
        assert_eq!(answer.text.contains("terminal.js"), path.ends_with("/terminal"));
    }
    assert_eq!(policies[0], policies[1]);
    assert!(!policies[0].to_str()?.contains("unsafe"));
    // A tab that leads nowhere is not shown to those for whom it does.
    let person =
        crate::security::join(&app, Role::Member.as_str(), crate::security::Team::Same).await?;
    person.grant(&app, server.id.as_str(), portolan_types::Right::Manage).await?;
    let member = crate::sessions::begin(&app, &person.client).await?.0;
    let theirs = format!("__Host-portolan={}", member.secret());
    let settings = format!("/servers/{}/settings", server.id);
    assert!(!open(&app.owner, &settings, &theirs).await?.text.contains("/terminal\""));
    assert!(open(&app.owner, &settings, &cookie).await?.text.contains("/terminal\""));
    let refused = open(&app.owner, &format!("/servers/{}/terminal", server.id), &theirs).await?;
    assert_eq!(refused.status, 403);
    app.stop().await
}
