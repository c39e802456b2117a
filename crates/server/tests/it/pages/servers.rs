//! Servers, their proxies, routes and certificates, as a person with a browser has them.

use anyhow::{Context, Result, ensure};
use portolan_types::{
    Certificate, Destination, DestinationState, Key, Page, Proxy, ProxyState, Reachability, Route,
    RouteState, Server, ServerState,
};
use serde_json::{Value, json};

use super::browser::signed_in;
use crate::{
    certificates, proxies,
    support::{Chromium, Database, TestApp, eventually},
};

/// A name that is an attack where it is taken for HTML.
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

/// Nothing was cut off, and nothing in the console would be called broken.
async fn is_sound(chromium: &Chromium) -> Result<()> {
    assert_eq!(chromium.barriers().await?, [""; 0], "{}", chromium.url().await?);
    ensure!(chromium.fits(500, 900).await?, "{} is cut off", chromium.url().await?);
    ensure!(chromium.fits(1280, 900).await?, "{} is cut off", chromium.url().await?);
    // That a form was refused is what the story is about.
    let refused = |said: &String| said.contains("the server responded with a status of 4");
    let said = chromium.complaints().await?;
    assert_eq!(said.into_iter().filter(|said| !refused(said)).collect::<Vec<_>>(), [""; 0]);
    Ok(())
}

/// From nothing to a first destination, by the page that leads there.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn the_first_run_ends_with_a_ready_destination() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let engine = app.fleet.add("harbour:22");
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/welcome")).await?;
    chromium.sees("1. A key").await?;
    chromium.press("Make the key").await?;
    chromium.sees("2. A server").await?;
    let keys: Page<Key> = app.owner.get("/v1/keys").await?.ok()?;
    // The command to paste holds the very key.
    chromium.sees(&keys.items[0].public_key).await?;
    chromium.fill("[name=name]", HOSTILE).await?;
    chromium.fill("[name='connection.host']", "harbour").await?;
    chromium.picture("first-run-server").await?;
    is_sound(&chromium).await?;
    chromium.press("Add the server").await?;
    chromium.sees("4. A destination on").await?;
    chromium.sees(HOSTILE).await?;
    chromium.fill("[name=name]", "harbour").await?;
    chromium.fill("[name=network]", "harbour").await?;
    chromium.press("Make the destination").await?;
    chromium.sees("Your first destination is ready").await?;
    chromium.picture("first-run-done").await?;
    is_sound(&chromium).await?;
    let made: Destination = app.owner.find_destination("harbour").await?;
    assert_eq!(made.state, DestinationState::Ready);
    assert_eq!(engine.network_names(), ["harbour"]);
    chromium.close().await?;
    app.stop().await
}

/// What is in the way is said with what to do, and goes on from there.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_server_is_added_kept_and_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let key = app.owner.key("fleet").await?;
    let other = app.owner.key(HOSTILE).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/servers")).await?;
    chromium.sees("No servers yet").await?;
    chromium.press("+ Add").await?;
    chromium.is_at("/servers/new").await?;
    let shown: Key = app.owner.get(&format!("/v1/keys/{other}")).await?.ok()?;
    chromium.choose("[name='connection.key_id']", &other).await?;
    chromium.sees(&shown.public_key).await?;
    chromium.choose("[name='connection.key_id']", &key).await?;
    chromium.fill("[name=name]", "db-1").await?;
    chromium.fill("[name='connection.host']", "no host").await?;
    chromium.press("Add the server").await?;
    chromium.sees("a host is an IP address or a DNS name").await?;
    chromium.fill("[name='connection.host']", "db-1").await?;
    chromium.press("Add the server").await?;
    chromium.sees("could not connect to db-1:22").await?;
    chromium.sees("check that the host is up").await?;
    chromium.picture("server-onboarding").await?;
    is_sound(&chromium).await?;
    app.fleet.add("db-1:22");
    chromium.press("Check again").await?;
    chromium.sees("+ Add a destination").await?;
    chromium.picture("server").await?;
    let all: Page<Server> = app.owner.get("/v1/servers").await?.ok()?;
    let server = &all.items[0];
    assert_eq!(server.state, ServerState::Ready);
    app.owner.destination(server, "shop").await?;

    chromium.press("Settings").await?;
    chromium.fill("[name=name]", HOSTILE).await?;
    chromium.press("Save").await?;
    eventually("the server has another name", || async {
        let path = format!("/v1/servers/{}", server.id);
        let now: Server = app.owner.get(&path).await?.ok()?;
        Ok((now.name.as_str() == HOSTILE).then_some(()))
    })
    .await?;
    for (tab, says) in [
        ("Destinations", "shop"),
        ("Proxy", "No proxy"),
        ("Addresses", "Pools"),
        ("Drift", "What is done about drift here"),
        ("Events", "server.edited"),
        ("Operations", "Check the server"),
        ("Danger", "In the way, because they are on it"),
    ] {
        chromium.press(tab).await?;
        chromium.sees(says).await?;
        chromium.sees(HOSTILE).await?;
        is_sound(&chromium).await?;
    }
    chromium.press("Preview").await?;
    chromium.sees("This would be refused").await?;
    chromium.sees("has destinations: db-1-shop").await?;
    is_sound(&chromium).await?;
    chromium.fill("[name=_typed]", "db-1").await?;
    chromium.press("Remove").await?;
    chromium.sees("type the name exactly").await?;
    chromium.fill("[name=_typed]", HOSTILE).await?;
    chromium.press("Remove").await?;
    chromium.sees("has destinations").await?;
    let shop = app.owner.find_destination("shop").await?;
    app.owner.delete(&format!("/v1/destinations/{}?wait=20", shop.id)).await?;
    chromium.press("Remove").await?;
    chromium.is_at("/servers").await?;
    chromium.sees("No servers yet").await?;
    app.owner.get(&format!("/v1/servers/{}", server.id)).await?.problem(404)?;
    chromium.close().await?;
    app.stop().await
}

/// Pools and policies are said for one server, and taken back.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_server_has_pools_and_policies_of_its_own() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, _engine) = app.add_server("alpha").await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/servers/{}/addresses", server.id)).await?;
    chromium.fill("[name='pools.0.base']", "10.200.0.0/16").await?;
    chromium.fill("[name='pools.0.size:number']", "24").await?;
    chromium.press("Save the pools").await?;
    chromium.sees("takes subnets from its own pools").await?;
    chromium.sees("10.200.0.0/24").await?;
    chromium.picture("server-addresses").await?;
    is_sound(&chromium).await?;
    chromium.press("Use the team's pools again").await?;
    chromium.sees("takes subnets from the team's pools").await?;

    chromium.press("Drift").await?;
    chromium.choose("[name='kinds.missing']", "ask").await?;
    chromium.press("Save").await?;
    let path = format!("/v1/servers/{}/drift-policy", server.id);
    eventually("the policy is said", || async {
        let said: Value = app.owner.get(&path).await?.ok()?;
        Ok((said["rules"] == json!({ "kinds": { "missing": "ask" } })).then_some(()))
    })
    .await?;
    is_sound(&chromium).await?;
    chromium.close().await?;
    app.stop().await
}

/// A proxy from nothing to nothing, and all that can be asked of it between.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_proxy_is_set_up_used_and_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine) = app.add_server("alpha").await?;
    proxies::with_images(&engine);
    app.owner.destination(&server, "shop").await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/servers/{}/proxy", server.id)).await?;
    chromium.sees("Set up a proxy").await?;
    chromium.fill("[name='certificates.email']", "ops@example.com").await?;
    // What matters to the other authority alone is not sent with this one.
    chromium.click("[name='certificates.source'][value=internal]").await?;
    chromium.press("Give it this proxy").await?;
    chromium.sees("Portolan's own authority").await?;
    let proxy: Proxy = app.proxy_is(&server, ProxyState::Running).await?;
    assert_eq!(proxy.certificates, portolan_types::CertificateSource::Internal);
    chromium.sees("running").await?;
    app.attached(&server, "shop", true).await?;
    chromium.sees("attached").await?;
    chromium.picture("server-proxy").await?;
    is_sound(&chromium).await?;
    chromium.press("Stop").await?;
    app.proxy_is(&server, ProxyState::Stopped).await?;
    chromium.press("Start").await?;
    app.proxy_is(&server, ProxyState::Running).await?;
    chromium.sees("Stop").await?;
    chromium.press("Show it").await?;
    chromium.sees("caddy.json").await?;
    is_sound(&chromium).await?;
    chromium.open(&format!("{url}/proxies")).await?;
    chromium.press("alpha").await?;
    chromium.press("Read the log").await?;
    chromium.sees("Read the proxy's logs").await?;
    chromium.open(&format!("{url}/servers/{}/proxy", server.id)).await?;
    chromium.fill("[name=_typed]", "alpha").await?;
    chromium.press("Remove the proxy").await?;
    chromium.sees("Remove the proxy of").await?;
    eventually("the proxy is gone", || async {
        let answer = app.owner.get(&format!("/v1/servers/{}/proxy", server.id)).await?;
        Ok(answer.text.contains("no-proxy").then_some(()))
    })
    .await?;
    chromium.close().await?;
    app.stop().await
}

/// A route is added where its target is, changed, and deleted.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_route_is_led_to_a_container() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine) = proxies::with_proxy(&app).await?;
    app.owner.destination(&server, "shop").await?;
    app.attached(&server, "shop", true).await?;
    engine.join("shop", "web");
    engine.join("shop", HOSTILE);
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/routes")).await?;
    chromium.sees("No routes yet").await?;
    chromium.press("+ Add").await?;
    chromium.fill("[name=host]", "shop.example.com").await?;
    chromium.fill("[name=target]", "web").await?;
    chromium.fill("[name='port:number']", "8080").await?;
    let offered =
        "return [...document.querySelectorAll('#members option')].map((one) => one.value)";
    let offered = chromium.ask(offered, json!([])).await?;
    assert_eq!(offered, json!([HOSTILE, "web"]));
    chromium.press("HTTPS, www, headers and limits").await?;
    chromium.choose("[name='options.headers.1.on']", "response").await?;
    chromium.fill("[name='options.headers.1.name']", "X-Frame-Options").await?;
    chromium.fill("[name='options.headers.1.value:text']", "DENY").await?;
    is_sound(&chromium).await?;
    chromium.press("Add the route").await?;
    chromium.sees("shop.example.com/").await?;
    let routes: Page<Route> = app.owner.get("/v1/routes").await?.ok()?;
    let route = routes.items.into_iter().next().context("a route")?;
    assert_eq!(
        serde_json::to_value(&route.options.headers)?,
        json!([{ "on": "response", "name": "x-frame-options", "value": "DENY" }])
    );
    app.route_is(&route, RouteState::Live).await?;
    chromium.sees("live").await?;
    chromium.picture("route").await?;
    is_sound(&chromium).await?;
    chromium.fill("[name='port:number']", "9090").await?;
    chromium.press("Save").await?;
    let path = format!("/v1/routes/{}", route.id);
    let changed = eventually("the route leads elsewhere", || async {
        let now: Route = app.owner.get(&path).await?.ok()?;
        Ok((now.port.get() == 9090).then_some(now))
    });
    assert_eq!(changed.await?.options, route.options);
    chromium.open(&format!("{url}/routes/{}", route.id)).await?;
    chromium.fill("[name='basic_auth.ask.user']", "visitor").await?;
    chromium.fill("[name='basic_auth.ask.password']", "open sesame").await?;
    chromium.press("Ask for it").await?;
    chromium.sees("Asked for: the user is visitor").await?;
    chromium.press("Ask for none").await?;
    chromium.sees("None is asked for").await?;
    chromium.fill("[name=_typed]", "shop.example.com/").await?;
    chromium.press("Delete").await?;
    chromium.is_at("/routes").await?;
    app.owner.get(&path).await?.problem(404)?;
    chromium.close().await?;
    app.stop().await
}

/// A certificate is brought, seen and deleted; its key is never seen.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_certificate_is_brought() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let material = certificates::body("", &["shop.example.com"]);
    let text = |field: &str| material[field].as_str().unwrap_or_default().to_owned();
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/certificates")).await?;
    chromium.press("+ Add").await?;
    chromium.fill("[name=name]", HOSTILE).await?;
    chromium.fill("[name=chain]", &text("chain")).await?;
    chromium.fill("[name=private_key]", "no key").await?;
    chromium.click("dialog[open] [type=submit]").await?;
    chromium.sees("it is not PEM").await?;
    chromium.fill("[name=private_key]", &text("private_key")).await?;
    chromium.click("dialog[open] [type=submit]").await?;
    chromium.sees("Delete this certificate").await?;
    let page: Page<Certificate> = app.owner.get("/v1/certificates").await?.ok()?;
    assert_eq!(page.items[0].name.as_str(), HOSTILE);
    chromium.sees(&page.items[0].fingerprint).await?;
    is_sound(&chromium).await?;
    chromium.fill("[name=_typed]", HOSTILE).await?;
    chromium.press("Delete").await?;
    chromium.is_at("/certificates").await?;
    chromium.sees("No certificates of your own").await?;
    chromium.close().await?;
    app.stop().await
}

/// A host that is away says since when, and may be forgotten with what is on it.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_host_that_is_gone_is_forgotten() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine) = app.add_server("alpha").await?;
    app.owner.destination(&server, "shop").await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/servers/{}", server.id)).await?;
    engine.stop();
    app.owner.reachable(server.id.as_str(), Reachability::Unreachable).await?;
    chromium.sees("It does not answer.").await?;
    chromium.picture("server-away").await?;
    chromium.press("Danger").await?;
    is_sound(&chromium).await?;
    chromium.fill("section:last-of-type [name=_typed]", "alpha").await?;
    chromium.press("Forget").await?;
    chromium.sees("These networks stay on its host").await?;
    chromium.sees("shop").await?;
    app.owner.get(&format!("/v1/servers/{}", server.id)).await?.problem(404)?;
    chromium.close().await?;
    app.stop().await
}
