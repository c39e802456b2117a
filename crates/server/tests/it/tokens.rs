//! API tokens: abilities, expiry, revocation.

use anyhow::{Result, ensure};
use portolan_types::{CreatedToken, Page, Token};
use serde_json::{Value, json};

use crate::support::{TestApp, story};

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
