//! Hooks: a push deploys, and whoever does not sign is told nothing.

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use portolan_types::{Application, CreatedHook, Hook, HookAnswer, OperationState};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{deploy, shop};
use crate::{
    applications::place,
    support::{Answer, TestApp, git::GitServer, story},
};

async fn hook(app: &TestApp, of: &Application) -> Result<CreatedHook> {
    app.owner.post(&format!("/v1/applications/{}/hook", of.id), json!({})).await?.created()
}

/// As GitHub calls: without a token, and with a signature.
async fn push(app: &TestApp, hook: &CreatedHook, secret: &str, body: &Value) -> Result<Answer> {
    let body = body.to_string();
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?.chain_update(&body);
    let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    let nobody = app.owner.with_token("");
    let request = nobody.request(Method::POST, &hook.hook.path).header("x-github-event", "push");
    nobody.send(request.header("x-hub-signature-256", signature).body(body)).await
}

fn of_branch(name: &str) -> Value {
    json!({ "ref": format!("refs/heads/{name}"), "repository": { "default_branch": "main" } })
}

story! {
    /// A push to its branch is deployed, one to another is not; both are told of with the hook.
    async fn a_push_deploys(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        deploy(app, &shop).await?;
        let made = hook(app, &shop).await?;
        let second = git.commit("main", &[("src/main.js", "serve(2)")])?;
        let answer: HookAnswer =
            push(app, &made, &made.secret, &of_branch("main")).await?.accepted()?;
        let operation = answer.operation_id.context("a deployment")?;
        let done = app.owner.outcome(operation.as_str()).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        let latest = app.deployments(&shop).await?.swap_remove(0);
        assert_eq!(latest.commit.context("a commit")?.id, second);

        let answer: HookAnswer =
            push(app, &made, &made.secret, &of_branch("next")).await?.accepted()?;
        ensure!(answer.operation_id.is_none(), "{answer:?}");
        let path = format!("/v1/applications/{}/hook", shop.id);
        let shown: Hook = app.owner.get(&path).await?.ok()?;
        ensure!(shown.outcome.is_some_and(|words| words.contains("`next`")));
        ensure!(!app.owner.get(&path).await?.text.contains(&made.secret));
        assert_eq!(app.deployments(&shop).await?.len(), 2);
    }
}

story! {
    /// A wrong secret and a hook that is not there are answered alike; a hook ends with its token, and
    /// with a new one in its place.
    async fn only_who_signs_is_heard(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        let made = hook(app, &shop).await?;
        let wrong = push(app, &made, "wrong", &of_branch("main")).await?;
        let mut nowhere = made.clone();
        nowhere.hook.path = "/v1/hooks/h00000000000000000000000".into();
        let unknown = push(app, &nowhere, "wrong", &of_branch("main")).await?;
        assert_eq!(wrong.problem(401)?.detail, unknown.problem(401)?.detail);

        let newer = hook(app, &shop).await?;
        push(app, &made, &made.secret, &of_branch("main")).await?.problem(401)?;
        let token = &newer.hook.token_id;
        assert_eq!(app.owner.delete(&format!("/v1/tokens/{token}")).await?.status, 204);
        push(app, &newer, &newer.secret, &of_branch("main")).await?.problem(401)?;

        hook(app, &shop).await?;
        let path = format!("/v1/applications/{}/hook", shop.id);
        assert_eq!(app.owner.delete(&path).await?.status, 204);
        app.owner.get(&path).await?.problem(404)?;
        ensure!(app.deployments(&shop).await?.is_empty(), "something was deployed");
    }
}
