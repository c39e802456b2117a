//! Images that take their time: the server's other work does not wait for them.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    HostError,
    fake::{FakeEngine, Trouble},
};
use portolan_types::{DestinationState, Operation, ProxyState, Server, StepState};
use serde_json::{Value, json};

use super::{NAME, failure, server, succeeded};
use crate::support::{TestApp, eventually, story};

impl TestApp {
    async fn begin_proxy(&self, server: &Server) -> Result<Operation> {
        let path = format!("/v1/servers/{}/proxy", server.id);
        self.owner.put(&path, json!({ "kind": "caddy" })).await?.accepted()
    }
}

/// A server whose engine pulls until it is let go.
async fn slow(app: &TestApp, trouble: Trouble) -> Result<(Server, Arc<FakeEngine>, Operation)> {
    let (server, engine) = server(app).await?;
    engine.trouble_in("pull_image", trouble);
    let begun = app.begin_proxy(&server).await?;
    engine.hung().await;
    Ok((server, engine, begun))
}

story! {
    /// While an image is pulled, destinations are made, and the proxy says how far it is.
    async fn a_slow_pull_holds_nothing_up(app) {
        let (server, engine, begun) = slow(app, Trouble::Held).await?;
        let web = app.owner.destination(&server, "web").await?;
        assert_eq!(web.state, DestinationState::Ready);
        eventually("how far it is", || async {
            let proxy = app.proxy(&server).await?;
            ensure!(proxy.state == ProxyState::Pending, "{proxy:?}");
            Ok(proxy.reason.filter(|reason| reason == "pulling image `caddy:2`: 40%"))
        })
        .await?;
        let path = format!("/v1/operations/{}", begun.id);
        let shown: Operation = app.owner.get(&path).await?.ok()?;
        ensure!(!shown.state.is_over(), "{shown:?}");
        assert_eq!((shown.steps[0].name.as_str(), shown.steps[0].state), ("pull", StepState::Running));

        engine.let_go();
        let done = app.owner.outcome(begun.id.as_str()).await?;
        succeeded(&done)?;
        ensure!(done.steps.iter().all(|step| step.state == StepState::Succeeded), "{done:?}");
        let running = app.proxy_is(&server, ProxyState::Running).await?;
        assert_eq!(running.reason, None);
        app.attached(&server, "web", true).await?;
    }
}

story! {
    /// A process that is told to end does not wait for an image, and the next one pulls anew.
    async fn a_pull_ends_with_the_process(app) {
        let (server, _, begun) = slow(app, Trouble::HangBefore).await?;
        let since = std::time::Instant::now();
        app.stop().await?;
        ensure!(since.elapsed().as_secs() < 10, "it took {:?}", since.elapsed());
        app.launch().await?;
        succeeded(&app.owner.outcome(begun.id.as_str()).await?)?;
        app.proxy_is(&server, ProxyState::Running).await?;
    }
}

story! {
    /// A connection that is lost in a pull is no refusal: the image is pulled over the next one.
    async fn a_pull_outlives_its_connection(app) {
        let (server, engine, begun) = slow(app, Trouble::Held).await?;
        engine.stop();
        engine.start();
        engine.let_go();
        succeeded(&app.owner.outcome(begun.id.as_str()).await?)?;
        app.proxy_is(&server, ProxyState::Running).await?;
    }
}

story! {
    /// Other work takes its place at once; a refused pull is an outcome with the registry's words.
    async fn a_pull_makes_way(app) {
        let (server, engine, begun) = slow(app, Trouble::HangBefore).await?;
        let path = format!("/v1/servers/{}/proxy?wait=20", server.id);
        succeeded(&app.owner.delete(&path).await?.accepted()?)?;
        let over = app.owner.outcome(begun.id.as_str()).await?;
        assert_eq!(failure(&over)?.0, "superseded");
        ensure!(engine.container(NAME).is_none(), "it was made all the same");

        let why = HostError::Docker { status: 500, message: "toomanyrequests".into() };
        engine.trouble_in("pull_image", Trouble::Fail(why));
        let refused = app.set_proxy(&server, json!({ "kind": "caddy" })).await?;
        let (code, message) = failure(&refused)?;
        assert_eq!(code, "host-error");
        ensure!(message.contains("pull image `caddy:2`"), "{message}");
        ensure!(message.contains("toomanyrequests"), "{message}");
        assert_eq!(refused.steps.last().context("a step")?.state, StepState::Failed);
        let failed = app.proxy_is(&server, ProxyState::Failed).await?;
        eventually("the reason", || async { Ok(failed.reason.clone()) }).await?;
        let open: Value = app.owner.get("/v1/drifts").await?.ok()?;
        assert_eq!(open["items"], json!([]), "what was asked for and failed is no drift");
    }
}
