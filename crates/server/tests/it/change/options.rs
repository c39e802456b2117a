//! What a change makes of each option, what it tells and what it refuses.

use anyhow::{Context, Result, ensure};
use portolan_server::host::{HostError, fake::Trouble};
use portolan_types::{
    Destination, DestinationState, Operation, OperationKind, OperationResult, OperationState,
    Preview, Reachability,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, change, crewed, ensure_crewed, moved, outcome, path, subnet};
use crate::support::{TestApp, eventually, story};

story! {
    /// Each option becomes what was asked for, and the crew does not change.
    async fn each_option_is_changed_in_place(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        let before = engine.network("sea").context("a network")?.docker_id;
        let changes = [
            json!({ "subnet": "10.51.0.0/16", "gateway": "10.51.0.1" }),
            json!({ "subnet": "10.51.0.0/16", "mtu": 1400 }),
            json!({ "subnet": "10.51.0.0/16", "mtu": 1400, "ipv6": true }),
            json!({ "subnet": "10.51.0.0/16", "internal": true }),
            json!({ "subnet": "10.51.0.0/16", "labels": { "team": "blue" } }),
            json!({}),
        ];
        for (index, options) in changes.iter().enumerate() {
            let operation = change(app, &made, options.clone()).await?;
            assert_eq!(operation.state, OperationState::Succeeded, "{options}: {operation:?}");
            assert_eq!(operation.kind, OperationKind::ChangeDestination);
            let shown = app.owner.show(&made).await?;
            let revision = u32::try_from(index)? + 2;
            assert_eq!((shown.state, shown.revision), (DestinationState::Ready, revision));
            assert_eq!(shown.options, serde_json::from_value(options.clone())?);
            let network = engine.network("sea").context("a network")?;
            assert_eq!(network.labels["dev.portolan.revision"], revision.to_string());
            assert_eq!(network.labels["dev.portolan.destination"], made.id.as_str());
            let observed = shown.observed.context("nothing observed")?;
            assert_eq!(observed.docker_id, network.docker_id);
            ensure_crewed(&engine, &options.to_string())?;
        }
        assert_ne!(engine.network("sea").context("a network")?.docker_id, before);
    }
}

story! {
    /// Who was moved, for how long it may have been out of reach, and what it lost is told.
    async fn what_became_of_each_container_is_told(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        let operation = change(app, &made, json!({ "subnet": "10.50.0.0/16" })).await?;
        let mut containers = moved(&operation)?.to_vec();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<&str> = containers.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["db", "job", "web"]);
        ensure!(containers.iter().all(|one| one.gap_ms.is_some() && one.note.is_none()), "{containers:?}");
        let db = engine.container("db").context("db")?;
        assert_eq!(db.endpoints[0].attachment.address.as_deref(), Some("10.50.0.9"), "kept");

        let operation = change(app, &made, json!({ "subnet": "10.60.0.0/16" })).await?;
        let note = moved(&operation)?.iter().find(|one| one.name == "db").and_then(|one| one.note.clone());
        ensure!(note.is_some_and(|note| note.contains("10.50.0.9 does not fit")), "{operation:?}");
        ensure_crewed(&engine, "the address did not fit")?;
        let steps: Vec<&str> = operation.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps, [
            "look", "interim", "attach-to-interim", "detach", "remove", "create", "attach",
            "detach-from-interim", "remove-interim", "inspect",
        ]);
    }
}

story! {
    /// An address that somebody else took meanwhile is given up, and the container is not.
    async fn an_address_in_use_is_given_up(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        let in_use = HostError::Docker { status: 403, message: "Address already in use".into() };
        // After the three that join the interim network, the first to join the new one keeps one.
        engine.trouble_at("connect", 3, Trouble::Fail(in_use));
        let operation = change(app, &made, json!({ "subnet": "10.50.0.0/16" })).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        let note = moved(&operation)?.iter().find(|one| one.name == "db").and_then(|one| one.note.clone());
        ensure!(note.is_some_and(|note| note.contains("in use")), "{operation:?}");
        ensure_crewed(&engine, "an address in use")?;
    }
}

story! {
    /// What can be told without the host is refused at once.
    async fn what_cannot_be_changed_is_refused(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        let at = path(&made);
        let patch = |body: Value| app.owner.patch(&at, body);
        let same = patch(json!({ "options": { "subnet": "10.50.0.0/24" } })).await?.problem(409)?;
        assert_eq!(same.kind, "/problems/nothing-to-change");
        patch(json!({ "options": { "subnet": "10.50.0.1/24" } })).await?.problem(422)?;

        engine.put_network("theirs", |_| {});
        let adopt = format!("/v1/servers/{}/adopt?wait=20", server.id);
        let adoption: Operation =
            app.owner.post(&adopt, json!({ "networks": ["theirs"] })).await?.accepted()?;
        let Some(OperationResult::Adoption { networks }) = adoption.result else {
            anyhow::bail!("not an adoption")
        };
        let id = networks[0].destination_id.as_ref().context("adopted")?;
        let adopted = format!("/v1/destinations/{id}");
        let adopted = app.owner.patch(&adopted, json!({ "options": {} })).await?;
        assert_eq!(adopted.problem(409)?.kind, "/problems/adopted-is-not-altered");

        engine.drop_network("theirs");
        // While it changes neither a second change nor a removal begins.
        engine.trouble_in("create_network", Trouble::HangBefore);
        ask(app, &made, json!({ "mtu": 1400 })).await?;
        engine.hung().await;
        assert_eq!(patch(json!({ "options": {} })).await?.problem(409)?.kind, "/problems/destination-busy");
        let gone = app.owner.delete(&path(&made)).await?.problem(409)?;
        assert_eq!(gone.kind, "/problems/destination-busy");
        // A new label needs no host.
        let renamed: Destination = patch(json!({ "name": "renamed" })).await?.ok()?;
        assert_eq!(renamed.name.as_str(), "renamed");
        app.restart().await?;
        app.owner.settled(&made, DestinationState::Ready).await?;
        ensure_crewed(&engine, "after the restart")?;
    }
}

story! {
    /// A subnet that another network has is refused before anything is touched.
    async fn an_overlap_is_seen_before_anything_is_touched(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        let before = engine.network("sea");
        let body = json!({
            "server_id": server.id, "network": "other", "options": { "subnet": "10.70.0.0/16" },
        });
        app.owner.post("/v1/destinations?wait=20", body).await?.created::<Destination>()?;
        let at = path(&made);
        let patch = |subnet: &str| {
            let body = json!({ "options": { "subnet": subnet } });
            app.owner.request(Method::PATCH, &at).json(&body)
        };
        let refused = app.owner.send(patch("10.70.3.0/24")).await?.problem(409)?;
        assert_eq!(refused.kind, "/problems/subnet-overlaps");
        ensure!(refused.detail.contains("`other`"), "{refused:?}");

        // One that came after the last look at the host is seen by the next.
        engine.put_network("late", |network| {
            network.subnets = vec![portolan_server::host::HostSubnet {
                subnet: "10.71.0.0/16".into(),
                ..Default::default()
            }];
        });
        let answer = app.owner.send(patch("10.71.3.0/24")).await?;
        if answer.status == 409 {
            // A look for another reason came between.
            let refused = answer.problem(409)?;
            assert_eq!(refused.kind, "/problems/subnet-overlaps");
            ensure!(refused.detail.contains("`late`"), "{refused:?}");
        } else {
            let operation = outcome(app, &answer.ok()?).await?;
            let failure = operation.failure.context("a failure")?;
            assert_eq!(failure.code, "subnet-overlaps");
            ensure!(failure.message.contains("`late`"), "{failure:?}");
        }
        let shown = app.owner.show(&made).await?;
        assert_eq!((shown.state, shown.revision), (DestinationState::Ready, 1));
        assert_eq!(engine.network("sea"), before);
    }
}

story! {
    /// At no moment are two of the crew without a network that they share.
    async fn they_share_a_network_at_all_times(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        engine.watch_places();
        let operation = change(app, &made, json!({ "subnet": "10.53.0.0/24", "mtu": 1400 })).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        let places = engine.places();
        ensure!(places.len() > 10, "{places:?}");
        for (index, moment) in places.iter().enumerate() {
            let of = |name: &str| moment.get(name).cloned().unwrap_or_default();
            let shared = of("web").into_iter().any(|network| {
                of("db").contains(&network) && of("job").contains(&network)
            });
            ensure!(shared, "moment {index}: {moment:?}");
        }
    }
}

story! {
    /// A network that drifted is made anew by the options it should have, with its members.
    async fn a_drifted_network_is_made_anew(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        engine.change_network("sea", |network| network.internal = true);
        app.owner.settled(&made, DestinationState::Failed).await?;
        let operation = change(app, &made, json!({ "subnet": "10.50.0.0/24" })).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        eventually("it is ready", || async {
            Ok((app.owner.show(&made).await?.state == DestinationState::Ready).then_some(()))
        })
        .await?;
        ensure!(!engine.network("sea").context("a network")?.internal, "still internal");
        ensure_crewed(&engine, "made anew")?;
    }
}

async fn preview(app: &TestApp, destination: &Destination, options: Value) -> Result<Preview> {
    let path = format!("{}?preview=true", path(destination));
    app.owner.patch(&path, json!({ "options": options })).await?.ok()
}

story! {
    /// A preview says who goes over and what is against it, and does nothing; a change that is
    /// sent with its version is refused once the world is another.
    async fn a_preview_shows_what_a_change_would_do(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        let before = engine.network("sea");
        let seen = preview(app, &made, json!({ "internal": true, "mtu": 1400 })).await?;
        ensure!(seen.allowed && seen.refusals.is_empty(), "{seen:?}");
        let names: Vec<&str> = seen.affected.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["db", "job", "web"]);
        ensure!(seen.affected.iter().all(|one| one.effect.contains("no way out")), "{seen:?}");
        ensure!(seen.steps.iter().any(|step| step.contains("MTU 1400")), "{seen:?}");
        assert_eq!(engine.network("sea"), before);

        engine.put_network("other", |network| {
            network.subnets = vec![portolan_server::host::HostSubnet {
                subnet: "10.90.0.0/16".into(),
                ..Default::default()
            }];
        });
        let refused = preview(app, &made, json!({ "subnet": "10.90.1.0/24" })).await?;
        assert_eq!((refused.allowed, refused.refusals[0].code.as_str()), (false, "subnet-overlaps"));
        let same = preview(app, &made, json!({ "subnet": "10.50.0.0/24" })).await?;
        assert_eq!(same.refusals[0].code, "nothing-to-change");
        engine.drop_network("other");

        engine.join("sea", "newcomer");
        let at = format!("{}?wait=20&version={}", path(&made), seen.version);
        let body = json!({ "options": { "internal": true, "mtu": 1400 } });
        let stale: Destination = app.owner.patch(&at, body.clone()).await?.ok()?;
        let operation = outcome(app, &stale).await?;
        assert_eq!(operation.failure.map(|why| why.code).as_deref(), Some("changed-since-preview"));
        assert_eq!((stale.state, engine.network("sea")), (DestinationState::Ready, before));

        let seen = preview(app, &made, json!({ "internal": true, "mtu": 1400 })).await?;
        let at = format!("{}?wait=20&version={}", path(&made), seen.version);
        let changed: Destination = app.owner.patch(&at, body).await?.ok()?;
        assert_eq!(outcome(app, &changed).await?.state, OperationState::Succeeded);
        ensure_crewed(&engine, "after the preview")?;
    }
}

story! {
    /// A subnet that Portolan chose stays while nobody asks for another; one that is left open again
    /// is chosen anew.
    async fn a_chosen_subnet_stays(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "sea").await?;
        let chosen = made.planned.subnet.context("a chosen subnet")?;
        // The host has a way into it, which is in nobody's way.
        engine.set_routes(Some(vec![chosen.into()]));
        app.restart().await?;
        app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        let chosen = chosen.to_string();
        change(app, &made, json!({ "mtu": 1400, "ipv6": true })).await?;
        assert_eq!(subnet(&engine)?, chosen);
        let shown = app.owner.show(&made).await?;
        assert_eq!(shown.planned.subnet.map(|net| net.to_string()), Some(chosen.clone()));
        ensure!(shown.planned.ipv6_subnet.is_some(), "{shown:?}");

        change(app, &made, json!({ "subnet": "10.51.0.0/16" })).await?;
        assert_eq!(app.owner.show(&made).await?.planned.subnet, None);
        change(app, &made, json!({})).await?;
        let shown = app.owner.show(&made).await?;
        assert_eq!(shown.planned.subnet.map(|net| net.to_string()), Some(subnet(&engine)?));
    }
}
