//! Jobs in a browser: added, run, read, paused and removed.

use anyhow::Result;
use portolan_types::{Job, Page};

use super::browser::signed_in;
use crate::{
    applications::serving_one,
    commands::with_programs,
    support::{Database, TestApp},
};

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_job_is_added_run_and_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (engine, one) = serving_one(&app).await?;
    with_programs(&engine);
    chromium.open(&format!("{url}/applications/{}/jobs", one.id)).await?;
    chromium.sees("No jobs").await?;
    chromium.fill("[name=name]", "tidy").await?;
    chromium.fill("[name='command:lines']", "echo\nhello <b>").await?;
    chromium.fill("[name=expression]", "0 3 29 2 *").await?;
    chromium.press("Add").await?;
    chromium.sees("It has not run yet").await?;
    chromium.press("Run now").await?;
    chromium.sees("succeeded").await?;
    chromium.picture("job").await?;
    chromium.click("#runs a").await?;
    chromium.sees("hello <b>").await?;
    chromium.click("p a[href^='/jobs/']").await?;
    chromium.press("Pause").await?;
    chromium.sees("paused").await?;
    chromium.open(&format!("{url}/applications/{}/jobs", one.id)).await?;
    chromium.sees("tidy").await?;
    chromium.picture("jobs").await?;
    chromium.click("#jobs a").await?;
    chromium.fill("[name=_typed]", "tidy").await?;
    chromium.click(".border-error button[type=submit]").await?;
    chromium.sees("No jobs").await?;
    let left: Page<Job> =
        app.owner.get(&format!("/v1/applications/{}/jobs", one.id)).await?.ok()?;
    assert!(left.items.is_empty(), "{left:?}");
    let complaints = chromium.complaints().await?;
    assert_eq!(complaints, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}
