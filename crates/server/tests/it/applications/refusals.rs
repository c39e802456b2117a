//! What is refused, with its reason: names that are others', what only some may ask for, and what
//! would leave an application without its network.

use anyhow::ensure;
use portolan_types::{Application, ApplicationState, Operation, Right};
use serde_json::{Value, json};

use super::{place, spec};
use crate::{
    security::{Team, join},
    support::story,
};

story! {
    /// A name on the network is one application's, and no container's that is there already.
    async fn a_name_has_one_owner(app) {
        let at = place(app).await?;
        let mut wanted = spec("shop:1");
        wanted["aliases"] = json!(["api"]);
        app.add_application(&at, "shop", wanted).await?;
        let body = |name: &str, aliases: &[&str]| json!({
            "environment_id": at.environment.id, "destination_id": at.destination.id,
            "name": name, "spec": { "image": "shop:1", "aliases": aliases },
        });
        for (name, aliases, owner) in [
            ("other", &["api"][..], "`api` is a name of application `shop`"),
            ("api", &[][..], "`api` is a name of application `shop`"),
        ] {
            let answer = app.owner.post("/v1/applications", body(name, aliases)).await?;
            ensure!(answer.status == 409 && answer.text.contains(owner), "{}", answer.text);
        }
        let twice = app.owner.post("/v1/applications", body("shop", &[])).await?;
        ensure!(twice.status == 409 && twice.text.contains("application-exists"), "{}", twice.text);

        at.engine.join("web", "stranger");
        app.look(&at.server).await?;
        let answer = app.owner.post("/v1/applications", body("stranger", &[])).await?;
        ensure!(answer.text.contains("a name of container `stranger`"), "{}", answer.text);
    }
}

story! {
    /// Neither a destination nor an environment goes while an application is there, and nothing is
    /// asked of one that was never deployed.
    async fn what_holds_it_stays(app) {
        let at = place(app).await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        let answer = app.owner.delete(&format!("/v1/destinations/{}", at.destination.id)).await?;
        ensure!(answer.status == 409 && answer.text.contains("shop"), "{}", answer.text);
        let path = format!("/v1/destinations/{}?preview=true", at.destination.id);
        let preview = app.owner.delete(&path).await?;
        ensure!(preview.text.contains("destination-has-applications"), "{}", preview.text);
        let answer = app.owner.delete(&format!("/v1/environments/{}", at.environment.id)).await?;
        ensure!(answer.status == 409, "{}", answer.text);
        let path = format!("/v1/applications/{}/start", made.id);
        let answer = app.owner.post(&path, json!({})).await?;
        ensure!(answer.text.contains("never-deployed"), "{}", answer.text);
        let path = format!("/v1/applications/{}?wait=30", made.id);
        let gone: Operation = app.owner.delete(&path).await?.accepted()?;
        ensure!(gone.failure.is_none(), "{gone:?}");
        let answer = app.owner.delete(&format!("/v1/environments/{}", at.environment.id)).await?;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
}

story! {
    /// Numbers and sizes are bounded, and a container of a name that is taken is not ours to touch.
    async fn what_cannot_be_is_refused(app) {
        let at = place(app).await?;
        for (field, value, words) in [
            ("limits", json!({ "memory_bytes": 1 }), "spec.limits.memory_bytes"),
            ("health", json!({ "command": [] }), "spec.health.command"),
            ("labels", json!({ "dev.portolan.application": "x" }), "are not given by people"),
            ("mounts", json!([
                { "source": { "volume": "a" }, "target": "/data" },
                { "source": { "volume": "b" }, "target": "/data/" },
            ]), "is there twice"),
            ("mounts", json!([{ "source": { "bind": "/a/../etc" }, "target": "/x" }]), "absolute"),
        ] {
            let mut wanted = spec("shop:1");
            wanted[field] = value;
            let body = json!({
                "environment_id": at.environment.id, "destination_id": at.destination.id,
                "name": "shop", "spec": wanted,
            });
            let answer = app.owner.post("/v1/applications", body).await?;
            ensure!(answer.status.is_client_error() && answer.text.contains(words), "{}", answer.text);
        }
        let made: Application = app.add_application(&at, "shop", spec("shop:1")).await?;
        let id: String = made.id.as_str().chars().take(6).collect();
        at.engine.join("web", &format!("shop-{id}-1"));
        let done = app.work_on(&made, "deploy", json!({})).await?;
        ensure!(done.failure.is_some_and(|why| why.code == "container-name-taken"), "it was touched");
        assert_eq!(app.application(&made).await?.state, ApplicationState::New);
    }
}

story! {
    /// A path of the host can be any file of it, and a port of the host is the whole server's: both are
    /// for who has the server, and whoever changes the rest keeps what was there.
    async fn what_is_the_hosts_is_for_who_has_it(app) {
        let at = place(app).await?;
        let person = join(app, "member", Team::Same).await?;
        person.grant(app, at.server.id.as_str(), Right::Use).await?;
        person.grant_in(app, at.environment.project_id.as_str(), Right::Manage).await?;
        let with = |field: &str, value: Value| {
            let mut wanted = spec("shop:1");
            wanted[field] = value;
            json!({
                "environment_id": at.environment.id, "destination_id": at.destination.id,
                "name": "shop", "spec": wanted,
            })
        };
        let bind = json!([{ "source": { "bind": "/etc" }, "target": "/host" }]);
        let port = json!([{ "host": 5432, "container": 5432 }]);
        for (field, value) in [("mounts", bind.clone()), ("published", port)] {
            let answer = person.client.post("/v1/applications", with(field, value)).await?;
            ensure!(answer.status == 403, "{}", answer.text);
        }
        let made: Application =
            app.owner.post("/v1/applications", with("mounts", bind)).await?.created()?;
        let path = format!("/v1/applications/{}", made.id);
        let mut spec = serde_json::to_value(&made.spec)?;
        spec["image"] = json!("shop:2");
        person.client.patch(&path, json!({ "spec": spec })).await?.ok::<Application>()?;
        spec["mounts"][0]["source"]["bind"] = json!("/root");
        let answer = person.client.patch(&path, json!({ "spec": spec })).await?;
        ensure!(answer.status == 403, "{}", answer.text);
        // Nor is it put on a server on which they may do nothing.
        let (other, _engine) = app.add_server("bravo").await?;
        let other = app.owner.destination(&other, "web").await?;
        let mut body = with("port", json!(80));
        body["destination_id"] = json!(other.id);
        body["name"] = json!("another");
        let answer = person.client.post("/v1/applications", body).await?;
        ensure!(answer.status == 403, "{}", answer.text);
    }
}
