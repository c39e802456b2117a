//! Projects and environments: made, found, edited, removed, and who may.

use anyhow::{Context, Result, ensure};
use portolan_types::{
    Environment, Event, GrantedOn, Member, Page, Preview, Project, Right, Subject, Timestamp,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    security::{Team, join, write},
    support::{Client, TestApp, story},
};

mod old_rows;

/// A project of the caller's team.
pub(crate) async fn add(client: &Client, name: &str) -> Result<Project> {
    client.post("/v1/projects", json!({ "name": name })).await?.created()
}

/// An environment of a project.
pub(crate) async fn environment(
    client: &Client,
    project: &Project,
    name: &str,
) -> Result<Environment> {
    let body = json!({ "project_id": project.id, "name": name });
    client.post("/v1/environments", body).await?.created()
}

/// A project with something in its first environment, so that it cannot be removed. The table
/// stands for whatever refers to environments as that will: by a key alone.
pub(crate) async fn add_held(app: &TestApp, name: &str) -> Result<Project> {
    let project = add(&app.owner, name).await?;
    let first = only(&app.owner, &project).await?;
    let sql = "create table held (environment_id text not null references environments (id))";
    write(app, sql, &[]).await?;
    write(app, "insert into held (environment_id) values ($1)", &[first.id.as_str()]).await?;
    Ok(project)
}

async fn only(client: &Client, project: &Project) -> Result<Environment> {
    let mut all = environments_of(client, project).await?;
    ensure!(all.len() == 1, "{all:?}");
    all.pop().context("an environment")
}

async fn environments_of(client: &Client, project: &Project) -> Result<Vec<Environment>> {
    let path = format!("/v1/environments?project_id={}", project.id);
    Ok(client.get(&path).await?.ok::<Page<Environment>>()?.items)
}

async fn kinds_of(client: &Client, id: &str) -> Result<Vec<String>> {
    let path = format!("/v1/events?subject_id={id}");
    let page: Page<Event> = client.get(&path).await?.ok()?;
    Ok(page.items.into_iter().rev().map(|event| event.kind).collect())
}

fn path_of(project: &Project) -> String {
    format!("/v1/projects/{}", project.id)
}

fn path_to(environment: &Environment) -> String {
    format!("/v1/environments/{}", environment.id)
}

story! {
    /// A project begins with one environment, is found by part of its name, edited and removed.
    async fn a_project_has_a_life(app) {
        let body = json!({ "name": " Shop ", "description": "sells" });
        let made: Project = app.owner.post("/v1/projects", body).await?.created()?;
        assert_eq!((made.name.as_str(), made.environments), ("Shop", 1));
        let first = only(&app.owner, &made).await?;
        assert_eq!((first.name.as_str(), &first.project_name), ("production", &made.name));
        ensure!(first.default_destination_id.is_none(), "{first:?}");
        add(&app.owner, "Blog").await?;
        let found: Page<Project> = app.owner.get("/v1/projects?search=HO").await?.ok()?;
        assert_eq!(found.items, std::slice::from_ref(&made));

        let body = json!({ "name": "Store" });
        let edited: Project = app.owner.patch(&path_of(&made), body.clone()).await?.ok()?;
        assert_eq!((edited.name.as_str(), &edited.description), ("Store", &made.description));
        assert_eq!(app.owner.get(&path_of(&made)).await?.ok::<Project>()?, edited);
        // What is so already is no event.
        app.owner.patch(&path_of(&made), body).await?.ok::<Project>()?;
        assert_eq!(app.owner.delete(&path_of(&made)).await?.status, 204);
        app.owner.get(&path_of(&made)).await?.problem(404)?;
        app.owner.get(&path_to(&first)).await?.problem(404)?;
        app.owner.delete(&path_of(&made)).await?.problem(404)?;
        let told = kinds_of(&app.owner, made.id.as_str()).await?;
        assert_eq!(told, ["project.added", "project.edited", "project.removed"]);
        let audit: Value = app.owner.get("/v1/audit?kind=project.removed").await?.ok()?;
        assert_eq!(audit["items"][0]["subject"]["id"], json!(made.id), "{audit}");
    }
}

story! {
    /// A name is there once, however it is capitalized, and beyond ASCII.
    async fn names_differ_by_more_than_capitals(app) {
        let shop = add(&app.owner, "Straße Ödland").await?;
        let problem = app.owner.post("/v1/projects", json!({ "name": "straße ödland" })).await?;
        ensure!(problem.problem(409)?.kind.ends_with("project-exists"), "{problem:?}");
        let blog = add(&app.owner, "Blog").await?;
        let same = json!({ "name": "STRAßE ÖDLAND" });
        app.owner.patch(&path_of(&blog), same).await?.problem(409)?;
        // Its own name in other capitals is a new name.
        let louder: Project =
            app.owner.patch(&path_of(&blog), json!({ "name": "BLOG" })).await?.ok()?;
        assert_eq!(louder.name.as_str(), "BLOG");

        let body = json!({ "project_id": shop.id, "name": "PRODUCTION" });
        let refused = app.owner.post("/v1/environments", body).await?.problem(409)?;
        ensure!(refused.kind.ends_with("environment-exists"), "{refused:?}");
        environment(&app.owner, &blog, "staging").await?;
        environment(&app.owner, &shop, "staging").await?;
        // Another team has its own names.
        let stranger = join(app, "owner", Team::Other).await?;
        add(&stranger.client, "Straße Ödland").await?;
    }
}

story! {
    /// Pages follow each other by key, and lists are of one project or of all.
    async fn lists_are_paged(app) {
        let shop = add(&app.owner, "shop").await?;
        let blog = add(&app.owner, "blog").await?;
        environment(&app.owner, &shop, "staging").await?;
        let mut seen = Vec::new();
        let mut next = String::new();
        loop {
            let path = format!("/v1/environments?limit=1{next}");
            let page: Page<Environment> = app.owner.get(&path).await?.ok()?;
            seen.extend(page.items.iter().map(|one| format!("{}/{}", one.project_name, one.name)));
            let Some(cursor) = page.next else { break };
            next = format!("&cursor={}", String::from(cursor));
        }
        assert_eq!(seen, ["shop/production", "blog/production", "shop/staging"]);
        assert_eq!(environments_of(&app.owner, &shop).await?.len(), 2);
        only(&app.owner, &blog).await?;
        let found: Page<Environment> =
            app.owner.get("/v1/environments?search=SHOP/prod").await?.ok()?;
        assert_eq!(found.items.len(), 1);
        let found: Page<Environment> = app.owner.get("/v1/environments?search=%25").await?.ok()?;
        ensure!(found.items.is_empty(), "{found:?}");
    }
}

story! {
    /// A create that is sent twice happens once.
    async fn a_repetition_makes_nothing_new(app) {
        let create = |path: &'static str, body: Value| {
            let request = app.owner.request(Method::POST, path);
            app.owner.send(request.header("Idempotency-Key", path).json(&body))
        };
        let body = json!({ "name": "shop" });
        let first: Project = create("/v1/projects", body.clone()).await?.created()?;
        let second: Project = create("/v1/projects", body).await?.created()?;
        assert_eq!(first, second);
        let body = json!({ "project_id": first.id, "name": "staging" });
        let once: Environment = create("/v1/environments", body.clone()).await?.created()?;
        let twice: Environment = create("/v1/environments", body).await?.created()?;
        assert_eq!(once, twice);
        assert_eq!(environments_of(&app.owner, &first).await?.len(), 2);
    }
}

story! {
    /// A default destination is one of the team's; it is changed, taken away, and forgotten when the
    /// destination goes.
    async fn a_default_destination(app) {
        let (server, _) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let db = app.owner.destination(&server, "db").await?;
        let shop = add(&app.owner, "shop").await?;
        let body = json!({
            "project_id": shop.id, "name": "staging", "default_destination_id": web.id,
        });
        let made: Environment = app.owner.post("/v1/environments", body).await?.created()?;
        assert_eq!(made.default_destination_id, Some(web.id.clone()));
        assert_eq!(made.default_destination_name, Some(web.name.clone()));
        let path = path_to(&made);
        let set = |to: &str| app.owner.patch(&path, json!({ "default_destination_id": to }));
        let led: Environment = set(db.id.as_str()).await?.ok()?;
        assert_eq!(led.default_destination_name, Some(db.name.clone()));
        let renamed: Environment =
            app.owner.patch(&path_to(&made), json!({ "name": "test" })).await?.ok()?;
        assert_eq!(renamed.default_destination_id, Some(db.id.clone()));
        let none: Environment = set("none").await?.ok()?;
        ensure!(none.default_destination_id.is_none(), "{none:?}");
        set("web").await?.problem(422)?;
        set(portolan_types::DestinationId::generate().as_str()).await?.problem(404)?;

        set(web.id.as_str()).await?.ok::<Environment>()?;
        let asked = format!("/v1/destinations/{}?preview=true", web.id);
        let preview: Preview = app.owner.delete(&asked).await?.ok()?;
        let step = "leave environment `test` of project `shop` without a default destination";
        assert_eq!(preview.steps.last().map(String::as_str), Some(step));
        let other = format!("/v1/destinations/{}?preview=true", db.id);
        let preview: Preview = app.owner.delete(&other).await?.ok()?;
        ensure!(preview.steps.iter().all(|step| !step.contains("environment")), "{preview:?}");
        let removed = format!("/v1/destinations/{}?wait=20", web.id);
        app.owner.delete(&removed).await?.accepted::<Value>()?;
        app.owner.get(&format!("/v1/destinations/{}", web.id)).await?.problem(404)?;
        let left: Environment = app.owner.get(&path_to(&made)).await?.ok()?;
        ensure!(left.default_destination_id.is_none(), "{left:?}");
        ensure!(left.default_destination_name.is_none(), "{left:?}");
        let told = kinds_of(&app.owner, made.id.as_str()).await?;
        assert_eq!(told[0], "environment.added");
        // To the other one, its name, to none and back: forgetting is told of the destination.
        assert_eq!(told[1..], ["environment.edited"; 4]);
    }
}

story! {
    /// What is in an environment keeps it and its project.
    async fn what_is_in_use_stays(app) {
        let project = add_held(app, "shop").await?;
        let first = only(&app.owner, &project).await?;
        let refused = app.owner.delete(&path_of(&project)).await?.problem(409)?;
        ensure!(refused.kind.ends_with("project-in-use"), "{refused:?}");
        let refused = app.owner.delete(&path_to(&first)).await?.problem(409)?;
        ensure!(refused.kind.ends_with("environment-in-use"), "{refused:?}");
        let told = kinds_of(&app.owner, first.id.as_str()).await?;
        assert_eq!(told, ["environment.added"]);
        let spare = environment(&app.owner, &project, "staging").await?;
        assert_eq!(app.owner.delete(&path_to(&spare)).await?.status, 204);
        write(app, "delete from held", &[]).await?;
        assert_eq!(app.owner.delete(&path_of(&project)).await?.status, 204);
    }
}

story! {
    /// Nothing of another team can be named, in a path, a filter or a body.
    async fn another_team_has_none_of_it(app) {
        let (server, _) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let shop = add(&app.owner, "shop").await?;
        let stranger = join(app, "owner", Team::Other).await?.client;
        let theirs = add(&stranger, "theirs").await?;
        let first = only(&stranger, &theirs).await?;
        let into = json!({ "project_id": shop.id, "name": "x" });
        stranger.post("/v1/environments", into).await?.problem(404)?;
        let led = json!({
            "project_id": theirs.id, "name": "x", "default_destination_id": web.id,
        });
        stranger.post("/v1/environments", led).await?.problem(404)?;
        let led = json!({ "default_destination_id": web.id });
        stranger.patch(&path_to(&first), led).await?.problem(404)?;
        let of = format!("/v1/environments?project_id={}", shop.id);
        stranger.get(&of).await?.problem(404)?;
        only(&stranger, &theirs).await?;
        only(&app.owner, &shop).await?;
        let page: Page<Project> = stranger.get("/v1/projects").await?.ok()?;
        assert_eq!(page.items, [theirs]);
    }
}

story! {
    /// Rights in a project are given and taken back as on servers; they are not rights on servers,
    /// and end with the project.
    async fn rights_are_granted_in_projects(app) {
        let (server, _) = app.add_server("alpha").await?;
        let shop = add(&app.owner, "shop").await?;
        let blog = add(&app.owner, "blog").await?;
        let member = join(app, "member", Team::Same).await?;
        let whose = format!("/v1/members/{}", member.id);
        let right = format!("{whose}/grants/{}", shop.id);
        let give = |level: &'static str| app.owner.put(&right, json!({ "right": level }));
        let rename = json!({ "name": "store" });
        let add_to = |project: &Project, name: &'static str| {
            let body = json!({ "project_id": project.id, "name": name });
            member.client.post("/v1/environments", body)
        };

        member.grant(app, server.id.as_str(), Right::Manage).await?;
        member.client.patch(&path_of(&shop), rename.clone()).await?.problem(403)?;
        add_to(&shop, "staging").await?.problem(403)?;
        give("operate").await?.ok::<Member>()?;
        member.client.patch(&path_of(&shop), rename.clone()).await?.problem(403)?;
        add_to(&shop, "staging").await?.problem(403)?;
        let given: Member = give("manage").await?.ok()?;
        let places: Vec<_> = given.grants.iter().map(|grant| (&grant.on, grant.right)).collect();
        let (on_server, in_project) =
            (GrantedOn::from(&server.id), GrantedOn::from(&shop.id));
        assert_eq!(places, [(&on_server, Right::Manage), (&in_project, Right::Manage)]);
        member.client.patch(&path_of(&shop), rename).await?.ok::<Project>()?;
        let made: Environment = add_to(&shop, "staging").await?.created()?;
        add_to(&blog, "staging").await?.problem(403)?;
        member.client.delete(&path_of(&blog)).await?.problem(403)?;
        member.client.patch(&path_to(&made), json!({ "name": "x" })).await?.ok::<Environment>()?;
        member.client.post("/v1/projects", json!({ "name": "mine" })).await?.problem(403)?;

        let without: Member =
            app.owner.delete(&format!("{whose}/grants/{}", server.id)).await?.ok()?;
        assert_eq!(without.grants.len(), 1);
        let body = json!({ "server_id": server.id });
        member.client.post("/v1/destinations", body).await?.problem(403)?;
        let left: Member = app.owner.delete(&right).await?.ok()?;
        ensure!(left.grants.is_empty(), "{left:?}");
        app.owner.delete(&right).await?.problem(404)?;
        give("manage").await?.ok::<Member>()?;
        assert_eq!(member.client.delete(&path_of(&shop)).await?.status, 204);
        let left: Member = app.owner.get(&whose).await?.ok()?;
        ensure!(left.grants.is_empty(), "{left:?}");
        give("use").await?.problem(404)?;

        let stranger = join(app, "owner", Team::Other).await?;
        let theirs = format!("/v1/members/{}/grants/{}", stranger.id, blog.id);
        stranger.client.put(&theirs, json!({ "right": "use" })).await?.problem(404)?;
    }
}

story! {
    /// An invitation brings rights in projects with it, but not in one that was removed since.
    async fn an_invitation_leads_into_a_project(app) {
        let shop = add(&app.owner, "shop").await?;
        let gone = add(&app.owner, "gone").await?;
        let on = |project: &Project| json!({ "type": "project", "id": project.id });
        let body = json!({ "role": "member", "grants": [
            { "on": on(&shop), "right": "manage" }, { "on": on(&gone), "right": "use" },
        ] });
        let made: Value = app.owner.post("/v1/invites", body).await?.created()?;
        assert_eq!(app.owner.delete(&path_of(&gone)).await?.status, 204);
        let body = json!({ "secret": made["secret"], "email": "new@example.com" });
        app.owner.anonymous().post("/v1/invites/accept", body).await?.created::<Value>()?;
        let page: Page<Member> = app.owner.get("/v1/members?search=new@").await?.ok()?;
        let grants = &page.items.first().context("a member")?.grants;
        assert_eq!(grants.len(), 1, "{grants:?}");
        assert_eq!((&grants[0].on, grants[0].right), (&GrantedOn::from(&shop.id), Right::Manage));

        let stranger = join(app, "owner", Team::Other).await?.client;
        let body = json!({ "role": "member", "grants": [{ "on": on(&shop), "right": "use" }] });
        stranger.post("/v1/invites", body).await?.problem(404)?;
    }
}

story! {
    /// The subject of an event says what it is of.
    async fn events_name_their_subject(app) {
        let before = Timestamp::now();
        let shop = add(&app.owner, "shop").await?;
        let page: Page<Event> = app.owner.get("/v1/events?subject_type=environment").await?.ok()?;
        let event = page.items.first().context("an event")?;
        let first = only(&app.owner, &shop).await?;
        assert_eq!(event.subject, Subject::Environment(first.id));
        ensure!(event.at >= before && event.after.is_some(), "{event:?}");
        ensure!(event.message.contains("`production` of project `shop`"), "{event:?}");
    }
}
