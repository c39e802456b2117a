//! Adopted networks that are forgotten: the proxy is let go of them, and of nothing else.

use anyhow::{Context, ensure};
use portolan_server::host::{HostError, fake::Trouble};
use portolan_types::{DestinationState, Operation, OperationState};
use serde_json::{Value, json};

use super::{NAME, failure, succeeded, with_proxy};
use crate::support::{eventually, story};

story! {
    /// Routes are in the way of a removal; the proxy is not, and is off the network afterwards.
    async fn the_proxy_is_let_go(app) {
        let (server, engine) = with_proxy(app).await?;
        engine.put_network("shop", |network| network.driver = "bridge".into());
        engine.join("shop", "web");
        let path = format!("/v1/servers/{}/adopt?wait=20", server.id);
        let body = json!({ "networks": ["shop"] });
        succeeded(&app.owner.post(&path, body).await?.accepted()?)?;
        app.attached(&server, "shop", true).await?;
        let shop = app.owner.find_destination("shop").await?;
        let route = app.owner.route(&shop, "shop.example.com").await?;
        let path = format!("/v1/destinations/{}?wait=20", shop.id);
        let refused = app.owner.delete(&path).await?.problem(409)?;
        ensure!(refused.kind.contains("destination-has-routes"), "{refused:?}");
        ensure!(app.owner.delete(&format!("/v1/routes/{}", route.id)).await?.status == 204);

        let why = HostError::Docker { status: 500, message: "not now".into() };
        engine.trouble_in("disconnect", Trouble::Fail(why));
        let kept: Operation = app.owner.delete(&path).await?.accepted()?;
        let (_, message) = failure(&kept)?;
        ensure!(message.contains("take the proxy off network `shop`"), "{message}");
        app.owner.settled(&shop, DestinationState::Ready).await?;

        let gone: Operation = app.owner.delete(&path).await?.accepted()?;
        succeeded(&gone)?;
        ensure!(gone.steps.iter().any(|step| step.name == "let-go"), "{gone:?}");
        let left: Vec<String> = engine.members("shop").into_iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["web"]);
        ensure!(engine.network("shop").is_some(), "an adopted network was removed");
        ensure!(engine.container(NAME).context("a proxy")?.is_running(), "the proxy was stopped");
        app.look(&server).await?;
        let page: Value = app.owner.get("/v1/drifts").await?.ok()?;
        assert_eq!(page["items"], json!([]));
    }
}

story! {
    /// Killed before or after the proxy is taken off, the removal comes to its end.
    async fn killed_while_it_is_let_go(app) {
        let (server, engine) = with_proxy(app).await?;
        for (name, trouble) in [("a", Trouble::HangBefore), ("b", Trouble::HangAfter)] {
            engine.put_network(name, |_| {});
            let path = format!("/v1/servers/{}/adopt?wait=20", server.id);
            let body = json!({ "networks": [name] });
            succeeded(&app.owner.post(&path, body).await?.accepted()?)?;
            app.attached(&server, name, true).await?;
            let made = app.owner.find_destination(name).await?;
            engine.trouble_in("disconnect", trouble);
            let removal: Operation =
                app.owner.delete(&format!("/v1/destinations/{}", made.id)).await?.accepted()?;
            engine.hung().await;
            app.restart().await?;
            let over = app.owner.outcome(removal.id.as_str()).await?;
            assert_eq!(over.state, OperationState::Succeeded, "{over:?}");
            eventually("the proxy is off", || async {
                Ok(engine.members(name).is_empty().then_some(()))
            })
            .await?;
        }
    }
}
