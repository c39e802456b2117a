//! API tokens: abilities, expiry, revocation.

use anyhow::{Context, Result, ensure};
use portolan_types::{CreatedToken, Page, Token};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Database, TestApp, story};

async fn token(app: &TestApp, abilities: Value) -> Result<CreatedToken> {
    let body = json!({ "name": "robot", "abilities": abilities });
    app.owner.post("/v1/tokens", body).await?.created()
}

story! {
    /// A token does what its abilities say, until it is revoked.
    async fn a_token_does_what_it_may(app) {
        let read = token(app, json!(["read"])).await?;
        let robot = app.owner.with_token(&read.secret);
        robot.get("/v1/servers").await?.ok::<Value>()?;
        let problem = robot.post("/v1/keys", json!({ "name": "k" })).await?.problem(403)?;
        ensure!(problem.detail.contains("`write`"), "{problem:?}");
        robot.get("/v1/tokens").await?.problem(403)?;

        let write = token(app, json!(["write"])).await?;
        let robot = app.owner.with_token(&write.secret);
        robot.post("/v1/keys", json!({ "name": "k" })).await?.created::<Value>()?;
        robot.post("/v1/tokens", json!({ "name": "more", "abilities": ["owner"] })).await?.problem(403)?;

        let gone = app.owner.delete(&format!("/v1/tokens/{}", write.token.id)).await?;
        assert_eq!(gone.status, 204);
        robot.get("/v1/servers").await?.problem(401)?;
    }
}

story! {
    /// The secret is in the first answer, and nowhere afterwards.
    async fn a_secret_is_shown_once(app) {
        let made = token(app, json!(["read"])).await?;
        let list = app.owner.get("/v1/tokens").await?;
        ensure!(!list.text.contains(&made.secret), "the list shows a secret");
        let page: Page<Token> = list.ok()?;
        ensure!(page.items.iter().any(|item| item.id == made.token.id), "not listed");
        ensure!(page.items.iter().all(|item| item.expires_at.is_some()), "a token without end");
    }
}

story! {
    /// Lengths of life have bounds.
    async fn a_token_has_an_end(app) {
        for days in [0, 3_651] {
            let body = json!({ "name": "t", "abilities": ["read"], "expires_in_days": days });
            let problem = app.owner.post("/v1/tokens", body).await?.problem(422)?;
            assert_eq!(problem.errors[0].field, "expires_in_days");
        }
        let body = json!({ "name": "t", "abilities": [] });
        app.owner.post("/v1/tokens", body).await?.problem(422)?;
    }
}

async fn listed(app: &TestApp, made: &CreatedToken) -> Result<Token> {
    let page: Page<Token> = app.owner.get("/v1/tokens").await?.ok()?;
    page.items.into_iter().find(|item| item.id == made.token.id).context("it is not listed")
}

story! {
    /// A token makes none that may more, from more places, or for longer than itself.
    async fn a_token_makes_no_greater_one(app) {
        let body = json!({
            "name": "root", "abilities": ["owner"], "expires_in_days": 10,
            "addresses": ["127.0.0.0/8", "::1"],
        });
        let root: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
        let client = app.owner.with_token(&root.secret);
        let child: CreatedToken = client
            .post("/v1/tokens", json!({ "name": "child", "abilities": ["read"] }))
            .await?
            .created()?;
        assert_eq!(child.token.addresses, root.token.addresses);
        assert_eq!(child.token.expires_at, root.token.expires_at);
        for (field, value) in [
            ("expires_in_days", json!(11)),
            ("addresses", json!(["10.0.0.0/8"])),
            ("addresses", json!(["0.0.0.0/0"])),
        ] {
            let mut body = json!({ "name": "more", "abilities": ["read"] });
            body[field] = value;
            let problem = client.post("/v1/tokens", body).await?.problem(422)?;
            assert_eq!(problem.errors[0].field, field);
        }
        let body = json!({ "name": "x", "abilities": ["read"], "addresses": [] });
        app.owner.post("/v1/tokens", body).await?.problem(422)?;
    }
}

story! {
    /// A token that is known somewhere gets narrower, never wider.
    async fn a_token_is_narrowed(app) {
        let body = json!({ "name": "robot", "abilities": ["write"], "expires_in_days": 10 });
        let made: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
        let path = format!("/v1/tokens/{}", made.token.id);
        let robot = app.owner.with_token(&made.secret);
        for (field, value) in [
            ("abilities", json!(["owner"])),
            ("expires_in_days", json!(11)),
        ] {
            let problem = app.owner.patch(&path, json!({ field: value })).await?.problem(422)?;
            assert_eq!(problem.errors[0].field, field);
        }
        robot.key("k").await?;
        let edit = json!({ "name": "reader", "abilities": ["read"], "addresses": ["127.0.0.1"] });
        let edited: Token = app.owner.patch(&path, edit).await?.ok()?;
        assert_eq!(edited.name.as_str(), "reader");
        robot.get("/v1/keys").await?.ok::<Value>()?;
        robot.post("/v1/keys", json!({ "name": "other" })).await?.problem(403)?;
        let wider = json!({ "addresses": ["127.0.0.0/8"] });
        app.owner.patch(&path, wider).await?.problem(422)?;
        let away = json!({ "addresses": ["127.0.0.1/32"] });
        app.owner.patch(&path, away).await?.ok::<Value>()?;
        let audit: Value = app.owner.get("/v1/audit?kind=token.edited").await?.ok()?;
        assert_eq!(audit["items"].as_array().map(Vec::len), Some(2));
    }
}

async fn from(client: &Client, address: &str) -> Result<Answer> {
    let request = client.request(Method::GET, "/v1/keys");
    client.send(request.header("x-forwarded-for", address)).await
}

/// A token with a list of addresses is refused from elsewhere, and not noted as used.
#[tokio::test]
async fn a_token_is_used_from_where_it_may() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    app.kill();
    app.config.trusted_proxies = vec!["127.0.0.0/8".parse()?];
    app.launch().await?;
    let body = json!({
        "name": "robot", "abilities": ["read"], "addresses": ["192.0.2.0/24", "2001:db8::/32"],
    });
    let made: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
    let robot = app.owner.with_token(&made.secret);
    for elsewhere in ["198.51.100.7", "2001:db9::1", "192.0.2.7, 198.51.100.7", "unknown"] {
        from(&robot, elsewhere).await?.problem(401)?;
    }
    robot.get("/v1/keys").await?.problem(401)?;
    assert_eq!(listed(&app, &made).await?.last_used_at, None);
    let audit: Value = app.owner.get("/v1/audit?kind=access.unauthenticated").await?.ok()?;
    assert_eq!(audit["items"][0]["by"]["token_id"], json!(made.token.id));
    assert_eq!(audit["items"][0]["address"], "198.51.100.7");

    for here in ["192.0.2.7", "::ffff:192.0.2.8", "2001:db8::7", "198.51.100.7, 192.0.2.9"] {
        from(&robot, here).await?.ok::<Value>()?;
    }
    let used = listed(&app, &made).await?;
    assert_eq!(used.last_used_address.as_deref(), Some("192.0.2.7"));
    app.stop().await
}

story! {
    /// One that has ended opens nothing, is listed for a while, and is swept at last.
    async fn an_ended_token_is_swept_later(app) {
        let made = token(app, json!(["read"])).await?;
        let pool = app.pool().await?;
        let end = "update tokens set expires_at = 1 where id = $1";
        sqlx::query("update tokens set expires_at = $2 where id = $1")
            .bind(made.token.id.as_str())
            .bind(portolan_types::Timestamp::now().plus_seconds(-60).as_millis())
            .execute(&pool)
            .await?;
        app.owner.with_token(&made.secret).get("/v1/keys").await?.problem(401)?;
        listed(app, &made).await?;
        let audit: Value = app.owner.get("/v1/audit?outcome=refused").await?.ok()?;
        assert_eq!(audit["items"][0]["by"]["token_id"], json!(made.token.id));
        sqlx::query(end).bind(made.token.id.as_str()).execute(&pool).await?;
        pool.close().await;
        app.restart().await?;
        crate::support::eventually("it is swept", || async {
            Ok(listed(app, &made).await.is_err().then_some(()))
        })
        .await?;
    }
}
