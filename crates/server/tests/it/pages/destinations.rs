//! Destinations in a browser: added, followed, changed, moved between, proved, scanned for, removed.

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::FakeSwarm;
use portolan_types::{
    Destination, DestinationContainers, DestinationState, Page, Reachability, Server, ServerKind,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::browser::signed_in;
use crate::{
    proxies::with_images,
    security::{Team, person},
    support::{Chromium, Database, TestApp, eventually},
};

/// What a host could call a container or a network, to be run where it is shown.
const HOSTILE: &str = "<img src=x onerror=document.title='owned'>";

/// On the page as text, and nothing of it was run.
async fn is_text(chromium: &Chromium, text: &str) -> Result<()> {
    chromium.sees(text).await?;
    let images = chromium.ask("return document.querySelectorAll('main img').length", json!([]));
    assert_eq!(images.await?, 0);
    let title = chromium.ask("return document.title", json!([])).await?;
    ensure!(title != "owned", "{title}");
    Ok(())
}

pub(super) async fn without_complaints(chromium: Chromium) -> Result<()> {
    let mut complaints = chromium.complaints().await?;
    // The console tells of refused forms as well, which the page has told in its own way.
    complaints.retain(|line| !line.contains("status of 422"));
    assert_eq!(complaints, Vec::<String>::new());
    chromium.close().await
}

/// Presses what leads to another page, or to the same anew, and waits for that: what is opened before
/// it has come is left again for it.
async fn press_and_leave(chromium: &Chromium, text: &str) -> Result<()> {
    chromium.ask("window.isStillHere = true", json!([])).await?;
    chromium.press(text).await?;
    eventually(&format!("`{text}` leads to another page"), || async {
        let left = chromium.ask("return window.isStillHere === undefined", json!([])).await?;
        Ok((left == true).then_some(()))
    })
    .await
}

async fn on_it(app: &TestApp, destination: &Destination) -> Result<Vec<String>> {
    let path = format!("/v1/destinations/{}/containers", destination.id);
    let seen: DestinationContainers = app.owner.get(&path).await?.ok()?;
    Ok(seen.items.into_iter().map(|one| one.name).collect())
}

async fn all(app: &TestApp) -> Result<Vec<Destination>> {
    Ok(app.owner.get("/v1/destinations").await?.ok::<Page<Destination>>()?.items)
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_destination_is_added_changed_and_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (alpha, engine) = app.add_server("alpha").await?;
    let (beta, away) = app.add_server("beta").await?;
    away.stop();
    app.owner.reachable(beta.id.as_str(), Reachability::Unreachable).await?;

    let swarm = FakeSwarm::new();
    swarm.join(&app.fleet.add("gamma:22"), "gamma", ServerKind::SwarmManager);
    app.add_known_server("gamma").await?;
    swarm.join(&app.fleet.add("delta:22"), "delta", ServerKind::SwarmWorker);
    app.add_known_server("delta").await?;

    chromium.fits(1_280, 1_000).await?;
    chromium.open(&format!("{url}/destinations")).await?;
    chromium.sees("No destinations yet").await?;
    chromium.press("+ Add").await?;
    // The one that cannot be chosen says why; the other is chosen, and everything is filled in.
    chromium.sees("server `beta` cannot be reached").await?;
    chromium.sees("standalone: a bridge on this host").await?;
    chromium.sees("swarm: an overlay between the hosts of its swarm").await?;
    chromium.sees("server `delta` is a swarm worker: networks are made on a manager").await?;
    chromium.picture("destination-new").await?;
    let name = "return document.querySelector('#new [name=name]').value";
    let proposed = chromium.ask(name, json!([])).await?;
    ensure!(proposed.as_str().is_some_and(|name| name.starts_with("alpha-")), "{proposed}");
    chromium.fill("#new [name=network]", "sea").await?;
    assert_eq!(chromium.ask(name, json!([])).await?, "alpha-sea");
    chromium.press("Preview").await?;
    chromium.sees("create network `sea` on server `alpha`").await?;
    ensure!(all(&app).await?.is_empty(), "a preview makes nothing");
    chromium.press("Create").await?;
    chromium.sees("Latest work: Make the destination").await?;
    let sea = app.owner.find_destination("sea").await?;
    chromium.is_at(&format!("/destinations/{}", sea.id)).await?;
    let sea = app.owner.settled(&sea, DestinationState::Ready).await?;
    assert_eq!((sea.name.as_str(), &sea.server_id), ("alpha-sea", &alpha.id));
    // The steps came to the page by themselves.
    chromium.sees("ready").await?;
    chromium.sees("succeeded").await?;
    chromium.sees("Inspected").await?;
    chromium.picture("destination").await?;
    ensure!(chromium.fits(500, 800).await?, "the overview is cut off");

    let page = format!("{url}/destinations/{}", sea.id);
    chromium.open(&format!("{page}/settings")).await?;
    chromium.fill("[name=name]", "the sea").await?;
    press_and_leave(&chromium, "Save").await?;
    eventually("it has its new name", || async {
        Ok((app.owner.show(&sea).await?.name.as_str() == "the sea").then_some(()))
    })
    .await?;
    chromium.open(&format!("{page}/settings")).await?;
    chromium.fill("[name='options.mtu:number']", "1400").await?;
    chromium.press("Preview").await?;
    chromium.sees("This would happen").await?;
    press_and_leave(&chromium, "Change the network").await?;
    eventually("it has its new options", || async {
        let shown = app.owner.show(&sea).await?;
        let changed = shown.revision == 2 && shown.state == DestinationState::Ready;
        Ok((changed && shown.options.mtu == Some(1_400)).then_some(()))
    })
    .await?;

    // Who is on it is in the way, is named, and goes with it when that is asked for.
    engine.join("sea", "web");
    chromium.open(&format!("{page}/danger")).await?;
    chromium.sees("It would be refused now").await?;
    chromium.sees("container web (running)").await?;
    chromium.fill("[name=_typed]", "the se").await?;
    chromium.press("Disconnect and remove").await?;
    chromium.sees("type the name exactly as it is shown").await?;
    chromium.fill("[name=_typed]", "the sea").await?;
    chromium.press("Disconnect and remove").await?;
    chromium.sees("Remove the destination").await?;
    eventually("it is gone", || async { Ok(all(&app).await?.is_empty().then_some(())) }).await?;
    ensure!(engine.network("sea").is_none(), "its network is still there");
    without_complaints(chromium).await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn containers_are_connected_moved_and_disconnected() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (server, engine) = app.add_server("alpha").await?;
    let (sea, bay) = two(&app, &server).await?;
    engine.put_network("theirs", |_| {});
    engine.join("theirs", "web");
    engine.join("sea", HOSTILE);

    let page = format!("{url}/destinations/{}/containers", sea.id);
    chromium.open(&page).await?;
    is_text(&chromium, HOSTILE).await?;
    chromium.press("Connect a container").await?;
    let offered =
        "return [...document.querySelectorAll('#elsewhere option')].map((one) => one.value)";
    assert_eq!(chromium.ask(offered, json!([])).await?, json!(["web"]));
    chromium.fill("[name=container]", "web").await?;
    chromium.fill("[name='aliases:list']", "shop, www").await?;
    chromium.press("Connect").await?;
    chromium.sees("Connect a container to").await?;
    chromium.sees("succeeded").await?;
    ensure!(on_it(&app, &sea).await?.contains(&"web".to_owned()), "it is not there");

    chromium.open(&page).await?;
    chromium.sees("shop").await?;
    let id = engine.container("web").context("a container")?.member.docker_id;
    chromium.open(&format!("{page}/{id}")).await?;
    chromium.press("Preview").await?;
    chromium.sees("This would happen").await?;
    chromium.press("Move").await?;
    chromium.sees("Move a container").await?;
    chromium.sees("succeeded").await?;
    assert_eq!(on_it(&app, &bay).await?, ["web"]);

    chromium.open(&format!("{url}/destinations/{}/containers/{id}", bay.id)).await?;
    chromium.press("Disconnect").await?;
    chromium.sees("Disconnect a container from").await?;
    chromium.sees("succeeded").await?;
    ensure!(on_it(&app, &bay).await?.is_empty(), "it is still there");
    without_complaints(chromium).await?;
    app.stop().await
}

async fn two(app: &TestApp, server: &Server) -> Result<(Destination, Destination)> {
    let sea = app.owner.destination(server, "sea").await?;
    Ok((sea, app.owner.destination(server, "bay").await?))
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn what_failed_is_tried_again_and_what_is_lost_is_forgotten() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (server, engine) = app.add_server("alpha").await?;
    engine.put_network("sea", |_| {});
    let sea = app.owner.destination(&server, "sea").await?;
    let page = format!("{url}/destinations/{}", sea.id);
    chromium.open(&page).await?;
    chromium.sees("a network `sea` already exists on server `alpha`").await?;
    engine.drop_network("sea");
    chromium.press("Try again").await?;
    let sea = app.owner.settled(&sea, DestinationState::Ready).await?;
    chromium.sees("ready").await?;

    engine.join("sea", HOSTILE);
    app.owner.get(&format!("/v1/destinations/{}/containers", sea.id)).await?;
    chromium.open(&format!("{page}/danger")).await?;
    chromium.sees("Not now: server alpha answers").await?;
    engine.stop();
    app.owner.reachable(server.id.as_str(), Reachability::Unreachable).await?;
    chromium.open(&format!("{page}/danger")).await?;
    chromium.sees("Server alpha cannot be reached").await?;
    chromium.fill("[name=_typed]", sea.name.as_str()).await?;
    chromium.press("Forget").await?;
    chromium.sees("What stays on the host").await?;
    is_text(&chromium, HOSTILE).await?;
    ensure!(all(&app).await?.is_empty() && engine.network("sea").is_some(), "not forgotten");
    without_complaints(chromium).await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn networks_are_scanned_for_and_adopted() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (server, engine) = app.add_server("alpha").await?;
    engine.put_network("shop_default", |network| {
        network.labels.insert("com.docker.compose.project".into(), "shop".into());
    });
    engine.put_network("lan", |network| network.driver = "macvlan".into());
    engine.put_network(HOSTILE, |_| {});
    engine.join("shop_default", "shop-web-1");

    chromium.open(&format!("{url}/servers/{}/scan", server.id)).await?;
    chromium.press("Scan").await?;
    is_text(&chromium, HOSTILE).await?;
    for evidence in ["compose", "shop-web-1", "one can be adopted"] {
        chromium.sees(evidence).await?;
    }
    chromium.fits(1_280, 1_000).await?;
    chromium.picture("scan").await?;
    chromium.click("[value=shop_default]").await?;
    chromium.press("Preview").await?;
    chromium.sees("take network `shop_default` as a destination").await?;
    chromium.press("Adopt the chosen").await?;
    chromium.sees("Adopt networks of").await?;
    chromium.press("shop_default").await?;
    let adopted = app.owner.find_destination("shop_default").await?;
    chromium.is_at(&format!("/destinations/{}", adopted.id)).await?;
    chromium.sees("adopted: it is left alone").await?;

    // Taken over it is Portolan's own, and its network can be changed.
    chromium.open(&format!("{url}/destinations/{}/danger", adopted.id)).await?;
    chromium.press("Take it over").await?;
    chromium.sees("created by Portolan").await?;
    without_complaints(chromium).await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_destination_is_shown_from_all_sides() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    let (server, engine) = app.add_server("alpha").await?;
    with_images(&engine);
    let proxy = format!("/v1/servers/{}/proxy?wait=20", server.id);
    app.owner.put(&proxy, json!({ "kind": "caddy" })).await?.accepted::<Value>()?;
    let (sea, _) = two(&app, &server).await?;
    let page = format!("{url}/destinations/{}", sea.id);

    chromium.open(&format!("{url}/destinations")).await?;
    chromium.sees("attached").await?;
    chromium.fits(1_280, 1_000).await?;
    chromium.picture("destinations").await?;
    chromium.fill("#search", "bay").await?;
    eventually("the list is narrowed while one types", || async {
        let text = chromium.text().await?;
        Ok((text.contains("alpha-bay") && !text.contains("alpha-sea")).then_some(()))
    })
    .await?;
    chromium.open(&format!("{url}/destinations?state=failed")).await?;
    chromium.sees("Nothing found").await?;

    chromium.open(&format!("{page}/proxy")).await?;
    chromium.sees("attached").await?;
    chromium.click("[value=never]").await?;
    press_and_leave(&chromium, "Save").await?;
    eventually("the proxy is kept off", || async {
        let shown: Value = app.owner.get(&format!("/v1/destinations/{}", sea.id)).await?.ok()?;
        Ok((shown["proxy"] == "never").then_some(()))
    })
    .await?;

    chromium.open(&format!("{page}/verify")).await?;
    chromium.sees("Nothing yet").await?;
    chromium.press("Prove it").await?;
    chromium.sees("What was tried").await?;
    chromium.sees("name-resolution").await?;
    chromium.open(&format!("{page}/verify")).await?;
    chromium.fill("[name=verify_every]", "6h").await?;
    press_and_leave(&chromium, "Save").await?;
    eventually("it is proved every six hours", || async {
        Ok((app.owner.show(&sea).await?.verify_every.to_string() == "6h").then_some(()))
    })
    .await?;

    chromium.open(&format!("{page}/drift")).await?;
    let choose = "document.querySelector(\"[name='kinds.missing']\").value = 'ask'";
    chromium.ask(choose, json!([])).await?;
    press_and_leave(&chromium, "Save").await?;
    let policy = format!("/v1/destinations/{}/drift-policy", sea.id);
    eventually("a lost network is asked about", || async {
        let said: Value = app.owner.get(&policy).await?.ok()?;
        Ok((said["rules"]["kinds"]["missing"] == "ask").then_some(()))
    })
    .await?;
    engine.drop_network("sea");
    app.owner.settled(&sea, DestinationState::Drifted).await?;
    chromium.open(&format!("{page}/drift")).await?;
    press_and_leave(&chromium, "Repair it").await?;
    app.owner.settled(&sea, DestinationState::Ready).await?;
    ensure!(engine.network("sea").is_some(), "it was not repaired");

    chromium.open(&format!("{page}/events")).await?;
    chromium.sees("destination.added").await?;
    ensure!(chromium.fits(500, 800).await?, "the events are cut off");
    without_complaints(chromium).await?;
    app.stop().await
}

/// A page, as somebody with a token; browsers come with a session, which is let in by the same rule.
#[tokio::test]
async fn a_member_sees_and_is_offered_nothing() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let (server, _) = app.add_server("alpha").await?;
    let sea = app.owner.destination(&server, "sea").await?;
    let member = person(&app, "member", Team::Same).await?;
    let page = format!("/destinations/{}", sea.id);
    for (path, offers) in [
        ("/destinations".to_owned(), vec!["+ Add", "/do/post/v1/destinations"]),
        (page.clone(), vec![">Settings<", ">Remove<"]),
        (format!("{page}/containers"), vec!["id=\"connect\""]),
        (format!("{page}/proxy"), vec![">Save<"]),
        (format!("{page}/verify"), vec![">Prove it<"]),
        (format!("{page}/drift"), vec![">Save<"]),
    ] {
        let seen = member.get(&path).await?;
        assert_eq!(seen.status, StatusCode::OK, "{path}: {}", seen.text);
        let owners = app.owner.get(&path).await?;
        for offer in offers {
            ensure!(!seen.text.contains(offer), "{path} offers {offer}");
            ensure!(owners.text.contains(offer), "{path} does not offer {offer} to the owner");
        }
    }
    let scan = format!("/servers/{}/scan", server.id);
    for path in [&format!("{page}/settings"), &format!("{page}/danger"), &scan] {
        assert_eq!(member.get(path).await?.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(member.get("/destinations/new").await?.status, StatusCode::FORBIDDEN);
    // What another team has does not exist.
    let stranger = person(&app, "owner", Team::Other).await?;
    for path in [page, scan] {
        assert_eq!(stranger.get(&path).await?.status, StatusCode::NOT_FOUND, "{path}");
    }
    app.stop().await
}
