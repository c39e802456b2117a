//! Killed or failed between any two steps, a change is done or says why, never half made, never
//! forgotten, never twice.

use anyhow::{Context, Result, ensure};
use portolan_server::host::{HostError, fake::Trouble};
use portolan_types::{
    Destination, DestinationState, Drift, DriftState, Operation, OperationState, Page, Reachability,
};
use serde_json::json;

use crate::support::{Database, TestApp, eventually, story};

/// More than any change makes: the loops end when a change makes fewer.
const MOST_CALLS: usize = 12;

/// Kills the process while each call to the host is under way, once before it had an effect and
/// once after.
async fn kill_at_each_call(database: Database) -> Result<()> {
    let mut app = TestApp::start(database).await?;
    let (server, engine) = app.add_server("alpha").await?;
    let mut deepest = 0;
    for call in app.some_of(0..MOST_CALLS) {
        for trouble in [Trouble::HangBefore, Trouble::HangAfter] {
            engine.trouble(call, trouble.clone());
            let network = format!("net-{call}-{trouble:?}").to_lowercase();
            let body = json!({ "server_id": server.id, "network": network });
            let made: Destination = app.owner.post("/v1/destinations", body).await?.created()?;
            tokio::select! {
                () = engine.hung() => deepest = deepest.max(call),
                ready = app.owner.settled(&made, DestinationState::Ready) => drop(ready?),
            }
            engine.calm();
            app.restart().await?;
            let ready = app.owner.settled(&made, DestinationState::Ready).await?;
            let same = engine.network_names().iter().filter(|name| **name == network).count();
            assert_eq!(same, 1, "call {call} {trouble:?}");
            let operation = ready.operation_id.as_ref().map_or("", |id| id.as_str());
            let operation = app.owner.outcome(operation).await?;
            assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        }
    }
    ensure!(deepest >= 3, "the calls of a create were not reached: {deepest}");
    app.stop().await?;
    app.database.drop().await
}

#[tokio::test]
async fn killed_at_each_call_of_a_create_on_sqlite() -> Result<()> {
    kill_at_each_call(Database::Sqlite).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn killed_at_each_call_of_a_create_on_postgres() -> Result<()> {
    kill_at_each_call(Database::postgres().await?).await
}

story! {
    /// The same for a delete: it is done after the restart, and nothing else was removed.
    async fn killed_at_each_call_of_a_delete(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "bystander").await?;
        for call in app.some_of(0..6) {
            for trouble in [Trouble::HangBefore, Trouble::HangAfter] {
                let network = format!("net-{call}-{trouble:?}").to_lowercase();
                let made = app.owner.destination(&server, &network).await?;
                engine.trouble(call, trouble.clone());
                let path = format!("/v1/destinations/{}", made.id);
                let begun: Operation = app.owner.delete(&path).await?.accepted()?;
                let gone = || async {
                    Ok((app.owner.get(&path).await?.status == 404).then_some(()))
                };
                tokio::select! {
                    () = engine.hung() => {}
                    gone = eventually("it is gone", gone) => gone?,
                }
                engine.calm();
                app.restart().await?;
                eventually("it is gone after the restart", || async {
                    Ok((app.owner.get(&path).await?.status == 404).then_some(()))
                })
                .await?;
                let outcome = app.owner.outcome(begun.id.as_str()).await?;
                assert_eq!(outcome.state, OperationState::Succeeded, "{outcome:?}");
                assert_eq!(engine.network_names(), ["bystander"], "call {call} {trouble:?}");
            }
        }
    }
}

/// Waits until there is one drift in this list, and it is healed.
async fn healed_once(app: &TestApp, list: &str) -> Result<()> {
    eventually("it is healed", || async {
        let page: Page<Drift> = app.owner.get(list).await?.ok()?;
        let healed = page.items.iter().all(|drift| drift.state == DriftState::Healed);
        Ok((healed && page.items.len() == 1).then_some(()))
    })
    .await
}

story! {
    /// The same for a repair: one network, one drift, healed.
    async fn killed_at_each_call_of_a_repair(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let mut deepest = 0;
        for call in app.some_of(0..MOST_CALLS) {
            for trouble in [Trouble::HangBefore, Trouble::HangAfter] {
                let network = format!("net-{call}-{trouble:?}").to_lowercase();
                let made = app.owner.destination(&server, &network).await?;
                engine.trouble(call, trouble.clone());
                engine.drop_network(&network);
                let of = format!("/v1/drifts?destination_id={}", made.id);
                tokio::select! {
                    () = engine.hung() => deepest = deepest.max(call),
                    done = healed_once(app, &of) => done?,
                }
                engine.calm();
                app.restart().await?;
                healed_once(app, &of).await?;
                app.owner.settled(&made, DestinationState::Ready).await?;
                let same = engine.network_names().iter().filter(|name| **name == network).count();
                assert_eq!(same, 1, "call {call} {trouble:?}");
            }
        }
        ensure!(deepest >= 4, "the calls of a repair were not reached: {deepest}");
    }
}

story! {
    /// What waits for a person waits through every kill: the host is asked, and never told.
    async fn killed_while_a_person_is_asked(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let body = json!({ "policy": "ask" });
        let _: serde_json::Value = app.owner.patch("/v1/drift-policy", body).await?.ok()?;
        let mut asked = 0;
        for call in app.some_of(0..6) {
            for trouble in [Trouble::HangBefore, Trouble::HangAfter] {
                let network = format!("net-{call}-{trouble:?}").to_lowercase();
                let made = app.owner.destination(&server, &network).await?;
                engine.trouble(call, trouble.clone());
                engine.drop_network(&network);
                let drifted = app.owner.settled(&made, DestinationState::Drifted);
                tokio::select! {
                    () = engine.hung() => {}
                    done = drifted => drop(done?),
                }
                engine.calm();
                app.restart().await?;
                app.owner.settled(&made, DestinationState::Drifted).await?;
                ensure!(engine.network(&network).is_none(), "call {call} {trouble:?}");
                asked += 1;
            }
        }
        let open: Page<Drift> = app.owner.get("/v1/drifts?open=true&limit=50").await?.ok()?;
        assert_eq!(open.items.len(), asked);
    }
}

story! {
    /// Docker refuses each call in turn: the destination is failed with its words, and a retry
    /// mends it.
    async fn refused_at_each_call(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let mut failed = 0;
        // A look that was on its way already may take the trouble for itself: then once more.
        for (round, call) in (0..3).flat_map(|round| (0..MOST_CALLS).map(move |call| (round, call)))
        {
            if round > 0 && failed >= 3 {
                break;
            }
            let words = format!("refused at call {call}");
            let error = HostError::Docker { status: 500, message: words.clone() };
            app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
            engine.trouble(call, Trouble::Fail(error));
            let made = app.owner.destination(&server, &format!("net-{round}-{call}")).await?;
            if made.state == DestinationState::Failed {
                failed += 1;
                ensure!(made.reason.as_ref().is_some_and(|reason| reason.contains(&words)), "{made:?}");
                let retry = format!("/v1/destinations/{}/retry?wait=20", made.id);
                let retried: Operation = app.owner.post(&retry, json!({})).await?.accepted()?;
                assert_eq!(retried.state, OperationState::Succeeded, "{retried:?}");
            }
            app.owner.settled(&made, DestinationState::Ready).await?;
        }
        ensure!(failed >= 3, "look, create and inspect were not all refused: {failed}");
    }
}

story! {
    /// The connection is lost at each call in turn: the work goes on by itself.
    async fn lost_at_each_call(app) {
        let (server, engine) = app.add_server("alpha").await?;
        for call in 0..5 {
            let cut = HostError::Lost { why: "cut".into() };
            for trouble in [Trouble::Fail(cut.clone()), Trouble::FailAfter(cut)] {
                let network = portolan_types::NetworkName::generate();
                app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
                engine.trouble(call, trouble);
                let body = json!({ "server_id": server.id, "network": network });
                // A look that was on its way already may take the trouble for itself.
                let made: Destination = eventually("it is accepted", || async {
                    let answer = app.owner.post("/v1/destinations", body.clone()).await?;
                    if answer.status == 409 { Ok(None) } else { Ok(Some(answer.created()?)) }
                })
                .await?;
                app.owner.settled(&made, DestinationState::Ready).await?;
                app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
            }
        }
        assert_eq!(engine.network_names().len(), 10);
    }
}

story! {
    /// Where nothing is to be done, nothing is done: a second pass changes nothing.
    async fn a_second_pass_changes_nothing(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let network = engine.network("web");
        app.restart().await?;
        app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        let other = app.owner.destination(&server, "other").await?;
        assert_eq!(other.state, DestinationState::Ready);
        assert_eq!(engine.network("web"), network);
        let shown = app.owner.show(&made).await?;
        assert_eq!((shown.state, shown.updated_at), (made.state, made.updated_at));
    }
}

story! {
    /// A delete that comes while the create is under way wins, and leaves nothing.
    async fn a_delete_overtakes_a_create(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.trouble(2, Trouble::HangAfter);
        let body = json!({ "server_id": server.id, "network": "web" });
        let made: Destination = app.owner.post("/v1/destinations", body).await?.created()?;
        engine.hung().await;
        let path = format!("/v1/destinations/{}", made.id);
        let begun: Operation = app.owner.delete(&path).await?.accepted()?;
        app.restart().await?;
        assert_eq!(app.owner.outcome(begun.id.as_str()).await?.state, OperationState::Succeeded);
        app.owner.get(&path).await?.problem(404)?;
        ensure!(engine.network_names().is_empty(), "a network was left behind");
    }
}

story! {
    /// A create that a crash cut off is done by the engine while we look: the name is then taken
    /// by our own network, which is no stranger's.
    async fn a_late_create_is_recognised(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let taken = "network with name web already exists".to_owned();
        let late = HostError::Docker { status: 409, message: taken };
        engine.trouble_in("create_network", Trouble::FailAfter(late));
        let made = app.owner.destination(&server, "web").await?;
        assert_eq!(made.state, DestinationState::Ready, "{made:?}");
        assert_eq!(engine.network_names(), ["web"]);
    }
}

story! {
    /// A network that appears after its destination was removed goes too; one with the label of
    /// another installation stays.
    async fn an_orphan_is_removed_and_a_strangers_network_is_not(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let left = engine.network("web").context("a network")?;
        let path = format!("/v1/destinations/{}?wait=20", made.id);
        let _: Operation = app.owner.delete(&path).await?.accepted()?;
        engine.put_network("web", |network| network.labels = left.labels.clone());
        engine.put_network("theirs", |network| {
            let id = portolan_types::DestinationId::generate().to_string();
            network.labels.insert("dev.portolan.destination".into(), id);
        });
        app.owner.destination(&server, "other").await?;
        eventually("the orphan is gone", || async {
            Ok((engine.network_names() == ["other", "theirs"]).then_some(()))
        })
        .await?;
    }
}
