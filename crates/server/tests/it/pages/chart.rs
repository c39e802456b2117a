//! The overview, the chart and the question of reach, as a person uses them.

use std::sync::Arc;

use anyhow::{Context, Result};
use portolan_server::host::{
    Endpoint,
    fake::{FakeEngine, FakeSwarm},
};
use portolan_types::{Chart, Destination, Event, OperationState, Page, Server, ServerKind};
use serde_json::json;

use super::browser::signed_in;
use crate::{
    proxies::with_images,
    support::{Chromium, Database, TestApp, eventually},
};

const HOSTILE: &str = "<img src=x onerror=alert(1)>";

/// A shop and its neighbours on two hosts, with what goes wrong in real life.
struct Fleet {
    shop: Destination,
    alpha: Server,
    engine: Arc<FakeEngine>,
}

impl Fleet {
    async fn make(app: &TestApp) -> Result<Self> {
        let (alpha, engine) = app.add_server("alpha").await?;
        with_images(&engine);
        app.set_proxy(&alpha, json!({ "kind": "caddy" })).await?;
        let shop = app.owner.destination(&alpha, "shop").await?;
        app.owner.destination(&alpha, "blog").await?;
        for name in ["web", "api", "worker", HOSTILE] {
            engine.join("shop", name);
        }
        engine.join_as("shop", "migrations", "exited", &Endpoint::default());
        engine.join("blog", "ghost");
        app.owner.route(&shop, "shop.example.com").await?;
        let (beta, other) = app.add_server("beta").await?;
        let data = app.owner.destination(&beta, "data").await?;
        other.join("data", "postgres");
        app.owner.route(&data, "admin.example.com").await?;
        let fleet = Self { shop, alpha, engine };
        fleet.looked_at(app, 6).await?;
        Ok(fleet)
    }

    /// Waits until so many containers on `shop` and `blog` are drawn.
    async fn looked_at(&self, app: &TestApp, wanted: usize) -> Result<()> {
        let scan = format!("/v1/servers/{}/scan?wait=20", self.alpha.id);
        app.owner.post(&scan, json!({})).await?;
        eventually("the containers are drawn", || async {
            let chart: Chart = app.owner.get("/v1/chart").await?.ok()?;
            let prefix = format!("container:{}:", self.alpha.id);
            let drawn = chart.nodes.iter().filter(|node| node.id.starts_with(&prefix));
            Ok((drawn.count() == wanted).then_some(()))
        })
        .await
    }
}

async fn draws(chromium: &Chromium, what: &str) -> Result<()> {
    eventually(&format!("the chart draws {what}"), || async {
        let script = "return [...document.querySelectorAll('#chart-sheet .chart-node')].map(
            (node) => node.textContent).join('|')";
        let drawn = chromium.ask(script, json!([])).await?;
        Ok(drawn.as_str().is_some_and(|drawn| drawn.contains(what)).then_some(()))
    })
    .await
}

/// Clicks what the chart draws by this name.
async fn choose(chromium: &Chromium, kind: &str, name: &str) -> Result<()> {
    let script =
        "const node = [...document.querySelectorAll('#chart-sheet .' + arguments[0])].find(
        (node) => node.querySelector('title').textContent.startsWith(arguments[1]));
        node.dispatchEvent(new MouseEvent('click', { bubbles: true }))";
    chromium.ask(script, json!([kind, name])).await.map(drop)
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_person_finds_their_way_on_the_chart() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.sees("Your first destination takes two minutes").await?;
    let fleet = Fleet::make(&app).await?;

    // What is dark is told on the first page, by itself.
    chromium.sees("Needs attention").await?;
    chromium.sees("admin.example.com/").await?;
    chromium.picture("overview").await?;

    chromium.open(&format!("{url}/chart")).await?;
    draws(&chromium, HOSTILE).await?;
    draws(&chromium, "no proxy").await?;
    choose(&chromium, "is-destination", "alpha-shop").await?;
    chromium.sees("Open its page").await?;
    chromium.picture("chart").await?;
    chromium.press("What breaks if I delete this?").await?;
    chromium.sees("This would be refused").await?;
    chromium.press("From here").await?;
    chromium.fill("#chart-reach [name=to]", "beta:postgres").await?;
    chromium.press("Ask").await?;
    chromium.sees("different hosts").await?;
    // Nothing was done by looking.
    assert_eq!(app.owner.show(&fleet.shop).await?.id, fleet.shop.id);

    // It is live, and what was chosen stays so.
    fleet.engine.join("shop", "newcomer");
    fleet.looked_at(&app, 7).await?;
    app.owner.destination(&fleet.alpha, "later").await?;
    draws(&chromium, "newcomer").await?;
    draws(&chromium, "alpha-later").await?;
    chromium.sees("Open its page").await?;
    chromium.press("The same as a table").await?;
    chromium.sees("leads requests to web").await?;
    assert!(chromium.fits(500, 800).await?);
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn an_overlay_spans_its_servers_on_the_chart() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let swarm = FakeSwarm::new();
    let (echo, one) = app.add_server("echo").await?;
    let (foxtrot, two) = app.add_server("foxtrot").await?;
    let node = swarm.join(&one, "echo", ServerKind::SwarmManager);
    swarm.join(&two, "foxtrot", ServerKind::SwarmManager);
    for server in [&echo, &foxtrot] {
        eventually("it is a manager", || async {
            let path = format!("/v1/servers/{}", server.id);
            let shown: Server = app.owner.get(&path).await?.ok()?;
            Ok((shown.kind == Some(ServerKind::SwarmManager)).then_some(()))
        })
        .await?;
    }
    app.owner.destination(&echo, "mesh").await?;
    swarm.serve("billing", "billing:1", "mesh", &node);
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/chart")).await?;
    draws(&chromium, "echo-mesh").await?;
    draws(&chromium, "billing").await?;
    let spans = "return document.querySelectorAll('#chart-sheet .is-spans').length";
    assert_eq!(chromium.ask(spans, json!([])).await?, 2);
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

/// Waits until the chart draws so many destinations.
async fn draws_destinations(chromium: &Chromium, wanted: usize) -> Result<()> {
    let drawn = "return document.querySelectorAll('#chart-sheet .is-destination').length";
    eventually(&format!("{wanted} destinations are drawn"), || async {
        Ok((chromium.ask(drawn, json!([])).await? == wanted).then_some(()))
    })
    .await
}

/// A key on the slider of moments.
async fn key(chromium: &Chromium, key: &str) -> Result<()> {
    let script = "document.querySelector('[data-range]').dispatchEvent(
        new KeyboardEvent('keydown', { key: arguments[0], bubbles: true }))";
    chromium.ask(script, json!([key])).await.map(drop)
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_person_looks_back() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let fleet = Fleet::make(&app).await?;
    let gone = app.owner.find_destination("blog").await?;
    fleet.engine.empty("blog");
    let path = format!("/v1/destinations/{}?wait=20", gone.id);
    app.owner.delete(&path).await?.accepted::<serde_json::Value>()?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/chart")).await?;
    draws_destinations(&chromium, 2).await?;
    chromium.press("Back in time").await?;
    chromium.sees("This is now").await?;
    // From event to event, until the removed one is there again.
    chromium.press("\u{2039} Earlier event").await?;
    chromium.sees("was removed").await?;
    chromium.press("\u{2039} Earlier event").await?;
    draws_destinations(&chromium, 3).await?;
    draws(&chromium, "alpha-blog").await?;
    chromium.sees("is not kept").await?;
    chromium.picture("chart-past").await?;
    // By the keyboard to the beginning, to its first event, and back.
    key(&chromium, "Home").await?;
    chromium.sees("There was nothing yet").await?;
    key(&chromium, "ArrowRight").await?;
    chromium.sees("server `alpha` was added").await?;
    assert!(chromium.url().await?.contains("?at="));
    key(&chromium, "End").await?;
    draws_destinations(&chromium, 2).await?;
    // The same is an address, and a table.
    let events: Page<Event> =
        app.owner.get("/v1/events?subject_type=destination&limit=1").await?.ok()?;
    let at = events.items.first().context("an event")?.at;
    chromium.open(&format!("{url}/chart?at={at}")).await?;
    chromium.press("The same as a table").await?;
    chromium.sees("As it was").await?;
    assert_eq!(chromium.barriers().await?, Vec::<String>::new());
    assert!(chromium.fits(500, 800).await?);
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_connection_is_proved_from_the_page() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let fleet = Fleet::make(&app).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/reach")).await?;
    chromium.fill("[name=from]", "alpha:web").await?;
    chromium.fill("[name=to]", "alpha:api").await?;
    chromium.press("Ask").await?;
    chromium.sees("Where they are").await?;
    chromium.picture("reach").await?;
    chromium.fill("form[action$=prove] [name=from]", "alpha:web").await?;
    chromium.fill("form[action$=prove] [name=to]", "alpha:api").await?;
    chromium.press("Prove").await?;
    chromium.sees("From what was seen").await?;
    let id = chromium.url().await?.rsplit('/').next().unwrap_or_default().to_owned();
    assert_eq!(app.owner.outcome(&id).await?.state, OperationState::Succeeded);
    assert!(fleet.engine.container_names().iter().all(|name| !name.contains("probe")));
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

/// 20 servers with 5 destinations each and 19 containers on each, as a script of the page sees it.
const LARGE: &str = r#"
    const nodes = [{ id: "internet", kind: "internet", name: "Internet", state: "outside" }], links = [];
    for (let s = 0; s < 20; s++) {
      const parent = `server:${s}`;
      nodes.push({ id: parent, kind: "server", name: `host-${s}`, state: "ready" });
      nodes.push({ id: `proxy:${s}`, kind: "proxy", name: "caddy", state: "running", parent });
      links.push({ from: "internet", to: `proxy:${s}`, kind: "route" });
      for (let d = 0; d < 5; d++) {
        const id = `destination:${s}-${d}`;
        nodes.push({ id, kind: "destination", name: `net-${d}`, state: "ready", parent });
        links.push({ from: `proxy:${s}`, to: id, kind: "attachment" });
        for (let c = 0; c < 19; c++) {
          const one = `container:${s}-${d}-${c}`;
          const group = c < 12 ? `project-${d}` : undefined;
          nodes.push({ id: one, kind: "container", name: `app-${d}-${c}`, state: c % 9 ? "running" : "exited", parent, group });
          links.push({ from: id, to: one, kind: "member" });
        }
      }
    }
    const fetched = window.fetch;
    window.fetch = (url, options) => url === "/v1/chart"
      ? Promise.resolve(new Response(JSON.stringify({ nodes, links, left_out: 0 })))
      : fetched(url, options);
    document.dispatchEvent(new CustomEvent("portolan:event", { detail: { subject: {}, kind: "x.y" } }));
"#;

/// Moves and zooms for sixty frames, and says how long the middle one and the slow ones took.
const FRAMES: &str = r#"
    const done = arguments[arguments.length - 1];
    const svg = document.getElementById("chart-sheet"), box = svg.getBoundingClientRect(), times = [];
    let last;
    const frame = (now) => {
      if (last !== undefined) times.push(now - last);
      last = now;
      if (times.length === 60) {
        times.sort((a, b) => a - b);
        return done({ middle: times[30], slow: times[57] });
      }
      const at = { clientX: box.left + 300 + times.length * 4, clientY: box.top + 200 };
      svg.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: times.length < 30 ? -60 : 60, cancelable: true }));
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
"#;

/// The times are printed: `cargo nextest run -p portolan-server --test it two_thousand
/// --run-ignored all --no-capture`.
#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn two_thousand_things_are_drawn_and_moved() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    app.add_server("alpha").await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/chart")).await?;
    draws(&chromium, "alpha").await?;
    chromium.ask(LARGE, json!([])).await?;
    chromium.sees("2041 things").await?;
    chromium.press("Unfold").await?;
    draws(&chromium, "project-4").await?;
    // From afar nobody could read what is in the groups: it is there once somebody comes near.
    let cells = "return document.querySelectorAll('#chart-sheet .is-cell').length";
    assert_eq!(chromium.ask(cells, json!([])).await?, 0);
    let find = "const field = document.querySelector('[data-find]');
        field.value = arguments[0];
        field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))";
    chromium.ask(find, json!(["app-4-11"])).await?;
    draws(&chromium, "app-4-11").await?;
    let drawn = chromium.ask(cells, json!([])).await?.as_u64().context("a number")?;
    assert!((1..600).contains(&drawn), "{drawn} of 1,900 are drawn");
    chromium.ask(find, json!([""])).await?;
    chromium.click("[data-act=fit]").await?;
    let frames = chromium.run(FRAMES, json!({})).await?;
    #[expect(clippy::print_stdout, reason = "a measurement")]
    {
        println!("milliseconds a frame: {frames}");
    }
    // Software draws here, on a machine that does other things too.
    assert!(frames["middle"].as_f64().is_some_and(|middle| middle < 500.0), "{frames}");
    chromium.close().await?;
    app.stop().await
}
