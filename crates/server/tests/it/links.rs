//! That resources of different environments share no network, and links, which let one reach another.

use anyhow::{Context, Result, ensure};
use portolan_types::{
    Application, Destination, Environment, Link, LinkState, Links, Operation, OperationState,
    Right, Variables,
};
use serde_json::{Value, json};

use crate::{
    applications::{Place, place},
    projects,
    security::{Team, join, person},
    support::{Answer, TestApp, eventually, story},
};

fn spec(aliases: &[&str]) -> Value {
    json!({
        "image": "shop:1", "port": 80, "aliases": aliases, "drain_seconds": 1, "stop_seconds": 1,
    })
}

async fn add(
    app: &TestApp,
    (environment, destination): (&Environment, &Destination),
    name: &str,
    spec: Value,
) -> Result<Application> {
    let body = json!({
        "environment_id": environment.id, "destination_id": destination.id, "name": name, "spec": spec,
    });
    app.owner.post("/v1/applications", body).await?.created()
}

async fn deployed(app: &TestApp, one: &Application) -> Result<Application> {
    let done = app.work_on(one, "deploy", json!({})).await?;
    ensure!(done.state == OperationState::Succeeded, "{done:#?}");
    app.application(one).await
}

/// Two environments, each with a destination of its own and something that runs there.
pub(crate) struct Two {
    at: Place,
    pub(crate) web: Application,
    other: (Environment, Destination),
    pub(crate) mail: Application,
}

pub(crate) async fn two(app: &TestApp) -> Result<Two> {
    let at = place(app).await?;
    let web = add(app, (&at.environment, &at.destination), "web", spec(&[])).await?;
    let project = projects::add(&app.owner, "post").await?;
    let environment = projects::environment(&app.owner, &project, "live").await?;
    let destination = app.owner.destination(&at.server, "post").await?;
    let mail = add(app, (&environment, &destination), "mail", spec(&["smtp"])).await?;
    let (web, mail) = (deployed(app, &web).await?, deployed(app, &mail).await?);
    Ok(Two { at, web, other: (environment, destination), mail })
}

fn path(one: &Application) -> String {
    format!("/v1/applications/{}/links", one.id)
}

async fn link(app: &TestApp, from: &Application, to: &Application) -> Result<Answer> {
    app.owner.post(&path(from), json!({ "to": to.id })).await
}

async fn unlink(app: &TestApp, path: &str) -> Result<()> {
    let answer = app.owner.delete(path).await?;
    ensure!(answer.status == 204, "{}", answer.text);
    Ok(())
}

async fn only(app: &TestApp, of: &Application) -> Result<Option<Link>> {
    let links: Links = app.owner.get(&path(of)).await?.ok()?;
    ensure!(links.items.len() < 2, "{links:?}");
    Ok(links.items.into_iter().next())
}

pub(crate) async fn is_up(app: &TestApp, of: &Application) -> Result<Link> {
    eventually("the link is up", || async {
        Ok(only(app, of).await?.filter(|link| link.state == LinkState::Up))
    })
    .await
}

/// What a container answers to on a network, if it is there.
fn names(at: &Place, container: &str, network: &str) -> Option<Vec<String>> {
    let found = at.engine.container(container)?;
    let place = found.endpoints.iter().find(|place| place.attachment.key == network)?;
    Some(place.endpoint.aliases.clone())
}

fn serving(one: &Application) -> Result<&str> {
    one.container.as_ref().map(portolan_types::ContainerName::as_str).context("a container")
}

story! {
    /// A destination is one environment's, by default.
    async fn environments_share_no_network(app) {
        let Two { at, other, .. } = two(app).await?;
        let body = json!({
            "environment_id": other.0.id, "destination_id": at.destination.id, "name": "late",
            "spec": spec(&[]),
        });
        let answer = app.owner.post("/v1/applications", body).await?;
        answer.refused("destination-of-another-environment")?;
        ensure!(answer.text.contains("of project `shop`"), "{}", answer.text);
        let body = json!({
            "environment_id": other.0.id, "destination_id": at.destination.id, "name": "late",
            "engine": "redis",
        });
        app.owner.post("/v1/databases", body).await?.refused("destination-of-another-environment")?;
        // Its own environment goes on there.
        add(app, (&at.environment, &at.destination), "job", spec(&[])).await?;
    }
}

story! {
    /// Two that are linked have a network of their own, on which the one finds the other, at once and
    /// after each deployment of either, and it goes with the link.
    async fn a_link_lets_one_reach_the_other(app) {
        let Two { at, web, mail, .. } = two(app).await?;
        let made: Link = link(app, &web, &mail).await?.created()?;
        is_up(app, &web).await?;
        let network = at.engine.network(made.network.as_str()).context("a network")?;
        ensure!(network.internal && network.subnets[0].subnet.starts_with("198.18."), "{network:?}");
        assert_eq!(names(&at, serving(&web)?, made.network.as_str()), Some(vec![]));
        let known = names(&at, serving(&mail)?, made.network.as_str()).context("it is not on it")?;
        ensure!(known == ["mail", "smtp"], "{known:?}");
        // Neither is on the other's destination.
        ensure!(names(&at, serving(&web)?, "post").is_none(), "it is on the other's network");
        ensure!(names(&at, serving(&mail)?, "web").is_none(), "it is on the other's network");

        let (before, again) = (serving(&mail)?.to_owned(), deployed(app, &mail).await?);
        ensure!(serving(&again)? != before, "it was not replaced");
        let known = names(&at, serving(&again)?, made.network.as_str()).context("it is not on it")?;
        ensure!(known == ["mail", "smtp"], "{known:?}");
        // It was made with it, and not connected later.
        let asked = at.engine.asked_for(serving(&again)?).context("a container")?;
        ensure!(format!("{asked:?}").contains(made.network.as_str()), "{asked:?}");

        // Somebody takes it off.
        at.engine.disconnect(made.network.as_str(), serving(&again)?);
        eventually("it is brought back", || async {
            Ok(names(&at, serving(&again)?, made.network.as_str()).map(drop))
        }).await?;

        unlink(app, &format!("{}/{}", path(&web), mail.id)).await?;
        ensure!(only(app, &web).await?.is_none(), "it is still listed");
        eventually("its network is gone", || async {
            Ok(at.engine.network(made.network.as_str()).is_none().then_some(()))
        }).await?;
        ensure!(at.engine.container(serving(&web)?).is_some(), "it took a container along");
    }
}

story! {
    /// What is linked before it runs joins when it does; what is removed takes the link with it.
    async fn a_link_waits_and_goes_with_its_resources(app) {
        let Two { at, web, other: (environment, destination), .. } = two(app).await?;
        let late = add(app, (&environment, &destination), "late", spec(&[])).await?;
        let made: Link = link(app, &web, &late).await?.created()?;
        let waits = eventually("it says what it waits for", || async {
            Ok(only(app, &late).await?.filter(|link| link.reason.is_some()))
        }).await?;
        assert_eq!((waits.state, waits.reason.as_deref()), (LinkState::Waiting, Some("`late` is not deployed")));
        let late = deployed(app, &late).await?;
        is_up(app, &late).await?;
        let known = names(&at, serving(&late)?, made.network.as_str()).context("it is not on it")?;
        assert_eq!(known, ["late"]);

        let gone = format!("/v1/applications/{}?wait=30", late.id);
        let done: Operation = app.owner.delete(&gone).await?.accepted()?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        eventually("its network is gone", || async {
            Ok(at.engine.network(made.network.as_str()).is_none().then_some(()))
        }).await?;
        ensure!(only(app, &web).await?.is_none(), "the link stays");
        // Its name is free again where it was reached from.
        add(app, (&at.environment, &at.destination), "late", spec(&[])).await?;
    }
}

story! {
    /// By a name one thing is reached, wherever it is reached from.
    async fn names_are_unique_where_they_are_reached(app) {
        let Two { at, web, other: (environment, destination), mail } = two(app).await?;
        add(app, (&at.environment, &at.destination), "smtp", spec(&[])).await?;
        let answer = link(app, &web, &mail).await?;
        answer.refused("alias-taken")?;
        ensure!(answer.text.contains("`smtp` is a name of application `smtp`"), "{}", answer.text);
        let news = add(app, (&environment, &destination), "news", spec(&[])).await?;
        link(app, &web, &news).await?.created::<Link>()?;
        let body = json!({
            "environment_id": at.environment.id, "destination_id": at.destination.id, "name": "news",
            "spec": spec(&[]),
        });
        app.owner.post("/v1/applications", body).await?.refused("alias-taken")?;
        // As long as it is reached.
        unlink(app, &format!("{}/{}", path(&web), news.id)).await?;
        add(app, (&at.environment, &at.destination), "news", spec(&[])).await?;
    }
}

story! {
    /// A variable may be taken from a database that is linked, and holds the link.
    async fn a_linked_database_is_referred_to(app) {
        let Two { at, web, other: (environment, destination), .. } = two(app).await?;
        at.engine.publish_image("redis:8", portolan_server::host::fake::FakeImage::new());
        let body = json!({
            "environment_id": environment.id, "destination_id": destination.id, "name": "cache",
            "engine": "redis",
        });
        let made: Value = app.owner.post("/v1/databases?wait=30", body).await?.created()?;
        let id = made["database"]["id"].as_str().context("an id")?.to_owned();
        let variables = format!("/v1/applications/{}/variables", web.id);
        let refer = json!({ "refer": [
            { "name": "CACHE_URL", "from_database": { "database_id": id, "part": "url" } }
        ] });
        app.owner.patch(&variables, refer.clone()).await?.refused("database-elsewhere")?;
        app.owner.post(&path(&web), json!({ "to": id })).await?.created::<Link>()?;
        app.owner.patch(&variables, refer).await?.ok::<Variables>()?;
        let answer = app.owner.delete(&format!("{}/{id}", path(&web))).await?;
        answer.refused("link-in-use")?;
        ensure!(answer.text.contains("CACHE_URL"), "{}", answer.text);
        app.owner.patch(&variables, json!({ "remove": ["CACHE_URL"] })).await?.ok::<Variables>()?;
        unlink(app, &format!("{}/{id}", path(&web))).await?;
    }
}

story! {
    /// What cannot be linked is told why.
    async fn what_cannot_be_linked_is_refused(app) {
        let Two { at, web, mail, .. } = two(app).await?;
        assert_eq!(link(app, &web, &web).await?.status, 422);
        let job = add(app, (&at.environment, &at.destination), "job", spec(&[])).await?;
        link(app, &web, &job).await?.refused("linked-by-destination")?;
        link(app, &web, &mail).await?.created::<Link>()?;
        link(app, &web, &mail).await?.refused("already-linked")?;
        let (server, _) = app.add_server("bravo").await?;
        let far = app.owner.destination(&server, "far").await?;
        let away = add(app, (&at.environment, &far), "away", spec(&[])).await?;
        link(app, &web, &away).await?.refused("link-across-servers")?;
        let answer = app.owner.delete(&format!("{}/{}", path(&web), job.id)).await?;
        assert_eq!(answer.status, 404);
        let nobody = portolan_types::ApplicationId::generate();
        let answer = app.owner.post(&path(&web), json!({ "to": nobody })).await?;
        assert_eq!(answer.status, 404);
    }
}

story! {
    /// Reaching something takes the right to use it; who sees one end does not learn of the other.
    async fn a_link_takes_rights_at_both_ends(app) {
        let Two { web, mail, .. } = two(app).await?;
        let member = join(app, "member", Team::Same).await?;
        let seen = json!({ "sees": "granted" });
        let whole = format!("/v1/members/{}", member.id);
        app.owner.patch(&whole, seen).await?.ok::<Value>()?;
        member.grant_in(app, web.project_id.as_str(), Right::Manage).await?;
        let ask = json!({ "to": mail.id });
        assert_eq!(member.client.post(&path(&web), ask.clone()).await?.status, 404);
        link(app, &web, &mail).await?.created::<Link>()?;
        let links: Links = member.client.get(&path(&web)).await?.ok()?;
        ensure!(links.items[0].from.name.is_some() && links.items[0].to.name.is_none(), "{links:?}");
        let stranger = person(app, "owner", Team::Other).await?;
        assert_eq!(stranger.get(&path(&web)).await?.status, 404);
        assert_eq!(stranger.post(&path(&web), ask).await?.status, 404);
    }
}
