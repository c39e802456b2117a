//! What is not done with databases, and why.

use portolan_server::host::fake::FakeSwarm;
use portolan_types::{Reachability, ServerKind};

use super::*;

story! {
    /// What runs a database is changed, deployed and removed in its place.
    async fn what_runs_a_database_is_left_alone(app) {
        let at = place(app).await?;
        let (orders, _) = add(app, &at, "orders", "postgres").await?;
        let path = format!("/v1/applications/{}", orders.id);
        let shown: Application = app.owner.get(&path).await?.ok()?;
        assert_eq!(shown.database_id.as_ref(), Some(&orders.id));
        let set = json!({ "set": [{ "name": "POSTGRES_PASSWORD", "value": "x" }] });
        let spec = json!({ "spec": { "image": "shop:1" } });
        for answer in [
            app.owner.patch(&path, spec).await?,
            app.owner.patch(&format!("{path}/variables"), set).await?,
            app.owner.post(&format!("{path}/deploy"), json!({ "image": "shop:1" })).await?,
            app.owner.post(&format!("{path}/roll-back"), json!({})).await?,
            app.owner.delete(&path).await?,
        ] {
            answer.refused("application-of-a-database")?;
            ensure!(answer.text.contains("`update_database`"), "{}", answer.text);
        }
        let preview: Preview = app.owner.delete(&format!("{path}?preview=true")).await?.ok()?;
        ensure!(!preview.allowed, "{preview:?}");
        // And an application is no database.
        let shop = shop(app, &at).await?;
        assert_eq!(app.owner.get(&format!("/v1/databases/{}", shop.id)).await?.status, 404);
        for act in ["start", "stop", "restart", "deploy", "upgrade"] {
            let path = format!("/v1/databases/{}/{act}", shop.id);
            assert_eq!(app.owner.post(&path, json!({})).await?.status, 404, "{act}");
        }
    }
}

story! {
    /// A database that is referred to stays, and whoever would remove it is told who refers to it.
    async fn what_is_referred_to_stays(app) {
        let at = place(app).await?;
        let (orders, _) = add(app, &at, "orders", "postgres").await?;
        let shop = shop(app, &at).await?;
        let url = json!([{ "name": "DATABASE_URL", "from_database": { "database_id": orders.id } }]);
        refer(app, &shop, url).await?.ok::<Variables>()?;
        let path = format!("/v1/databases/{}", orders.id);
        let answer = app.owner.delete(&path).await?;
        answer.refused("database-in-use")?;
        ensure!(answer.text.contains("DATABASE_URL of application `shop`"), "{}", answer.text);
        let preview: Preview = app.owner.delete(&format!("{path}?preview=true")).await?.ok()?;
        ensure!(!preview.allowed && preview.refusals.len() == 1, "{preview:?}");
        let variables = format!("/v1/applications/{}/variables", shop.id);
        app.owner.patch(&variables, json!({ "remove": ["DATABASE_URL"] })).await?.ok::<Variables>()?;
        let gone: Operation = app.owner.delete(&format!("{path}?wait=30")).await?.accepted()?;
        ensure!(gone.state == OperationState::Succeeded, "{gone:#?}");
    }
}

story! {
    /// Only what means something in an application's container is referred to.
    async fn references_are_to_what_can_be_found(app) {
        let at = place(app).await?;
        let (orders, _) = add(app, &at, "orders", "postgres").await?;
        let (cache, _) = add(app, &at, "cache", "redis").await?;
        let other = app.owner.destination(&at.server, "elsewhere").await?;
        let body = json!({
            "environment_id": at.environment.id, "destination_id": other.id,
            "name": "far", "spec": { "image": "shop:1" },
        });
        let far: Application = app.owner.post("/v1/applications", body).await?.created()?;
        let to = |id: &str, part: &str| {
            json!([{ "name": "A", "from_database": { "database_id": id, "part": part } }])
        };
        let answer = refer(app, &far, to(orders.id.as_str(), "url")).await?;
        answer.refused("database-elsewhere")?;
        let shop = shop(app, &at).await?;
        assert_eq!(refer(app, &shop, to(cache.id.as_str(), "user")).await?.status, 422);
        assert_eq!(refer(app, &shop, to(shop.id.as_str(), "url")).await?.status, 404);
        let nobody = portolan_types::DatabaseId::generate();
        assert_eq!(refer(app, &shop, to(nobody.as_str(), "url")).await?.status, 404);
        let variables = format!("/v1/applications/{}/variables", shop.id);
        ensure!(app.owner.get(&variables).await?.ok::<Variables>()?.items.is_empty(), "something was set");
    }
}

story! {
    /// Data of another series are not given to an engine that cannot read them.
    async fn an_upgrade_stays_in_its_series(app) {
        let at = place(app).await?;
        let (orders, _) = add(app, &at, "orders", "postgres").await?;
        let path = format!("/v1/databases/{}/upgrade", orders.id);
        let answer = app.owner.post(&path, json!({ "version": "18" })).await?;
        answer.refused("another-series")?;
        ensure!(answer.text.contains("dump and restore"), "{}", answer.text);
        work(app, &orders, "upgrade", json!({ "version": "17.6" })).await?;
        let answer = app.owner.post(&path, json!({ "version": "17.1" })).await?;
        answer.refused("earlier-version")?;
    }
}

story! {
    /// What an engine does not have, does not take, or is not offered as.
    async fn what_an_engine_does_not_have(app) {
        let at = place(app).await?;
        for (engine, more) in [
            ("oracle", json!({})),
            ("postgres", json!({ "version": "9.6" })),
            ("postgres", json!({ "version": "latest" })),
            ("postgres", json!({ "user": "a'b" })),
            ("mysql", json!({ "user": "root" })),
            ("redis", json!({ "user": "app" })),
            ("redis", json!({ "database": "app" })),
            ("redis", json!({ "script": "select 1" })),
            ("postgres", json!({ "config": { "settings": { "port": "1" } } })),
            ("postgres", json!({ "config": { "settings": { "a b": "1" } } })),
            ("postgres", json!({ "config": { "limits": { "memory_bytes": 1 } } })),
        ] {
            let answer = app.owner.post("/v1/databases", body(&at, "x", engine, more.clone())).await?;
            ensure!(answer.status == 422, "{engine} {more}: {} {}", answer.status, answer.text);
        }
        let page: Page<Database> = app.owner.get("/v1/databases").await?.ok()?;
        ensure!(page.items.is_empty(), "{page:?}");
        add(app, &at, "orders", "postgres").await?;
        let answer = app.owner.post("/v1/databases", body(&at, "orders", "redis", json!({}))).await?;
        answer.refused("application-exists")?;
    }
}

story! {
    /// Data are on one machine, and a service of a swarm is not.
    async fn no_database_is_on_a_swarm(app) {
        let at = place(app).await?;
        let swarm = FakeSwarm::new();
        swarm.join(&app.fleet.add("gamma:22"), "gamma", ServerKind::SwarmManager);
        let gamma = app.add_known_server("gamma").await?;
        let tide = app.owner.destination(&gamma, "tide").await?;
        let on = json!({ "destination_id": tide.id });
        let answer = app.owner.post("/v1/databases", body(&at, "orders", "postgres", on)).await?;
        let problem = answer.problem(409)?;
        ensure!(problem.kind.ends_with("-on-swarm"), "{problem:?}");
        let page: Page<Database> = app.owner.get("/v1/databases").await?.ok()?;
        ensure!(page.items.is_empty(), "{page:?}");
    }
}

story! {
    /// A repetition makes no second one, and cannot be told the password.
    async fn a_repetition_is_refused(app) {
        let at = place(app).await?;
        let wanted = body(&at, "orders", "postgres", json!({}));
        let ask = || {
            let request = app.owner.request(reqwest::Method::POST, "/v1/databases");
            app.owner.send(request.header("Idempotency-Key", "one").json(&wanted))
        };
        ask().await?.created::<Value>()?;
        let answer = ask().await?;
        answer.refused("database-made-already")?;
        assert_eq!(app.owner.get("/v1/databases").await?.ok::<Page<Database>>()?.items.len(), 1);
    }
}

story! {
    /// Another team finds nothing; who may only look at a database cannot have its password by an
    /// application of their own; a port of the host is for who may operate it.
    async fn rights_are_asked_where_the_password_goes(app) {
        let at = place(app).await?;
        let (orders, _) = add(app, &at, "orders", "postgres").await?;
        let stranger = person(app, "owner", Team::Other).await?;
        let path = format!("/v1/databases/{}", orders.id);
        assert_eq!(stranger.get(&path).await?.status, 404);
        assert_eq!(stranger.delete(&path).await?.status, 404);
        let theirs: Page<Database> = stranger.get("/v1/databases").await?.ok()?;
        ensure!(theirs.items.is_empty(), "{theirs:?}");

        let own = projects::add(&app.owner, "own").await?;
        let own_part = projects::environment(&app.owner, &own, "staging").await?;
        let quay = app.owner.destination(&at.server, "quay").await?;
        let member = join(app, "member", Team::Same).await?;
        member.grant_in(app, own.id.as_str(), Right::Manage).await?;
        member.grant(app, at.destination.server_id.as_str(), Right::Use).await?;
        let body = json!({
            "environment_id": own_part.id, "destination_id": quay.id, "name": "spy",
            "spec": { "image": "shop:1" },
        });
        let spy: Application = member.client.post("/v1/applications", body).await?.created()?;
        let variables = format!("/v1/applications/{}/variables", spy.id);
        let refer = json!({ "refer": [{ "name": "A", "from_database": { "database_id": orders.id } }] });
        assert_eq!(member.client.patch(&variables, refer.clone()).await?.status, 403);
        member.grant_in(app, orders.project_id.as_str(), Right::Use).await?;
        let link = json!({ "to": orders.id });
        let links = format!("/v1/applications/{}/links", spy.id);
        let _: portolan_types::Link = member.client.post(&links, link).await?.created()?;
        member.client.patch(&variables, refer).await?.ok::<Variables>()?;

        let public = json!({
            "environment_id": own_part.id, "destination_id": quay.id, "name": "open",
            "engine": "postgres", "config": { "public": { "port": 15432 } },
        });
        assert_eq!(member.client.post("/v1/databases", public).await?.status, 403);
        let closed = json!({
            "environment_id": own_part.id, "destination_id": quay.id, "name": "closed",
            "engine": "postgres",
        });
        let made: Value = member.client.post("/v1/databases", closed).await?.created()?;
        let path = format!("/v1/databases/{}", made["database"]["id"].as_str().context("an id")?);
        let public = json!({ "config": { "public": { "port": 15432 } } });
        assert_eq!(member.client.patch(&path, public).await?.status, 403);
    }
}

story! {
    /// A destination that is forgotten takes its databases along, and those who refer to them.
    async fn what_is_forgotten_goes_with_its_references(app) {
        let at = place(app).await?;
        let (orders, _) = add(app, &at, "orders", "postgres").await?;
        let shop = shop(app, &at).await?;
        let url = json!([{ "name": "DATABASE_URL", "from_database": { "database_id": orders.id } }]);
        refer(app, &shop, url).await?.ok::<Variables>()?;
        let path = format!("/v1/destinations/{}", at.destination.id);
        let answer = app.owner.delete(&path).await?;
        ensure!(answer.status == 409 && answer.text.contains("orders"), "{}", answer.text);
        at.engine.stop();
        app.owner.reachable(at.server.id.as_str(), Reachability::Unreachable).await?;
        let gone: Operation = app.owner.delete(&format!("{path}?forget=true")).await?.accepted()?;
        ensure!(gone.state == OperationState::Succeeded, "{gone:#?}");
        assert_eq!(app.owner.get(&format!("/v1/databases/{}", orders.id)).await?.status, 404);
        assert_eq!(app.owner.get(&format!("/v1/applications/{}", shop.id)).await?.status, 404);
    }
}
