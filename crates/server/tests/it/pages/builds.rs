//! Builds in a browser: an application of a repository, the log of its build, and its hook.

use anyhow::{Context, Result, ensure};
use portolan_types::{Application, Hook, Page};

use super::{
    applications::{environment, served},
    browser::signed_in,
    people::go,
};
use crate::support::{Chromium, Database, TestApp, git::GitServer};

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_repository_is_built_and_listened_to() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (alpha, engine) = app.add_server("alpha").await?;
    app.owner.destination(&alpha, "web").await?;
    environment(&app, "harbour").await?;
    let git = GitServer::start().await?;
    git.commit("main", &[("Dockerfile", "FROM scratch\nLABEL a=\"<b>bold</b>\"\n")])?;
    let shop = add((&app, &chromium), &url, &git).await?;
    let page = format!("{url}/applications/{}", shop.id);
    go(&chromium, "Deploy").await?;
    let made = served(&app, &shop, 1).await?;
    ensure!(engine.build_of(made.image.as_str()).is_some(), "nothing was built");
    chromium.open(&format!("{page}/deployments/1")).await?;
    chromium.sees("What its build said").await?;
    chromium.sees("LABEL a=\"<b>bold</b>\"").await?;
    chromium.sees(&made.commit.context("a commit")?.id).await?;
    ensure!(chromium.fits(375, 800).await?, "the deployment is cut off");
    chromium.fits(1_280, 1_000).await?;
    listen((&app, &chromium), &page, &shop).await?;
    super::applications::complained_of_nothing(chromium).await?;
    app.stop().await
}

async fn add(
    (app, chromium): (&TestApp, &Chromium),
    url: &str,
    git: &GitServer,
) -> Result<Application> {
    chromium.fits(1_280, 1_000).await?;
    chromium.open(&format!("{url}/applications/new")).await?;
    chromium.fill("[name=name]", "shop").await?;
    chromium.click("[name='_source'][value=git]").await?;
    chromium.fill("[name='spec.build.repository']", &git.url).await?;
    chromium.fill("[name='spec.build.reference']", "main").await?;
    chromium.fill("[name='spec.image']", "localhost/shop").await?;
    chromium.fill("[name='spec.port:number']", "80").await?;
    chromium.press("More").await?;
    chromium.fill("[name='spec.drain_seconds:number']", "1").await?;
    go(chromium, "Add the application").await?;
    chromium.sees("It was not deployed yet").await?;
    let found: Page<Application> = app.owner.get("/v1/applications").await?.ok()?;
    let shop = found.items.into_iter().next().context("an application")?;
    let build = shop.spec.build.clone().context("a build")?;
    assert_eq!(build.repository.as_str(), git.url);
    assert_eq!(build.reference.context("a branch")?.as_str(), "main");
    ensure!(build.login.is_none() && build.folder.is_root() && build.server_id.is_none());
    Ok(shop)
}

/// The secret is shown once.
async fn listen(
    (app, chromium): (&TestApp, &Chromium),
    page: &str,
    shop: &Application,
) -> Result<()> {
    chromium.open(&format!("{page}/settings")).await?;
    chromium.sees("No pushes are listened to").await?;
    chromium.press("Listen to pushes").await?;
    chromium.sees("portolan_hook_").await?;
    chromium.press("Done").await?;
    chromium.sees("not yet").await?;
    let path = format!("/v1/applications/{}/hook", shop.id);
    app.owner.get(&path).await?.ok::<Hook>()?;
    chromium.press("Listen no more").await?;
    chromium.sees("No pushes are listened to").await?;
    app.owner.get(&path).await?.problem(404)?;
    // What a form does not show it does not change.
    go(chromium, "Save").await?;
    let after: Application = app.owner.get(&format!("/v1/applications/{}", shop.id)).await?.ok()?;
    assert_eq!(after.spec, shop.spec);
    Ok(())
}
