//! Moves in a browser: looked at, made, and decided about.

use anyhow::{Result, ensure};
use portolan_server::host::fake::FakeImage;
use portolan_types::{Application, MoveState, Operation};
use serde_json::json;

use super::{
    applications::{complained_of_nothing, environment},
    browser::signed_in,
    people::go,
};
use crate::support::{Database, TestApp, eventually};

/// The application when it is like this.
async fn when(
    app: &TestApp,
    what: &str,
    path: &str,
    is: impl Fn(&Application) -> bool,
) -> Result<Application> {
    eventually(what, || async {
        Ok(Some(app.owner.get(path).await?.ok::<Application>()?).filter(|one| is(one)))
    })
    .await
}

fn waits(one: &Application) -> bool {
    one.moved.as_ref().is_some_and(|moved| moved.state == MoveState::Waiting)
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn an_application_is_moved_taken_back_and_confirmed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (alpha, engine) = app.add_server("alpha").await?;
    let (beta, other) = app.add_server("beta").await?;
    engine.publish_image("shop:1", FakeImage::new());
    other.publish_image("shop:1", FakeImage::new());
    let web = app.owner.destination(&alpha, "web").await?;
    let back = app.owner.destination(&alpha, "back").await?;
    let quay = app.owner.destination(&beta, "quay").await?;
    let environment = environment(&app, "harbour").await?;
    let body = json!({
        "environment_id": environment.id, "destination_id": web.id, "name": "shop",
        "spec": {
            "image": "shop:1", "port": 80, "drain_seconds": 1, "stop_seconds": 1,
            "mounts": [{ "source": { "volume": "data" }, "target": "/data" }],
        },
    });
    let made: Application = app.owner.post("/v1/applications", body).await?.created()?;
    let path = format!("/v1/applications/{}", made.id);
    let deploy = format!("{path}/deploy?wait=30");
    app.owner.post(&deploy, json!({})).await?.accepted::<Operation>()?;

    let page = format!("{url}/applications/{}/move", made.id);
    chromium.open(&page).await?;
    chromium.sees("Move it to another destination").await?;
    chromium.choose("[name=destination_id]", back.id.as_str()).await?;
    chromium.press("Preview").await?;
    chromium.sees("This would happen").await?;
    chromium.sees("keep volume").await?;
    chromium.picture("move").await?;
    go(&chromium, "Move it").await?;
    chromium.sees("What became of it").await?;
    when(&app, "it is there", &path, |one| one.destination_id == back.id && one.moved.is_none())
        .await?;

    for decision in ["Take the move back", "Confirm the move"] {
        chromium.open(&page).await?;
        chromium.choose("[name=destination_id]", quay.id.as_str()).await?;
        go(&chromium, "Move it").await?;
        chromium.sees("Volumes that were copied").await?;
        when(&app, "it waits", &path, waits).await?;
        chromium.open(&page).await?;
        chromium.sees("It was moved, and waits for you").await?;
        ensure!(chromium.fits(375, 800).await?, "the decision is cut off");
        chromium.picture("move-waits").await?;
        chromium.fits(1_280, 1_000).await?;
        go(&chromium, decision).await?;
        let place = if decision == "Confirm the move" { &quay } else { &back };
        when(&app, decision, &path, |one| one.destination_id == place.id && one.moved.is_none())
            .await?;
    }
    complained_of_nothing(chromium).await?;
    app.stop().await
}
