//! Nobody is kept out by how a page is made: axe finds nothing on any, light and dark, and none is cut
//! off on a phone, whatever is shown on it.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{applications, browser::signed_in};
use crate::{
    security::Things,
    support::{Chromium, Database, TestApp},
};

/// What is wrong with pages, each opened as it comes and then with all that is folded open.
async fn barriers(chromium: &Chromium, url: &str, paths: &[String]) -> Result<Vec<String>> {
    let unfold = "document.querySelectorAll('main details').forEach((one) => one.open = true)";
    let mut wrong = Vec::new();
    for path in paths {
        chromium.open(&format!("{url}{path}")).await?;
        chromium.ask(unfold, json!([])).await?;
        wrong.extend(chromium.barriers().await?.iter().map(|found| format!("{path}: {found}")));
        if !chromium.fits(500, 800).await? {
            wrong.push(format!("{path} is wider than a phone"));
        }
        let complaints = chromium.complaints().await?;
        wrong.extend(complaints.iter().map(|said| format!("{path}: {said}")));
    }
    Ok(wrong)
}

/// An installation in which there is nothing yet.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn none_on_empty_pages() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let pages = portolan_server::pages()?;
    let paths = pages.iter().map(|(path, _)| (*path).to_owned());
    let paths: Vec<String> = paths.filter(|path| !path.contains('{')).collect();
    assert_eq!(barriers(&chromium, &url, &paths).await?, [""; 0]);
    chromium.close().await?;
    app.stop().await
}

/// Every page there is, with one of each thing.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn none_where_there_is_something() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let things = Things::make(&app).await?;
    let application = applications::of_everything(&app).await?;
    let (chromium, url) = signed_in(&app).await?;
    let pages = portolan_server::pages()?.into_iter().map(|(path, _)| path);
    // A stream is no page, and a container has a story of its own.
    let pages = pages.filter(|path| !path.ends_with("/stream") && !path.contains("{container}"));
    let place = |path: &str| match path.strip_prefix("/applications/{id}") {
        Some(rest) => {
            let rest = rest.replace("{number}", "1");
            Ok(format!("/applications/{}{rest}", application.id))
        }
        None => things.page(path),
    };
    let paths = pages.map(place).collect::<Result<Vec<_>>>()?;
    assert_eq!(barriers(&chromium, &url, &paths).await?, [""; 0]);
    chromium.close().await?;
    app.stop().await
}

/// A destination in use, what proofs and scans found, and a container on it.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn none_on_what_was_found() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (server, engine) = app.add_server("alpha").await?;
    let sea = app.owner.destination(&server, "sea").await?;
    engine.join("sea", "web");
    app.owner.route(&sea, "shop.example.com").await?;
    let verify = format!("/v1/destinations/{}/verify?wait=20", sea.id);
    app.owner.post(&verify, json!({})).await?.accepted::<Value>()?;
    let scan = format!("/v1/servers/{}/scan?wait=20", server.id);
    let scan: Value = app.owner.post(&scan, json!({})).await?.accepted()?;
    let page = format!("/destinations/{}", sea.id);
    let tabs = ["", "/proxy", "/verify", "/danger", "/containers", "/containers/web"];
    let mut paths: Vec<String> = tabs.iter().map(|tab| format!("{page}{tab}")).collect();
    paths.push(format!("/operations/{}", scan["id"].as_str().context("an id")?));
    assert_eq!(barriers(&chromium, &url, &paths).await?, [""; 0]);
    chromium.close().await?;
    app.stop().await
}
