//! Databases in a browser: added, referred to, changed, removed, and only looked at.

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::FakeImage;
use portolan_types::{
    Application, ApplicationState, Database as Made, Destination, Environment, Operation,
    OperationState, Page, Variables,
};
use reqwest::StatusCode;
use serde_json::json;

use super::{browser::signed_in, people::go};
use crate::{
    projects,
    security::{Team, person},
    support::{Chromium, Database, TestApp, eventually},
};

async fn only(app: &TestApp) -> Result<Option<Made>> {
    let page: Page<Made> = app.owner.get("/v1/databases").await?.ok()?;
    Ok(page.items.into_iter().next())
}

/// The database when it is like this.
async fn when(app: &TestApp, what: &str, is: impl Fn(&Made) -> bool) -> Result<Made> {
    eventually(what, || async { Ok(only(app).await?.filter(|one| is(one))) }).await
}

/// Its latest work is over, and came to what was asked for.
async fn done(app: &TestApp, one: &Made) -> Result<()> {
    let id = one.operation_id.as_ref().context("an operation")?;
    let work: Operation = app.owner.get(&format!("/v1/operations/{id}")).await?.ok()?;
    let shown = eventually("the work is over", || async {
        let work: Operation = app.owner.get(&format!("/v1/operations/{}", work.id)).await?.ok()?;
        Ok(Some(work).filter(|work| work.state.is_over()))
    })
    .await?;
    ensure!(shown.state == OperationState::Succeeded, "{shown:#?}");
    Ok(())
}

/// A server with images and a destination, and an environment whose things go there.
async fn place(app: &TestApp) -> Result<(Destination, Environment)> {
    let (server, engine) = app.add_server("alpha").await?;
    for image in ["postgres:16", "postgres:17", "shop:1"] {
        engine.publish_image(image, FakeImage::new());
    }
    let web = app.owner.destination(&server, "web").await?;
    let project = projects::add(&app.owner, "harbour").await?;
    let part = projects::environment(&app.owner, &project, "staging").await?;
    let default = json!({ "default_destination_id": web.id });
    let path = format!("/v1/environments/{}", part.id);
    let part = app.owner.patch(&path, default).await?.ok()?;
    Ok((web, part))
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_database_is_added_used_changed_and_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (web, part) = place(&app).await?;
    add((&app, &chromium), &url, &part).await?;
    let orders = when(&app, "it runs", |one| one.state == ApplicationState::Running).await?;
    assert_eq!((orders.version.as_str(), &orders.destination_id), ("16", &web.id));
    done(&app, &orders).await?;
    chromium.open(&format!("{url}/databases/{}", orders.id)).await?;
    chromium.picture("database").await?;
    let with = (&app, &chromium);
    refer(with, &url, &orders).await?;
    change(with, &url, &orders).await?;
    remove(with, &url, &orders).await?;
    let complaints = chromium.complaints().await?;
    assert_eq!(complaints, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

/// Added: its password is shown once, on the page that added it.
async fn add((app, chromium): (&TestApp, &Chromium), url: &str, part: &Environment) -> Result<()> {
    chromium.fits(1_280, 1_000).await?;
    chromium.open(&format!("{url}/databases")).await?;
    chromium.sees("No databases yet").await?;
    chromium.press("+ Add").await?;
    chromium.click("[name=engine][value=postgres]").await?;
    chromium.choose("[data-when='engine=postgres'] [name=version]", "16").await?;
    chromium.fill("[name=name]", "orders").await?;
    chromium.choose("[name=environment_id]", part.id.as_str()).await?;
    chromium.sees("the environment's default").await?;
    chromium.press("More").await?;
    chromium.fill("[data-when='engine=postgres'] [name=database]", "orders").await?;
    chromium.fill("[name='config.settings:pairs']", "work_mem=64MB").await?;
    chromium.press("Add the database").await?;
    chromium.sees("Its password is shown once").await?;
    eventually("the form makes way", || async {
        Ok((!chromium.text().await?.contains("Version of")).then_some(()))
    })
    .await?;
    let secret = "return document.querySelector('#secret').innerText";
    let password = chromium.ask(secret, json!([])).await?;
    let password = password.as_str().context("a password")?;
    ensure!(password.len() == 32, "{password}");
    let one = when(app, "it is there", |_| true).await?;
    chromium.press("To the database").await?;
    chromium.is_at(&format!("/databases/{}", one.id)).await?;
    chromium.sees("postgresql://app@orders:5432/orders").await?;
    ensure!(!chromium.text().await?.contains(password), "the password is shown again");
    Ok(())
}

/// An application takes its URL, and is shown as one that does.
async fn refer((app, chromium): (&TestApp, &Chromium), url: &str, orders: &Made) -> Result<()> {
    let body = json!({
        "environment_id": orders.environment_id, "destination_id": orders.destination_id,
        "name": "shop", "spec": { "image": "shop:1" },
    });
    let shop: Application = app.owner.post("/v1/applications", body).await?.created()?;
    chromium.open(&format!("{url}/applications/{}/variables", shop.id)).await?;
    go(chromium, "Take it").await?;
    chromium.sees("url of database orders").await?;
    let path = format!("/v1/applications/{}/variables", shop.id);
    let kept: Variables = app.owner.get(&path).await?.ok()?;
    let from = kept.items[0].from_database.as_ref().context("a reference")?;
    assert_eq!(from.database_id, orders.id);
    chromium.open(&format!("{url}/databases/{}", orders.id)).await?;
    chromium.sees("DATABASE_URL").await?;
    chromium.open(&format!("{url}/databases/{}/danger", orders.id)).await?;
    chromium.sees("DATABASE_URL of application `shop`").await?;
    app.owner.patch(&path, json!({ "remove": ["DATABASE_URL"] })).await?.ok::<Variables>()?;
    Ok(())
}

/// What is changed comes about with the next deployment.
async fn change((app, chromium): (&TestApp, &Chromium), url: &str, orders: &Made) -> Result<()> {
    let page = format!("{url}/databases/{}", orders.id);
    chromium.open(&format!("{page}/settings")).await?;
    chromium.fill("[name='config.limits.memory_bytes:bytes']", "64 MiB").await?;
    go(chromium, "Save").await?;
    chromium.sees("Changed since it was deployed").await?;
    let now = only(app).await?.context("a database")?;
    assert_eq!(now.config.limits.memory_bytes, Some(64 << 20));
    // What else the form shows came through as it was.
    assert_eq!(now.config.settings, orders.config.settings);
    go(chromium, "Deploy").await?;
    let now = when(app, "it is as it is to be", |one| !one.changed).await?;
    done(app, &now).await?;
    ensure!(chromium.fits(500, 800).await?, "the overview is cut off");
    chromium.fits(1_280, 1_000).await?;
    // What runs it leads back here.
    chromium.open(&format!("{url}/applications/{}", orders.id)).await?;
    chromium.is_at(&format!("/databases/{}", orders.id)).await
}

async fn remove((app, chromium): (&TestApp, &Chromium), url: &str, orders: &Made) -> Result<()> {
    chromium.open(&format!("{url}/databases/{}/danger", orders.id)).await?;
    let form = "form[action*='data=true']";
    chromium.fill(&format!("{form} [name=_typed]"), "orders").await?;
    chromium.click(&format!("{form} .btn-error")).await?;
    chromium.sees("Remove orders").await?;
    eventually("it is gone", || async { Ok(only(app).await?.is_none().then_some(())) }).await
}

/// Every page is open to whoever sees the project, and offers what they may do.
#[tokio::test]
async fn a_member_sees_and_cannot() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (web, part) = place(&app).await?;
    let body = json!({
        "environment_id": part.id, "name": "orders", "engine": "postgres",
        "password": "open-sesame-1234",
    });
    let answer = app.owner.post("/v1/databases?wait=30", body).await?;
    ensure!(answer.status == StatusCode::CREATED, "{}", answer.text);
    let one = only(&app).await?.context("a database")?;
    let member = person(&app, "member", Team::Same).await?;
    let page = format!("/databases/{}", one.id);
    let seen = [
        "/databases".to_owned(),
        page.clone(),
        format!("/environments/{}", part.id),
        format!("/destinations/{}/applications", web.id),
        format!("/applications/{}/variables", one.id),
        format!("/applications/{}/deployments", one.id),
    ];
    for path in seen {
        let shown = member.get(&path).await?;
        assert_eq!(shown.status, StatusCode::OK, "{path}: {}", shown.text);
        ensure!(shown.text.contains("orders"), "{path}");
        for act in ["/deploy\"", "/stop\"", "/upgrade\"", "/variables\""] {
            ensure!(!shown.text.contains(&format!("{act} hx-post")), "{path} offers {act}");
        }
        ensure!(!shown.text.contains("sesame"), "{path} tells a secret");
    }
    for path in [&format!("{page}/settings"), &format!("{page}/danger")] {
        assert_eq!(member.get(path).await?.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(member.get("/databases/new").await?.status, StatusCode::FORBIDDEN);
    let stranger = person(&app, "owner", Team::Other).await?;
    assert_eq!(stranger.get(&page).await?.status, StatusCode::NOT_FOUND);
    app.stop().await
}
