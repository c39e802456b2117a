//! Removing a destination exactly: shown before it is done, with or without those on its network,
//! never in another world than the one that was shown.

use anyhow::{Context, Result, bail, ensure};
use portolan_server::host::{Endpoint, HostError, fake::Trouble};
use portolan_types::{
    Destination, DestinationState, MemberKind, Operation, OperationResult, OperationState, Preview,
    Reachability,
};
use serde_json::json;

use crate::support::{TestApp, eventually, story};

fn path(destination: &Destination) -> String {
    format!("/v1/destinations/{}", destination.id)
}

async fn preview(app: &TestApp, destination: &Destination, query: &str) -> Result<Preview> {
    app.owner.delete(&format!("{}?preview=true{query}", path(destination))).await?.ok()
}

async fn detach(app: &TestApp, destination: &Destination, version: &str) -> Result<Operation> {
    let query = format!("?detach=true&version={version}&wait=20");
    app.owner.delete(&format!("{}{query}", path(destination))).await?.accepted()
}

fn code(operation: &Operation) -> Option<&str> {
    operation.failure.as_ref().map(|failure| failure.code.as_str())
}

story! {
    /// A preview of a creation says what would be made, or why not, and makes nothing.
    async fn a_creation_is_previewed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.put_network("theirs", |_| {});
        let ask = |network: &str, options: serde_json::Value| {
            json!({ "server_id": server.id, "network": network, "options": options })
        };
        let path = "/v1/destinations?preview=true";
        let body = ask("web", json!({ "subnet": "10.20.0.0/24" }));
        let good: Preview = app.owner.post(path, body).await?.ok()?;
        ensure!(good.allowed && good.steps[0].contains("10.20.0.0/24"), "{good:?}");
        let taken: Preview = app.owner.post(path, ask("theirs", json!({}))).await?.ok()?;
        assert_eq!(taken.refusals[0].code, "network-exists");
        let made = app.owner.destination(&server, "ours").await?;
        let twice: Preview = app.owner.post(path, ask("ours", json!({}))).await?.ok()?;
        assert_eq!(twice.refusals[0].code, "network-already-added");
        let listed: portolan_types::Page<Destination> =
            app.owner.get("/v1/destinations").await?.ok()?;
        assert_eq!(listed.items.iter().map(|one| &one.id).collect::<Vec<_>>(), [&made.id]);
        assert_eq!(engine.network_names(), ["ours", "theirs"]);
    }
}

story! {
    /// A preview of a removal names everyone on the network, running or not, the proxy, and the
    /// routes that go dark; nobody is touched.
    async fn a_removal_is_previewed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let empty = preview(app, &made, "").await?;
        ensure!(empty.allowed && empty.affected.is_empty(), "{empty:?}");
        engine.join("web", "shop");
        engine.dress("shop", "shop:1", &["Host(`a.example`)"]);
        engine.join("web", "edge");
        engine.dress("edge", "traefik:v3", &[]);

        let refused = preview(app, &made, "").await?;
        assert_eq!(refused.refusals[0].code, "network-in-use");
        assert_eq!(refused.refusals[0].blockers.len(), 2);
        let allowed = preview(app, &made, "&detach=true").await?;
        ensure!(allowed.allowed, "{allowed:?}");
        let kinds: Vec<_> = allowed.affected.iter().map(|one| (one.name.as_str(), one.kind)).collect();
        assert_eq!(kinds, [("shop", MemberKind::Container), ("edge", MemberKind::Proxy)]);
        assert_eq!(allowed.dark_routes[0].rule, "Host(`a.example`)");
        assert_ne!(allowed.version, empty.version);
        assert_eq!(engine.members("web").len(), 2);
        assert_eq!(app.owner.show(&made).await?.state, DestinationState::Ready);
    }
}

story! {
    /// With the version of the preview, those it named are disconnected and the network goes.
    async fn members_are_detached(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.join("web", "shop");
        app.owner.delete(&format!("{}?detach=true", path(&made))).await?.problem(422)?;
        let version = preview(app, &made, "&detach=true").await?.version;
        let done = detach(app, &made, &version).await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
        ensure!(engine.network_names().is_empty() && engine.container("shop").is_some(), "not exact");
    }
}

story! {
    /// Somebody joined after the preview: nothing is done, and the destination is as before.
    async fn a_changed_world_is_not_acted_on(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.join("web", "shop");
        let version = preview(app, &made, "&detach=true").await?.version;
        engine.join("web", "late");
        let refused = detach(app, &made, &version).await?;
        assert_eq!(code(&refused), Some("changed-since-preview"), "{refused:?}");
        assert_eq!(engine.members("web").len(), 2);
        assert_eq!(app.owner.show(&made).await?.state, DestinationState::Ready);
    }
}

story! {
    /// Docker refuses any call of a removal with detaching: whoever was disconnected is back, with
    /// the aliases of before, and the destination is ready.
    async fn a_refusal_puts_everyone_back(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        for name in ["shop", "cart"] {
            let aliases = vec![format!("{name}-alias")];
            engine.join_as("web", name, "running", &Endpoint { aliases, ..Endpoint::default() });
        }
        let before = engine.members("web");
        for method in ["find_network", "find_container", "disconnect", "remove_network"] {
            let version = preview(app, &made, "&detach=true").await?.version;
            let error = HostError::Docker { status: 500, message: "no".into() };
            engine.trouble_in(method, Trouble::Fail(error));
            let refused = detach(app, &made, &version).await?;
            assert_eq!(refused.state, OperationState::Failed, "{method}: {refused:?}");
            assert_eq!(engine.members("web"), before, "{method}");
            if app.owner.show(&made).await?.state == DestinationState::Failed {
                let retry = format!("{}/retry?wait=20", path(&made));
                let _: Operation = app.owner.post(&retry, json!({})).await?.accepted()?;
            }
            app.owner.settled(&made, DestinationState::Ready).await?;
        }
    }
}

story! {
    /// Killed at each call, a removal with detaching is done after the restart.
    async fn killed_at_each_call_of_a_detach(app) {
        let (server, engine) = app.add_server("alpha").await?;
        for call in app.some_of(0..10) {
            for trouble in [Trouble::HangBefore, Trouble::HangAfter] {
                let network = format!("net-{call}-{trouble:?}").to_lowercase();
                let made = app.owner.destination(&server, &network).await?;
                for name in ["a", "b"] {
                    engine.join(&network, &format!("{network}-{name}"));
                }
                let version = preview(app, &made, "&detach=true").await?.version;
                engine.trouble(call, trouble.clone());
                let query = format!("{}?detach=true&version={version}", path(&made));
                let begun: Operation = app.owner.delete(&query).await?.accepted()?;
                let gone = || async {
                    Ok((app.owner.get(&path(&made)).await?.status == 404).then_some(()))
                };
                tokio::select! {
                    () = engine.hung() => {}
                    gone = eventually("it is gone", gone) => gone?,
                }
                engine.calm();
                app.restart().await?;
                let outcome = app.owner.outcome(begun.id.as_str()).await?;
                assert_eq!(outcome.state, OperationState::Succeeded, "{call} {trouble:?} {outcome:?}");
                ensure!(engine.network(&network).is_none(), "{network} stayed");
            }
        }
    }
}

story! {
    /// A network that is already gone counts as removed.
    async fn a_network_that_is_gone_counts_as_removed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.refuse_networks(Some(HostError::Docker { status: 500, message: "no".into() }));
        engine.drop_network("web");
        app.owner.settled(&made, DestinationState::Failed).await?;
        let done: Operation =
            app.owner.delete(&format!("{}?wait=20", path(&made))).await?.accepted()?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
    }
}

story! {
    /// A server that answers is not forgotten about; one that does not leaves behind what is named.
    async fn a_destination_of_a_lost_host_is_forgotten(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.join("web", "shop");
        preview(app, &made, "").await?;
        let forget = format!("{}?forget=true", path(&made));
        let problem = app.owner.delete(&forget).await?.problem(409)?;
        ensure!(problem.kind.ends_with("server-reachable"), "{problem:?}");
        engine.stop();
        app.owner.reachable(server.id.as_str(), Reachability::Unreachable).await?;
        let shown = preview(app, &made, "").await?;
        assert_eq!(shown.refusals[0].code, "server-unreachable");
        let operation: Operation = app.owner.delete(&forget).await?.accepted()?;
        let Some(OperationResult::Forgotten { left_behind }) = operation.result else {
            bail!("nothing was said: {operation:?}")
        };
        assert_eq!((left_behind.network.as_str(), left_behind.containers), ("web", vec!["shop".into()]));
        app.owner.get(&path(&made)).await?.problem(404)?;
        engine.start();
        app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        let network = engine.network("web").context("it was removed")?;
        ensure!(network.name == "web", "{network:?}");
    }
}
