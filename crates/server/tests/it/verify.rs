//! Proving destinations: each planted fault is named, and nothing of a verification stays on a host,
//! whatever became of it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use portolan_server::host::{
    HostError,
    fake::{FakeEngine, NetworkFault, Trouble},
};
use portolan_types::{
    Check, CheckName, CheckOutcome, Destination, Event, Operation, OperationResult, OperationState,
    Page, Reachability, Verification, VerifyEvery,
};
use serde_json::json;

use crate::support::{Database, TestApp, eventually, story};

mod overlays;

/// More calls than a verification makes: the loops end when it makes fewer.
const MOST_CALLS: usize = 60;

fn path(destination: &Destination) -> String {
    format!("/v1/destinations/{}/verify?wait=20", destination.id)
}

async fn verify(app: &TestApp, destination: &Destination) -> Result<(Operation, Vec<Check>)> {
    let request = || app.owner.request(reqwest::Method::POST, &path(destination)).json(&json!({}));
    let operation: Operation = app.owner.insist(request).await?.accepted()?;
    match operation.result.clone() {
        Some(OperationResult::Verification { checks }) => Ok((operation, checks)),
        other => bail!("not a verification: {other:?} {operation:?}"),
    }
}

fn check(checks: &[Check], name: CheckName) -> Result<&Check> {
    checks.iter().find(|check| check.name == name).with_context(|| format!("no check {name}"))
}

fn failed(checks: &[Check]) -> Vec<CheckName> {
    let failed = checks.iter().filter(|check| check.outcome == CheckOutcome::Failed);
    failed.map(|check| check.name).collect()
}

/// What is not a destination's on a host.
fn left(engine: &FakeEngine) -> Vec<String> {
    let all = engine.container_names().into_iter().chain(engine.network_names());
    all.filter(|name| name.starts_with("portolan-probe")).collect()
}

async fn clean(engine: &FakeEngine) -> Result<()> {
    eventually("no probe is left", || async { Ok(left(engine).is_empty().then_some(())) }).await
}

story! {
    /// A sound destination passes, with evidence for each check, and is left as it was.
    async fn a_sound_destination_passes(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "shop").await?;
        let (operation, checks) = verify(app, &made).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        for name in [
            CheckName::Network,
            CheckName::NameResolution,
            CheckName::TcpInside,
            CheckName::IsolationInward,
            CheckName::IsolationOutward,
            CheckName::Outbound,
        ] {
            let check = check(&checks, name)?;
            assert_eq!(check.outcome, CheckOutcome::Passed, "{check:?}");
            assert!(!check.evidence.is_empty(), "{check:?}");
        }
        assert_eq!(left(&engine), Vec::<String>::new());
        assert_eq!(engine.network_names(), ["shop"]);
        let list = format!("/v1/destinations/{}/verifications", made.id);
        let kept: Page<Verification> = app.owner.get(&list).await?.ok()?;
        assert_eq!(kept.items.len(), 1);
        assert_eq!((kept.items[0].outcome, &kept.items[0].checks), (CheckOutcome::Passed, &checks));
        let steps: Vec<&str> = operation.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps[..4], ["network", "proxy-attached", "prepare", "name-resolution"]);
    }
}

story! {
    /// Each planted fault is named by the check that it is about, with what to do.
    async fn planted_faults_are_named(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "shop").await?;
        for (fault, names, word) in [
            (NetworkFault::DropsInside, vec![CheckName::TcpInside], "firewall"),
            (
                NetworkFault::Leaks,
                vec![CheckName::IsolationInward, CheckName::IsolationOutward],
                "apart",
            ),
            (NetworkFault::DropsOutward, vec![CheckName::Outbound], "do not get out"),
            (NetworkFault::NoNames, vec![CheckName::NameResolution], "does not resolve"),
        ] {
            engine.harm("shop", fault);
            let (operation, checks) = verify(app, &made).await?;
            engine.heal();
            assert_eq!(failed(&checks), names, "{fault:?}");
            let reason = check(&checks, names[0])?.reason.clone().unwrap_or_default();
            assert!(reason.contains(word), "{reason}");
            let failure = operation.failure.context("a failure")?;
            assert_eq!(failure.code, "verification-failed");
            assert!(failure.message.contains(&reason), "{failure:?}");
            assert!(failure.remedy.is_some_and(|remedy| !remedy.is_empty()));
        }
        // Switched off in the network itself: said as what it is.
        engine.change_network("shop", |network| {
            let icc = "com.docker.network.bridge.enable_icc";
            network.options.insert(icc.into(), "false".into());
        });
        let (_, checks) = verify(app, &made).await?;
        assert_eq!(failed(&checks), [CheckName::TcpInside]);
        let reason = check(&checks, CheckName::TcpInside)?.reason.clone().unwrap_or_default();
        assert!(reason.contains("enable_icc=false"), "{reason}");
    }
}

story! {
    /// An internal network leads nowhere, and that is right.
    async fn internal_means_no_way_out(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let body = json!({
            "server_id": server.id, "network": "vault", "options": { "internal": true },
        });
        let made: Destination =
            app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        let (operation, checks) = verify(app, &made).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        let outbound = check(&checks, CheckName::Outbound)?;
        assert_eq!(outbound.evidence[0].answer, "no default route");
        assert_eq!(left(&engine), Vec::<String>::new());
    }
}

story! {
    /// A failure is told once, and once that it is over.
    async fn the_outcome_is_an_event_when_it_changes(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "shop").await?;
        engine.harm("shop", NetworkFault::DropsInside);
        for _ in 0..2 {
            verify(app, &made).await?;
        }
        engine.heal();
        for _ in 0..2 {
            verify(app, &made).await?;
        }
        let events: Page<Event> = app.owner.get("/v1/events?search=verification").await?.ok()?;
        let kinds: Vec<&str> = events.items.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["destination.verification-passed", "destination.verification-failed"]);
        assert!(events.items[1].message.contains("firewall"), "{:?}", events.items[1]);
    }
}

story! {
    /// A host that refuses probes is told of, and proves nothing; its refusal leaves nothing behind.
    async fn what_the_host_refuses_is_not_proved(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "shop").await?;
        let error = HostError::Docker { status: 500, message: "no space left on device".into() };
        engine.trouble_in("load_image", Trouble::Fail(error.clone()));
        let (operation, checks) = verify(app, &made).await?;
        assert_eq!(operation.state, OperationState::Succeeded);
        let skipped = check(&checks, CheckName::TcpInside)?;
        assert_eq!(skipped.outcome, CheckOutcome::Skipped);
        assert!(skipped.reason.as_ref().is_some_and(|why| why.contains("no space left")));
        // A container that cannot be placed is the destination's own failure.
        engine.trouble_at("start_container", 1, Trouble::Fail(error));
        let (_, checks) = verify(app, &made).await?;
        assert_eq!(failed(&checks), [CheckName::TcpInside]);
        assert_eq!(left(&engine), Vec::<String>::new());
        engine.change_system(|system| system.architecture = "riscv64".into());
        let path = format!("/v1/servers/{}/validate?wait=20", server.id);
        app.owner.post(&path, json!({})).await?.accepted::<Operation>()?;
        app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        let (_, checks) = verify(app, &made).await?;
        let skipped = check(&checks, CheckName::TcpInside)?;
        assert!(skipped.reason.as_ref().is_some_and(|why| why.contains("riscv64")), "{skipped:?}");
        assert_eq!(check(&checks, CheckName::Network)?.outcome, CheckOutcome::Passed);
    }
}

story! {
    /// A removal does not wait for a verification, and is not refused because of its probes.
    async fn a_removal_takes_the_place_of_a_verification(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "shop").await?;
        engine.trouble_in("exec", Trouble::HangAfter);
        let begun: Operation =
            app.owner.post(&format!("/v1/destinations/{}/verify", made.id), json!({})).await?.accepted()?;
        engine.hung().await;
        ensure!(!left(&engine).is_empty(), "no probe was started");
        let removal = format!("/v1/destinations/{}?wait=20", made.id);
        let removed: Operation = app.owner.delete(&removal).await?.accepted()?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        clean(&engine).await?;
        assert_eq!(app.owner.outcome(begun.id.as_str()).await?.state, OperationState::Failed);
    }
}

/// Kills the process while each call to the host is under way, once before it had an effect and once
/// after: the verification is made anew after the restart, and nothing of it stays.
async fn kill_at_each_call(database: Database) -> Result<()> {
    let mut app = TestApp::start(database).await?;
    let (server, engine) = app.add_server("alpha").await?;
    let made = app.owner.destination(&server, "shop").await?;
    let mut deepest = 0;
    for call in (0..MOST_CALLS).step_by(3) {
        for trouble in [Trouble::HangBefore, Trouble::HangAfter] {
            app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
            engine.trouble(call, trouble.clone());
            let path = format!("/v1/destinations/{}/verify", made.id);
            let begun: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
            tokio::select! {
                () = engine.hung() => deepest = deepest.max(call),
                over = app.owner.outcome(begun.id.as_str()) => drop(over?),
            }
            engine.calm();
            app.restart().await?;
            let outcome = app.owner.outcome(begun.id.as_str()).await?;
            assert_eq!(outcome.state, OperationState::Succeeded, "call {call}: {outcome:?}");
            clean(&engine).await?;
            assert_eq!(engine.network_names(), ["shop"], "call {call} {trouble:?}");
        }
    }
    ensure!(deepest >= 30, "the calls of a verification were not reached: {deepest}");
    app.stop().await?;
    app.database.drop().await
}

#[tokio::test]
async fn killed_at_each_call_of_a_verification_on_sqlite() -> Result<()> {
    kill_at_each_call(Database::Sqlite).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn killed_at_each_call_of_a_verification_on_postgres() -> Result<()> {
    kill_at_each_call(Database::postgres().await?).await
}

story! {
    /// Probes of a removed destination, or of an operation that was given up, are found by their
    /// label; those that another installation may have at work are left alone.
    async fn what_was_left_behind_is_swept(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "shop").await?;
        let over = made.operation_id.clone().context("an operation")?;
        let mark = |name: &str, operation: &str| {
            engine.join("shop", name);
            engine.change_container(name, |one| {
                one.labels.insert("dev.portolan.probe".into(), operation.into());
            });
        };
        mark("ours", over.as_str());
        mark("theirs", "tz4a98xxat96iws9zmbrgj3a");
        engine.put_network("portolan-probe-old", |network| {
            network.labels.insert("dev.portolan.probe".into(), over.to_string());
        });
        app.restart().await?;
        eventually("our own was swept", || async {
            let gone = engine.container("ours").is_none();
            Ok((gone && engine.network("portolan-probe-old").is_none()).then_some(()))
        })
        .await?;
        assert!(engine.container("theirs").is_some());
    }
}

/// Without anybody asking, each destination is verified in its time.
#[tokio::test]
async fn destinations_are_verified_by_themselves() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let (server, _engine) = app.add_server("alpha").await?;
    let made = app.owner.destination(&server, "shop").await?;
    app.stop().await?;
    app.config.verify_every = Some(Duration::from_millis(1));
    app.launch().await?;
    let list = format!("/v1/destinations/{}/verifications", made.id);
    eventually("it was verified", || async {
        let kept: Page<Verification> = app.owner.get(&list).await?.ok()?;
        Ok(kept.items.first().is_some_and(|one| one.outcome == CheckOutcome::Passed).then_some(()))
    })
    .await?;
    app.stop().await
}

/// A destination's own schedule goes before the installation's: `never` is not verified with the
/// rest, and a pause counts where the installation has none.
#[tokio::test]
async fn a_destination_has_a_schedule_of_its_own() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let (server, _engine) = app.add_server("alpha").await?;
    let shop = app.owner.destination(&server, "shop").await?;
    let blog = app.owner.destination(&server, "blog").await?;
    let schedule = async |app: &TestApp, of: &Destination, every: &str| -> Result<Destination> {
        let body = json!({ "verify_every": every });
        app.owner.patch(&format!("/v1/destinations/{}", of.id), body).await?.ok()
    };
    assert_eq!(schedule(&app, &blog, "never").await?.verify_every, VerifyEvery::Never);
    app.stop().await?;
    app.config.verify_every = Some(Duration::from_millis(1));
    app.launch().await?;
    verified(&app, &shop, 2).await?;
    assert_eq!(proofs(&app, &blog).await?, 0);
    app.stop().await?;
    app.config.verify_every = None;
    app.launch().await?;
    app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
    let path = format!("/v1/destinations/{}", blog.id);
    app.owner.patch(&path, json!({ "verify_every": "1m" })).await?.problem(422)?;
    // Nobody can wait ten minutes: it was made long ago.
    let pool = app.pool().await?;
    sqlx::query("update destinations set created_at = 1").execute(&pool).await?;
    pool.close().await;
    let after = schedule(&app, &blog, "600m").await?;
    assert_eq!(after.verify_every.to_string(), "10h");
    verified(&app, &blog, 1).await?;
    let event: Page<Event> = app.owner.get("/v1/events?search=every%2010h").await?.ok()?;
    assert_eq!(event.items[0].kind, "destination.schedule-changed");
    app.stop().await
}

async fn proofs(app: &TestApp, of: &Destination) -> Result<usize> {
    let list = format!("/v1/destinations/{}/verifications", of.id);
    let kept: Page<Verification> = app.owner.get(&list).await?.ok()?;
    Ok(kept.items.len())
}

async fn verified(app: &TestApp, of: &Destination, times: usize) -> Result<()> {
    eventually("it was verified", || async { Ok((proofs(app, of).await? >= times).then_some(())) })
        .await
}
