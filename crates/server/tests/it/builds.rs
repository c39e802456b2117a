//! Applications that are built from a Git repository: fetched from a real Git server, built by a fake
//! engine, told of in a log; and hooks, by which a push deploys.

use std::num::NonZeroU32;

use anyhow::{Context, Result, ensure};
use portolan_types::{
    Application, Deployment, Failure, Operation, OperationState, Server, Variables,
};
use serde_json::{Value, json};

use crate::{
    applications::{Place, place, step},
    support::{TestApp, git::GitServer, story},
};

mod faults;
mod hooks;
pub(crate) mod ssh;

const RECIPE: &str = "FROM scratch\nCOPY . /srv\n";

/// A repository with a program, and an application that is built from it.
pub(crate) async fn shop(app: &TestApp, at: &Place, git: &GitServer) -> Result<Application> {
    git.commit("main", &[("Dockerfile", RECIPE), ("src/main.js", "serve(1)")])?;
    app.add_application(at, "shop", built(&git.url)).await
}

fn built(url: &str) -> Value {
    json!({
        "image": "localhost/shop", "port": 80, "drain_seconds": 1, "stop_seconds": 1,
        "build": { "repository": url },
    })
}

async fn deploy(app: &TestApp, one: &Application) -> Result<(Operation, Deployment)> {
    let done = app.work_on(one, "deploy", json!({})).await?;
    ensure!(done.state == OperationState::Succeeded, "{done:#?}");
    Ok((done, app.deployments(one).await?.swap_remove(0)))
}

async fn failed(app: &TestApp, one: &Application) -> Result<Failure> {
    let done = app.work_on(one, "deploy", json!({})).await?;
    done.failure.context("it succeeded")
}

async fn log(app: &TestApp, one: &Application, number: NonZeroU32) -> Result<String> {
    let path = format!("/v1/applications/{}/deployments/{number}/log", one.id);
    Ok(app.owner.get(&path).await?.text)
}

/// Changes the build, and leaves the rest as it is.
async fn set_build(app: &TestApp, one: &Application, build: Value) -> Result<()> {
    let mut spec = serde_json::to_value(&app.application(one).await?.spec)?;
    spec["build"] = build;
    let path = format!("/v1/applications/{}", one.id);
    let _: Application = app.owner.patch(&path, json!({ "spec": spec })).await?.ok()?;
    Ok(())
}

story! {
    /// From a commit to a container, with its log; the next commit takes its place, and the first one
    /// is brought back without being built again.
    async fn a_repository_becomes_a_container(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        let (done, first) = deploy(app, &shop).await?;
        let commit = first.commit.clone().context("a commit")?;
        ensure!(step(&done, "source")?.contains(&commit.id[..12]), "{done:#?}");
        ensure!(step(&done, "build")?.contains("was built"), "{done:#?}");
        assert_eq!(commit.subject, "Change Dockerfile src/main.js");
        assert_eq!(first.image.as_str(), format!("localhost/shop:{}", first.container));
        let build = at.engine.build_of(first.image.as_str()).context("a build")?;
        assert_eq!(build.files["src/main.js"], "serve(1)");
        assert_eq!(build.files.len(), 2);
        let asked = at.engine.asked_for(first.container.as_str()).context("a container")?;
        assert_eq!(Some(asked.image), first.image_id);
        ensure!(log(app, &shop, first.number).await?.contains("Step 2/2 : COPY . /srv"));

        let second = git.commit("main", &[("src/main.js", "serve(2)")])?;
        let (_, latest) = deploy(app, &shop).await?;
        assert_eq!(latest.commit.context("a commit")?.id, second);
        ensure!(latest.image != first.image, "{:?}", latest.image);
        let build = at.engine.build_of(latest.image.as_str()).context("a build")?;
        assert_eq!(build.files["src/main.js"], "serve(2)");

        let done = app.work_on(&shop, "roll-back", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        ensure!(done.steps.iter().all(|step| step.name != "build"), "{done:#?}");
        let back = app.deployments(&shop).await?.swap_remove(0);
        assert_eq!((back.image_id, back.commit), (first.image_id, Some(commit)));
    }
}

story! {
    /// A branch, a tag, a folder, another recipe and a stage are what is said; what `.dockerignore`
    /// names stays behind.
    async fn what_is_built_is_chosen(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        git.commit("next", &[
            ("web/app.dockerfile", RECIPE),
            ("web/.dockerignore", "*.md\n!KEEP.md\nnode_modules\n"),
            ("web/README.md", "no"),
            ("web/KEEP.md", "yes"),
            ("web/node_modules/a.js", "no"),
            ("web/index.html", "yes"),
        ])?;
        git.tag("v1")?;
        for reference in ["next", "v1"] {
            set_build(app, &shop, json!({
                "repository": git.url, "reference": reference, "folder": "./web/",
                "dockerfile": "app.dockerfile", "stage": "runtime",
            })).await?;
            let (_, made) = deploy(app, &shop).await?;
            let build = at.engine.build_of(made.image.as_str()).context("a build")?;
            let names: Vec<_> = build.files.keys().map(String::as_str).collect();
            assert_eq!(names, [".dockerignore", "KEEP.md", "app.dockerfile", "index.html"]);
            assert_eq!(build.asked.dockerfile, "app.dockerfile");
            assert_eq!(build.asked.stage.as_deref(), Some("runtime"));
        }
    }
}

story! {
    /// Each thing that is not there is told of by its name, and what served serves on.
    async fn what_is_not_there_is_told(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        let (_, first) = deploy(app, &shop).await?;
        let gone = git.url.replace("shop.git", "gone.git");
        for (build, code, words) in [
            (json!({ "repository": git.url, "reference": "none" }), "no-such-reference", "`none`"),
            (json!({ "repository": git.url, "folder": "none" }), "nothing-to-build", "`none`"),
            (json!({ "repository": git.url, "dockerfile": "No" }), "nothing-to-build", "`No`"),
            (json!({ "repository": gone }), "repository-unreachable", "no such repository"),
            (
                json!({ "repository": "http://10.0.0.1/shop.git" }),
                "repository-refused",
                "--allow-repositories-at",
            ),
        ] {
            set_build(app, &shop, build).await?;
            let failure = failed(app, &shop).await?;
            assert_eq!(failure.code, code, "{failure:?}");
            ensure!(failure.message.contains(words), "{failure:?}");
        }
        assert_eq!(app.application(&shop).await?.container, Some(first.container));
    }
}

story! {
    /// The images of five deployments that served are kept to go back to, and no more.
    async fn images_are_kept_for_a_while(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        let mut images = Vec::new();
        for _ in 0..7 {
            images.push(deploy(app, &shop).await?.1.image.to_string());
        }
        let kept: Vec<_> = images.iter().map(|image| at.engine.has_image(image)).collect();
        assert_eq!(kept, [false, false, true, true, true, true, true]);
        let path = format!("/v1/applications/{}/roll-back", shop.id);
        let refused = app.owner.post(&path, json!({ "to": 1 })).await?.problem(409)?;
        ensure!(refused.kind.ends_with("image-not-kept"), "{refused:?}");
        let done = app.work_on(&shop, "roll-back", json!({ "to": 3 })).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        // It counts among the five that served, and so does what it brought back.
        deploy(app, &shop).await?;
        ensure!(at.engine.has_image(&images[2]), "the image of what was brought back is gone");
    }
}

story! {
    /// A step that fails is in the log, and what served serves on.
    async fn a_build_that_fails(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        let (_, first) = deploy(app, &shop).await?;
        git.commit("main", &[("Dockerfile", "FROM scratch\nRUN false\n")])?;
        let failure = failed(app, &shop).await?;
        assert_eq!(failure.code, "build-failed");
        ensure!(failure.message.contains("returned a non-zero code: 1"), "{failure:?}");
        let latest = app.deployments(&shop).await?.swap_remove(0);
        ensure!(log(app, &shop, latest.number).await?.contains("Step 2/2 : RUN false"));
        assert_eq!(app.application(&shop).await?.container, Some(first.container));
    }
}

story! {
    /// A repository that wants a login gets that of a secret variable for builds, which neither the
    /// recipe nor the program gets.
    async fn a_private_repository(app) {
        let (at, git) = (place(app).await?, GitServer::with_login("robot", "open sesame").await?);
        let shop = shop(app, &at, &git).await?;
        assert_eq!(failed(app, &shop).await?.code, "repository-login");
        set_build(app, &shop, json!({
            "repository": git.url, "login": { "user": "robot", "password_variable": "GIT_TOKEN" },
        })).await?;
        let path = format!("/v1/applications/{}/deploy", shop.id);
        let refused = app.owner.post(&path, json!({})).await?;
        ensure!(refused.problem(409)?.kind.ends_with("no-repository-password"));
        let variables = format!("/v1/applications/{}/variables", shop.id);
        let set = |password: &str| json!({ "set": [
            { "name": "GIT_TOKEN", "value": password, "secret": true, "build": true },
            { "name": "VERSION", "value": "7", "build": true },
            { "name": "NPM_TOKEN", "value": "close sesame", "secret": true, "build": true },
            { "name": "LOG_LEVEL", "value": "info" },
        ]});
        let _: Variables = app.owner.patch(&variables, set("wrong")).await?.ok()?;
        assert_eq!(failed(app, &shop).await?.code, "repository-login");
        let _: Variables = app.owner.patch(&variables, set("open sesame")).await?.ok()?;
        let (done, made) = deploy(app, &shop).await?;
        let build = at.engine.build_of(made.image.as_str()).context("a build")?;
        assert_eq!(build.asked.arguments, [("VERSION".to_owned(), "7".to_owned())].into());
        // Single steps may read other secrets than that of the repository.
        let secrets: Vec<_> = build.asked.secrets.keys().map(String::as_str).collect();
        assert_eq!(secrets, ["NPM_TOKEN"]);
        ensure!(!format!("{build:?}").contains("sesame"), "{build:?}");
        let asked = at.engine.asked_for(made.container.as_str()).context("a container")?;
        assert_eq!(asked.environment, [("LOG_LEVEL".to_owned(), "info".to_owned())].into());
        ensure!(!format!("{done:?}").contains("sesame"), "{done:?}");
    }
}

story! {
    /// Another server builds; its image goes to a registry, and from there to the destination's.
    async fn another_server_builds(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let (builder, workshop) = app.add_server("builder").await?;
        let path = format!("/v1/servers/{}", builder.id);
        let _: Server = app.owner.patch(&path, json!({ "build_server": true })).await?.ok()?;
        let shop = shop(app, &at, &git).await?;
        let mut spec = built(&git.url);
        spec["image"] = json!("registry.example.com/shop");
        spec["build"]["server_id"] = json!(builder.id);
        let path = format!("/v1/applications/{}", shop.id);
        let _: Application = app.owner.patch(&path, json!({ "spec": spec })).await?.ok()?;
        let (done, made) = deploy(app, &shop).await?;
        let image = made.image.as_str();
        assert_eq!(workshop.pushed(), [image]);
        ensure!(workshop.build_of(image).is_some() && at.engine.build_of(image).is_none());
        ensure!(step(&done, "push")?.contains("registry"), "{done:#?}");
        ensure!(step(&done, "pull")?.contains("pulled"), "{done:#?}");
        let asked = at.engine.asked_for(made.container.as_str()).context("a container")?;
        assert_eq!(Some(asked.image), made.image_id);
    }
}
