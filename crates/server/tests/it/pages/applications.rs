//! Applications in a browser: added, deployed, changed, brought back, removed, and only looked at.

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::{FakeEngine, FakeImage, FakeSwarm, TaskFate};
use portolan_types::{
    Application, ApplicationSpec, ApplicationState, Argument, ContainerUser, Deployment,
    DeploymentState, Destination, Environment, MountSource, Operation, Page, Project, Route,
    ServerKind, Strategy, Variables,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{browser::signed_in, people::go};
use crate::{
    security::{Team, person},
    support::{Chromium, Database, TestApp, eventually},
};

/// What a person could write where only a machine looks, to be run where it is shown.
const HOSTILE: &str = "<img src=x onerror=document.title='owned'>";

fn with_images(engine: &FakeEngine) {
    for image in ["shop:1", "shop:2"] {
        engine.publish_image(image, FakeImage::new());
    }
}

/// The environment of a new project.
pub(super) async fn environment(app: &TestApp, project: &str) -> Result<Environment> {
    let made: Project =
        app.owner.post("/v1/projects", json!({ "name": project })).await?.created()?;
    let path = format!("/v1/environments?project_id={}", made.id);
    let page: Page<Environment> = app.owner.get(&path).await?.ok()?;
    page.items.into_iter().next().context("an environment")
}

/// An application with one of each thing that a page shows, deployed once. What is on the server
/// already stays; its image is there.
pub(super) async fn of_everything(app: &TestApp) -> Result<Application> {
    let (server, engine) = app.add_server("harbour").await?;
    with_images(&engine);
    let quay = app.owner.destination(&server, "quay").await?;
    let environment = environment(app, "fleet").await?;
    let body = json!({
        "environment_id": environment.id,
        "destination_id": quay.id,
        "name": "shop",
        "spec": {
            "image": "shop:1",
            "command": ["serve", "a\nb"],
            "port": 80,
            "published": [{ "host": 8080, "container": 80, "address": "127.0.0.1" }],
            "aliases": ["store"],
            "mounts": [{ "source": { "volume": "data" }, "target": "/data" }],
            "tmpfs": [{ "target": "/tmp", "size_bytes": 1 << 20, "mode": "1777" }],
            "process": {
                "user": "1000", "working_dir": "/srv", "hostname": "shop", "init": true,
                "stop_signal": "SIGINT", "read_only": true, "drop_capabilities": ["NET_RAW"],
                "no_new_privileges": true,
            },
            "limits": { "memory_bytes": 64 << 20, "millicpus": 500, "processes": 10 },
            "labels": { "com.example.team": "shop" },
            "drain_seconds": 1,
            "stop_seconds": 1,
        },
    });
    let made: Application = app.owner.post("/v1/applications", body).await?.created()?;
    let path = format!("/v1/applications/{}", made.id);
    let body = json!({ "set": [
        { "name": "LEVEL", "value": "info" },
        { "name": "KEY", "value": "sesame", "secret": true },
    ] });
    app.owner.patch(&format!("{path}/variables"), body).await?.ok::<Variables>()?;
    let done: Operation =
        app.owner.post(&format!("{path}/deploy?wait=30"), json!({})).await?.accepted()?;
    ensure!(done.failure.is_none() && done.state.is_over(), "{done:#?}");
    let body = json!({
        "destination_id": quay.id, "host": "fleet.example.com", "application_id": made.id,
    });
    app.owner.post("/v1/routes", body).await?.created::<Route>()?;
    Ok(made)
}

async fn only(app: &TestApp) -> Result<Option<Application>> {
    let page: Page<Application> = app.owner.get("/v1/applications").await?.ok()?;
    Ok(page.items.into_iter().next())
}

/// The application when it is like this.
async fn when(app: &TestApp, what: &str, is: impl Fn(&Application) -> bool) -> Result<Application> {
    eventually(what, || async { Ok(only(app).await?.filter(|one| is(one))) }).await
}

/// Newest first.
async fn deployments(app: &TestApp, one: &Application) -> Result<Vec<Deployment>> {
    let path = format!("/v1/applications/{}/deployments", one.id);
    Ok(app.owner.get(&path).await?.ok::<Page<Deployment>>()?.items)
}

/// The latest deployment, when it serves and its work is over.
pub(super) async fn served(app: &TestApp, one: &Application, number: u32) -> Result<Deployment> {
    eventually(&format!("deployment {number} serves"), || async {
        let latest = deployments(app, one).await?.into_iter().next();
        Ok(latest.filter(|latest| {
            latest.number.get() == number
                && latest.state == DeploymentState::Serving
                && latest.finished_at.is_some()
        }))
    })
    .await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn an_application_is_added_deployed_brought_back_and_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (alpha, engine) = app.add_server("alpha").await?;
    with_images(&engine);
    let web = app.owner.destination(&alpha, "web").await?;
    let swarm = FakeSwarm::new();
    swarm.join(&app.fleet.add("gamma:22"), "gamma", ServerKind::SwarmManager);
    let gamma = app.add_known_server("gamma").await?;
    app.owner.destination(&gamma, "tide").await?;
    let production = environment(&app, "harbour").await?;
    let default = json!({ "default_destination_id": web.id });
    let path = format!("/v1/environments/{}", production.id);
    app.owner.patch(&path, default).await?.ok::<Environment>()?;
    let at = (&web, &production);
    let shop = add((&app, &chromium), &url, at).await?;
    let (with, it) = ((&app, &chromium), (url.as_str(), &shop));
    deploy(with, it).await?;
    set_variables(with, it).await?;
    change_and_roll_back(with, it).await?;
    add_a_domain(with, it).await?;
    make_a_clone(with, it).await?;
    remove(with, it).await?;
    assert_eq!(engine.volume_names(), Vec::<String>::new());
    complained_of_nothing(chromium).await?;
    app.stop().await
}

/// On a swarm replicas are asked for, and listed with their nodes, or with why one does not run.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn replicas_on_a_swarm_are_asked_for_and_listed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (swarm, engine) = (FakeSwarm::new(), app.fleet.add("gamma:22"));
    with_images(&engine);
    swarm.publish("shop:1", TaskFate::Runs);
    swarm.join(&engine, "gamma", ServerKind::SwarmManager);
    let gamma = app.add_known_server("gamma").await?;
    let tide = app.owner.destination(&gamma, "tide").await?;
    environment(&app, "harbour").await?;
    chromium.open(&format!("{url}/destinations/{}/applications", tide.id)).await?;
    chromium.press("+ Add").await?;
    chromium.sees("on gamma and its swarm").await?;
    chromium.fill("[name=name]", "shop").await?;
    chromium.fill("[name='spec.image']", "shop:1").await?;
    chromium.fill("[name='spec.port:number']", "80").await?;
    chromium.fill("[name='spec.replicas:number']", "2").await?;
    go(&chromium, "Add the application").await?;
    chromium.sees("Nothing of it runs").await?;
    let shop = only(&app).await?.context("an application")?;
    assert_eq!((shop.spec.replicas.get(), &shop.destination_id), (2, &tide.id));
    go(&chromium, "Deploy").await?;
    served(&app, &shop, 1).await?;
    when(&app, "it runs", |one| one.state == ApplicationState::Running).await?;
    chromium.open(&format!("{url}/applications/{}", shop.id)).await?;
    chromium.sees("rolling, one replica after the other").await?;
    let text = chromium.text().await?;
    ensure!(text.contains("Service") && text.contains("gamma"), "{text}");

    swarm.set_full(Some("no suitable node (insufficient resources on 1 node)"));
    chromium.open(&format!("{url}/applications/{}/settings", shop.id)).await?;
    chromium.fill("[name='spec.replicas:number']", "3").await?;
    go(&chromium, "Save").await?;
    assert_eq!(only(&app).await?.context("an application")?.spec.replicas.get(), 3);
    go(&chromium, "Deploy").await?;
    let short = |one: &Application| one.state == ApplicationState::Unhealthy;
    when(&app, "it is told of", short).await?;
    chromium.open(&format!("{url}/applications/{}", shop.id)).await?;
    chromium.sees("insufficient resources on 1 node").await?;
    ensure!(chromium.fits(375, 800).await?, "the overview is cut off");
    complained_of_nothing(chromium).await?;
    app.stop().await
}

/// Added, where the environment's things go.
async fn add(
    (app, chromium): (&TestApp, &Chromium),
    url: &str,
    (web, production): (&Destination, &Environment),
) -> Result<Application> {
    chromium.fits(1_280, 1_000).await?;
    chromium.open(&format!("{url}/applications")).await?;
    chromium.sees("No applications yet").await?;
    chromium.press("+ Add").await?;
    chromium.sees("the environment's default").await?;
    chromium.sees("on gamma and its swarm").await?;
    chromium.fill("[name=name]", "shop").await?;
    chromium.fill("[name='spec.image']", "shop:1").await?;
    chromium.fill("[name='spec.port:number']", "80").await?;
    chromium.press("More").await?;
    chromium.fill("[name='spec.aliases:list']", "store, till").await?;
    chromium.fill("[name='spec.command:lines']", "serve\n--title=a b").await?;
    chromium.fill("[name='spec.mounts.0.source:place']", "data").await?;
    chromium.fill("[name='spec.mounts.0.target']", "/data").await?;
    chromium.fill("[name='spec.tmpfs.0.target']", "/tmp").await?;
    chromium.fill("[name='spec.tmpfs.0.size_bytes:bytes']", "1 MiB").await?;
    chromium.fill("[name='spec.process.user']", "1000").await?;
    chromium.fill("[name='spec.process.drop_capabilities:list']", "NET_RAW, MKNOD").await?;
    chromium.fill("[name='spec.limits.memory_bytes:bytes']", "64 MiB").await?;
    chromium.fill("[name='spec.drain_seconds:number']", "1").await?;
    chromium.fill("[name='spec.stop_seconds:number']", "1").await?;
    go(chromium, "Add the application").await?;
    chromium.sees("It was not deployed yet").await?;
    let shop = only(app).await?.context("an application")?;
    chromium.is_at(&format!("/applications/{}", shop.id)).await?;
    assert_eq!((&shop.destination_id, &shop.environment_id), (&web.id, &production.id));
    let spec = &shop.spec;
    assert_eq!((spec.image.as_str(), spec.strategy), ("shop:1", Strategy::Auto));
    assert_eq!(
        spec.command.iter().map(Argument::as_str).collect::<Vec<_>>(),
        ["serve", "--title=a b"]
    );
    assert_eq!((spec.limits.memory_bytes, spec.aliases.len()), (Some(64 << 20), 2));
    assert_eq!((spec.tmpfs.len(), spec.tmpfs[0].size_bytes), (1, Some(1 << 20)));
    assert_eq!(spec.process.user.as_ref().map(ContainerUser::as_str), Some("1000"));
    ensure!(!spec.process.read_only && spec.process.drop_capabilities.len() == 2, "{spec:?}");
    ensure!(matches!(spec.mounts[0].source, MountSource::Volume(_)) && spec.health.is_none());
    Ok(shop)
}

/// Deployed: the work is followed as it happens.
async fn deploy(
    (app, chromium): (&TestApp, &Chromium),
    (_, shop): (&str, &Application),
) -> Result<()> {
    go(chromium, "Deploy").await?;
    served(app, shop, 1).await?;
    chromium.sees("Latest work: Deploy shop").await?;
    chromium.sees("succeeded").await?;
    chromium.sees("Number 1").await?;
    when(app, "it runs", |one| one.state == ApplicationState::Running).await?;
    chromium.sees("running").await?;
    chromium.picture("application").await?;
    ensure!(chromium.fits(500, 800).await?, "the overview is cut off");
    chromium.fits(1_280, 1_000).await?;
    Ok(())
}

/// Variables are of the next deployment.
async fn set_variables(
    (app, chromium): (&TestApp, &Chromium),
    (url, shop): (&str, &Application),
) -> Result<()> {
    let page = format!("{url}/applications/{}", shop.id);
    chromium.open(&format!("{page}/variables")).await?;
    chromium.fill("[name='set.0.name']", "GREETING").await?;
    chromium.fill("[name='set.0.value:text']", HOSTILE).await?;
    go(chromium, "Set").await?;
    chromium.sees(HOSTILE).await?;
    chromium.sees("Changed since it was deployed").await?;
    chromium.fill("[name='set:named']", "LEVEL=info\n# no\nMODE=a=b").await?;
    chromium.fill("[name='set:secret']", "KEY=open sesame").await?;
    go(chromium, "Set all").await?;
    chromium.sees("secret").await?;
    let variables = format!("/v1/applications/{}/variables", shop.id);
    let kept: Variables = app.owner.get(&variables).await?.ok()?;
    let kept: Vec<_> = kept.items.iter().map(|one| (one.name.as_str(), one.secret)).collect();
    assert_eq!(kept, [("GREETING", false), ("KEY", true), ("LEVEL", false), ("MODE", false)]);
    ensure!(!chromium.text().await?.contains("open sesame"), "a secret is shown");
    leave_by(chromium, "form:has(input[value=LEVEL]) button").await?;
    eventually("a variable is gone", || async {
        let kept: Variables = app.owner.get(&variables).await?.ok()?;
        Ok((kept.items.len() == 3).then_some(()))
    })
    .await?;
    Ok(())
}

/// Another image, a spec that is changed, and the first one brought back.
async fn change_and_roll_back(
    (app, chromium): (&TestApp, &Chromium),
    (url, shop): (&str, &Application),
) -> Result<()> {
    let page = format!("{url}/applications/{}", shop.id);
    chromium.open(&page).await?;
    chromium.sees("Changed since it was deployed").await?;
    chromium.fill("[name=image]", "shop:2").await?;
    go(chromium, "Deploy this image").await?;
    assert_eq!(served(app, shop, 2).await?.image.as_str(), "shop:2");
    ensure!(!only(app).await?.context("it")?.changed, "it is as it was deployed");
    chromium.open(&format!("{page}/settings")).await?;
    chromium.fill("[name='spec.limits.memory_bytes:bytes']", "2 much").await?;
    chromium.press("Save").await?;
    chromium.sees("a size is a number of bytes").await?;
    chromium.fill("[name='spec.limits.memory_bytes:bytes']", "1 GiB").await?;
    go(chromium, "Save").await?;
    chromium.sees("Changed since it was deployed").await?;
    let now = only(app).await?.context("an application")?;
    let wanted = ApplicationSpec { image: "shop:2".parse()?, ..shop.spec.clone() };
    assert_eq!(now.spec.limits.memory_bytes, Some(1 << 30));
    // All else came through the form as it was.
    assert_eq!(ApplicationSpec { limits: wanted.limits, ..now.spec }, wanted);
    chromium.open(&format!("{page}/deployments")).await?;
    go(chromium, "Roll back to 1").await?;
    let back = served(app, shop, 3).await?;
    assert_eq!((back.image.as_str(), back.rolled_back_to.map(u32::from)), ("shop:1", Some(1)));
    Ok(())
}

/// A domain follows it, and says so on its own page.
async fn add_a_domain(
    (app, chromium): (&TestApp, &Chromium),
    (url, shop): (&str, &Application),
) -> Result<()> {
    let page = format!("{url}/applications/{}", shop.id);
    chromium.open(&page).await?;
    chromium.fill("[name=host]", "shop.example.com").await?;
    go(chromium, "+ Add a domain").await?;
    chromium.sees("shop.example.com/").await?;
    let routes: Page<Route> = app.owner.get("/v1/routes").await?.ok()?;
    let route = routes.items.first().context("a route")?;
    assert_eq!((route.application_id.as_ref(), route.port.get()), (Some(&shop.id), 80));
    chromium.open(&format!("{url}/routes/{}", route.id)).await?;
    chromium.fill("[name='port:number']", "81").await?;
    go(chromium, "Save").await?;
    let route: Route = app.owner.get(&format!("/v1/routes/{}", route.id)).await?.ok()?;
    assert_eq!(route.port.get(), 81);
    Ok(())
}

/// It says what it left out, and leads to the clone.
async fn make_a_clone(
    (app, chromium): (&TestApp, &Chromium),
    (url, shop): (&str, &Application),
) -> Result<()> {
    chromium.open(&format!("{url}/applications/{}/clone", shop.id)).await?;
    chromium.fill("[name=name]", "shop-next").await?;
    chromium.press("Make the clone").await?;
    chromium.sees("Nothing of it runs until it is deployed").await?;
    go(chromium, "To the clone").await?;
    chromium.sees("shop-next").await?;
    let all: Page<Application> = app.owner.get("/v1/applications").await?.ok()?;
    let clone = all.items.iter().find(|one| one.name.as_str() == "shop-next");
    let clone = clone.context("a clone")?;
    let path = format!("/v1/applications/{}?wait=20", clone.id);
    app.owner.delete(&path).await?.accepted::<Operation>()?;
    Ok(())
}

/// Stopped and started, then removed with what it kept.
async fn remove(
    (app, chromium): (&TestApp, &Chromium),
    (url, shop): (&str, &Application),
) -> Result<()> {
    let page = format!("{url}/applications/{}", shop.id);
    chromium.open(&page).await?;
    go(chromium, "Stop").await?;
    when(app, "it is stopped", |one| one.state == ApplicationState::Stopped).await?;
    go(chromium, "Start").await?;
    when(app, "it runs again", |one| one.state == ApplicationState::Running).await?;
    chromium.open(&format!("{page}/danger")).await?;
    chromium.sees("Remove it with its volumes").await?;
    let form = "form[action*='volumes=true']";
    chromium.fill(&format!("{form} [name=_typed]"), "sho").await?;
    chromium.click(&format!("{form} .btn-error")).await?;
    chromium.sees("type the name exactly as it is shown").await?;
    chromium.fill(&format!("{form} [name=_typed]"), "shop").await?;
    chromium.click(&format!("{form} .btn-error")).await?;
    chromium.sees("Remove shop").await?;
    eventually("it is gone", || async { Ok(only(app).await?.is_none().then_some(())) }).await?;
    Ok(())
}

/// Clicks what leads to the same page anew, and waits until it is there.
async fn leave_by(chromium: &Chromium, selector: &str) -> Result<()> {
    chromium.ask("window.isLeft = true", json!([])).await?;
    chromium.click(selector).await?;
    eventually(&format!("`{selector}` leads to a page"), || async {
        let left = "return window.isLeft === undefined && document.readyState === 'complete'";
        Ok((chromium.ask(left, json!([])).await? == true).then_some(()))
    })
    .await
}

pub(super) async fn complained_of_nothing(chromium: Chromium) -> Result<()> {
    let title = chromium.ask("return document.title", json!([])).await?;
    ensure!(title != "owned", "{title}");
    let mut complaints = chromium.complaints().await?;
    // The console tells of refused forms as well, which the page has told in its own way.
    complaints.retain(|line| !line.contains("status of 422"));
    assert_eq!(complaints, Vec::<String>::new());
    chromium.close().await
}

/// Every page is open to whoever sees the project, and offers what they may do.
#[tokio::test]
async fn a_member_sees_and_cannot() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let shop = of_everything(&app).await?;
    let member = person(&app, "member", Team::Same).await?;
    let page = format!("/applications/{}", shop.id);
    let environment = format!("/environments/{}", shop.environment_id);
    let project = format!("/projects/{}", shop.project_id);
    let destination = format!("/destinations/{}/applications", shop.destination_id);
    let tabs = ["", "/deployments", "/deployments/1", "/variables", "/events"];
    let seen = tabs.iter().map(|tab| format!("{page}{tab}"));
    let lists = ["/applications".to_owned(), environment, project, destination];
    for path in seen.chain(lists) {
        let shown = member.get(&path).await?;
        assert_eq!(shown.status, StatusCode::OK, "{path}: {}", shown.text);
        ensure!(shown.text.contains("shop"), "{path}");
        for act in ["/deploy\"", "/roll-back\"", "/stop\"", "/variables\"", "/v1/routes\""] {
            ensure!(!shown.text.contains(&format!("{act} hx-post")), "{path} offers {act}");
        }
        ensure!(!shown.text.contains("sesame"), "{path} tells a secret");
    }
    for path in [&format!("{page}/settings"), &format!("{page}/danger")] {
        assert_eq!(member.get(path).await?.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(member.get("/applications/new").await?.status, StatusCode::FORBIDDEN);
    // What another team has does not exist.
    let stranger = person(&app, "owner", Team::Other).await?;
    for path in [page.clone(), format!("{page}/deployments/1"), format!("{page}/danger")] {
        assert_eq!(stranger.get(&path).await?.status, StatusCode::NOT_FOUND, "{path}");
    }
    let listed: Value = stranger.get("/v1/applications").await?.ok()?;
    assert_eq!(listed["items"], json!([]));
    app.stop().await
}
