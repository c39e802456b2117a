//! Proxies on a host that is a fake: what is asked of it, in which order, and what becomes of
//! refusals. What real proxies make of it is tried on the lab.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    ExecOutput, NetworkMode,
    fake::{FakeEngine, FakeExec, FakeImage, FakeProgram, Trouble},
};
use portolan_types::{
    Attachment, Event, Operation, OperationState, Page, Proxy, ProxyState, Route, RouteState,
    Server,
};
use serde_json::{Value, json};

use crate::support::{TestApp, eventually, story};

mod adopted;
mod preview;
mod pulls;
mod troubles;
mod waiting;

/// An image whose check refuses what has the word `refuse-me` in it.
fn image() -> FakeImage {
    let program = FakeProgram::new(|asked, files| {
        if asked.command.first().is_none_or(|first| first != "validate") {
            return None;
        }
        let bad = files.values().any(|file| String::from_utf8_lossy(file).contains("refuse-me"));
        Some(if bad { (1, "Error: unknown field refuse-me".into()) } else { (0, String::new()) })
    });
    FakeImage { program: Some(program), ..FakeImage::new() }
}

pub(crate) fn with_images(engine: &FakeEngine) {
    with_images_of(engine, &["caddy:2"]);
}

/// The same where its registries have it by other names.
pub(crate) fn with_images_of(engine: &FakeEngine, references: &[&str]) {
    for reference in references {
        engine.publish_image(reference, image());
    }
    engine.answer_exec(FakeExec::new(|_, exec| match exec.command.get(1).map(String::as_str) {
        Some("version") => ExecOutput { stdout: "v2.11.0 h1:x".into(), ..ExecOutput::default() },
        _ => ExecOutput::default(),
    }));
}

async fn server(app: &TestApp) -> Result<(Server, Arc<FakeEngine>)> {
    let (server, engine) = app.add_server("alpha").await?;
    with_images(&engine);
    Ok((server, engine))
}

/// What every proxy's container is called.
pub(crate) const NAME: &str = "portolan-proxy";

/// A server with a proxy that runs.
pub(crate) async fn with_proxy(app: &TestApp) -> Result<(Server, Arc<FakeEngine>)> {
    let (server, engine) = server(app).await?;
    succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
    Ok((server, engine))
}

impl TestApp {
    pub(crate) async fn set_proxy(&self, server: &Server, body: Value) -> Result<Operation> {
        let path = format!("/v1/servers/{}/proxy?wait=20", server.id);
        self.owner.put(&path, body).await?.accepted()
    }

    pub(crate) async fn proxy_work(&self, server: &Server, act: &str) -> Result<Operation> {
        let path = format!("/v1/servers/{}/proxy/{act}?wait=20", server.id);
        self.owner.post(&path, json!({})).await?.accepted()
    }

    pub(crate) async fn proxy(&self, server: &Server) -> Result<Proxy> {
        self.owner.get(&format!("/v1/servers/{}/proxy", server.id)).await?.ok()
    }

    pub(crate) async fn proxy_is(&self, server: &Server, state: ProxyState) -> Result<Proxy> {
        eventually("the state of the proxy", || async {
            Ok(Some(self.proxy(server).await?).filter(|proxy| proxy.state == state))
        })
        .await
    }

    pub(crate) async fn attached(
        &self,
        server: &Server,
        network: &str,
        wanted: bool,
    ) -> Result<Attachment> {
        let path = format!("/v1/attachments?server_id={}", server.id);
        eventually("an attachment", || async {
            let page: Page<Attachment> = self.owner.get(&path).await?.ok()?;
            let mut items = page.items.into_iter();
            Ok(items.find(|one| one.network.as_str() == network && one.observed == wanted))
        })
        .await
    }

    pub(crate) async fn route_is(&self, route: &Route, state: RouteState) -> Result<Route> {
        let path = format!("/v1/routes/{}", route.id);
        eventually("the state of the route", || async {
            let route: Route = self.owner.get(&path).await?.ok()?;
            Ok(Some(route).filter(|route| route.state == state))
        })
        .await
    }
}

fn succeeded(operation: &Operation) -> Result<()> {
    ensure!(operation.state == OperationState::Succeeded, "{operation:#?}");
    Ok(())
}

fn failure(operation: &Operation) -> Result<(&str, &str)> {
    let failure = operation.failure.as_ref().with_context(|| format!("{operation:?}"))?;
    Ok((&failure.code, &failure.message))
}

fn configuration(engine: &FakeEngine) -> Result<Value> {
    let file = engine.file("portolan-proxy", "/data/portolan/caddy.json");
    Ok(serde_json::from_slice(&file.context("a configuration")?)?)
}

story! {
    /// What is asked for while other work is under way is done after it, and takes its place.
    async fn later_work_is_done(app) {
        let (server, engine) = server(app).await?;
        succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
        engine.trouble_in("exec", Trouble::Held);
        let path = format!("/v1/servers/{}/proxy/restart", server.id);
        let first: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
        engine.hung().await;
        let second: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
        engine.let_go();
        let second = app.owner.outcome(second.id.as_str()).await?;
        succeeded(&second)?;
        let first = app.owner.outcome(first.id.as_str()).await?;
        assert_eq!(first.failure.context("a failure")?.code, "superseded");
        app.proxy_is(&server, ProxyState::Running).await?;
    }
}

story! {
    /// A proxy is made, stopped, started, restarted and removed; it is a container like no other.
    async fn a_proxy_lives(app) {
        let (server, engine) = server(app).await?;
        let set = app.set_proxy(&server, json!({ "kind": "caddy" })).await?;
        succeeded(&set)?;
        let steps: Vec<&str> = set.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps, ["pull", "look", "image", "check", "network", "container", "inspect"]);
        let proxy = app.proxy(&server).await?;
        assert_eq!((proxy.state, proxy.image.as_str()), (ProxyState::Running, "caddy:2"));
        let observed = proxy.observed.context("observed")?;
        assert_eq!(observed.version.as_deref(), Some("2.11.0"));
        assert!(proxy.configuration.is_some_and(|one| one.digest.is_some()));

        let asked = engine.asked_for("portolan-proxy").context("a container")?;
        let ports: Vec<u16> = asked.ports.iter().map(|port| port.host).collect();
        assert_eq!(ports, [80, 443]);
        assert!(format!("{asked:?}").find("docker.sock").is_none());
        assert!(format!("{:?}", asked.privileges).contains("Only([\"NET_BIND_SERVICE\"])"));
        assert!(engine.container("portolan-proxy-check").is_none());
        assert!(engine.container("portolan-proxy-next").is_none());

        succeeded(&app.proxy_work(&server, "stop").await?)?;
        assert_eq!(app.proxy(&server).await?.state, ProxyState::Stopped);
        assert!(engine.container("portolan-proxy").is_some_and(|one| !one.is_running()));
        succeeded(&app.proxy_work(&server, "start").await?)?;
        succeeded(&app.proxy_work(&server, "restart").await?)?;
        assert!(engine.container("portolan-proxy").is_some_and(|one| one.is_running()));

        let path = format!("/v1/servers/{}/proxy?wait=20", server.id);
        succeeded(&app.owner.delete(&path).await?.accepted()?)?;
        assert!(engine.container("portolan-proxy").is_none());
        assert!(!engine.network_names().contains(&"0-portolan-proxy".to_owned()));
        assert_eq!(engine.volume_names(), ["portolan-proxy-caddy"], "with its certificates");
        app.owner.get(&path).await?.problem(409)?;
    }
}

story! {
    /// What somebody does to the container or its places is undone, and told.
    async fn what_is_lost_comes_back(app) {
        let (server, engine) = server(app).await?;
        succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
        let web = app.owner.destination(&server, "web").await?;
        let attached = app.attached(&server, "web", true).await?;
        assert!(attached.wanted && attached.address.is_some() && attached.reason.is_none());

        engine.disconnect("web", "portolan-proxy");
        let events = eventually("a restored attachment", || async {
            let page: Page<Event> = app.owner.get("/v1/events?search=attachment.").await?.ok()?;
            let restored = page.items.iter().any(|event| event.kind == "attachment.restored");
            Ok(restored.then_some(page))
        })
        .await?;
        let kinds: Vec<&str> = events.items.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["attachment.restored", "attachment.lost", "attachment.made"]);

        for meddle in [FakeEngine::drop_container, FakeEngine::crash_container] {
            meddle(&engine, "portolan-proxy");
            eventually("a repaired proxy", || async {
                let runs = engine.container("portolan-proxy").is_some_and(|one| one.is_running());
                Ok(runs.then_some(()))
            })
            .await?;
            app.proxy_is(&server, ProxyState::Running).await?;
            app.attached(&server, "web", true).await?;
        }
        let page: Page<Event> = app.owner.get("/v1/events?search=proxy.down").await?.ok()?;
        assert_eq!(page.items.len(), 2, "{page:?}");

        // Made anew, it has the network from the beginning.
        engine.drop_container("portolan-proxy");
        eventually("a new container", || async {
            let Some(asked) = engine.asked_for("portolan-proxy") else { return Ok(None) };
            let NetworkMode::Networks(places) = asked.network else { return Ok(None) };
            let names: Vec<String> = places.into_iter().map(|place| place.network).collect();
            Ok(Some(names).filter(|names| names == &["0-portolan-proxy", "web"]))
        })
        .await?;
        drop(web);
    }
}

story! {
    /// Kept off where it is not wanted; a delete lets go of it by itself.
    async fn a_proxy_is_kept_off_and_let_go(app) {
        let (server, engine) = server(app).await?;
        succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
        let web = app.owner.destination(&server, "web").await?;
        app.attached(&server, "web", true).await?;
        let path = format!("/v1/destinations/{}", web.id);
        app.owner.patch(&path, json!({ "proxy": "never" })).await?.ok::<Value>()?;
        let attachment = app.attached(&server, "web", false).await?;
        assert!(!attachment.wanted);
        app.owner.patch(&path, json!({ "proxy": "attach" })).await?.ok::<Value>()?;
        app.attached(&server, "web", true).await?;

        engine.join("web", "stranger");
        let refused: Operation = app.owner.delete(&format!("{path}?wait=20")).await?.accepted()?;
        let (code, message) = failure(&refused)?;
        assert_eq!(code, "network-in-use");
        ensure!(message.contains("stranger") && !message.contains("portolan-proxy"), "{message}");
        app.attached(&server, "web", true).await?;
        engine.drop_container("stranger");
        succeeded(&app.owner.delete(&format!("{path}?wait=20")).await?.accepted()?)?;
        assert!(engine.network("web").is_none());
        assert!(engine.container("portolan-proxy").is_some_and(|one| one.is_running()));
    }
}

story! {
    /// Routes are put in, and told how they are doing.
    async fn routes_are_put_in(app) {
        let (server, engine) = server(app).await?;
        succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
        let web = app.owner.destination(&server, "web").await?;
        engine.join("web", "web");
        let route = app.owner.route(&web, "shop.example.com").await?;
        app.route_is(&route, RouteState::Live).await?;
        let config = configuration(&engine)?;
        let routes = config.pointer("/apps/http/servers/https/routes").context("routes")?;
        let text = routes.to_string();
        ensure!(text.contains("shop.example.com") && text.contains("web.web:"), "{text}");

        engine.crash_container("web");
        let dark = app.route_is(&route, RouteState::Dark).await?;
        assert_eq!(dark.reason.as_deref(), Some("container `web` is exited"));
        engine.start_container("web");
        app.route_is(&route, RouteState::Live).await?;
        ensure!(app.owner.delete(&format!("/v1/routes/{}", route.id)).await?.status == 204);
        eventually("the end of the route", || async {
            let text = configuration(&engine)?.to_string();
            Ok((!text.contains("shop.example.com")).then_some(()))
        })
        .await?;
    }
}

story! {
    /// What the proxy refuses changes nothing: the one before goes on, and the refusal has its words.
    async fn a_refused_configuration_changes_nothing(app) {
        let (server, engine) = server(app).await?;
        succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
        let before = (engine.container("portolan-proxy"), configuration(&engine)?);
        let extra = json!({ "kind": "caddy", "extra": "{\"refuse-me\": 1}" });
        let refused = app.set_proxy(&server, extra).await?;
        let (code, message) = failure(&refused)?;
        assert_eq!(code, "configuration-refused");
        ensure!(message.ends_with("unknown field refuse-me"), "{message}");
        let after = (engine.container("portolan-proxy"), configuration(&engine)?);
        assert_eq!(before, after);
        let proxy = app.proxy_is(&server, ProxyState::Running).await?;
        eventually("the refusal", || async {
            let proxy = app.proxy(&server).await?;
            Ok(proxy.configuration.and_then(|one| one.refused))
        })
        .await?;
        assert!(proxy.extra.is_some());
        succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
        let path = format!("/v1/servers/{}/proxy", server.id);
        let bad = app.owner.put(&path, json!({ "kind": "caddy", "extra": "[1]" })).await?;
        assert_eq!(bad.problem(422)?.errors[0].field, "extra");
    }
}

story! {
    /// Another authority than Let's Encrypt is named by its directory, and trusted by its root.
    async fn an_authority_has_a_directory(app) {
        let (server, engine) = server(app).await?;
        let root = rcgen::generate_simple_self_signed(vec!["ca.example.com".to_owned()])?;
        let (pem, key) = (root.cert.pem(), root.signing_key.serialize_pem());
        let directory = "https://ca.example.com/acme/acme/directory";
        let path = format!("/v1/servers/{}/proxy", server.id);
        let both = |more: Value| {
            let mut source = json!({ "source": "acme", "directory": directory });
            if let (Value::Object(source), Value::Object(more)) = (&mut source, more) {
                source.extend(more);
            }
            json!({ "kind": "caddy", "certificates": source })
        };
        for (bad, field) in [
            (both(json!({ "staging": true })), "certificates.staging"),
            (both(json!({ "directory": null, "root": pem })), "certificates.root"),
            (both(json!({ "root": "no PEM" })), "certificates.root"),
            (both(json!({ "root": format!("{pem}{key}") })), "certificates.root"),
            (both(json!({ "root": "x".repeat((64 << 10) + 1) })), "certificates.root"),
        ] {
            let refused = app.owner.put(&path, bad).await?;
            ensure!(!refused.text.contains("BEGIN PRIVATE KEY-----M"), "{}", refused.text);
            assert_eq!(refused.problem(422)?.errors[0].field, field);
        }
        let plain = both(json!({ "directory": "http://ca.example.com/" }));
        app.owner.put(&path, plain).await?.problem(422)?;

        succeeded(&app.set_proxy(&server, both(json!({ "root": pem }))).await?)?;
        let config = configuration(&engine)?;
        let issuer = config.pointer("/apps/tls/automation/policies/0/issuers/0");
        let issuer = issuer.context("an issuer")?;
        assert_eq!(issuer["ca"], directory);
        let file = issuer["trusted_roots_pem_files"][0].as_str().context("a path")?;
        assert_eq!(engine.file("portolan-proxy", file), Some(pem.clone().into_bytes()));
        let shown = serde_json::to_value(app.proxy(&server).await?)?;
        assert_eq!(shown["certificates"], both(json!({ "root": pem, "staging": false }))["certificates"]);
    }
}

story! {
    /// A port that is taken is named with its owner, and what ran before runs on.
    async fn a_taken_port_has_an_owner(app) {
        let (server, engine) = server(app).await?;
        engine.occupy_port(80, true);
        let work = app.set_proxy(&server, json!({ "kind": "caddy" })).await?;
        let (code, message) = failure(&work)?;
        assert_eq!(code, "port-taken");
        assert_eq!(
            message,
            "port 80 of server `alpha` is taken by something on the host that is no container of \
             Docker's"
        );
        assert!(engine.container("portolan-proxy").is_none());
        engine.occupy_port(80, false);
        succeeded(&app.proxy_work(&server, "start").await?)?;
        let before = engine.container("portolan-proxy").context("a proxy")?;
        engine.occupy_port(8080, true);
        let work = app.set_proxy(&server, json!({ "kind": "caddy", "http_port": 8080 })).await?;
        assert_eq!(failure(&work)?.0, "port-taken");
        let after = engine.container("portolan-proxy").context("a proxy")?;
        assert_eq!(before.member.docker_id, after.member.docker_id);
        assert!(after.is_running());
        assert!(engine.container("portolan-proxy-old").is_none());
    }
}
