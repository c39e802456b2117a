//! What is ready stays so: somebody else's changes are seen and mended, asked about or told, as the
//! policy says; and nobody is fought.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{HostNetwork, fake::FakeEngine};
use portolan_types::{
    Destination, DestinationState, Drift, DriftKind, DriftPolicies, DriftPolicy, DriftState, Event,
    Operation, OperationState, Page, Reachability, Server,
};
use serde_json::{Value, json};

use crate::support::{TestApp, eventually, story};

mod attachments;
mod members;
mod options;
mod policy;
mod proxy;
mod routes;

/// Docker told of the thing, or a look that was under way for something else saw it first.
fn has_cause(drift: &Drift, of: &str) -> Result<()> {
    let told = drift.cause.starts_with(&format!("Docker told of the {of}: "));
    ensure!(told || drift.cause.starts_with("found when "), "{}", drift.cause);
    Ok(())
}

/// It says how long it stood, which is no longer than since somebody did it.
fn stood(drift: &Drift, since: Instant) -> Result<()> {
    let duration = u128::try_from(drift.duration_ms.context("a duration")?)?;
    ensure!(duration <= since.elapsed().as_millis(), "{drift:?}");
    Ok(())
}

impl TestApp {
    /// Says for a destination what is done about everything.
    pub(crate) async fn policy(&self, made: &Destination, policy: &str) -> Result<DriftPolicies> {
        let path = format!("/v1/destinations/{}/drift-policy", made.id);
        self.owner.patch(&path, json!({ "policy": policy })).await?.ok()
    }

    /// Says for the team what is done about a kind.
    async fn policy_of(&self, kind: &str, policy: &str) -> Result<DriftPolicies> {
        let body = json!({ "kinds": { (kind): policy } });
        self.owner.patch("/v1/drift-policy", body).await?.ok()
    }

    /// The newest drift of a kind when it has come to a state.
    async fn drift_of(&self, kind: DriftKind, state: DriftState) -> Result<Drift> {
        eventually(&format!("a drift {kind} is {state}"), || async {
            let newest = self.drifts_of(kind).await?.into_iter().next();
            Ok(newest.filter(|drift| drift.state == state))
        })
        .await
    }

    /// The newest drift of a kind when there are so many, and it has come to a state.
    async fn drift_number(
        &self,
        count: usize,
        kind: DriftKind,
        state: DriftState,
    ) -> Result<Drift> {
        eventually(&format!("drift {count} {kind} is {state}"), || async {
            let all = self.drifts_of(kind).await?;
            let newest = Some(all.len()).filter(|len| *len == count).and(all.into_iter().next());
            Ok(newest.filter(|drift| drift.state == state))
        })
        .await
    }

    /// All drifts of a kind, newest first.
    async fn drifts_of(&self, kind: DriftKind) -> Result<Vec<Drift>> {
        let page: Page<Drift> = self.owner.get(&format!("/v1/drifts?kind={kind}")).await?.ok()?;
        Ok(page.items)
    }

    /// Lets the process start anew, and the keeper look once more.
    async fn restart_and_look(&mut self, server: &Server) -> Result<()> {
        self.restart().await?;
        self.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        // A scan is answered before the same look comes to the proxy: the second is after the first.
        self.look(server).await?;
        self.look(server).await
    }

    /// A destination's drifts, newest first.
    async fn drifts(&self, made: &Destination) -> Result<Vec<Drift>> {
        let path = format!("/v1/drifts?destination_id={}", made.id);
        let page: Page<Drift> = self.owner.get(&path).await?.ok()?;
        Ok(page.items)
    }

    /// Its newest drift when it has come to a state.
    async fn drift(&self, made: &Destination, state: DriftState) -> Result<Drift> {
        eventually(&format!("a drift of {} is {state}", made.name), || async {
            let newest = self.drifts(made).await?.into_iter().next();
            Ok(newest.filter(|drift| drift.state == state))
        })
        .await
    }

    async fn heal(&self, drift: &Drift) -> Result<Operation> {
        let path = format!("/v1/drifts/{}/heal?wait=20", drift.id);
        self.owner.post(&path, json!({})).await?.accepted()
    }

    async fn dismiss(&self, drift: &Drift) -> Result<Drift> {
        self.owner.post(&format!("/v1/drifts/{}/dismiss", drift.id), json!({})).await?.ok()
    }

    /// Lets every drift lie so much further back.
    async fn age_drifts(&self, millis: i64) -> Result<()> {
        let pool = self.pool().await?;
        let sql = "update drifts set found_at = found_at - $1, ended_at = ended_at - $1";
        sqlx::query(sql).bind(millis).execute(&pool).await?;
        pool.close().await;
        Ok(())
    }

    /// Lets the keeper look once more, and waits for it.
    pub(crate) async fn look(&self, server: &Server) -> Result<()> {
        let path = format!("/v1/servers/{}/scan?wait=20", server.id);
        let scanned: Operation = self.owner.post(&path, json!({})).await?.accepted()?;
        ensure!(scanned.state == OperationState::Succeeded, "{scanned:?}");
        Ok(())
    }
}

/// What somebody does to a network, what it is called, and whether Portolan mends it by itself: it
/// neither touches what is not its own nor moves containers without a word.
type Harm = (DriftKind, fn(&FakeEngine, &str), bool);

const HARMS: [Harm; 5] = [
    (DriftKind::Missing, |engine, name| engine.drop_network(name), true),
    (DriftKind::Recreated, |engine, name| drop(engine.recreate_network(name, |_| {})), true),
    (
        DriftKind::Recreated,
        |engine, name| drop(engine.recreate_network(name, |network| network.labels.clear())),
        false,
    ),
    (
        DriftKind::OptionsDiffer,
        |engine, name| engine.change_network(name, |network| network.internal = true),
        false,
    ),
    (
        DriftKind::LabelLost,
        |engine, name| {
            engine.change_network(name, |network| {
                network.labels.remove("dev.portolan.managed");
            });
        },
        false,
    ),
];

/// The networks of a host, whatever the order.
fn networks(engine: &FakeEngine) -> Vec<Option<HostNetwork>> {
    engine.network_names().iter().map(|name| engine.network(name)).collect()
}

story! {
    /// A network that somebody removed is back, and the row has the new one.
    async fn a_lost_network_comes_back(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.drop_network("web");
        let back = eventually("the network is back", || async {
            let shown = app.owner.show(&made).await?;
            let back = engine.network("web").filter(|_| shown.state == DestinationState::Ready);
            Ok(back.filter(|network| {
                shown.observed.as_ref().is_some_and(|seen| seen.docker_id == network.docker_id)
            }))
        })
        .await?;
        assert_ne!(Some(back.docker_id), made.observed.map(|observed| observed.docker_id));

        let page: Page<Event> = app.owner.get("/v1/events?search=destination.").await?.ok()?;
        let kinds: Vec<&str> = page.items.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, [
            "destination.repaired",
            "destination.drifted",
            "destination.ready",
            "destination.added",
        ]);
    }
}

story! {
    /// What was healed is on record: what was there, what is there, why, and how long it took.
    async fn what_was_healed_is_written_down(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let before = made.observed.as_ref().context("observed")?.docker_id.clone();
        let since = Instant::now();
        engine.drop_network("web");
        let drift = app.drift(&made, DriftState::Healed).await?;
        let after = engine.network("web").context("a network")?.docker_id;
        assert_eq!(drift.kind, DriftKind::Missing);
        assert_eq!(drift.policy, DriftPolicy::Heal);
        assert_eq!(drift.server_id, server.id);
        assert_eq!(drift.before.get("docker_id"), Some(&before));
        ensure!(drift.after.is_empty(), "{drift:?}");
        assert_eq!(drift.mended.get("docker_id"), Some(&after));
        let told = format!("destroy {before}");
        has_cause(&drift, "network")?;
        let by_event = drift.cause.starts_with("Docker told");
        ensure!(!by_event || drift.cause.ends_with(&told), "{}", drift.cause);
        stood(&drift, since)?;
        let operation = drift.operation_id.as_ref().context("an operation")?;
        assert_eq!(app.owner.outcome(operation.as_str()).await?.state, OperationState::Succeeded);
        let shown: Drift = app.owner.get(&format!("/v1/drifts/{}", drift.id)).await?.ok()?;
        assert_eq!(shown, drift);
    }
}

story! {
    /// While Portolan was away the network went; it is back after the server is.
    async fn what_was_lost_meanwhile_comes_back(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        app.kill();
        engine.drop_network("web");
        app.launch().await?;
        eventually("the network is back", || async { Ok(engine.network("web")) }).await?;
        app.owner.settled(&made, DestinationState::Ready).await?;
        let drift = app.drift(&made, DriftState::Healed).await?;
        assert_eq!(drift.cause, "found when the server was connected");
    }
}

story! {
    /// Every harm under `heal`: mended where that is safe, and otherwise told and not acted on. Once
    /// what stands in the way is gone, a person's word mends it.
    async fn healed_or_failed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        for (number, (kind, harm, mended)) in HARMS.into_iter().enumerate() {
            let name = format!("net-{number}");
            let made = app.owner.destination(&server, &name).await?;
            let before = networks(&engine).len();
            harm(&engine, &name);
            let state = if mended { DriftState::Healed } else { DriftState::Failed };
            let drift = app.drift(&made, state).await.context(name.clone())?;
            assert_eq!(drift.kind, kind);
            assert_eq!(networks(&engine).len(), before, "{name}: a network in use was touched");
            if mended {
                app.owner.settled(&made, DestinationState::Ready).await?;
                continue;
            }
            let failed = app.owner.settled(&made, DestinationState::Failed).await?;
            assert_eq!(failed.reason, drift.reason);
            ensure!(drift.remedy.is_some() && drift.ended_at.is_none(), "{drift:?}");
            engine.drop_network(&name);
            let healed = app.heal(&drift).await?;
            ensure!(healed.state == OperationState::Succeeded, "{healed:?}");
            let over = app.drift(&made, DriftState::Healed).await?;
            assert_eq!(over.id, drift.id);
            app.owner.settled(&made, DestinationState::Ready).await?;
        }
    }
}

story! {
    /// Every harm under `ask` and `tell`: nothing is done, not by a look, not by a restart, until a
    /// person says so.
    async fn left_alone(app) {
        let (server, engine) = app.add_server("alpha").await?;
        for policy in ["ask", "tell"] {
            for (number, (kind, harm, mended)) in HARMS.into_iter().enumerate() {
                let name = format!("{policy}-{number}");
                let made = app.owner.destination(&server, &name).await?;
                app.policy(&made, policy).await?;
                harm(&engine, &name);
                let state = if policy == "ask" { DriftState::Asked } else { DriftState::Told };
                let found = app.drift(&made, state).await.context(name.clone())?;
                assert_eq!(found.kind, kind);
                let drifted = app.owner.settled(&made, DestinationState::Drifted).await?;
                let heal = format!("heal_drift {}", found.id);
                ensure!(drifted.reason.is_some_and(|text| text.contains(&heal)), "no remedy");
                assert_eq!(drifted.operation_id, made.operation_id, "work was begun");

                let before = networks(&engine);
                app.look(&server).await?;
                app.restart_and_look(&server).await?;
                assert_eq!(networks(&engine), before, "{name} was touched");
                assert_eq!(app.drifts(&made).await?, std::slice::from_ref(&found));

                let healed = app.heal(&found).await?;
                // What stands otherwise is replaced in place when a person says so.
                let mended = mended || kind != DriftKind::Recreated;
                let expected = if mended { OperationState::Succeeded } else { OperationState::Failed };
                assert_eq!(healed.state, expected, "{healed:?}");
                let state = if mended { DriftState::Healed } else { DriftState::Failed };
                app.drift(&made, state).await?;
            }
        }
    }
}

story! {
    /// What differs goes without a repair: nobody is asked any more.
    async fn gone_by_itself(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        app.policy(&made, "ask").await?;
        engine.change_network("web", |network| network.internal = true);
        let asked = app.drift(&made, DriftState::Asked).await?;
        assert_eq!(asked.before.get("internal flag").map(String::as_str), Some("off"));
        assert_eq!(asked.after.get("internal flag").map(String::as_str), Some("on"));
        engine.change_network("web", |network| network.internal = false);
        app.drift(&made, DriftState::Gone).await?;
        let ready = app.owner.settled(&made, DestinationState::Ready).await?;
        assert_eq!(ready.reason, None);
        let healed = app.owner.post(&format!("/v1/drifts/{}/heal", asked.id), json!({})).await?;
        ensure!(healed.problem(409)?.kind.contains("drift-is-over"), "{healed:?}");
    }
}

story! {
    /// What became another is another drift.
    async fn one_becomes_another(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        app.policy(&made, "ask").await?;
        engine.recreate_network("web", |network| network.labels.clear());
        let first = app.drift(&made, DriftState::Asked).await?;
        engine.drop_network("web");
        let second = eventually("it is another", || async {
            let newest = app.drifts(&made).await?.into_iter().next();
            Ok(newest.filter(|drift| drift.id != first.id))
        })
        .await?;
        assert_eq!((first.kind, second.kind), (DriftKind::Recreated, DriftKind::Missing));
        let over: Drift = app.owner.get(&format!("/v1/drifts/{}", first.id)).await?.ok()?;
        assert_eq!(over.state, DriftState::Gone);
    }
}

story! {
    /// A dismissed difference is left alone while it stays the same, whatever is said after.
    async fn dismissed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        app.policy(&made, "ask").await?;
        engine.drop_network("web");
        let asked = app.drift(&made, DriftState::Asked).await?;
        let dismissed = app.dismiss(&asked).await?;
        assert_eq!(dismissed.state, DriftState::Dismissed);
        app.policy(&made, "heal").await?;
        app.look(&server).await?;
        app.restart_and_look(&server).await?;
        assert_eq!(engine.network_names(), Vec::<String>::new());
        let open: Page<Drift> = app.owner.get("/v1/drifts?open=true").await?.ok()?;
        assert_eq!(open.items, []);
        let closed: Page<Drift> = app.owner.get("/v1/drifts?open=false&kind=missing").await?.ok()?;
        assert_eq!(closed.items.len(), 1);

        let healed = app.heal(&asked).await?;
        assert_eq!(healed.state, OperationState::Succeeded);
        app.owner.settled(&made, DestinationState::Ready).await?;
    }
}

story! {
    /// A rename is not a change: containers come and go under what names they like, and a second
    /// network of the same name beside ours is not ours.
    async fn rename_games(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.join("web", "shop");
        engine.change_container("shop", |container| container.member.name = "web".into());
        engine.put_network("web", |network| network.internal = true);
        app.look(&server).await?;
        assert_eq!(app.drifts(&made).await?, []);
        let shown = app.owner.show(&made).await?;
        assert_eq!(shown.state, DestinationState::Ready);
        assert_eq!(engine.network_names(), ["web", "web"]);
    }
}

story! {
    /// A wrong filter says so, and what another destination has is not shown.
    async fn lists_are_filtered(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let other = app.owner.destination(&server, "other").await?;
        engine.drop_network("web");
        app.drift(&web, DriftState::Healed).await?;
        assert_eq!(app.drifts(&other).await?, []);
        for (query, count) in [
            (format!("server_id={}", server.id), 1),
            ("kind=missing".to_owned(), 1),
            ("kind=recreated".to_owned(), 0),
            ("open=true".to_owned(), 0),
            ("search=WEB".to_owned(), 1),
        ] {
            let page: Page<Value> = app.owner.get(&format!("/v1/drifts?{query}")).await?.ok()?;
            assert_eq!(page.items.len(), count, "{query}");
        }
        app.owner.get("/v1/drifts?kind=nonsense").await?.problem(422)?;
    }
}
