//! Stacks in a browser: a file is looked at, applied, changed, and the stack removed.

use anyhow::{Context, Result};
use portolan_types::{Page, Stack};

use super::browser::signed_in;
use crate::{
    applications::place,
    support::{Database, TestApp},
};

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_file_is_pasted_changed_and_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    place(&app).await?;
    chromium.open(&format!("{url}/stacks")).await?;
    chromium.sees("No stacks yet").await?;
    chromium.open(&format!("{url}/stacks/new")).await?;
    chromium.fill("[name=name]", "shop").await?;
    let file = "services:\n  web: {image: \"shop:${TAG}\", expose: [80], privileged: true}\n";
    chromium.fill("[name=file]", file).await?;
    chromium.fill("[name='variables:named']", "TAG=1").await?;
    chromium.press("Preview").await?;
    chromium.sees("line 2: `services.web.privileged`").await?;
    let file = "services:\n  web: {image: \"shop:${TAG}\", expose: [80]}\n";
    chromium.fill("[name=file]", file).await?;
    chromium.press("Preview").await?;
    chromium.sees("make service").await?;
    chromium.picture("stack-new").await?;
    chromium.press("Add and deploy").await?;
    chromium.sees("running").await?;
    chromium.click("#stacks a[href^='/stacks/']").await?;
    chromium.sees("shop-web").await?;
    chromium.picture("stack").await?;

    chromium.click("a[href$='/file']").await?;
    chromium.sees("Apply a file").await?;
    chromium.fill("[name='variables:named']", "TAG=2").await?;
    chromium.press("Apply").await?;
    chromium.sees("shop:2").await?;

    chromium.click("a[href$='/danger']").await?;
    let stacks: Page<Stack> = app.owner.get("/v1/stacks").await?.ok()?;
    let stack = stacks.items.first().context("a stack")?;
    let form = format!("form[action='/do/delete/v1/stacks/{}']", stack.id);
    chromium.fill(&format!("{form} [name=_typed]"), "shop").await?;
    chromium.click(&format!("{form} [type=submit]")).await?;
    chromium.sees("No stacks yet").await?;
    let complaints = chromium.complaints().await?;
    assert_eq!(complaints, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}
