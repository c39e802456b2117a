//! "Can A reach B, and why not?", for containers and destinations as people name them.

use anyhow::{Context, Result, bail, ensure};
use portolan_server::host::{
    Endpoint, HostError,
    fake::{FakeEngine, NetworkFault, Trouble},
};
use portolan_types::{
    Operation, OperationKind, OperationResult, OperationState, PathKind, Reach, ReachOutcome,
    ReachProof, ReachVerdict,
};
use serde_json::{Value, json};

use crate::support::{TestApp, eventually, story};

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
        assert!(why.contains("`connect_container"), "{why}");
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

async fn prove(app: &TestApp, body: Value) -> Result<(Reach, ReachProof)> {
    let begun: Operation = app.owner.post("/v1/reach/prove?wait=20", body).await?.accepted()?;
    ensure!(begun.kind == OperationKind::ProveReach, "{begun:?}");
    ensure!(begun.state == OperationState::Succeeded, "{begun:?}");
    match begun.result {
        Some(OperationResult::Reach { reach, proof }) => Ok((*reach, proof)),
        other => bail!("no proof: {other:?}"),
    }
}

fn cause(proof: &ReachProof) -> &str {
    proof.cause.as_ref().map_or("", |cause| cause.reason.as_str())
}

fn probes(engine: &FakeEngine) -> Vec<String> {
    let all = engine.container_names().into_iter().chain(engine.network_names());
    all.filter(|name| name.starts_with("portolan-probe")).collect()
}

story! {
    /// A connection is tried from the one container to the other: by name and by address, at the
    /// port that was named or at one where somebody listens. Nothing of it stays.
    async fn a_way_is_proved_by_a_connection(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "shop").await?;
        app.owner.destination(&server, "blog").await?;
        engine.join("shop", "web");
        engine.join("shop", "db");
        engine.join("blog", "blog-web");
        let (answer, proof) = prove(app, json!({ "from": "web", "to": "db" })).await?;
        assert_eq!((answer.verdict, proof.outcome), (ReachVerdict::Yes, ReachOutcome::Connected));
        assert_eq!((proof.port, proof.contradicts, &proof.cause), (Some(80), false, &None));
        let tried: Vec<&str> = proof.evidence.iter().map(|one| one.tried.as_str()).collect();
        assert_eq!(tried, ["reading them", "asking for `db`", "a TCP connection"]);
        assert_eq!(probes(&engine), Vec::<String>::new());
        let body = json!({ "from": "web", "to": "db", "port": 5432 });
        let (_, named) = prove(app, body).await?;
        let last = named.evidence.last().context("a connection")?;
        ensure!(last.to.ends_with(":5432") && last.answer.starts_with("answered"), "{last:?}");
        // A destination stands for any container on it: a probe of ours listens there.
        let (_, onto) = prove(app, json!({ "from": "web", "to": "alpha-shop" })).await?;
        assert_eq!(onto.outcome, ReachOutcome::Connected, "{onto:?}");
        let (_, both) = prove(app, json!({ "from": "alpha-shop", "to": "alpha-shop" })).await?;
        assert_eq!(both.outcome, ReachOutcome::Connected, "{both:?}");
        // Silence is what the answer foretold.
        let (answer, apart) = prove(app, json!({ "from": "web", "to": "blog-web" })).await?;
        assert_eq!((answer.verdict, apart.outcome), (ReachVerdict::No, ReachOutcome::TimedOut));
        assert_eq!((apart.contradicts, &apart.cause), (false, &None));
        assert_eq!(probes(&engine), Vec::<String>::new());
    }
}

story! {
    /// What the proof finds other than the answer says is told as that, with the likely cause.
    async fn a_proof_contradicts_what_was_seen(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "shop").await?;
        app.owner.destination(&server, "blog").await?;
        engine.join("shop", "web");
        engine.join("shop", "db");
        engine.join("blog", "blog-web");
        for (fault, outcome, word) in [
            (NetworkFault::DropsInside, ReachOutcome::TimedOut, "firewall"),
            (NetworkFault::NoNames, ReachOutcome::NameNotFound, "cannot resolve the name `db`"),
        ] {
            engine.harm("shop", fault);
            let (answer, proof) = prove(app, json!({ "from": "web", "to": "db" })).await?;
            engine.heal();
            assert_eq!((answer.verdict, proof.outcome), (ReachVerdict::Yes, outcome), "{proof:?}");
            ensure!(proof.contradicts && cause(&proof).contains(word), "{proof:?}");
        }
        engine.harm("blog", NetworkFault::Leaks);
        let (answer, leak) = prove(app, json!({ "from": "web", "to": "blog-web" })).await?;
        engine.heal();
        assert_eq!((answer.verdict, leak.outcome), (ReachVerdict::No, ReachOutcome::Connected));
        ensure!(leak.contradicts && cause(&leak).contains("networks apart"), "{leak:?}");
        // Nobody listens: that is no fault of the way.
        engine.deafen("db");
        let (_, deaf) = prove(app, json!({ "from": "web", "to": "db" })).await?;
        assert_eq!(deaf.outcome, ReachOutcome::Refused);
        ensure!(!deaf.contradicts && cause(&deaf).contains("nobody listens"), "{deaf:?}");
    }
}

story! {
    /// What cannot be tried proves nothing, and says why.
    async fn what_cannot_be_tried_is_not_proved(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "shop").await?;
        engine.join("shop", "web");
        engine.join_as("shop", "db", "exited", &Endpoint::default());
        let (_, stopped) = prove(app, json!({ "from": "web", "to": "db" })).await?;
        assert_eq!(stopped.outcome, ReachOutcome::Untried);
        ensure!(cause(&stopped).contains("`db` is exited"), "{stopped:?}");
        // One that does not run is stood for by a probe on its networks.
        let (answer, stand_in) = prove(app, json!({ "from": "db", "to": "web" })).await?;
        assert_eq!((answer.verdict, stand_in.outcome), (ReachVerdict::No, ReachOutcome::Connected));
        ensure!(!stand_in.contradicts && cause(&stand_in).contains("stood in"), "{stand_in:?}");
        let message = "no space left on device".to_owned();
        engine.trouble_in("start_container", Trouble::Fail(HostError::Docker { status: 500, message }));
        let (_, refused) = prove(app, json!({ "from": "web", "to": "web" })).await?;
        assert_eq!(refused.outcome, ReachOutcome::Untried);
        ensure!(cause(&refused).contains("no space left"), "{refused:?}");
        assert_eq!(probes(&engine), Vec::<String>::new());
        let (other, beta) = app.add_server("beta").await?;
        beta.put_network("shop", |_| {});
        beta.join("shop", "far");
        app.owner.post(&format!("/v1/servers/{}/scan?wait=20", other.id), json!({})).await?;
        let (answer, far) = prove(app, json!({ "from": "web", "to": "beta:far" })).await?;
        assert_eq!((answer.verdict, far.outcome), (ReachVerdict::No, ReachOutcome::Untried));
        ensure!(cause(&far).contains("no address that means anything"), "{far:?}");
        let bad = json!({ "from": "web", "to": "web", "port": 0 });
        app.owner.post("/v1/reach/prove", bad).await?.problem(422)?;
    }
}

story! {
    /// A proof that was cut off is made anew, and leaves nothing; one that is on a network that is to
    /// go makes way.
    async fn a_proof_survives_a_crash_and_makes_way(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let shop = app.owner.destination(&server, "shop").await?;
        engine.put_network("other", |_| {});
        engine.join("other", "web");
        engine.trouble_in("exec", Trouble::HangAfter);
        let body = json!({ "from": "web", "to": "alpha-shop" });
        let begun: Operation = app.owner.post("/v1/reach/prove", body.clone()).await?.accepted()?;
        engine.hung().await;
        ensure!(!probes(&engine).is_empty(), "no probe was started");
        app.restart().await?;
        let over = app.owner.outcome(begun.id.as_str()).await?;
        assert_eq!(over.state, OperationState::Succeeded, "{over:?}");
        assert_eq!(probes(&engine), Vec::<String>::new());
        engine.trouble_in("exec", Trouble::HangAfter);
        let begun: Operation = app.owner.post("/v1/reach/prove", body).await?.accepted()?;
        engine.hung().await;
        let removal = format!("/v1/destinations/{}?wait=20", shop.id);
        let removed: Operation = app.owner.delete(&removal).await?.accepted()?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        let over = app.owner.outcome(begun.id.as_str()).await?;
        let Some(OperationResult::Reach { proof, .. }) = over.result else { bail!("{over:?}") };
        assert_eq!(proof.outcome, ReachOutcome::Untried);
        ensure!(cause(&proof).contains("is gone"), "{proof:?}");
        eventually("no probe is left", || async {
            Ok(probes(&engine).is_empty().then_some(()))
        })
        .await?;
    }
}
