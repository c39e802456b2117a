//! What happened, what was found, who is told, and what the installation does by itself, in a
//! browser.

use anyhow::Result;
use portolan_types::{Drift, DriftPolicies, DriftState, Notifier, NotifierState, Page, Secrets};
use serde_json::json;

use super::{
    browser::signed_in,
    people::{choose, go},
};
use crate::support::{Database, TestApp, eventually};

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_drift_is_seen_with_its_evidence_and_healed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine) = app.add_server("alpha").await?;
    let made = app.owner.destination(&server, "shop").await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/drifts")).await?;
    chromium.sees("Everything is as it should be").await?;
    go(&chromium, "Policy").await?;
    choose(&chromium, "[name='kinds.missing']", "ask").await?;
    go(&chromium, "Save").await?;
    let said: DriftPolicies = app.owner.get("/v1/drift-policy").await?.ok()?;
    assert!(said.rules.kinds.len() == 1 && said.rules.policy.is_none(), "{said:?}");
    engine.drop_network(made.network.as_str());
    app.look(&server).await?;
    chromium.open(&format!("{url}/drifts")).await?;
    chromium.sees("asked").await?;
    chromium.picture("drifts").await?;
    chromium.click("#drifts td a").await?;
    chromium.sees("Evidence").await?;
    chromium.picture("drift").await?;
    assert!(chromium.fits(500, 800).await?);
    go(&chromium, "Repair it").await?;
    chromium.sees("succeeded").await?;
    eventually("the drift is healed", || async {
        let drifts: Page<Drift> = app.owner.get("/v1/drifts").await?.ok()?;
        Ok((drifts.items[0].state == DriftState::Healed).then_some(()))
    })
    .await?;
    engine.drop_network(made.network.as_str());
    app.look(&server).await?;
    chromium.open(&format!("{url}/drifts")).await?;
    chromium.click("#drifts td a").await?;
    chromium.press("Leave it so").await?;
    chromium.sees("dismissed").await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn what_happened_is_found_and_proved() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let hostile = "<script>document.title='broken'</script>";
    chromium.open(&format!("{url}/events")).await?;
    // It appears without being asked for.
    app.owner.post("/v1/keys", json!({ "name": hostile })).await?.created::<serde_json::Value>()?;
    chromium.sees(hostile).await?;
    chromium.picture("events").await?;
    assert!(chromium.fits(500, 800).await?);
    chromium.open(&format!("{url}/events?subject_type=server")).await?;
    chromium.sees("No event is like that").await?;
    chromium.choose("[name=subject_type]", "").await?;
    chromium.choose("[name=topic]", "change").await?;
    go(&chromium, "Show").await?;
    chromium.sees(hostile).await?;
    chromium.choose("[name=severity]", "error").await?;
    go(&chromium, "Show").await?;
    chromium.sees("No event is like that").await?;
    chromium.open(&format!("{url}/audit?kind=key.&outcome=done")).await?;
    chromium.sees(hostile).await?;
    let export = "return fetch(document.querySelector('[download]').href).then(
        async (answer) => (await answer.text()).trim().split('\\n').length)";
    assert_eq!(chromium.ask(export, json!([])).await?, 1);
    chromium.press("Verify").await?;
    chromium.sees("Yes: all").await?;
    chromium.fill("[name=count]", "1").await?;
    chromium.fill("[name=head]", &"0a".repeat(32)).await?;
    chromium.press("Compare").await?;
    chromium.sees("No: it is").await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_notifier_is_made_tested_paused_and_deleted() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/notifiers")).await?;
    chromium.sees("Nobody is told yet").await?;
    chromium.press("+ Webhook").await?;
    chromium.fill("#webhook [name=name]", "ops").await?;
    chromium.fill("#webhook [name='target.url']", "http://127.0.0.1:1/s3cret").await?;
    chromium.press("Make the notifier").await?;
    chromium.sees("whsec_").await?;
    go(&chromium, "Done").await?;
    go(&chromium, "ops").await?;
    let text = chromium.text().await?;
    assert!(!text.contains("s3cret") && !text.contains("whsec_"), "a secret: {text}");
    chromium.press("Test it").await?;
    chromium.sees("127.0.0.1").await?;
    go(&chromium, "Pause").await?;
    let page: Page<Notifier> = app.owner.get("/v1/notifiers").await?.ok()?;
    assert_eq!(page.items[0].state, NotifierState::Paused);
    go(&chromium, "Go on").await?;
    chromium.fill("[name=_typed]", "ops").await?;
    go(&chromium, "Delete").await?;
    chromium.sees("Nobody is told yet").await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn secrets_are_sealed_anew_and_tasks_say_how_they_are() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    app.add_server("alpha").await?;
    let before: Secrets = app.owner.get("/v1/secrets").await?.ok()?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/settings")).await?;
    go(&chromium, "Rotate the data key").await?;
    let now: Secrets = app.owner.get("/v1/secrets").await?.ok()?;
    let current = |secrets: &Secrets| secrets.keys.last().map(|key| key.id.clone());
    assert_ne!(current(&now), current(&before));
    chromium.open(&format!("{url}/status")).await?;
    chromium.sees("alpha").await?;
    chromium.sees("courier").await?;
    chromium.picture("status").await?;
    assert!(chromium.fits(500, 800).await?);
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}
