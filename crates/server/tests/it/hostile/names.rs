//! What engines call things. Names are told as they are where they are data, and do no harm where
//! they are shown; what an engine says of itself is one bounded line each.

use anyhow::{Context, Result, ensure};
use portolan_types::{Destination, Operation, OperationResult, OperationState, Page, Server};
use serde_json::{Value, json};

use super::{
    Watch, add,
    engine::{Asked, Engine, Reply, ordinary},
    reach_real_peers, validated,
};
use crate::support::{TestApp, eventually, story};

fn names() -> Vec<String> {
    let names = [
        "",
        "\u{1b}[2J\u{1b}[31mred",
        "\u{1b}]0;title\u{7}",
        "</title><script>alert(1)</script>",
        "\" onload=\"alert(1)",
        "&lt;b&gt;",
        "\u{202e}gnp.exe",
        "\u{200b}\u{feff}invisible",
        "nul\0byte",
        "line\nfeed\r\nSet-Cookie: a=b",
        "../../images/json",
        "..%2f..%2fimages",
        "'; drop table servers; --",
        "${jndi:ldap://a}",
        "{{7*7}}",
        "`id` $(id)",
        "=cmd|' /C calc'!A0",
        "\u{d7ff}\u{10ffff}",
        "e\u{301}\u{327}\u{323}",
    ];
    names.into_iter().map(str::to_owned).chain(["n".repeat(65_536)]).collect()
}

/// An id as Docker has them, for the n-th thing.
fn id(n: usize) -> String {
    format!("{n:064x}")
}

fn networks() -> Value {
    let hostile = names().into_iter().enumerate().map(|(n, name)| {
        json!({
            "Id": id(n), "Name": name, "Driver": name, "Scope": name,
            "Labels": { &name: &name, "com.docker.compose.project": &name },
            "Options": { &name: &name },
            "IPAM": { "Config": [{ "Subnet": name, "Gateway": name, "IPRange": name }] },
        })
    });
    // Ids are hostile as well.
    let nameless = names().into_iter().enumerate().map(|(n, name)| {
        json!({ "Id": name, "Name": format!("hostile-{n}"), "Driver": "bridge", "Scope": "local" })
    });
    let shop = json!({
        "Id": id(1_000), "Name": "shop", "Driver": "bridge", "Scope": "local",
        "IPAM": { "Config": [{ "Subnet": "10.77.0.0/24" }] },
    });
    hostile.chain(nameless).chain([shop]).collect()
}

fn containers() -> Value {
    let on_shop = json!({ "Networks": { "shop": { "NetworkID": id(1_000), "IPAddress": "x" } } });
    let hostile = names().into_iter().enumerate().map(|(n, name)| {
        json!({
            "Id": id(n), "Names": [format!("/{name}")], "Image": name, "State": "running",
            "Status": name, "Created": i64::MAX,
            "Labels": { &name: &name, "caddy": &name, "com.docker.compose.project": &name },
            "NetworkSettings": on_shop,
        })
    });
    let nameless = names().into_iter().map(
        |name| json!({ "Id": name, "Names": null, "State": "running", "NetworkSettings": on_shop }),
    );
    hostile.chain(nameless).collect()
}

fn info() -> Value {
    let text = "\u{1b}[2Jhost\r\nname\u{202e}\0";
    json!({
        "ID": text, "Name": text, "OperatingSystem": text.repeat(10_000), "KernelVersion": text,
        "Architecture": text, "DockerRootDir": format!("/\0{text}"),
        "NCPU": i64::MIN, "MemTotal": i64::MAX, "Warnings": vec![text; 100_000],
        "DefaultAddressPools": vec![json!({ "Base": text, "Size": 200 }); 10_000],
        "Swarm": { "LocalNodeState": "inactive", "NodeID": text },
    })
}

fn script(asked: &Asked) -> Reply {
    let what = asked.what();
    let all = networks();
    let one = what.strip_prefix("GET /networks/").and_then(|wanted| {
        all.as_array()?.iter().find(|one| one["Id"] == wanted || one["Name"] == wanted)
    });
    match what.as_str() {
        "GET /networks" => Reply::json(&all),
        "GET /containers/json" => Reply::json(&containers()),
        "GET /info" => Reply::json(&info()),
        "GET /version" => Reply::json(&json!({
            "Version": "28.5.1\r\n\u{1b}[31m", "ApiVersion": "\u{1b}[2J".repeat(10_000),
        })),
        _ => one.map_or_else(|| ordinary(asked), Reply::json),
    }
}

fn is_harmless(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c))
}

/// A text in JSON, wherever it is.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(values) => values.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// What the engine said of itself is bounded and harmless, in the server and in its validation.
async fn check_server(app: &TestApp, server: &Server, validation: &Operation) -> Result<()> {
    assert_eq!(validation.state, OperationState::Succeeded, "{validation:.2000?}");
    for step in &validation.steps {
        let detail = step.detail.as_deref().unwrap_or_default();
        ensure!(is_harmless(detail) && detail.len() < 8_192, "{step:.2000?}");
    }
    let shown = app.owner.get(&format!("/v1/servers/{}", server.id)).await?;
    ensure!(shown.text.len() < 512 << 10, "{} bytes of a server", shown.text.len());
    let shown: Value = shown.ok()?;
    for text in texts(&shown["engine"]) {
        ensure!(is_harmless(text), "{text:?}");
    }
    Ok(())
}

/// A scan tells every name as it is, and nothing hostile can be adopted.
async fn check_scan(app: &TestApp, server: &Server) -> Result<Destination> {
    let path = format!("/v1/servers/{}/scan?wait=20", server.id);
    let scan: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
    let Some(OperationResult::Scan { networks }) = scan.result else {
        anyhow::bail!("{scan:.2000?}")
    };
    for name in names() {
        ensure!(networks.iter().any(|network| network.name == name), "{name:.80?} is not told");
    }
    let path = format!("/v1/servers/{}/adopt?wait=20", server.id);
    let adopted: Operation = app.owner.post(&path, json!({ "all": true })).await?.accepted()?;
    assert_eq!(adopted.state, OperationState::Succeeded, "{adopted:.2000?}");
    let page: Page<Destination> = app.owner.get("/v1/destinations?limit=200").await?.ok()?;
    let shop = page.items.iter().find(|one| one.network.as_str() == "shop");
    for one in &page.items {
        ensure!(is_harmless(one.network.as_str()), "{:?} was adopted", one.network);
    }
    shop.cloned().context("the one that can be adopted")
}

/// Everything else that shows names.
async fn check_views(app: &TestApp, server: &Server, shop: &Destination) -> Result<()> {
    let containers = format!("/v1/destinations/{}/containers", shop.id);
    let shown: Value = app.owner.get(&containers).await?.ok()?;
    let shown = texts(&shown).join("\n");
    ensure!(shown.contains("<script>"), "names are data in JSON: {shown:.500}");
    let preview = format!("/v1/destinations/{}?preview=true", shop.id);
    app.owner.delete(&preview).await?.ok::<Value>()?;
    for path in [format!("/v1/servers/{}/addresses", server.id), "/v1/addresses".into()] {
        app.owner.get(&path).await?.ok::<Value>()?;
        let picture = app.owner.get(&format!("{path}.svg")).await?;
        ensure!(picture.status == 200, "{:.2000}", picture.text);
        for bad in ["<script", "onload=\"", "\u{1b}", "\0", "\u{202e}"] {
            ensure!(!picture.text.contains(bad), "{bad:?} in a picture");
        }
    }
    let from = names().into_iter().nth(1).context("a name")?;
    app.owner.post("/v1/reach", json!({ "from": from, "to": "shop" })).await?.problem(422)?;
    Ok(())
}

async fn check_events(app: &TestApp) -> Result<()> {
    let page: Value = app.owner.get("/v1/events?limit=200").await?.ok()?;
    for text in texts(&page) {
        ensure!(is_harmless(text), "{text:.500?}");
        ensure!(text.len() < 8_192, "{} bytes in an event", text.len());
    }
    let page = app.owner.get("/metrics").await?;
    ensure!(page.status == 200 && !page.text.contains('\u{1b}'), "{:.500}", page.text);
    Ok(())
}

story! {
    /// An engine whose every name is an attack is used like any other.
    async fn every_name_is_an_attack(app) {
        let watch = Watch::begin();
        reach_real_peers(app).await?;
        let engine = Engine::start(script)?;
        let server = add(app, "alpha", engine.connection()).await?;
        let validation = validated(app, &server).await?;
        check_server(app, &server, &validation).await?;
        eventually("the host was looked at", || async {
            let path = format!("/v1/servers/{}/addresses", server.id);
            let shown: Value = app.owner.get(&path).await?.ok()?;
            Ok((!shown["seen_at"].is_null()).then_some(()))
        })
        .await?;
        let shop = check_scan(app, &server).await?;
        check_views(app, &server, &shop).await?;
        check_events(app).await?;
        watch.saw_nothing(768)?;
    }
}
