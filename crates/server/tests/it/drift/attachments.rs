//! Places of the proxy that somebody meddled with.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    HostError,
    fake::{FakeEngine, Trouble},
};
use portolan_types::{
    Destination, DriftKind, DriftState, Operation, OperationKind, OperationState, Page, Server,
};
use serde_json::{Value, json};

use super::{has_cause, stood};
use crate::{
    proxies::{self, NAME},
    support::{TestApp, eventually, story},
};

const KIND: DriftKind = DriftKind::AttachmentLost;

/// A server with a proxy that is on a destination.
async fn scene(app: &TestApp) -> Result<(Server, Arc<FakeEngine>, Destination)> {
    let (server, engine) = proxies::with_proxy(app).await?;
    let web = app.owner.destination(&server, "web").await?;
    app.attached(&server, "web", true).await?;
    Ok((server, engine, web))
}

fn is_on(engine: &FakeEngine, network: &str) -> bool {
    engine.members(network).iter().any(|(name, _)| name == NAME)
}

story! {
    /// What was healed is on record: what was there, what is there, why, and how long it took.
    async fn what_was_healed_is_written_down(app) {
        let (server, engine, web) = scene(app).await?;
        let network = web.observed.as_ref().context("observed")?.docker_id.clone();
        let since = Instant::now();
        engine.disconnect("web", NAME);
        let drift = app.drift_of(KIND, DriftState::Healed).await?;
        ensure!(is_on(&engine, "web"), "it was told too early");
        assert_eq!((&drift.server_id, drift.destination_id.as_ref()), (&server.id, Some(&web.id)));
        assert_eq!(drift.before.get("network"), Some(&network));
        ensure!(drift.before.contains_key("address") && drift.after.is_empty(), "{drift:?}");
        assert_eq!(drift.mended.get("network"), Some(&network));
        ensure!(drift.mended.contains_key("address"), "{drift:?}");
        // The look may have been under way when it happened: then the event itself comes after it.
        has_cause(&drift, "network")?;
        ensure!(drift.cause.ends_with(&network), "{}", drift.cause);
        stood(&drift, since)?;
        let operation = drift.operation_id.context("an operation")?;
        let operation = app.owner.outcome(operation.as_str()).await?;
        assert_eq!(operation.state, OperationState::Succeeded);
        assert_eq!(operation.steps[0].name, "connect");
        let attached = app.attached(&server, "web", true).await?;
        assert_eq!(attached.reason, None);
    }
}

story! {
    /// Under `ask` and `tell`, said anywhere, it stays off until a person says so, and says how.
    async fn left_alone(app) {
        let (server, engine, web) = scene(app).await?;
        for (path, policy, state) in [
            (format!("/v1/destinations/{}/drift-policy", web.id), "ask", DriftState::Asked),
            (format!("/v1/servers/{}/drift-policy", server.id), "tell", DriftState::Told),
            ("/v1/drift-policy".to_owned(), "ask", DriftState::Asked),
        ] {
            let body = json!({ "kinds": { "attachment-lost": policy } });
            app.owner.patch(&path, body).await?.ok::<Value>()?;
            engine.disconnect("web", NAME);
            let found = app.drift_of(KIND, state).await?;
            let heal = format!("heal_drift {}", found.id);
            let off = app.attached(&server, "web", false).await?;
            ensure!(off.reason.as_ref().is_some_and(|why| why.contains(&heal)), "{off:?}");
            app.restart_and_look(&server).await?;
            ensure!(!is_on(&engine, "web"), "it was put back");
            assert_eq!(app.drifts_of(KIND).await?[0], found);

            let healed = app.heal(&found).await?;
            ensure!(healed.state == OperationState::Succeeded, "{healed:?}");
            ensure!(is_on(&engine, "web"), "it was not put back");
            assert_eq!(app.drift_of(KIND, DriftState::Healed).await?.id, found.id);
            let body = json!({ "kinds": { "attachment-lost": "inherit" } });
            app.owner.patch(&path, body).await?.ok::<Value>()?;
        }
    }
}

story! {
    /// What a person dismissed stays so, for a new container of the proxy too.
    async fn dismissed(app) {
        let (server, engine, _) = scene(app).await?;
        app.policy_of("attachment-lost", "ask").await?;
        engine.disconnect("web", NAME);
        let asked = app.drift_of(KIND, DriftState::Asked).await?;
        assert_eq!(app.dismiss(&asked).await?.state, DriftState::Dismissed);
        eventually("another reason", || async {
            let off = app.attached(&server, "web", false).await?;
            Ok(off.reason.filter(|why| why.contains("dismissed by owner@example.com")))
        })
        .await?;
        engine.drop_container(NAME);
        app.drift_of(DriftKind::ProxyDown, DriftState::Healed).await?;
        app.look(&server).await?;
        ensure!(!is_on(&engine, "web"), "a new container is on it");
        engine.join("web", NAME);
        app.drift_of(KIND, DriftState::Gone).await?;
    }
}

story! {
    /// A script that takes it off again and again comes to a question, and a person's word mends
    /// it and begins the count anew.
    async fn nobody_is_fought(app) {
        let (server, engine, _) = scene(app).await?;
        for (round, before) in [("at first", 0), ("after a person's word", 4)] {
            for repair in 1..=3 {
                engine.disconnect("web", NAME);
                let healed = app.drift_number(before + repair, KIND, DriftState::Healed).await;
                healed.with_context(|| format!("{round}: {repair}"))?;
                ensure!(is_on(&engine, "web"), "{round}: {repair}: it was told too early");
            }
            engine.disconnect("web", NAME);
            let asked = app.drift_number(before + 4, KIND, DriftState::Asked).await?;
            ensure!(asked.reason.as_ref().is_some_and(|why| why.contains("3 times")), "{asked:?}");
            app.look(&server).await?;
            ensure!(!is_on(&engine, "web"), "{round}: it fights on");
            ensure!(app.heal(&asked).await?.state == OperationState::Succeeded, "{round}");
        }
    }
}

story! {
    /// What is asked for is done whatever the policy: places of new destinations and proxies, and
    /// those that a change, an upgrade or another proxy takes along.
    async fn what_is_asked_for_is_no_drift(app) {
        app.owner.patch("/v1/drift-policy", json!({ "policy": "ask" })).await?.ok::<Value>()?;
        let (server, engine, web) = scene(app).await?;
        let path = format!("/v1/destinations/{}?wait=20", web.id);
        for body in [
            json!({ "options": { "internal": true } }),
            json!({ "proxy": "never" }),
            json!({ "proxy": "attach" }),
        ] {
            app.owner.patch(&path, body.clone()).await?.ok::<Value>()?;
            let wanted = body["proxy"] != "never";
            app.attached(&server, "web", wanted).await.with_context(|| body.to_string())?;
        }
        app.proxy_work(&server, "upgrade").await?;
        app.set_proxy(&server, json!({ "kind": "caddy", "http_port": 8080 })).await?;
        app.owner.delete(&format!("/v1/servers/{}/proxy?wait=20", server.id)).await?;
        app.set_proxy(&server, json!({ "kind": "caddy" })).await?;
        app.attached(&server, "web", true).await?;
        app.restart_and_look(&server).await?;
        ensure!(is_on(&engine, "web"), "it is off");
        let open: Value = app.owner.get("/v1/drifts").await?.ok()?;
        assert_eq!(open["items"], json!([]));
    }
}

story! {
    /// One that is kept off and that somebody puts on is taken off again, or asked about.
    async fn kept_off(app) {
        let (server, engine, web) = scene(app).await?;
        let path = format!("/v1/destinations/{}", web.id);
        app.owner.patch(&path, json!({ "proxy": "never" })).await?.ok::<Value>()?;
        app.attached(&server, "web", false).await?;
        assert_eq!(app.drifts(&web).await?, []);
        engine.join("web", NAME);
        let healed = app.drift_of(KIND, DriftState::Healed).await?;
        ensure!(healed.before.is_empty() && !healed.after.is_empty(), "{healed:?}");
        ensure!(!is_on(&engine, "web"), "it is on the network");

        app.policy(&web, "ask").await?;
        engine.join("web", NAME);
        let asked = app.drift_of(KIND, DriftState::Asked).await?;
        app.restart_and_look(&server).await?;
        ensure!(is_on(&engine, "web"), "it was taken off");
        ensure!(app.heal(&asked).await?.state == OperationState::Succeeded, "{asked:?}");
        ensure!(!is_on(&engine, "web"), "it is on the network still");
    }
}

story! {
    /// A repair that Docker refuses is tried a few times, then it waits for a person.
    async fn a_refused_repair(app) {
        let (server, engine, web) = scene(app).await?;
        let why = HostError::Docker { status: 500, message: "not now".into() };
        engine.trouble_in("connect", Trouble::Refuse(why));
        engine.disconnect("web", NAME);
        let path = format!("/v1/operations?subject_id={}&limit=50", web.id);
        eventually("all tries", || async {
            app.look(&server).await?;
            let page: Page<Operation> = app.owner.get(&path).await?.ok()?;
            let is_try = |one: &&Operation| {
                one.kind == OperationKind::RepairAttachment && one.state == OperationState::Failed
            };
            Ok((page.items.iter().filter(is_try).count() == 4).then_some(()))
        })
        .await?;
        let failed = app.drift_of(KIND, DriftState::Failed).await?;
        ensure!(failed.reason.as_ref().is_some_and(|why| why.contains("not now")), "{failed:?}");
        let again = format!("heal_drift {}", failed.id);
        ensure!(failed.remedy.as_ref().is_some_and(|remedy| remedy.contains(&again)), "{failed:?}");
        engine.calm();
        app.look(&server).await?;
        app.look(&server).await?;
        ensure!(!is_on(&engine, "web"), "it was tried once more");
        ensure!(app.heal(&failed).await?.state == OperationState::Succeeded, "{failed:?}");
        ensure!(is_on(&engine, "web"), "it is off");
    }
}

story! {
    /// Killed in its midst, a repair goes on; a policy that was changed meanwhile reaches it.
    async fn killed_in_a_repair(app) {
        let (_, engine, web) = scene(app).await?;
        for policy in ["heal", "ask"] {
            engine.trouble_in("connect", Trouble::HangBefore);
            engine.disconnect("web", NAME);
            engine.hung().await;
            let healing = app.drift_of(KIND, DriftState::Healing).await?;
            if policy == "ask" {
                app.policy(&web, policy).await?;
            }
            app.restart().await?;
            let state = if policy == "ask" { DriftState::Asked } else { DriftState::Healed };
            assert_eq!(app.drift_of(KIND, state).await?.id, healing.id);
            let operation = healing.operation_id.context("an operation")?;
            let outcome = app.owner.outcome(operation.as_str()).await?;
            let code = outcome.failure.map(|failure| failure.code);
            assert_eq!(code.as_deref(), (policy == "ask").then_some("left-to-a-person"));
            assert_eq!(is_on(&engine, "web"), policy == "heal");
        }
    }
}
