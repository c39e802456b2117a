//! Destinations: the guide's promises, kept.

use anyhow::{Context, Result, ensure};
use portolan_server::host::HostError;
use portolan_types::{
    Destination, DestinationKind, DestinationState, Operation, OperationState, Origin, Page,
    ServerKind, id::is_cuid2,
};
use serde_json::{Value, json};

use crate::support::{TestApp, eventually, story};

fn path(destination: &Destination) -> String {
    format!("/v1/destinations/{}", destination.id)
}

async fn delete(app: &TestApp, destination: &Destination) -> Result<Operation> {
    app.owner.delete(&format!("{}?wait=20", path(destination))).await?.accepted()
}

story! {
    /// With nothing but a server given, the defaults are the guide's, and the network exists.
    async fn the_defaults_are_the_guides(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let body = json!({ "server_id": server.id });
        let made: Destination =
            app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        ensure!(is_cuid2(made.network.as_str()), "{}", made.network);
        assert_eq!(made.name.as_str(), format!("alpha-{}", made.network));
        assert_eq!((made.kind, made.origin), (DestinationKind::Standalone, Origin::Created));
        assert_eq!(made.state, DestinationState::Ready, "{made:?}");

        let network = engine.network(made.network.as_str()).context("no network")?;
        assert_eq!(network.labels["dev.portolan.destination"], made.id.as_str());
        assert_eq!(network.labels["dev.portolan.managed"], "true");
        let observed = made.observed.context("nothing observed")?;
        assert_eq!(observed.docker_id, network.docker_id);

        let operation = app.owner.outcome(made.operation_id.context("an operation")?.as_str()).await?;
        let steps: Vec<&str> = operation.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps, ["look", "create", "inspect"]);
    }
}

story! {
    /// Every option reaches Docker and is checked there.
    async fn options_reach_docker(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let body = json!({
            "server_id": server.id,
            "network": "full",
            "options": {
                "subnet": "10.20.0.0/24",
                "gateway": "10.20.0.1",
                "range": "10.20.0.128/25",
                "ipv6": true,
                "internal": true,
                "mtu": 1400,
                "labels": { "com.example.team": "blue" },
            },
        });
        let made: Destination = app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        assert_eq!(made.state, DestinationState::Ready, "{made:?}");
        let ula = made.planned.ipv6_subnet.context("no IPv6 subnet was chosen")?;
        ensure!(ula.to_string().starts_with("fd") && ula.prefix_len() == 64, "{ula}");
        let network = engine.network("full").context("no network")?;
        ensure!(network.internal && network.ipv6, "{network:?}");
        assert_eq!(network.subnets[0].subnet, "10.20.0.0/24");
        assert_eq!(network.options["com.docker.network.driver.mtu"], "1400");
        assert_eq!(network.labels["com.example.team"], "blue");
    }
}

story! {
    /// Bad input is refused before anything is stored, field by field.
    async fn bad_input_names_its_field(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let cases = [
            ("network", json!({ "network": "a;b" })),
            ("network", json!({ "network": "bridge" })),
            ("network", json!({ "network": "docker_gwbridge" })),
            ("network", json!({ "network": "x".repeat(129) })),
            ("name", json!({ "name": "a\u{1b}[31mb" })),
            ("options", json!({ "options": { "subnet": "10.0.0.1/24" } })),
            ("options.subnet", json!({ "options": { "subnet": "nonsense" } })),
            ("options.colour", json!({ "options": { "colour": "red" } })),
            ("options", json!({ "options": { "labels": { "dev.portolan.x": "y" } } })),
            ("kind", json!({ "kind": "swarm" })),
            ("options.encrypted", json!({ "options": { "encrypted": true } })),
            ("colour", json!({ "colour": "red" })),
        ];
        for (field, mut body) in cases {
            body["server_id"] = json!(server.id);
            let problem = app.owner.post("/v1/destinations", body.clone()).await?.problem(422)?;
            assert_eq!(problem.errors[0].field, field, "{body} {problem:?}");
        }
        ensure!(engine.network_names().is_empty(), "something was made");
        let page: Page<Destination> = app.owner.get("/v1/destinations").await?.ok()?;
        ensure!(page.items.is_empty(), "something was stored");
        let body = json!({ "server_id": server.id, "kind": "standalone" });
        app.owner.post("/v1/destinations", body).await?.created::<Value>()?;
    }
}

story! {
    /// The guide's sentence, also when fifty race.
    async fn a_network_is_added_once(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let body = json!({ "server_id": server.id, "network": "web" });
        let race: Vec<_> = (0..50)
            .map(|_| {
                let (client, body) = (app.owner.clone(), body.clone());
                tokio::spawn(async move { client.post("/v1/destinations?wait=20", body).await })
            })
            .collect();
        let mut made = 0;
        for racer in race {
            let answer = racer.await??;
            if answer.status == 201 {
                made += 1;
            } else {
                let problem = answer.problem(409)?;
                assert_eq!(problem.detail, "Network already added to this server.");
            }
        }
        assert_eq!((made, engine.network_names()), (1, vec!["web".to_owned()]));
        // The same name on another server is another network.
        let (other, _engine) = app.add_server("bravo").await?;
        assert_eq!(app.owner.destination(&other, "web").await?.state, DestinationState::Ready);
    }
}

story! {
    /// A list is narrowed by server, kind and state, and all that is asked for has to fit.
    async fn a_list_is_narrowed(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let (other, _) = app.add_server("beta").await?;
        engine.put_network("taken", |_| {});
        app.owner.destination(&server, "sea").await?;
        app.owner.destination(&other, "bay").await?;
        app.owner.destination(&server, "taken").await?;
        for (asked, wanted) in [
            ("state=ready".to_owned(), vec!["sea", "bay"]),
            ("kind=standalone&state=failed".to_owned(), vec!["taken"]),
            ("kind=swarm".to_owned(), Vec::new()),
            (format!("server_id={}&state=ready", server.id), vec!["sea"]),
        ] {
            let page: Page<Destination> =
                app.owner.get(&format!("/v1/destinations?{asked}")).await?.ok()?;
            let found: Vec<&str> = page.items.iter().map(|one| one.network.as_str()).collect();
            assert_eq!(found, wanted, "{asked}");
        }
        app.owner.get("/v1/destinations?state=gone").await?.problem(422)?;
    }
}

story! {
    /// A stranger's network of that name is not taken, nor removed.
    async fn a_strangers_network_is_left_alone(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.put_network("web", |_| {});
        let made = app.owner.destination(&server, "web").await?;
        assert_eq!(made.state, DestinationState::Failed);
        let operation = app.owner.outcome(made.operation_id.as_ref().context("an operation")?.as_str()).await?;
        let failure = operation.failure.context("a failure")?;
        assert_eq!(failure.code, "network-exists");
        ensure!(failure.remedy.is_some_and(|text| text.contains("adopt")), "no way out");

        let removed = delete(app, &made).await?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        assert_eq!(engine.network_names(), ["web"], "a stranger's network was removed");
    }
}

story! {
    /// The label can be changed, the network's name cannot.
    async fn only_the_label_changes(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let renamed: Destination =
            app.owner.patch(&path(&made), json!({ "name": "shop" })).await?.ok()?;
        assert_eq!((renamed.name.as_str(), renamed.network.as_str()), ("shop", "web"));
        let other = json!({ "network": "other" });
        let problem = app.owner.patch(&path(&made), other).await?.problem(422)?;
        ensure!(problem.detail.contains("cannot be changed"), "{problem:?}");
        let same = json!({ "network": "web" });
        app.owner.patch(&path(&made), same).await?.ok::<Destination>()?;
    }
}

story! {
    /// A network in use stays, traffic untouched, and the answer names who is on it.
    async fn a_network_in_use_stays(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.join("web", "shop-1");
        let refused = delete(app, &made).await?;
        let failure = refused.failure.context("it was removed")?;
        assert_eq!(failure.code, "network-in-use");
        assert_eq!(failure.blockers[0].name, "shop-1");
        assert_eq!(app.owner.show(&made).await?.state, DestinationState::Ready);
        assert_eq!(engine.network_names(), ["web"]);

        engine.empty("web");
        let removed = delete(app, &made).await?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        app.owner.get(&path(&made)).await?.problem(404)?;
        ensure!(engine.network_names().is_empty(), "the network is still there");
        // The work stays readable after its subject is gone.
        let of = format!("/v1/operations?subject_id={}", made.id);
        let page: Page<Operation> = app.owner.get(&of).await?.ok()?;
        assert_eq!(page.items.len(), 3);
    }
}

story! {
    /// Docker's own words and a way out, then a retry that works.
    async fn a_failure_can_be_retried(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let message = "could not find an available, non-overlapping IPv4 address pool among the \
                       defaults to assign to the network";
        let full = HostError::Docker { status: 500, message: message.into() };
        engine.refuse_networks(Some(full));
        let made = app.owner.destination(&server, "web").await?;
        assert_eq!(made.state, DestinationState::Failed);
        let reason = made.reason.as_ref().context("no reason")?;
        ensure!(reason.contains(message) && reason.contains("`alpha`"), "{reason}");
        let operation = app.owner.outcome(made.operation_id.as_ref().context("an operation")?.as_str()).await?;
        let remedy = operation.failure.and_then(|failure| failure.remedy).context("no remedy")?;
        ensure!(remedy.contains("give a free subnet"), "{remedy}");

        engine.refuse_networks(None);
        let retry = format!("{}/retry?wait=20", path(&made));
        let retried: Operation = app.owner.post(&retry, json!({})).await?.accepted()?;
        assert_eq!(retried.state, OperationState::Succeeded);
        assert_eq!(app.owner.show(&made).await?.state, DestinationState::Ready);
        app.owner.post(&retry, json!({})).await?.problem(409)?;
    }
}

story! {
    /// Each server that cannot take a destination says why.
    async fn every_refusal_names_its_cause(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let cases = [
            (ServerKind::SwarmWorker, "server-is-worker"),
            (ServerKind::SwarmManager, "swarm-not-known"),
        ];
        let validate = format!("/v1/servers/{}/validate", server.id);
        for (kind, code) in cases {
            engine.change_system(|system| system.kind = kind);
            let begun: Operation = app.owner.post(&validate, json!({})).await?.accepted()?;
            app.owner.outcome(begun.id.as_str()).await?;
            let body = json!({ "server_id": server.id });
            let problem = app.owner.post("/v1/destinations", body).await?.problem(409)?;
            ensure!(problem.kind.ends_with(code), "{problem:?}");
            ensure!(problem.remedy.is_some(), "{problem:?}");
        }
        engine.refuse_login(true);
        let begun: Operation = app.owner.post(&validate, json!({})).await?.accepted()?;
        app.owner.outcome(begun.id.as_str()).await?;
        let body = json!({ "server_id": server.id });
        let problem = app.owner.post("/v1/destinations", body).await?.problem(409)?;
        ensure!(problem.kind.ends_with("server-not-usable"), "{problem:?}");

        app.fleet.add("new:22");
        let unknown = json!({ "server_id": "tz4a98xxat96iws9zmbrgj3a" });
        app.owner.post("/v1/destinations", unknown).await?.problem(404)?;
    }
}

story! {
    /// Lists are paged by key, searched, and narrowed to a server.
    async fn destinations_are_listed(app) {
        let (alpha, _engine) = app.add_server("alpha").await?;
        let (bravo, _engine) = app.add_server("bravo").await?;
        for n in 0..5 {
            app.owner.destination(&alpha, &format!("web-{n}")).await?;
        }
        app.owner.destination(&bravo, "100%_db").await.err().context("a bad name passed")?;
        app.owner.destination(&bravo, "db_1").await?;
        app.owner.destination(&bravo, "dbx1").await?;

        let mut names = Vec::new();
        let mut next = String::new();
        loop {
            let page: Page<Destination> =
                app.owner.get(&format!("/v1/destinations?limit=2{next}")).await?.ok()?;
            ensure!(page.items.len() <= 2, "too many");
            names.extend(page.items.iter().map(|item| item.network.to_string()));
            match page.next {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(names, ["web-0", "web-1", "web-2", "web-3", "web-4", "db_1", "dbx1"]);

        let of = format!("/v1/destinations?server_id={}", bravo.id);
        let page: Page<Destination> = app.owner.get(&of).await?.ok()?;
        assert_eq!(page.items.len(), 2);
        // `_` is a letter to people, not a pattern.
        let page: Page<Destination> = app.owner.get("/v1/destinations?search=DB_").await?.ok()?;
        assert_eq!(page.items.len(), 1);
    }
}

story! {
    /// A delete that is asked for twice is one; a name can be used again afterwards.
    async fn a_name_can_be_used_again(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let first = delete(app, &made).await?;
        assert_eq!(first.state, OperationState::Succeeded);
        app.owner.delete(&path(&made)).await?.problem(404)?;
        let again = app.owner.destination(&server, "web").await?;
        assert_eq!(again.state, DestinationState::Ready);
        assert_ne!(again.id, made.id);
        // A network that is gone already counts as removed.
        engine.stop();
        engine.drop_network("web");
        let begun: Operation = app.owner.delete(&path(&again)).await?.accepted()?;
        engine.start();
        eventually("it is gone", || async {
            Ok((app.owner.get(&path(&again)).await?.status == 404).then_some(()))
        })
        .await?;
        assert_eq!(app.owner.outcome(begun.id.as_str()).await?.state, OperationState::Succeeded);
    }
}
