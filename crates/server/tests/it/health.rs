//! Health, metrics, documentation, and what surrounds every route.

use anyhow::{Context, Result, ensure};
use portolan_types::Reachability;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Database, TestApp, story};

story! {
    /// Load balancers and Prometheus need no token, and learn no name.
    async fn health_and_metrics_are_public(app) {
        let (server, _engine) = app.add_server("secret-name").await?;
        app.owner.destination(&server, "secret-network").await?;
        let anybody = app.owner.anonymous();
        assert_eq!(anybody.get("/healthz").await?.text, "ok\n");
        assert_eq!(anybody.get("/readyz").await?.status, 200);
        let metrics = anybody.get("/metrics").await?.text;
        for line in [
            "portolan_servers{state=\"reachable\"} 1",
            "portolan_destinations{state=\"ready\"} 1",
            "portolan_operations_total{kind=\"create-destination\",outcome=\"succeeded\"} 1",
            "portolan_http_request_duration_seconds_count",
        ] {
            ensure!(metrics.contains(line), "no {line} in:\n{metrics}");
        }
        ensure!(!metrics.contains("secret-n"), "a name is in the metrics");
    }
}

story! {
    /// What nothing is in any more is not counted, and what strangers make up is not kept.
    async fn metrics_forget_what_is_over(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let counted = app.owner.get("/metrics").await?.text;
        ensure!(counted.contains("portolan_servers{state=\"reachable\"} 1"), "{counted}");
        engine.stop();
        app.owner.reachable(server.id.as_str(), Reachability::Unreachable).await?;
        let made_up = Method::from_bytes(b"BREW")?;
        app.owner.send(app.owner.request(made_up, "/v1/keys")).await?.problem(405)?;
        let counted = app.owner.get("/metrics").await?.text;
        ensure!(counted.contains("portolan_servers{state=\"unreachable\"} 1"), "{counted}");
        ensure!(!counted.contains("portolan_servers{state=\"reachable\"} 1"), "{counted}");
        ensure!(!counted.contains("BREW"), "{counted}");
    }
}

#[tokio::test]
async fn the_documentation_is_served_with_a_strict_policy() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let page = app.owner.anonymous().get("/docs/").await?;
    assert_eq!(page.status, 200);
    let policy = page.headers.get("content-security-policy").context("a policy")?.to_str()?;
    ensure!(policy.contains("script-src 'self';"), "{policy}");
    ensure!(!page.text.contains("<script>"), "a script inline: the policy would stop it");
    let document: Value = app.owner.anonymous().get("/openapi.json").await?.ok()?;
    assert_eq!(document["info"]["title"], "Portolan");
    app.stop().await
}

#[tokio::test]
async fn malformed_requests_get_problems() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let owner = &app.owner;
    owner.get("/v1/nothing").await?.problem(404)?;
    owner.send(owner.request(Method::PUT, "/v1/keys")).await?.problem(405)?;
    let text = owner.request(Method::POST, "/v1/keys").body("{}");
    owner.send(text).await?.problem(415)?;
    let broken = owner
        .request(Method::POST, "/v1/keys")
        .header("content-type", "application/json")
        .body("{");
    owner.send(broken).await?.problem(400)?;

    let field = |problem: portolan_types::Problem| problem.errors[0].field.clone();
    let problem = owner.post("/v1/keys", json!({ "name": 7 })).await?.problem(422)?;
    assert_eq!(field(problem), "name");
    let problem =
        owner.post("/v1/keys", json!({ "name": "k", "colour": 1 })).await?.problem(422)?;
    assert_eq!(field(problem), "colour");
    let problem = owner.post("/v1/keys", json!({})).await?.problem(422)?;
    assert_eq!(field(problem), "name");
    owner.get("/v1/keys?cursor=nonsense").await?.problem(422)?;
    owner.get("/v1/keys/..%2f..%2fetc").await?.problem(404)?;

    let huge = json!({ "name": "k", "private_key": "x".repeat(200_000) });
    let answer = owner.post("/v1/keys", huge).await?;
    answer.problem(413)?;
    ensure!(answer.headers.contains_key("x-request-id"), "no request id");
    app.stop().await
}

story! {
    /// What no name can be is not asked of the database, which would fail over it.
    async fn a_search_has_bounds(app) {
        app.owner.key("k").await?;
        let long = "a".repeat(60_000);
        for path in [
            &format!("/v1/keys?search={long}"),
            "/v1/keys?search=%00",
            "/v1/operations?subject_id=%00",
        ] {
            app.owner.get(path).await?.problem(422)?;
        }
        let most = "a".repeat(200);
        app.owner.get(&format!("/v1/keys?search={most}")).await?.ok::<Value>()?;
    }
}

#[tokio::test]
async fn a_caller_that_asks_too_often_is_slowed_down() -> Result<()> {
    let mut app = TestApp::prepare(Database::Sqlite, tempfile::tempdir()?.into())?;
    app.config.requests_per_minute = 30.try_into()?;
    app.launch().await?;
    let mut slowed = None;
    for _ in 0..40 {
        let answer = app.owner.get("/healthz").await?;
        if answer.status == 429 {
            slowed = Some(answer);
            break;
        }
    }
    let answer = slowed.context("nobody was slowed down")?;
    answer.problem(429)?;
    ensure!(answer.headers.contains_key("retry-after"), "no Retry-After");
    app.stop().await
}

#[tokio::test]
async fn made_up_tokens_are_limited_by_their_address() -> Result<()> {
    let mut app = TestApp::prepare(Database::Sqlite, tempfile::tempdir()?.into())?;
    app.config.requests_per_minute = 3.try_into()?;
    app.launch().await?;
    let mut slowed = false;
    for n in 0..40 {
        let stranger = app.owner.with_token(&format!("made-up-{n}"));
        slowed |= stranger.get("/v1/session").await?.status == 429;
    }
    ensure!(slowed, "nobody was slowed down");
    app.stop().await
}

#[tokio::test]
async fn callers_behind_a_trusted_proxy_are_told_apart() -> Result<()> {
    let mut app = TestApp::prepare(Database::Sqlite, tempfile::tempdir()?.into())?;
    app.config.requests_per_minute = 3.try_into()?;
    app.config.trusted_proxies = vec!["127.0.0.0/8".parse()?];
    app.launch().await?;
    for n in 0..40 {
        let path = app.owner.request(Method::GET, "/v1/session");
        let answer = app.owner.send(path.header("x-forwarded-for", format!("192.0.2.{n}"))).await?;
        ensure!(answer.status == 401, "{}: one caller slowed another", answer.status);
    }
    let mut slowed = false;
    for n in 0..40 {
        let path = app.owner.request(Method::GET, "/v1/session");
        let named = format!("192.0.2.{n}, 198.51.100.7");
        slowed |= app.owner.send(path.header("x-forwarded-for", named)).await?.status == 429;
    }
    ensure!(slowed, "one caller that made up others was not slowed down");
    app.stop().await
}
