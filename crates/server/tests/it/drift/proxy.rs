//! A proxy whose container somebody removed, stopped or renamed.

use std::time::Instant;

use anyhow::{Context, ensure};
use portolan_server::host::fake::{FakeEngine, Trouble};
use portolan_types::{
    DriftKind, DriftState, OperationKind, OperationState, Page, Proxy, ProxyState,
};
use serde_json::{Value, json};

use super::{has_cause, stood};
use crate::{
    proxies::{self, NAME},
    support::{eventually, story},
};

const KIND: DriftKind = DriftKind::ProxyDown;

fn runs(engine: &FakeEngine) -> bool {
    engine.container(NAME).is_some_and(|one| one.is_running())
}

/// What somebody does to the container, and what Portolan says of it.
type Harm = (fn(&FakeEngine), &'static str);

const GONE: &str = "its container is gone";
const RENAMED: &str = "its container is called `other`";

const HARMS: [Harm; 3] = [
    (|engine| engine.drop_container(NAME), GONE),
    (|engine| engine.crash_container(NAME), "its container is exited"),
    (|engine| engine.rename_container(NAME, "other"), RENAMED),
];

story! {
    /// Each harm is healed, and on record.
    async fn what_was_healed_is_written_down(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        for (number, (harm, message)) in (1..).zip(HARMS) {
            let before = engine.container(NAME).context("a container")?.member.docker_id;
            let since = Instant::now();
            harm(&engine);
            let healed = app.drift_number(number, KIND, DriftState::Healed).await;
            let drift = healed.context(message)?;
            ensure!(runs(&engine), "it was told too early");
            assert_eq!(drift.server_id, server.id);
            // A look that was under way misses a renamed one by its name, and has it in its list of before.
            let missed = message == RENAMED && drift.message == GONE;
            ensure!(missed || drift.message == message, "{drift:?}");
            assert_eq!(drift.before.get("docker_id"), Some(&before));
            let now = engine.container(NAME).context("a container")?.member.docker_id;
            assert_eq!(drift.mended.get("docker_id"), Some(&now));
            has_cause(&drift, "container")?;
            stood(&drift, since)?;
            let operation = drift.operation_id.context("an operation")?;
            let outcome = app.owner.outcome(operation.as_str()).await?;
            assert_eq!((outcome.kind, outcome.state), (OperationKind::RepairProxy, OperationState::Succeeded));
            app.proxy_is(&server, ProxyState::Running).await?;
        }
    }
}

story! {
    /// Under `ask` and `tell` it stays as it is until a person says so, and says how.
    async fn left_alone(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        for (policy, state) in [("ask", DriftState::Asked), ("tell", DriftState::Told)] {
            app.policy_of("proxy-down", policy).await?;
            for (harm, message) in HARMS {
                harm(&engine);
                app.drift_of(KIND, state).await.context(message)?;
                // A look that was under way saw half of it, and the next one the whole.
                let found = eventually(message, || async {
                    let latest = app.drifts_of(KIND).await?.swap_remove(0);
                    Ok(Some(latest).filter(|one| one.message == message && one.state == state))
                })
                .await?;
                let heal = format!("heal_drift {}", found.id);
                eventually("the proxy says so", || async {
                    let drifted = app.proxy_is(&server, ProxyState::Drifted).await?;
                    let reason = drifted.reason.context("a reason")?;
                    Ok((reason.starts_with(message) && reason.contains(&heal)).then_some(()))
                })
                .await?;
                app.restart_and_look(&server).await?;
                ensure!(!runs(&engine), "{message}: it was repaired");
                assert_eq!(app.drifts_of(KIND).await?[0], found);

                let healed = app.heal(&found).await?;
                ensure!(healed.state == OperationState::Succeeded, "{healed:?}");
                ensure!(runs(&engine), "{message}: it was not repaired");
                assert_eq!(app.drift_of(KIND, DriftState::Healed).await?.id, found.id);
                app.proxy_is(&server, ProxyState::Running).await?;
            }
        }
    }
}

story! {
    /// One that is stopped and then removed is one loss, which a person finds by the same id.
    async fn one_loss_in_two_steps(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        app.policy_of("proxy-down", "ask").await?;
        engine.crash_container(NAME);
        let stopped = app.drift_of(KIND, DriftState::Asked).await?;
        assert_eq!(stopped.message, "its container is exited");
        engine.drop_container(NAME);
        eventually("another form", || async {
            let all = app.drifts_of(KIND).await?;
            ensure!(all.len() == 1, "{all:?}");
            Ok((all[0].message == "its container is gone").then_some(()))
        })
        .await?;
        let drifted = app.proxy_is(&server, ProxyState::Drifted).await?;
        ensure!(drifted.reason.is_some_and(|why| why.starts_with("its container is gone")));
        ensure!(app.heal(&stopped).await?.state == OperationState::Succeeded, "{stopped:?}");
        assert_eq!(app.drift_of(KIND, DriftState::Healed).await?.id, stopped.id);
    }
}

story! {
    /// What a person dismissed is left alone, and a person's start mends it all the same.
    async fn dismissed(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        app.policy_of("proxy-down", "ask").await?;
        engine.drop_container(NAME);
        let asked = app.drift_of(KIND, DriftState::Asked).await?;
        app.dismiss(&asked).await?;
        app.policy_of("proxy-down", "heal").await?;
        app.restart_and_look(&server).await?;
        ensure!(!runs(&engine), "it was repaired");
        let started = app.proxy_work(&server, "start").await?;
        ensure!(started.state == OperationState::Succeeded, "{started:?}");
        assert_eq!(app.drift_of(KIND, DriftState::Healed).await?.id, asked.id);
        app.proxy_is(&server, ProxyState::Running).await?;
    }
}

story! {
    /// Somebody who removes it again and again is asked about. A person's word begins the count
    /// anew, and so does a policy that is said anew.
    async fn nobody_is_fought(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        for (round, before) in [(0, 0), (1, 4)] {
            for repair in 1..=3 {
                engine.drop_container(NAME);
                app.drift_number(before + repair, KIND, DriftState::Healed).await?;
                ensure!(runs(&engine), "it does not run");
            }
            engine.drop_container(NAME);
            let asked = app.drift_number(before + 4, KIND, DriftState::Asked).await?;
            ensure!(asked.reason.as_ref().is_some_and(|why| why.contains("3 times")), "{asked:?}");
            app.look(&server).await?;
            ensure!(!runs(&engine), "it fights on");
            if round == 0 {
                ensure!(app.heal(&asked).await?.state == OperationState::Succeeded, "{asked:?}");
            } else {
                app.policy_of("proxy-down", "heal").await?;
                app.drift_of(KIND, DriftState::Healed).await?;
            }
        }
    }
}

story! {
    /// One that a person stopped is wanted so, whatever becomes of its container.
    async fn stopped_on_purpose(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        app.proxy_work(&server, "stop").await?;
        engine.drop_container(NAME);
        app.look(&server).await?;
        assert_eq!(app.proxy(&server).await?.state, ProxyState::Stopped);
        assert_eq!(app.drifts_of(KIND).await?, []);

        app.proxy_work(&server, "start").await?;
        app.policy_of("proxy-down", "ask").await?;
        engine.crash_container(NAME);
        app.drift_of(KIND, DriftState::Asked).await?;
        app.proxy_work(&server, "stop").await?;
        app.drift_of(KIND, DriftState::Gone).await?;
    }
}

story! {
    /// It comes back without a repair: nobody is asked any more. And one that goes is no drift.
    async fn gone_by_itself(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        app.policy_of("proxy-down", "ask").await?;
        engine.crash_container(NAME);
        let asked = app.drift_of(KIND, DriftState::Asked).await?;
        engine.start_container(NAME);
        assert_eq!(app.drift_of(KIND, DriftState::Gone).await?.id, asked.id);
        app.proxy_is(&server, ProxyState::Running).await?;
        let over = app.owner.post(&format!("/v1/drifts/{}/heal", asked.id), json!({})).await?;
        ensure!(over.problem(409)?.kind.contains("drift-is-over"), "{over:?}");

        engine.drop_container(NAME);
        app.drift_of(KIND, DriftState::Asked).await?;
        app.owner.delete(&format!("/v1/servers/{}/proxy?wait=20", server.id)).await?;
        app.drift_of(KIND, DriftState::Gone).await?;
        let left: Page<Proxy> = app.owner.get("/v1/proxies").await?.ok()?;
        assert_eq!(left.items.len(), 0);
    }
}

story! {
    /// A repair that was cut off is not gone on with once the policy is to ask.
    async fn a_policy_reaches_work_that_waits(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        engine.trouble_in("create_container", Trouble::HangBefore);
        engine.drop_container(NAME);
        engine.hung().await;
        let healing = app.drift_of(KIND, DriftState::Healing).await?;
        app.policy_of("proxy-down", "ask").await?;
        app.restart().await?;
        assert_eq!(app.drift_of(KIND, DriftState::Asked).await?.id, healing.id);
        let operation = healing.operation_id.context("an operation")?;
        let outcome = app.owner.outcome(operation.as_str()).await?;
        assert_eq!(outcome.failure.map(|one| one.code).as_deref(), Some("left-to-a-person"));
        ensure!(!runs(&engine), "it was repaired");
        let drifted = app.proxy_is(&server, ProxyState::Drifted).await?;
        ensure!(drifted.reason.is_some_and(|why| why.contains("heal_drift")));
        let shown: Value = app.owner.get(&format!("/v1/drifts/{}", healing.id)).await?.ok()?;
        assert_eq!(shown["state"], "asked");
    }
}
