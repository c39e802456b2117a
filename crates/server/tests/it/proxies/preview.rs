//! What acts on a proxy would interrupt, and for how long, before they do.

use anyhow::{Context, Result, ensure};
use portolan_types::{Preview, RouteState, Server};
use reqwest::Method;
use serde_json::{Value, json};

use super::{NAME, with_proxy};
use crate::support::{TestApp, story};

async fn look(
    app: &TestApp,
    server: &Server,
    (method, act): (Method, &str),
    body: &Value,
) -> Result<Preview> {
    let path = format!("/v1/servers/{}/proxy{act}", server.id);
    let path = format!("{path}{}preview=true", if act.contains('?') { '&' } else { '?' });
    app.owner.send(app.owner.request(method, &path).json(body)).await?.ok()
}

/// What happens to the container that serves.
fn effect(preview: &Preview) -> Result<&str> {
    let one = preview.affected.first().context("nothing is interrupted")?;
    ensure!(one.name == NAME && preview.affected.len() == 1, "{preview:?}");
    Ok(&one.effect)
}

story! {
    /// Every act says which routes it interrupts and until when, what is against it, and does nothing.
    async fn what_is_interrupted_is_said_before(app) {
        let (server, engine) = with_proxy(app).await?;
        let web = app.owner.destination(&server, "web").await?;
        engine.join("web", "web");
        let route = app.owner.route(&web, "shop.example.com").await?;
        app.route_is(&route, RouteState::Live).await?;
        let before = app.proxy(&server).await?;
        let none = json!({});

        let same = look(app, &server, (Method::PUT, ""), &json!({ "kind": "caddy" })).await?;
        ensure!(same.allowed && same.affected.is_empty() && same.dark_routes.is_empty(), "{same:?}");
        let more = json!({ "kind": "caddy", "http_port": 8080, "https_port": 8443 });
        let moved = look(app, &server, (Method::PUT, ""), &more).await?;
        ensure!(effect(&moved)?.contains("until the new one does"), "{moved:?}");
        ensure!(moved.steps.iter().any(|step| step.contains("8080 and 8443")), "{moved:?}");
        for (act, until) in [
            ("/stop", "until somebody starts it"),
            ("/restart", "until it does again"),
            ("/upgrade", "until the new one does"),
        ] {
            let shown = look(app, &server, (Method::POST, act), &none).await?;
            ensure!(shown.allowed && effect(&shown)?.contains(until), "{act}: {shown:?}");
            assert_eq!(shown.dark_routes[0].rule, "shop.example.com/", "{act}");
        }
        let refused = look(app, &server, (Method::DELETE, ""), &none).await?;
        assert_eq!(refused.refusals[0].code, "proxy-has-routes");
        let forced = look(app, &server, (Method::DELETE, "?force=true"), &none).await?;
        ensure!(forced.allowed && effect(&forced)?.contains("is removed"), "{forced:?}");
        let wrong = json!({ "kind": "caddy", "extra": "[]" });
        let wrong = look(app, &server, (Method::PUT, ""), &wrong).await?;
        ensure!(!wrong.allowed, "{wrong:?}");
        assert_eq!(app.proxy(&server).await?, before);
    }
}
