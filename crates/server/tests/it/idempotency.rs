//! A create that is sent twice happens once.

use anyhow::{Result, ensure};
use portolan_types::{Destination, Key};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, story};

async fn create(client: &Client, path: &str, key: &str, body: &Value) -> Result<Answer> {
    let request = client.request(Method::POST, path).header("Idempotency-Key", key).json(body);
    client.send(request).await
}

story! {
    /// The repetition answers with the resource of the first request.
    async fn a_repetition_makes_nothing_new(app) {
        let body = json!({ "name": "k" });
        let first: Key = create(&app.owner, "/v1/keys", "once", &body).await?.created()?;
        let second: Key = create(&app.owner, "/v1/keys", "once", &body).await?.created()?;
        assert_eq!(first, second);

        let (server, engine) = app.add_server("alpha").await?;
        let body = json!({ "server_id": server.id });
        let path = "/v1/destinations?wait=20";
        let first: Destination = create(&app.owner, path, "twice", &body).await?.created()?;
        let second: Destination = create(&app.owner, path, "twice", &body).await?.created()?;
        assert_eq!(first.id, second.id);
        assert_eq!(engine.network_names(), [first.network.as_str()]);
    }
}

story! {
    /// Fifty repetitions at once make one.
    async fn repetitions_that_race_make_one(app) {
        let body = json!({ "name": "raced" });
        let race: Vec<_> = (0..50)
            .map(|_| {
                let (client, body) = (app.owner.clone(), body.clone());
                tokio::spawn(async move { create(&client, "/v1/keys", "race", &body).await })
            })
            .collect();
        let mut ids = std::collections::HashSet::new();
        for racer in race {
            ids.insert(racer.await??.created::<Key>()?.id);
        }
        assert_eq!(ids.len(), 1);
    }
}

story! {
    /// A key belongs to one request.
    async fn a_key_is_not_used_for_something_else(app) {
        let first = json!({ "name": "one" });
        create(&app.owner, "/v1/keys", "mine", &first).await?.created::<Key>()?;
        let other = json!({ "name": "two" });
        let problem = create(&app.owner, "/v1/keys", "mine", &other).await?.problem(422)?;
        assert_eq!(problem.errors[0].field, "Idempotency-Key");
        let long = "x".repeat(129);
        create(&app.owner, "/v1/keys", &long, &other).await?.problem(422)?;
        // A refused create leaves the key free.
        let bad = json!({ "name": "three", "private_key": "hello" });
        create(&app.owner, "/v1/keys", "free", &bad).await?.problem(422)?;
        let good = json!({ "name": "three" });
        let made: Key = create(&app.owner, "/v1/keys", "free", &good).await?.created()?;
        ensure!(made.name.as_str() == "three", "{made:?}");
    }
}

story! {
    /// A token's secret cannot be given twice: the repetition is refused, and makes no second token.
    async fn a_token_is_not_made_twice(app) {
        let body = json!({ "name": "robot", "abilities": ["read"] });
        create(&app.owner, "/v1/tokens", "token", &body).await?.created::<Value>()?;
        let problem = create(&app.owner, "/v1/tokens", "token", &body).await?.problem(409)?;
        ensure!(problem.remedy.is_some_and(|text| text.contains("revoke")), "no way out");
        let page: Value = app.owner.get("/v1/tokens?search=robot").await?.ok()?;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    }
}
