//! Proofs of overlays: across the nodes of a swarm, and on the wire between them.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::{FakeEngine, FakeSwarm, NetworkFault};
use portolan_types::{
    Check, CheckName, CheckOutcome, Destination, Operation, OperationResult, ReachOutcome,
    ReachVerdict, Reachability, Server, ServerKind,
};
use serde_json::json;

use super::{check, clean, failed, verify};
use crate::support::{TestApp, eventually, story};

/// Two managers of one swarm; the address of the other one is known.
async fn swarm(app: &TestApp) -> Result<(Server, [Arc<FakeEngine>; 2])> {
    let swarm = FakeSwarm::new();
    let mut nodes = Vec::new();
    for (name, address) in [("echo", "192.0.2.15"), ("foxtrot", "192.0.2.16")] {
        let (server, engine) = app.add_server(name).await?;
        swarm.join(&engine, address, ServerKind::SwarmManager);
        let server = eventually("it is a manager", || async {
            let shown: Server = app.owner.get(&format!("/v1/servers/{}", server.id)).await?.ok()?;
            Ok((shown.kind == Some(ServerKind::SwarmManager)).then_some(shown))
        })
        .await?;
        nodes.push((server, engine));
    }
    let [(first, echo), (_, foxtrot)] = <[_; 2]>::try_from(nodes).ok().context("two nodes")?;
    Ok((first, [echo, foxtrot]))
}

async fn sea(app: &TestApp, server: &Server) -> Result<Destination> {
    let body = json!({
        "server_id": server.id, "network": "sea", "options": { "encrypted": true },
    });
    app.owner.post("/v1/destinations?wait=20", body).await?.created()
}

fn reason(check: &Check) -> &str {
    check.reason.as_deref().unwrap_or_default()
}

story! {
    /// Encryption is proved by what goes over the wire alone. Where nothing goes there, nothing is
    /// proved, whatever Docker says of the network.
    async fn only_the_wire_proves_encryption(app) {
        let (server, engines) = swarm(app).await?;
        let made = sea(app, &server).await?;
        let (_, sound) = verify(app, &made).await?;
        assert_eq!(failed(&sound), Vec::<CheckName>::new(), "{sound:?}");
        for name in [CheckName::AcrossNodes, CheckName::Encrypted] {
            assert_eq!(check(&sound, name)?.outcome, CheckOutcome::Passed, "{sound:?}");
        }
        let seen = &check(&sound, CheckName::Encrypted)?.evidence[0];
        ensure!(seen.to.contains("192.0.2.16") && seen.answer.contains("4 of ESP"), "{seen:?}");

        engines[0].harm("sea", NetworkFault::Readable);
        let (_, open) = verify(app, &made).await?;
        engines[0].heal();
        assert_eq!(failed(&open), [CheckName::Encrypted]);
        ensure!(reason(check(&open, CheckName::Encrypted)?).contains("can be read on the way"));

        for (fault, word) in [
            (NetworkFault::DropsAcross, "no packet could be sent"),
            (NetworkFault::WithoutKeys, "server `echo` is to encrypt"),
        ] {
            engines[0].harm("sea", fault);
            let (_, lost) = verify(app, &made).await?;
            engines[0].heal();
            assert_eq!(failed(&lost), [CheckName::AcrossNodes], "{fault:?}");
            let across = check(&lost, CheckName::AcrossNodes)?;
            ensure!(reason(across).contains("servers `echo` and `foxtrot`"), "{across:?}");
            let encrypted = check(&lost, CheckName::Encrypted)?;
            assert_eq!(encrypted.outcome, CheckOutcome::Skipped, "{encrypted:?}");
            ensure!(reason(encrypted).contains(word), "{encrypted:?}");
        }
        for engine in &engines {
            clean(engine).await?;
        }
    }
}

story! {
    /// Without another node to try it with, what goes across is not proved.
    async fn one_node_proves_nothing_of_others(app) {
        let (server, engines) = swarm(app).await?;
        let made = sea(app, &server).await?;
        engines[1].stop();
        eventually("foxtrot is missed", || async {
            let shown: portolan_types::Page<Server> = app.owner.get("/v1/servers").await?.ok()?;
            let away = |one: &&Server| one.reachability == Reachability::Unreachable;
            Ok(shown.items.iter().find(away).map(drop))
        })
        .await?;
        let (_, alone) = verify(app, &made).await?;
        let across = check(&alone, CheckName::AcrossNodes)?;
        assert_eq!(across.outcome, CheckOutcome::Skipped, "{across:?}");
        ensure!(reason(across).contains("no other node"), "{across:?}");
        assert_eq!(check(&alone, CheckName::Encrypted)?.outcome, CheckOutcome::Skipped);
    }
}

story! {
    /// A way between nodes is tried from the one to the other; what gets lost is told with both.
    async fn a_way_across_nodes_is_proved(app) {
        let (server, engines) = swarm(app).await?;
        sea(app, &server).await?;
        engines[0].join("sea", "web");
        engines[1].join("sea", "db");
        let question = json!({ "from": "echo:web", "to": "foxtrot:db", "port": 5432 });
        let mut told = Vec::new();
        for fault in [None, Some(NetworkFault::DropsAcross)] {
            if let Some(fault) = fault {
                engines[0].harm("sea", fault);
            }
            let asked = app.owner.post("/v1/reach/prove?wait=20", question.clone()).await?;
            let over: Operation = asked.accepted()?;
            let Some(OperationResult::Reach { reach, proof }) = over.result.clone() else {
                anyhow::bail!("no proof: {over:?}");
            };
            assert_eq!(reach.verdict, ReachVerdict::Yes, "{reach:?}");
            told.push(proof);
        }
        assert_eq!(told[0].outcome, ReachOutcome::Connected, "{told:?}");
        assert_eq!((told[1].outcome, told[1].contradicts), (ReachOutcome::TimedOut, true));
        let cause = told[1].cause.as_ref().context("a cause")?;
        ensure!(cause.reason.contains("on server `foxtrot` get lost"), "{cause:?}");
        for engine in &engines {
            clean(engine).await?;
        }
    }
}
