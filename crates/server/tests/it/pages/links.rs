//! Links in a browser: made, shown in the picture, and taken away.

use anyhow::{Result, ensure};
use serde_json::json;

use super::browser::signed_in;
use crate::{
    links::{is_up, two},
    support::{Database, TestApp, eventually},
};

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn two_are_linked_and_parted() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let pair = two(&app).await?;
    let (web, mail) = (&pair.web, &pair.mail);
    let page = format!("{url}/applications/{}/links", web.id);
    chromium.open(&page).await?;
    chromium.sees("No links").await?;
    chromium.choose("[name=to]", mail.id.as_str()).await?;
    chromium.press("Link").await?;
    chromium.sees("Unlink").await?;
    is_up(&app, web).await?;
    chromium.sees("up").await?;
    chromium.picture("links").await?;
    chromium.open(&format!("{url}/applications/{}/links", mail.id)).await?;
    chromium.sees("is reached by").await?;

    chromium.fits(1_280, 1_000).await?;
    chromium.open(&format!("{url}/chart")).await?;
    eventually("the link is drawn between the two", || async {
        let script = "const line = document.querySelector('#chart-sheet .chart-link.is-link');
            return line ? `${line.dataset.from} ${line.dataset.to}` : ''";
        let drawn = chromium.ask(script, json!([])).await?;
        let wanted = format!("application:{} application:{}", web.id, mail.id);
        Ok((drawn.as_str() == Some(wanted.as_str())).then_some(()))
    })
    .await?;
    chromium.picture("chart-of-links").await?;

    chromium.open(&page).await?;
    chromium.click("#links button[type=submit]").await?;
    chromium.sees("No links").await?;
    let links: portolan_types::Links =
        app.owner.get(&format!("/v1/applications/{}/links", web.id)).await?.ok()?;
    ensure!(links.items.is_empty(), "{links:?}");
    let complaints = chromium.complaints().await?;
    assert_eq!(complaints, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}
