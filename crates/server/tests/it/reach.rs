//! "Can A reach B, and why not?", for containers and destinations as people name them.

use anyhow::Result;
use portolan_server::host::Endpoint;
use portolan_types::{PathKind, Reach, ReachVerdict};
use serde_json::json;

use crate::support::{TestApp, story};

async fn ask(app: &TestApp, from: &str, to: &str) -> Result<Reach> {
    app.owner.post("/v1/reach", json!({ "from": from, "to": to })).await?.ok()
}

fn reasons(answer: &Reach) -> String {
    let reasons = answer.obstacles.iter().map(|one| format!("{} ({})", one.reason, one.remedy));
    reasons.collect::<Vec<_>>().join("; ")
}

story! {
    /// On one network there is a way, with the address; apart there is none, with what to do.
    async fn a_shared_network_is_a_way(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "shop").await?;
        app.owner.destination(&server, "blog").await?;
        engine.join("shop", "web");
        engine.join("shop", "db");
        engine.join("blog", "blog-web");
        let answer = ask(app, "web", "alpha:db").await?;
        assert_eq!(answer.verdict, ReachVerdict::Yes, "{answer:?}");
        assert_eq!((answer.paths.len(), answer.paths[0].kind), (1, PathKind::Network));
        assert_eq!(answer.paths[0].address, answer.to.places[0].address);
        assert!(answer.to.places[0].destination_id.is_some());
        let apart = ask(app, "web", "blog-web").await?;
        assert_eq!(apart.verdict, ReachVerdict::No);
        let why = reasons(&apart);
        assert!(why.contains("`web` is on shop, `blog-web` is on blog"), "{why}");
        assert!(why.contains("destination connect"), "{why}");
        // A destination stands for any container on it.
        assert_eq!(ask(app, "web", "alpha-shop").await?.verdict, ReachVerdict::Yes);
        assert_eq!(ask(app, "blog", "shop").await?.verdict, ReachVerdict::No);
        assert_eq!(ask(app, "web", "web").await?.paths[0].kind, PathKind::Namespace);
    }
}

story! {
    /// What hinders is named: switched off, stopped, another host.
    async fn what_is_in_the_way_is_named(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "shop").await?;
        engine.join("shop", "web");
        engine.join_as("shop", "db", "exited", &Endpoint::default());
        let stopped = ask(app, "web", "db").await?;
        assert_eq!(stopped.verdict, ReachVerdict::No);
        assert!(reasons(&stopped).contains("container `db` is exited"), "{stopped:?}");
        engine.put_network("quiet", |network| {
            let icc = "com.docker.network.bridge.enable_icc";
            network.options.insert(icc.into(), "false".into());
        });
        engine.join("quiet", "a");
        engine.join("quiet", "b");
        let off = ask(app, "a", "b").await?;
        assert_eq!(off.verdict, ReachVerdict::No);
        assert!(reasons(&off).contains("enable_icc=false"), "{off:?}");
        let (other, beta) = app.add_server("beta").await?;
        beta.put_network("shop", |_| {});
        beta.join("shop", "far");
        app.owner.post(&format!("/v1/servers/{}/scan?wait=20", other.id), json!({})).await?;
        let far = ask(app, "web", "beta:far").await?;
        assert_eq!(far.verdict, ReachVerdict::No);
        assert!(reasons(&far).contains("different hosts (`alpha` and `beta`)"), "{far:?}");
    }
}

story! {
    /// A name that means nothing, or several things, is refused with what could be meant.
    async fn a_name_means_one_thing(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "shop").await?;
        engine.join("shop", "shop");
        let scan = format!("/v1/servers/{}/scan?wait=20", server.id);
        app.owner.post(&scan, json!({})).await?;
        let refused = app.owner.post("/v1/reach", json!({ "from": "shop", "to": "x" })).await?;
        let problem = refused.problem(422)?;
        let words = format!("{problem:?}");
        assert!(words.contains("alpha:shop") && words.contains("means several"), "{words}");
        let refused = app.owner.post("/v1/reach", json!({ "from": "alpha:shop", "to": "x" })).await?;
        assert!(format!("{:?}", refused.problem(422)?).contains("called `x`"));
        let blog = app.owner.destination(&server, "blog").await?;
        let route = app.owner.route(&blog, "b.example.com").await?;
        engine.join("blog", route.target.as_str());
        engine.join("shop", "asks");
        app.owner.post(&scan, json!({})).await?;
        let through = ask(app, "asks", route.target.as_str()).await?;
        assert_eq!(through.verdict, ReachVerdict::Unknown, "{through:?}");
        assert!(through.paths.iter().any(|path| path.kind == PathKind::Route), "{through:?}");
    }
}
