//! Further places of an application in a browser: added, shown with their original, deployed anew.

use anyhow::Result;
use portolan_server::host::fake::FakeImage;
use portolan_types::{Application, ApplicationState, Operation};
use serde_json::json;

use super::{
    applications::{complained_of_nothing, environment},
    browser::signed_in,
};
use crate::support::{Database, TestApp, eventually};

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_place_is_added_and_deployed_anew() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (alpha, engine) = app.add_server("alpha").await?;
    let (beta, other) = app.add_server("beta").await?;
    engine.publish_image("shop:1", FakeImage::new());
    other.publish_image("shop:1", FakeImage::new());
    let web = app.owner.destination(&alpha, "web").await?;
    let quay = app.owner.destination(&beta, "quay").await?;
    let environment = environment(&app, "harbour").await?;
    let body = json!({
        "environment_id": environment.id, "destination_id": web.id, "name": "shop",
        "spec": { "image": "shop:1", "port": 80, "drain_seconds": 1, "stop_seconds": 1 },
    });
    let made: Application = app.owner.post("/v1/applications", body).await?.created()?;
    let deploy = format!("/v1/applications/{}/deploy?wait=30", made.id);
    app.owner.post(&deploy, json!({})).await?.accepted::<Operation>()?;

    chromium.open(&format!("{url}/applications/{}/places", made.id)).await?;
    chromium.sees("No further places").await?;
    chromium.choose("[name=destination_id]", quay.id.as_str()).await?;
    chromium.press("Add the place").await?;
    chromium.sees("shop-beta").await?;
    chromium.sees("running").await?;
    chromium.picture("places").await?;
    chromium.press("Deploy anew").await?;
    eventually("it was deployed twice", || async {
        let path = format!("/v1/applications?destination_id={}", quay.id);
        let found: portolan_types::Page<Application> = app.owner.get(&path).await?.ok()?;
        let there = &found.items[0];
        let rests = there.state == ApplicationState::Running && !there.changed;
        Ok((rests && app.deployments(there).await?.len() == 2).then_some(()))
    })
    .await?;
    // What was pressed answers when it likes, and may lead the browser back.
    eventually("the list counts the place", || async {
        chromium.open(&format!("{url}/applications")).await?;
        Ok(chromium.text().await?.contains("+1 place").then_some(()))
    })
    .await?;
    complained_of_nothing(chromium).await?;
    app.stop().await
}
