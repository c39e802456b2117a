//! Containers on a destination that nobody connected through Portolan.

use anyhow::{Context, Result, ensure};
use portolan_types::{Destination, Drift, DriftKind, DriftState, Operation, OperationState};
use serde_json::{Value, json};

use crate::{
    proxies::{self, NAME},
    support::{TestApp, eventually, story},
};

const KIND: DriftKind = DriftKind::UnexpectedMember;

impl TestApp {
    async fn connect_container(&self, on: &Destination, container: &str) -> Result<()> {
        let path = format!("/v1/destinations/{}/containers?wait=20", on.id);
        let done: Operation =
            self.owner.post(&path, json!({ "container": container })).await?.accepted()?;
        ensure!(done.state == OperationState::Succeeded, "{done:?}");
        Ok(())
    }

    /// The standing drift that names these.
    async fn named(&self, names: &str, state: DriftState) -> Result<Drift> {
        eventually(&format!("{names} are {state}"), || async {
            let newest = self.drifts_of(KIND).await?.into_iter().next();
            let is = |drift: &Drift| {
                drift.state == state
                    && drift.after.get("containers").map(String::as_str) == Some(names)
            };
            Ok(newest.filter(is))
        })
        .await
    }
}

story! {
    /// Who comes by `docker run --network` is nobody's affair unless somebody asks to be told.
    async fn looked_for_only_where_it_is_named(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        app.policy(&web, "ask").await?;
        engine.join("web", "stranger");
        app.look(&server).await?;
        assert_eq!(app.drifts_of(KIND).await?, []);

        app.policy_of("unexpected-member", "tell").await?;
        let told = app.named("stranger", DriftState::Told).await?;
        assert_eq!(told.destination_id.as_ref(), Some(&web.id));
        ensure!(told.message.ends_with(": stranger"), "{told:?}");
        engine.join("web", "another");
        let both = app.named("another, stranger", DriftState::Told).await?;
        let over: Drift = app.owner.get(&format!("/v1/drifts/{}", told.id)).await?.ok()?;
        assert_eq!(over.state, DriftState::Gone);
        app.policy_of("unexpected-member", "ignore").await?;
        let over = app.drift_of(KIND, DriftState::Gone).await?;
        assert_eq!(over.id, both.id);
    }
}

story! {
    /// Expected are those that were connected through Portolan, targets of routes, and the proxy.
    async fn who_is_expected(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        let web = app.owner.destination(&server, "web").await?;
        let other = app.owner.destination(&server, "other").await?;
        app.attached(&server, "web", true).await?;
        app.policy_of("unexpected-member", "ask").await?;
        for name in ["placed", "moved"] {
            engine.join("other", name);
        }
        app.connect_container(&web, "placed").await?;
        app.connect_container(&other, "moved").await?;
        let path = format!("/v1/destinations/{}/containers/moved/move?wait=20", other.id);
        let moved: Operation =
            app.owner.post(&path, json!({ "to": web.id })).await?.accepted()?;
        ensure!(moved.state == OperationState::Succeeded, "{moved:?}");
        let route = app.owner.route(&web, "shop.example.com").await?;
        engine.join("web", "web");
        app.look(&server).await?;
        ensure!(app.drifts(&web).await?.iter().all(|one| one.kind != KIND), "somebody was found");

        app.owner.delete(&format!("/v1/routes/{}", route.id)).await?;
        app.named("web", DriftState::Asked).await?;
        let path = format!("/v1/destinations/{}/containers/placed?wait=20", web.id);
        app.owner.delete(&path).await?.accepted::<Value>()?;
        engine.join("web", "placed");
        app.named("placed, web", DriftState::Asked).await?;
        ensure!(engine.members("web").iter().any(|(name, _)| name == NAME), "the proxy is off");
    }
}

story! {
    /// Healed is who has another network; a program is not cut off from everything.
    async fn healed_where_nobody_is_cut_off(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "web").await?;
        app.owner.destination(&server, "home").await?;
        app.policy_of("unexpected-member", "tell").await?;
        engine.join("home", "guest");
        app.named("guest", DriftState::Told).await?;
        app.connect_container(&app.owner.find_destination("home").await?, "guest").await?;
        app.named("guest", DriftState::Gone).await?;
        app.policy_of("unexpected-member", "heal").await?;
        engine.join("web", "guest");
        let healed = app.drift_of(KIND, DriftState::Healed).await?;
        ensure!(engine.members("web").is_empty(), "it is on the network still");
        let operation = healed.operation_id.context("an operation")?;
        assert_eq!(app.owner.outcome(operation.as_str()).await?.state, OperationState::Succeeded);

        engine.join("web", "resident");
        let failed = app.named("resident", DriftState::Failed).await?;
        ensure!(failed.reason.is_some_and(|why| why.contains("is on no other network")));
        assert_eq!(engine.members("web").len(), 1);
        app.policy_of("unexpected-member", "ask").await?;
        let asked = app.named("resident", DriftState::Asked).await?;
        assert_eq!(asked.id, failed.id);
        engine.crash_container("resident");
        let healed = app.heal(&asked).await?;
        ensure!(healed.state == OperationState::Succeeded, "{healed:?}");
        ensure!(engine.members("web").is_empty(), "it is on the network still");
    }
}

story! {
    /// Who was dismissed is known: told is only when somebody else comes.
    async fn dismissed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "web").await?;
        app.policy_of("unexpected-member", "ask").await?;
        engine.join("web", "a");
        app.named("a", DriftState::Asked).await?;
        engine.join("web", "b");
        let asked = app.named("a, b", DriftState::Asked).await?;
        app.dismiss(&asked).await?;
        engine.drop_container("a");
        app.look(&server).await?;
        engine.join("web", "a");
        app.restart_and_look(&server).await?;
        app.named("a, b", DriftState::Dismissed).await?;
        engine.join("web", "c");
        app.named("a, b, c", DriftState::Asked).await?;
    }
}
