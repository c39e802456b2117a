//! Scanning a server and adopting what is there: with evidence, never altering it.

use anyhow::{Context, Result, bail, ensure};
use portolan_server::host::{HostError, fake::Trouble};
use portolan_types::{
    Adoptability, AdoptedNetwork, Destination, DestinationState, MakerKind, Operation,
    OperationResult, OperationState, Origin, Page, Preview, Reachability, ScannedNetwork, Server,
};
use serde_json::json;

use crate::support::{TestApp, eventually, story};

async fn scan(app: &TestApp, server: &Server) -> Result<Vec<ScannedNetwork>> {
    let path = format!("/v1/servers/{}/scan?wait=20", server.id);
    let operation: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
    assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
    match operation.result {
        Some(OperationResult::Scan { networks }) => Ok(networks),
        other => bail!("not a scan: {other:?}"),
    }
}

async fn adopt(
    app: &TestApp,
    server: &Server,
    body: serde_json::Value,
) -> Result<(OperationState, Vec<AdoptedNetwork>)> {
    let path = format!("/v1/servers/{}/adopt?wait=20", server.id);
    let operation: Operation = app.owner.post(&path, body).await?.accepted()?;
    match operation.result {
        Some(OperationResult::Adoption { networks }) => Ok((operation.state, networks)),
        other => bail!("not an adoption: {other:?}"),
    }
}

async fn destinations(app: &TestApp) -> Result<Vec<Destination>> {
    let page: Page<Destination> = app.owner.get("/v1/destinations").await?.ok()?;
    Ok(page.items)
}

story! {
    /// A scan lists every network with its evidence, and says which can be adopted or why not.
    async fn a_scan_shows_what_is_there(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "ours").await?;
        engine.put_network("bridge", |_| {});
        engine.put_network("shop_default", |network| {
            network.labels.insert("com.docker.compose.project".into(), "shop".into());
        });
        engine.put_network("lan", |network| network.driver = "macvlan".into());
        engine.put_network("sea", |network| network.scope = "swarm".into());
        engine.join("shop_default", "shop-web-1");

        let networks = scan(app, &server).await?;
        let names: Vec<&str> = networks.iter().map(|network| network.name.as_str()).collect();
        assert_eq!(names, ["bridge", "lan", "ours", "sea", "shop_default"]);
        let of = |name: &str| networks.iter().find(|network| network.name == name).context("listed");
        let shop = of("shop_default")?;
        assert_eq!((shop.maker.kind, shop.maker.detail.as_deref()), (MakerKind::Compose, Some("shop")));
        assert_eq!(shop.members[0].name, "shop-web-1");
        assert_eq!(shop.adoptability, Adoptability::Adoptable);
        assert_eq!(of("ours")?.adoptability, Adoptability::Destination { destination_id: made.id });
        for name in ["bridge", "lan", "sea"] {
            ensure!(matches!(of(name)?.adoptability, Adoptability::Refused { .. }), "{name}");
        }
    }
}

story! {
    /// A scan that fails is an error with Docker's words, never an empty list.
    async fn a_failed_scan_is_an_error(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let words = "the engine is confused";
        let error = HostError::Docker { status: 500, message: words.into() };
        let path = format!("/v1/servers/{}/scan?wait=20", server.id);
        // A look that was on its way already may take the trouble for itself.
        let operation = eventually("a scan meets the trouble", || async {
            app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
            engine.trouble_in("list_networks", Trouble::Fail(error.clone()));
            let answer = app.owner.post(&path, json!({})).await?;
            if answer.status == 409 {
                return Ok(None);
            }
            let operation: Operation = answer.accepted()?;
            Ok((operation.state == OperationState::Failed).then_some(operation))
        })
        .await?;
        ensure!(operation.result.is_none(), "{operation:?}");
        ensure!(operation.failure.is_some_and(|failure| failure.message.contains(words)), "no words");
    }
}

story! {
    /// Some are adopted, some are not, and each has its outcome.
    async fn adoption_reports_each_network(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.put_network("web", |_| {});
        engine.put_network("lan", |network| network.driver = "macvlan".into());
        let before = engine.network("web");
        let body = json!({ "networks": ["web", "lan", "none"] });
        let ask = format!("/v1/servers/{}/adopt?preview=true", server.id);
        let preview: Preview = app.owner.post(&ask, body.clone()).await?.ok()?;
        ensure!(!preview.allowed && preview.steps.len() == 1, "{preview:?}");
        ensure!(preview.refusals[0].message.contains("macvlan"), "{preview:?}");
        ensure!(destinations(app).await?.is_empty(), "the preview adopted");
        let (state, outcomes) = adopt(app, &server, body).await?;
        assert_eq!(state, OperationState::Failed);
        ensure!(outcomes[0].destination_id.is_some() && outcomes[0].reason.is_none(), "{outcomes:?}");
        ensure!(outcomes[1].reason.as_ref().is_some_and(|why| why.contains("macvlan")), "{outcomes:?}");
        ensure!(outcomes[2].reason.as_ref().is_some_and(|why| why.contains("no such")), "{outcomes:?}");

        let rows = destinations(app).await?;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].origin, rows[0].state), (Origin::Adopted, DestinationState::Ready));
        assert_eq!(engine.network("web"), before, "an adopted network was altered");
        let (_, again) = adopt(app, &server, json!({ "networks": ["web"] })).await?;
        assert_eq!(again[0].reason.as_deref(), Some("Network already added to this server."));
    }
}

story! {
    /// All that can be adopted in one call; what cannot is left out.
    async fn all_are_adopted_at_once(app) {
        let (server, engine) = app.add_server("alpha").await?;
        for name in ["one", "two", "three"] {
            engine.put_network(name, |_| {});
        }
        engine.put_network("host", |network| network.driver = "host".into());
        let (state, outcomes) = adopt(app, &server, json!({ "all": true })).await?;
        assert_eq!((state, outcomes.len()), (OperationState::Succeeded, 3));
        assert_eq!(destinations(app).await?.len(), 3);
        let path = format!("/v1/servers/{}/adopt", server.id);
        app.owner.post(&path, json!({})).await?.problem(422)?;
        app.owner.post(&path, json!({ "all": true, "networks": ["x"] })).await?.problem(422)?;
    }
}

story! {
    /// An adopted network is only ever forgotten.
    async fn an_adopted_network_is_never_removed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.put_network("web", |_| {});
        adopt(app, &server, json!({ "all": true })).await?;
        let row = destinations(app).await?.pop().context("a destination")?;
        engine.join("web", "somebody");
        let path = format!("/v1/destinations/{}?wait=20", row.id);
        let removed: Operation = app.owner.delete(&path).await?.accepted()?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        assert_eq!(engine.network_names(), ["web"]);
    }
}

story! {
    /// One that its owner removed is told, not made; one that its owner made anew is accepted by
    /// a person.
    async fn an_adopted_network_is_its_owners(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.put_network("web", |_| {});
        adopt(app, &server, json!({ "all": true })).await?;
        let row = destinations(app).await?.pop().context("a destination")?;
        engine.drop_network("web");
        let failed = app.owner.settled(&row, DestinationState::Failed).await?;
        ensure!(failed.reason.is_some_and(|why| why.contains("does not make it")), "no reason");
        ensure!(engine.network_names().is_empty(), "it was made");

        engine.put_network("web", |_| {});
        let retry = format!("/v1/destinations/{}/retry?wait=20", row.id);
        let retried: Operation = app.owner.post(&retry, json!({})).await?.accepted()?;
        assert_eq!(retried.state, OperationState::Succeeded, "{retried:?}");
        let shown = app.owner.show(&row).await?;
        let now = engine.network("web").context("a network")?.docker_id;
        assert_eq!(shown.observed.map(|observed| observed.docker_id), Some(now));
    }
}
