//! Containers on destinations: connected, disconnected, moved and listed; killed, refused or lost
//! in the middle, each is where it was asked to be, or where it was.

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    Endpoint, HostError,
    fake::{FakeEngine, Trouble},
};
use portolan_types::{
    Destination, DestinationContainers, Operation, OperationState, Page, Preview, Server,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, story};

/// More calls than any of this makes.
const MOST_CALLS: usize = 16;

async fn destination(app: &TestApp, server: &Server, name: &str, net: u8) -> Result<Destination> {
    let subnet = format!("10.{net}.0.0/24");
    let options = json!({ "subnet": subnet, "gateway": format!("10.{net}.0.1") });
    let body = json!({ "server_id": server.id, "network": name, "options": options });
    app.owner.post("/v1/destinations?wait=20", body).await?.created()
}

fn containers(destination: &Destination) -> String {
    format!("/v1/destinations/{}/containers", destination.id)
}

async fn connect(app: &TestApp, to: &Destination, body: Value) -> Result<Operation> {
    app.owner.post(&format!("{}?wait=20", containers(to)), body).await?.accepted()
}

async fn disconnect(app: &TestApp, from: &Destination, container: &str) -> Result<Operation> {
    let path = format!("{}/{container}?wait=20", containers(from));
    app.owner.delete(&path).await?.accepted()
}

/// Asks for a move and does not wait for it.
async fn begin_move(app: &TestApp, from: &Destination, to: &Destination) -> Result<Operation> {
    let (path, body) = (format!("{}/web/move", containers(from)), json!({ "to": to.id }));
    let post = || app.owner.request(Method::POST, &path).json(&body);
    app.owner.insist(post).await?.accepted()
}

/// The networks that a container is on, with its aliases there.
fn places(engine: &FakeEngine, name: &str) -> Vec<(String, Vec<String>)> {
    let endpoints = engine.container(name).map(|one| one.endpoints).unwrap_or_default();
    let place =
        |one: portolan_server::host::ContainerEndpoint| (one.attachment.key, one.endpoint.aliases);
    let mut places: Vec<(String, Vec<String>)> = endpoints.into_iter().map(place).collect();
    places.sort();
    places
}

fn on(network: &str, aliases: &[&str]) -> (String, Vec<String>) {
    (network.to_owned(), aliases.iter().map(|alias| (*alias).to_owned()).collect())
}

fn known_as(aliases: &[&str]) -> Endpoint {
    let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    Endpoint { aliases, ..Endpoint::default() }
}

fn code(operation: &Operation) -> &str {
    operation.failure.as_ref().map_or("", |failure| failure.code.as_str())
}

fn refusal() -> HostError {
    HostError::Docker { status: 500, message: "refused by the test".into() }
}

story! {
    /// Any container of the host joins with aliases and an address, is listed, and leaves again.
    async fn a_container_is_connected_listed_and_disconnected(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        engine.put_network("theirs", |_| {});
        engine.join("theirs", "web");
        let body = json!({ "container": "web", "aliases": ["WWW", "shop"], "address": "10.60.0.9" });
        let done = connect(app, &sea, body.clone()).await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
        assert_eq!(places(&engine, "web"), [on("sea", &["www", "shop"]), on("theirs", &[])]);

        let listed: DestinationContainers = app.owner.get(&containers(&sea)).await?.ok()?;
        ensure!(listed.as_of.is_some(), "nobody looked");
        let [web] = listed.items.as_slice() else { anyhow::bail!("{listed:?}") };
        assert_eq!((web.name.as_str(), web.state.as_str()), ("web", "running"));
        assert_eq!(web.address.as_deref(), Some("10.60.0.9"));
        assert_eq!(web.aliases, ["www", "shop"]);

        // What is so already is no failure, and what is not as asked for is one.
        let again = connect(app, &sea, body).await?;
        assert_eq!(again.state, OperationState::Succeeded, "{again:?}");
        let other = connect(app, &sea, json!({ "container": "web", "aliases": ["new"] })).await?;
        assert_eq!(code(&other), "connected-otherwise");

        let id = engine.container("web").context("web")?.member.docker_id;
        let done = disconnect(app, &sea, &id).await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
        assert_eq!(places(&engine, "web"), [on("theirs", &[])]);
        let again = disconnect(app, &sea, "web").await?;
        assert_eq!(again.state, OperationState::Succeeded, "{again:?}");
        let events: Page<Value> = app.owner.get("/v1/events?search=sea").await?.ok()?;
        let kinds: Vec<&str> = events.items.iter().filter_map(|one| one["kind"].as_str()).collect();
        ensure!(kinds.contains(&"container.connected"), "{kinds:?}");
        ensure!(kinds.contains(&"container.disconnected"), "{kinds:?}");
    }
}

story! {
    /// One that does not run is connected too, and has no address yet.
    async fn a_stopped_container_is_connected(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        engine.put_network("theirs", |_| {});
        engine.join_as("theirs", "job", "exited", &Endpoint::default());
        connect(app, &sea, json!({ "container": "job", "aliases": ["cron"] })).await?;
        let listed: DestinationContainers = app.owner.get(&containers(&sea)).await?.ok()?;
        assert_eq!((listed.items[0].name.as_str(), &listed.items[0].address), ("job", &None));
        assert_eq!(listed.items[0].aliases, ["cron"]);
    }
}

story! {
    /// Names and addresses that somebody has are refused with their owner; what cannot be is
    /// refused before the host is asked.
    async fn what_is_taken_or_wrong_is_refused(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        engine.put_network("theirs", |_| {});
        engine.join("theirs", "web");
        engine.join_as("sea", "owner", "running", &known_as(&["Taken"]));
        let address = engine.container("owner").and_then(|one| one.endpoints[0].attachment.address.clone());
        for (field, value, wanted) in [
            ("aliases", json!(["taken"]), "alias-taken"),
            ("aliases", json!(["owner"]), "alias-taken"),
            ("address", json!(address), "address-taken"),
        ] {
            let refused = connect(app, &sea, json!({ "container": "web", field: value })).await?;
            assert_eq!(code(&refused), wanted, "{refused:?}");
            let said = refused.failure.context("a failure")?.message;
            ensure!(said.contains("`owner`"), "{said}");
        }
        let missing = connect(app, &sea, json!({ "container": "nobody" })).await?;
        assert_eq!(code(&missing), "no-such-container");
        engine.change_container("web", |web| web.network_mode = "host".into());
        let shared = connect(app, &sea, json!({ "container": "web" })).await?;
        assert_eq!(code(&shared), "no-network-of-its-own");
        assert_eq!(places(&engine, "web"), [on("theirs", &[])]);

        for (field, body) in [
            ("container", json!({ "container": "../images" })),
            ("container", json!({ "container": "a b" })),
            ("aliases[0]", json!({ "container": "web", "aliases": ["a_b"] })),
            ("aliases", json!({ "container": "web", "aliases": vec!["a"; 17] })),
            ("address", json!({ "container": "web", "address": "10.61.0.9" })),
            ("address", json!({ "container": "web", "address": "10.60.0.1" })),
            ("address", json!({ "container": "web", "address": "10.60.0.0" })),
            ("address", json!({ "container": "web", "address": "10.60.0.255" })),
            ("ipv6_address", json!({ "container": "web", "ipv6_address": "fd00::9" })),
        ] {
            let problem = app.owner.post(&containers(&sea), body.clone()).await?.problem(422)?;
            assert_eq!(problem.errors[0].field, field, "{body}: {problem:?}");
        }
        let hostile = format!("{}/..%2f..%2fimages", containers(&sea));
        app.owner.delete(&hostile).await?.problem(404)?;
    }
}

story! {
    /// A container moves with its aliases; where an alias is taken it stays.
    async fn a_container_moves(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        let bay = destination(app, &server, "bay", 61).await?;
        engine.join_as("sea", "web", "running", &known_as(&["www"]));
        let moved = app.owner.outcome(begin_move(app, &sea, &bay).await?.id.as_str()).await?;
        assert_eq!(moved.state, OperationState::Succeeded, "{moved:?}");
        assert_eq!(places(&engine, "web"), [on("bay", &["www"])]);

        engine.join_as("sea", "owner", "running", &known_as(&["www"]));
        let refused = app.owner.outcome(begin_move(app, &bay, &sea).await?.id.as_str()).await?;
        assert_eq!(code(&refused), "alias-taken");
        assert_eq!(places(&engine, "web"), [on("bay", &["www"])]);
        let absent = app.owner.outcome(begin_move(app, &sea, &bay).await?.id.as_str()).await?;
        assert_eq!(absent.state, OperationState::Succeeded, "it has moved already: {absent:?}");

        let (other, _engine) = app.add_server("bravo").await?;
        let far = destination(app, &other, "far", 62).await?;
        for (from, to) in [(&sea, &sea), (&sea, &far)] {
            let path = format!("{}/web/move", containers(from));
            let problem = app.owner.post(&path, json!({ "to": to.id })).await?.problem(422)?;
            assert_eq!(problem.errors[0].field, "to");
        }
    }
}

story! {
    /// Two that are asked for at once are both done: neither takes the other's place.
    async fn two_at_once_are_both_done(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        engine.put_network("theirs", |_| {});
        let names = ["one", "two", "three"];
        for name in names {
            engine.join("theirs", name);
        }
        engine.trouble_in("connect", Trouble::HangBefore);
        let mut begun = Vec::new();
        for name in names {
            let body = json!({ "container": name });
            let operation: Operation =
                app.owner.post(&containers(&sea), body).await?.accepted()?;
            begun.push(operation.id);
        }
        engine.hung().await;
        // Neither does a change of the network that comes in between.
        let patch = json!({ "options": { "subnet": "10.70.0.0/24" } });
        app.owner.patch(&format!("/v1/destinations/{}", sea.id), patch).await?.ok::<Destination>()?;
        app.restart().await?;
        for (id, name) in begun.iter().zip(names) {
            let done = app.owner.outcome(id.as_str()).await?;
            assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
            assert_eq!(places(&engine, name), [on("sea", &[]), on("theirs", &[])]);
        }
    }
}

story! {
    /// When the destination goes, what waits for it ends with it.
    async fn what_waits_for_a_destination_ends_with_it(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        engine.put_network("theirs", |_| {});
        engine.join("theirs", "web");
        engine.trouble_in("connect", Trouble::HangBefore);
        let begun: Operation =
            app.owner.post(&containers(&sea), json!({ "container": "web" })).await?.accepted()?;
        engine.hung().await;
        let delete = format!("/v1/destinations/{}", sea.id);
        let delete: Operation = app.owner.delete(&delete).await?.accepted()?;
        app.restart().await?;
        assert_eq!(app.owner.outcome(delete.id.as_str()).await?.state, OperationState::Succeeded);
        assert_eq!(code(&app.owner.outcome(begun.id.as_str()).await?), "superseded");
    }
}

story! {
    /// Killed at each call, before and after its effect: it has moved after the restart.
    async fn killed_at_each_call_it_has_moved(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let mut from = destination(app, &server, "sea", 60).await?;
        let mut to = destination(app, &server, "bay", 61).await?;
        engine.join_as("sea", "web", "running", &known_as(&["www"]));
        engine.join("bay", "other");
        let mut deepest = 0;
        for call in app.some_of(0..MOST_CALLS) {
            for trouble in [Trouble::HangBefore, Trouble::HangAfter] {
                engine.trouble(call, trouble.clone());
                let begun = begin_move(app, &from, &to).await?;
                tokio::select! {
                    () = engine.hung() => deepest = call,
                    done = app.owner.outcome(begun.id.as_str()) => drop(done?),
                }
                engine.calm();
                app.restart().await?;
                let done = app.owner.outcome(begun.id.as_str()).await?;
                assert_eq!(done.state, OperationState::Succeeded, "{call} {trouble:?}: {done:?}");
                let expected = [on(to.network.as_str(), &["www"])];
                assert_eq!(places(&engine, "web"), expected, "{call} {trouble:?}");
                std::mem::swap(&mut from, &mut to);
            }
        }
        ensure!(deepest >= 5, "calls that were reached: {deepest}");
    }
}

story! {
    /// Whatever Docker refuses, it is where it was; never on both, never on none.
    async fn refused_anything_it_stays(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        let bay = destination(app, &server, "bay", 61).await?;
        engine.join_as("sea", "web", "running", &known_as(&["www"]));
        for (method, trouble) in [
            ("find_container", Trouble::Refuse(refusal())),
            ("connect", Trouble::Fail(refusal())),
            ("disconnect", Trouble::Fail(refusal())),
        ] {
            engine.trouble_in(method, trouble);
            let begun = begin_move(app, &sea, &bay).await?;
            let done = app.owner.outcome(begun.id.as_str()).await?;
            engine.calm();
            ensure!(done.failure.is_some_and(|why| why.message.contains("by the test")), "{method}");
            assert_eq!(places(&engine, "web"), [on("sea", &["www"])], "{method}");
        }
        // What Docker has done in spite of its refusal counts as done.
        for method in ["connect", "disconnect"] {
            engine.trouble_in(method, Trouble::FailAfter(refusal()));
            let begun = begin_move(app, &sea, &bay).await?;
            let done = app.owner.outcome(begun.id.as_str()).await?;
            assert_eq!(done.state, OperationState::Succeeded, "{method}: {done:?}");
            assert_eq!(places(&engine, "web"), [on("bay", &["www"])], "{method}");
            let begun = begin_move(app, &bay, &sea).await?;
            app.owner.outcome(begun.id.as_str()).await?;
        }
    }
}

story! {
    /// When it can neither leave nor be taken back, that is said.
    async fn a_move_that_is_stuck_says_so(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        let bay = destination(app, &server, "bay", 61).await?;
        engine.join_as("sea", "web", "running", &known_as(&["www"]));
        engine.trouble_in("disconnect", Trouble::Refuse(refusal()));
        let begun = begin_move(app, &sea, &bay).await?;
        let stuck = app.owner.outcome(begun.id.as_str()).await?;
        assert_eq!(code(&stuck), "moved-half", "{stuck:?}");
        assert_eq!(places(&engine, "web").len(), 2);
        engine.calm();
        let begun = begin_move(app, &sea, &bay).await?;
        app.owner.outcome(begun.id.as_str()).await?;
        assert_eq!(places(&engine, "web"), [on("bay", &["www"])]);
    }
}

story! {
    /// The connection is lost at each call of a connect and of a disconnect: both are done.
    async fn lost_at_each_call_it_goes_on(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        engine.put_network("theirs", |_| {});
        engine.join("theirs", "web");
        let cut = HostError::Lost { why: "cut".into() };
        for call in 0..6 {
            for trouble in [Trouble::Fail(cut.clone()), Trouble::FailAfter(cut.clone())] {
                engine.trouble(call, trouble.clone());
                let body = json!({ "container": "web", "aliases": ["www"] });
                let path = containers(&sea);
                let post = || app.owner.request(Method::POST, &path).json(&body);
                let begun: Operation = app.owner.insist(post).await?.accepted()?;
                let done = app.owner.outcome(begun.id.as_str()).await?;
                assert_eq!(done.state, OperationState::Succeeded, "{call}: {done:?}");
                assert_eq!(places(&engine, "web")[0], on("sea", &["www"]), "{call}");
                engine.trouble(call, trouble.clone());
                let place = format!("{path}/web");
                let delete = || app.owner.request(Method::DELETE, &place);
                let begun: Operation = app.owner.insist(delete).await?.accepted()?;
                let done = app.owner.outcome(begun.id.as_str()).await?;
                assert_eq!(done.state, OperationState::Succeeded, "{call}: {done:?}");
                assert_eq!(places(&engine, "web"), [on("theirs", &[])], "{call}");
                engine.calm();
            }
        }
    }
}

story! {
    /// Previews say who loses what, which routes go dark and what is against it; nothing is done.
    async fn previews_say_who_loses_what(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let sea = destination(app, &server, "sea", 60).await?;
        let bay = destination(app, &server, "bay", 61).await?;
        engine.join_as("sea", "web", "running", &known_as(&["www"]));
        engine.join("sea", "db");
        engine.join("sea", "edge");
        engine.dress("edge", "traefik:v3", &[]);
        engine.dress("web", "shop:1", &["Host(`shop.example.com`)"]);
        let place = format!("{}/web", containers(&sea));
        let seen: Preview = app.owner.delete(&format!("{place}?preview=true")).await?.ok()?;
        ensure!(seen.allowed, "{seen:?}");
        let effect = |name: &str| {
            seen.affected.iter().find(|one| one.name == name).map(|one| one.effect.clone())
        };
        ensure!(effect("web").is_some_and(|text| text.contains("no network any more")), "{seen:?}");
        assert_eq!(effect("db").as_deref(), Some("no longer reaches `web`"));
        assert_eq!(seen.dark_routes[0].rule, "Host(`shop.example.com`)");

        let path = format!("{place}/move?preview=true");
        let body = json!({ "to": bay.id });
        let seen: Preview = app.owner.post(&path, body.clone()).await?.ok()?;
        assert_eq!(seen.steps.len(), 2, "{seen:?}");
        engine.join_as("bay", "owner", "running", &known_as(&["www"]));
        let refused: Preview = app.owner.post(&path, body).await?.ok()?;
        assert_eq!((refused.allowed, refused.refusals[0].code.as_str()), (false, "alias-taken"));
        let path = format!("{}/nobody/move?preview=true", containers(&sea));
        let absent: Preview = app.owner.post(&path, json!({ "to": bay.id })).await?.ok()?;
        assert_eq!(absent.refusals[0].code, "not-on-destination");
        let same: Preview = app.owner.post(&path, json!({ "to": sea.id })).await?.ok()?;
        ensure!(!same.allowed, "{same:?}");
        assert_eq!(places(&engine, "web"), [on("sea", &["www"])]);
    }
}
