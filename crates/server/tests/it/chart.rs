//! The fleet as one picture, through the API.

mod past;

use anyhow::{Context, Result};
use portolan_types::{Chart, ChartLinkKind, ChartNode, ChartNodeKind};
use serde_json::json;

use crate::{
    security::{Team, join},
    support::{TestApp, eventually, story},
};

async fn chart(app: &TestApp) -> Result<Chart> {
    app.owner.get("/v1/chart").await?.ok()
}

fn named<'a>(chart: &'a Chart, kind: ChartNodeKind, name: &str) -> Result<&'a ChartNode> {
    let found = chart.nodes.iter().find(|node| node.kind == kind && node.name == name);
    found.with_context(|| format!("no {kind} `{name}`: {chart:?}"))
}

story! {
    /// What people made and what the hosts have is in the picture, with what is missing; another
    /// team sees none of it.
    async fn the_picture_follows_the_fleet(app) {
        let empty = chart(app).await?;
        assert_eq!((empty.nodes.len(), empty.links.len()), (0, 0));
        let (server, engine) = app.add_server("alpha").await?;
        let shop = app.owner.destination(&server, "shop").await?;
        app.owner.route(&shop, "shop.example.com").await?;
        let hostile = "<img src=x onerror=alert(1)>";
        engine.join("shop", "db");
        engine.join("shop", hostile);
        app.owner.post(&format!("/v1/servers/{}/scan?wait=20", server.id), json!({})).await?;
        let shown = eventually("the containers are drawn", || async {
            let shown = chart(app).await?;
            Ok(named(&shown, ChartNodeKind::Container, hostile).is_ok().then_some(shown))
        })
        .await?;
        let drawn = named(&shown, ChartNodeKind::Destination, "alpha-shop")?;
        assert_eq!((drawn.destination_id.as_ref(), drawn.missing), (Some(&shop.id), false));
        let host = named(&shown, ChartNodeKind::Server, "alpha")?;
        assert_eq!(drawn.parent.as_ref(), Some(&host.id));
        assert!(host.seen_at.is_some() && shown.as_of == host.seen_at);
        // The route leads to `web`, which nobody started, and through a proxy that there is not.
        assert!(named(&shown, ChartNodeKind::Container, "web")?.missing);
        assert!(named(&shown, ChartNodeKind::Proxy, "no proxy")?.missing);
        let db = named(&shown, ChartNodeKind::Container, "db")?;
        let member = shown.links.iter().find(|link| link.to == db.id).context("a link to `db`")?;
        assert_eq!((member.kind, &member.from), (ChartLinkKind::Member, &drawn.id));
        let stranger = join(app, "owner", Team::Other).await?.client;
        let theirs: Chart = stranger.get("/v1/chart").await?.ok()?;
        assert_eq!((theirs.nodes.len(), theirs.links.len()), (0, 0));
    }
}
