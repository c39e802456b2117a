//! The fleet as it was: what a random history of real operations left behind is walked back, and gives
//! at each moment what was read then.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context, Result, bail, ensure};
use portolan_server::host::fake::FakeEngine;
use portolan_types::{
    Chart, ChartLinkKind, ChartNodeKind, Destination, Reachability, Right, Route, Server, Timestamp,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::json;

use super::chart;
use crate::{
    proxies::with_images,
    security::{Team, join},
    support::{Client, TestApp, eventually, story},
};

async fn chart_at(client: &Client, moment: Timestamp) -> Result<Chart> {
    client.get(&format!("/v1/chart?at={moment}")).await?.ok()
}

/// What the past claims of a picture: everything but what was seen on hosts.
fn claimed(chart: &Chart) -> BTreeSet<String> {
    let nodes = chart.nodes.iter().filter(|node| match node.kind {
        ChartNodeKind::Internet
        | ChartNodeKind::Server
        | ChartNodeKind::Proxy
        | ChartNodeKind::Destination => true,
        ChartNodeKind::Container
        | ChartNodeKind::Service
        | ChartNodeKind::Application
        | ChartNodeKind::Database => false,
    });
    let nodes = nodes.map(|node| {
        let said = (&node.id, &node.name, &node.state, &node.reason, &node.parent);
        format!("{said:?}")
    });
    let links = chart.links.iter().filter_map(|link| match link.kind {
        ChartLinkKind::Attachment => Some(format!("{link:?}")),
        ChartLinkKind::Route => Some(format!(
            "{:?}",
            (&link.from, &link.label, &link.state, link.missing, &link.route_id)
        )),
        ChartLinkKind::Member | ChartLinkKind::Spans | ChartLinkKind::Link => None,
    });
    nodes.chain(links).collect()
}

/// As long as nothing changes for this long, what keepers do for now is done.
const QUIET_MS: i64 = 250;

/// A moment at which the picture was so: just after the last change that it shows. The clock would not
/// do: what is decided at a moment is seen when it is committed, which is later.
async fn moment(app: &TestApp) -> Result<(Timestamp, BTreeSet<String>)> {
    let pool = app.pool().await?;
    let found = eventually("the picture stands still", || async {
        let before = claimed(&chart(app).await?);
        let from = Timestamp::now();
        while Timestamp::now().as_millis() < from.as_millis() + QUIET_MS {
            if claimed(&chart(app).await?) != before {
                return Ok(None);
            }
        }
        let last = "select coalesce(max(until), $1) from past";
        let last: i64 = sqlx::query_scalar(last).bind(from.as_millis()).fetch_one(&pool).await?;
        // It may have come since the picture was read.
        let same = claimed(&chart(app).await?) == before;
        Ok(same.then(|| (Timestamp::from_millis(last + 1), before)))
    })
    .await?;
    Ok(found)
}

/// What there is to do something with.
#[derive(Default)]
struct Fleet {
    servers: Vec<(Server, Arc<FakeEngine>)>,
    destinations: Vec<Destination>,
    routes: Vec<Route>,
    made: usize,
}

impl Fleet {
    fn name(&mut self) -> String {
        self.made += 1;
        format!("thing-{}", self.made)
    }

    /// Something that a person does, or that happens to a host; refusals are an answer like others.
    async fn act(&mut self, app: &TestApp, chance: &mut StdRng) -> Result<()> {
        let name = self.name();
        let owner = &app.owner;
        let server = self.servers.choose(chance).cloned();
        let destination = self.destinations.choose(chance).cloned();
        let route = self.routes.choose(chance).cloned();
        match (chance.random_range(0..12), server, destination, route) {
            (0, ..) if self.servers.len() < 4 => self.servers.push(add_server(app, &name).await?),
            (1..=3, Some((server, _)), ..) => {
                self.destinations.push(owner.destination(&server, &name).await?);
            }
            (4, Some((server, _)), ..) => {
                let path = format!("/v1/servers/{}/proxy?wait=20", server.id);
                let _ = owner.put(&path, json!({ "kind": "caddy" })).await?;
            }
            (5, Some((server, _)), ..) => {
                owner.delete(&format!("/v1/servers/{}/proxy?wait=20", server.id)).await?;
            }
            (6 | 7, _, Some(destination), _) => {
                self.routes.push(owner.route(&destination, &format!("{name}.example.com")).await?);
            }
            (8, _, _, Some(route)) => {
                owner.delete(&format!("/v1/routes/{}", route.id)).await?;
                self.routes.retain(|one| one.id != route.id);
            }
            (9, _, Some(destination), _) => {
                let path = format!("/v1/destinations/{}", destination.id);
                owner.patch(&path, json!({ "name": name })).await?;
            }
            (10, _, Some(destination), _) => {
                let path = format!("/v1/destinations/{}?wait=20", destination.id);
                owner.delete(&path).await?;
                let gone = owner.get(&path).await?.problem(404).is_ok();
                self.destinations.retain(|one| !(gone && one.id == destination.id));
                self.routes.retain(|one| !(gone && one.destination_id == destination.id));
            }
            (11, Some((server, engine)), Some(destination), _) => {
                if chance.random_bool(0.5) {
                    engine.drop_network(destination.network.as_str());
                } else {
                    let path = format!("/v1/servers/{}", server.id);
                    owner.patch(&path, json!({ "name": name })).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

async fn add_server(app: &TestApp, name: &str) -> Result<(Server, Arc<FakeEngine>)> {
    let (server, engine) = app.add_server(name).await?;
    with_images(&engine);
    Ok((server, engine))
}

story! {
    /// Each moment of a random history is, walked back to from its end, what was read then.
    async fn every_moment_is_what_was_read_then(app) {
        let seed: u64 = rand::random();
        let mut chance = StdRng::seed_from_u64(seed);
        let mut fleet = Fleet::default();
        let mut moments = vec![moment(app).await?];
        for name in ["one", "two"] {
            fleet.servers.push(add_server(app, name).await?);
            moments.push(moment(app).await?);
        }
        for _ in 0..24 {
            fleet.act(app, &mut chance).await?;
            moments.push(moment(app).await?);
        }
        // A host goes away and is forgotten with all that is on it; another one answers again.
        let (lost, engine) = add_server(app, "lost").await?;
        app.set_proxy(&lost, json!({ "kind": "caddy" })).await?;
        let web = app.owner.destination(&lost, "web").await?;
        app.owner.route(&web, "lost.example.com").await?;
        moments.push(moment(app).await?);
        engine.stop();
        app.owner.reachable(lost.id.as_str(), Reachability::Unreachable).await?;
        moments.push(moment(app).await?);
        app.owner.delete(&format!("/v1/servers/{}?forget=true", lost.id)).await?.ok::<serde_json::Value>()?;
        moments.push(moment(app).await?);
        for (number, (at, read)) in moments.iter().enumerate() {
            let then = claimed(&chart_at(&app.owner, *at).await?);
            let wrong: Vec<_> = then.symmetric_difference(read).collect();
            ensure!(wrong.is_empty(), "seed {seed}, moment {number} of {}, {at}: {wrong:#?}", moments.len());
        }
        let most = moments.iter().map(|(_, read)| read.len()).max();
        ensure!(most > Some(8), "seed {seed}: nothing happened");
    }
}

story! {
    /// Of the past one sees no more than of now: what is on servers that are granted.
    async fn the_past_is_as_visible_as_the_present(app) {
        let (larboard, _) = app.add_server("larboard").await?;
        let (starboard, _) = app.add_server("starboard").await?;
        let ours = app.owner.destination(&larboard, "larboard-web").await?;
        let theirs = app.owner.destination(&starboard, "starboard-web").await?;
        app.owner.route(&ours, "larboard.example.com").await?;
        app.owner.route(&theirs, "starboard.example.com").await?;
        let (at, _) = moment(app).await?;
        for one in [&ours, &theirs] {
            app.owner.patch(&format!("/v1/destinations/{}", one.id), json!({ "name": "renamed" })).await?;
        }
        let person = join(app, "member", Team::Same).await?;
        let sees = format!("/v1/members/{}", person.id);
        app.owner.patch(&sees, json!({ "sees": "granted" })).await?.ok::<serde_json::Value>()?;
        let path = format!("/v1/chart?at={at}");
        let text = person.client.get(&path).await?.text;
        ensure!(!text.contains("board"), "{text}");
        person.grant(app, larboard.id.as_str(), Right::View).await?;
        let text = person.client.get(&path).await?.text;
        ensure!(text.contains("larboard-web") && text.contains("larboard.example.com"), "{text}");
        ensure!(!text.contains("starboard"), "{text}");
        let stranger = join(app, "owner", Team::Other).await?.client;
        let text = stranger.get(&path).await?.text;
        ensure!(!text.contains("board"), "{text}");
    }
}

story! {
    /// What cannot be known is refused, or said to be unknown.
    async fn what_is_not_kept_is_not_claimed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let shop = app.owner.destination(&server, "shop").await?;
        engine.join("shop", "web");
        app.owner.route(&shop, "shop.example.com").await?;
        let (at, _) = moment(app).await?;
        let then = chart_at(&app.owner, at).await?;
        assert_eq!((then.at, then.as_of), (Some(at), None));
        let target = then.nodes.iter().find(|node| node.name == "web").context("the target")?;
        assert_eq!((target.state.as_str(), target.missing), ("unknown", false));
        let since = then.since.context("a beginning")?;
        let Some(now) = chart(app).await?.since else { bail!("the present says since when") };
        assert_eq!(now, since);
        chart_at(&app.owner, since).await?;
        for wrong in [since.plus_seconds(-1), Timestamp::now().plus_seconds(60)] {
            app.owner.get(&format!("/v1/chart?at={wrong}")).await?.problem(422)?;
        }
        app.owner.get("/v1/chart?at=yesterday").await?.problem(422)?;
    }
}
