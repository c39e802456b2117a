//! What a member sees who sees only what is granted: in lists, in the stream, in pages, in words of
//! refusals. Every single thing as such a member is in `security::matrix`.

use anyhow::{Context, Result, ensure};
use portolan_types::{
    CreatedInvite, Destination, Environment, Event, Member, Operation, Page, Project, Right, Route,
    Sees, Server, ServerAddresses, Session,
};
use serde_json::{Value, json};

use crate::{
    backups, certificates,
    events::Reader,
    notifiers, projects, registries,
    security::{Person, Team, drift, join},
    support::{Client, TestApp, story},
};

/// Somebody in the owner's team who sees what they are granted: nothing yet.
async fn narrow(app: &TestApp) -> Result<Person> {
    let person = join(app, "member", Team::Same).await?;
    sees(app, &person, "granted").await?;
    Ok(person)
}

async fn sees(app: &TestApp, person: &Person, what: &str) -> Result<Member> {
    app.owner.patch(&path_of(person), json!({ "sees": what })).await?.ok()
}

fn path_of(person: &Person) -> String {
    format!("/v1/members/{}", person.id)
}

/// A server with a destination, something that differs, and a proxy whose image is nowhere.
struct Place {
    server: Server,
    destination: Destination,
    /// The ids of what is there.
    ids: Vec<String>,
}

async fn place(app: &TestApp, name: &str) -> Result<Place> {
    let (server, engine) = app.add_server(name).await?;
    let destination = app.owner.destination(&server, &format!("{name}-web")).await?;
    let differing = drift(app, &server, &engine).await?;
    let proxy = format!("/v1/servers/{}/proxy?wait=20", server.id);
    let set: Operation = app.owner.put(&proxy, json!({ "kind": "caddy" })).await?.accepted()?;
    let route: Route = app.owner.route(&destination, &format!("{name}.example.com")).await?;
    let made = destination.operation_id.as_ref().context("an operation")?.to_string();
    let ids = [server.id.to_string(), destination.id.to_string(), route.id.to_string(), differing];
    let ids = ids.into_iter().chain([made, set.id.to_string()]).collect();
    Ok(Place { server, destination, ids })
}

const LISTS: [&str; 13] = [
    "/v1/servers?limit=200",
    "/v1/destinations?limit=200",
    "/v1/routes?limit=200",
    "/v1/proxies?limit=200",
    "/v1/attachments?limit=200",
    "/v1/drifts?limit=200",
    "/v1/operations?limit=200",
    "/v1/events?limit=200",
    "/v1/events?after=0&limit=200",
    "/v1/addresses",
    "/v1/addresses.svg",
    "/v1/reconcile",
    "/v1/chart",
];

story! {
    /// Of two servers the lists tell of the one that is granted, and of nothing else that has a name.
    async fn lists_tell_of_what_is_granted(app) {
        let (ours, theirs) = (place(app, "larboard").await?, place(app, "starboard").await?);
        let person = narrow(app).await?;
        for list in LISTS {
            let text = person.client.get(list).await?.text;
            for name in ["larboard", "starboard"] {
                ensure!(!text.contains(name), "{list} tells of {name}: {text}");
            }
        }
        person.grant(app, ours.server.id.as_str(), Right::View).await?;
        for list in LISTS {
            let all = app.owner.get(list).await?.text;
            ensure!(all.contains("larboard") && all.contains("starboard"), "{list} proves nothing: {all}");
            let text = person.client.get(list).await?.text;
            ensure!(text.contains("larboard"), "{list} hides what is granted: {text}");
            ensure!(!text.contains("starboard"), "{list} tells of another server: {text}");
            for id in &theirs.ids {
                ensure!(!text.contains(id.as_str()), "{list} tells of {id}: {text}");
            }
        }
        // Whoever sees the team sees both, whatever they were granted.
        sees(app, &person, "team").await?;
        let servers: Page<Server> = person.client.get("/v1/servers").await?.ok()?;
        assert_eq!(servers.items.len(), 2);
    }
}

story! {
    /// What is the team's as a whole: people have names, what opens doors has none.
    async fn of_the_team_people_are_seen(app) {
        let (larboard, starboard) = (app.add_server("larboard").await?.0, app.add_server("starboard").await?.0);
        let key = app.owner.key("spare").await?;
        let certificate = certificates::add(app, "first").await?.id.to_string();
        let notifier = notifiers::add_unheard(app).await?.id.to_string();
        let (person, other) = (narrow(app).await?, join(app, "member", Team::Same).await?);
        person.grant(app, larboard.id.as_str(), Right::Manage).await?;
        for server in [&larboard, &starboard] {
            other.grant(app, server.id.as_str(), Right::Use).await?;
        }
        let registry = registries::add(&app.owner, "private").await?.id.to_string();
        let storage = backups::add_storage(&app.owner, "cellar").await?.id.to_string();
        for (kind, id) in [
            ("keys", key),
            ("registries", registry),
            ("storages", storage),
            ("certificates", certificate),
            ("notifiers", notifier),
        ] {
            let page: Page<Value> = person.client.get(&format!("/v1/{kind}")).await?.ok()?;
            ensure!(page.items.is_empty(), "{kind}: {page:?}");
            person.client.get(&format!("/v1/{kind}/{id}")).await?.problem(404)?;
            let page: Page<Value> = other.client.get(&format!("/v1/{kind}")).await?.ok()?;
            ensure!(!page.items.is_empty(), "{kind}");
        }
        let page: Page<Member> = person.client.get("/v1/members").await?.ok()?;
        assert_eq!(page.items.len(), 3);
        let known: Member = person.client.get(&path_of(&other)).await?.ok()?;
        let of: Vec<&str> = known.grants.iter().map(|grant| grant.name.as_str()).collect();
        assert_eq!(of, ["larboard"]);
        let policies: Value = person.client.get("/v1/drift-policy").await?.ok()?;
        ensure!(policies.is_object(), "{policies}");
    }
}

story! {
    /// A project that is not granted is not there, and a default on an unseen server has no name.
    async fn projects_are_seen_by_grant(app) {
        let (server, _) = app.add_server("starboard").await?;
        let destination = app.owner.destination(&server, "starboard-web").await?;
        let (ours, theirs) = (projects::add(&app.owner, "shop").await?, projects::add(&app.owner, "blog").await?);
        let body = json!({
            "project_id": ours.id, "name": "staging", "default_destination_id": destination.id,
        });
        let staging: Environment = app.owner.post("/v1/environments", body).await?.created()?;
        let person = narrow(app).await?;
        person.grant_in(app, ours.id.as_str(), Right::Manage).await?;
        let page: Page<Project> = person.client.get("/v1/projects").await?.ok()?;
        assert_eq!(page.items.iter().map(|one| &one.id).collect::<Vec<_>>(), [&ours.id]);
        let page: Page<Environment> = person.client.get("/v1/environments").await?.ok()?;
        ensure!(page.items.len() == 2, "{page:?}");
        ensure!(page.items.iter().all(|one| one.project_id == ours.id), "{page:?}");
        let path = format!("/v1/environments/{}", staging.id);
        let known: Environment = person.client.get(&path).await?.ok()?;
        ensure!(known.default_destination_name.is_none(), "{known:?}");
        // What they do not see stays as it is when they change what they do, and is not to be had.
        let known: Environment = person.client.patch(&path, json!({ "name": "qa" })).await?.ok()?;
        assert_eq!(known.default_destination_id.as_ref(), Some(&destination.id));
        let body = json!({ "default_destination_id": destination.id, "name": "x", "project_id": ours.id });
        let answer = person.client.post("/v1/environments", body).await?;
        ensure!(answer.status.is_client_error() && !answer.text.contains("starboard"), "{}", answer.text);
        person.client.get(&format!("/v1/projects/{}", theirs.id)).await?.problem(404)?;
        let body = json!({ "project_id": theirs.id, "name": "x" });
        person.client.post("/v1/environments", body).await?.problem(404)?;
        let events: Page<Event> = person.client.get("/v1/events").await?.ok()?;
        ensure!(!events.items.is_empty(), "{events:?}");
        ensure!(events.items.iter().all(|event| !event.message.contains("blog")), "{events:?}");
        let told = serde_json::to_string(&events)?;
        ensure!(told.contains(destination.id.as_str()), "no event tells of a default: {told}");
        ensure!(!told.contains("starboard"), "{told}");
        let session: Session = person.client.get("/v1/session").await?.ok()?;
        assert_eq!(session.sees, Sees::Granted);
    }
}

story! {
    /// Seeing is not doing, and what is not seen is neither found by its id nor changed.
    async fn seeing_is_not_doing(app) {
        let (ours, theirs) = (place(app, "larboard").await?, place(app, "starboard").await?);
        let person = narrow(app).await?;
        person.grant(app, ours.server.id.as_str(), Right::View).await?;
        let path = |of: &Place| format!("/v1/destinations/{}", of.destination.id);
        let body = json!({ "name": "mine" });
        person.client.patch(&path(&ours), body.clone()).await?.problem(403)?;
        let before = app.owner.get(&path(&theirs)).await?.text;
        person.client.patch(&path(&theirs), body).await?.problem(404)?;
        person.client.delete(&path(&theirs)).await?.problem(404)?;
        assert_eq!(app.owner.get(&path(&theirs)).await?.text, before);
        for narrowed in ["destinations", "drifts", "attachments"] {
            let of = format!("/v1/{narrowed}?server_id={}", theirs.server.id);
            person.client.get(&of).await?.problem(404)?;
        }
        let asked = json!({ "from": "larboard-web", "to": "starboard-web" });
        let answer = person.client.post("/v1/reach", asked.clone()).await?;
        let unknown = json!({ "from": "larboard-web", "to": "nowhere" });
        let nowhere = person.client.post("/v1/reach", unknown).await?;
        assert_eq!(answer.text.replace("starboard-web", "nowhere"), nowhere.text);
        let answer = app.owner.post("/v1/reach", asked).await?;
        ensure!(answer.status.is_success(), "{}", answer.text);
    }
}

story! {
    /// Whoever removes what they may remove is told how that ended, though the row is gone.
    async fn the_end_of_a_removal_is_seen(app) {
        let ours = place(app, "larboard").await?;
        let spare = app.owner.destination(&ours.server, "spare").await?;
        let (person, stranger) = (narrow(app).await?, narrow(app).await?);
        person.grant(app, ours.server.id.as_str(), Right::Operate).await?;
        let path = format!("/v1/destinations/{}?wait=20", spare.id);
        let removed: Operation = person.client.delete(&path).await?.accepted()?;
        person.client.outcome(removed.id.as_str()).await?;
        app.owner.get(&format!("/v1/destinations/{}", spare.id)).await?.problem(404)?;
        let path = format!("/v1/operations/{}", removed.id);
        let known: Operation = person.client.get(&path).await?.ok()?;
        ensure!(known.state.is_over(), "{known:?}");
        stranger.client.get(&path).await?.problem(404)?;
    }
}

story! {
    /// A range that another server takes is told of without a name to whoever does not see it.
    async fn ranges_of_unseen_servers_have_no_name(app) {
        let (ours, _theirs) = (place(app, "larboard").await?, place(app, "starboard").await?);
        let _: Value = app.owner.patch("/v1/addresses", json!({ "across_fleet": true })).await?.ok()?;
        let person = narrow(app).await?;
        person.grant(app, ours.server.id.as_str(), Right::View).await?;
        let path = format!("/v1/servers/{}/addresses", ours.server.id);
        let said = |known: &ServerAddresses| -> Vec<String> {
            known.ranges.iter().map(|range| range.by.clone()).collect()
        };
        let all: ServerAddresses = app.owner.get(&path).await?.ok()?;
        ensure!(said(&all).iter().any(|by| by.contains("starboard")), "{all:?}");
        let some: ServerAddresses = person.client.get(&path).await?.ok()?;
        assert_eq!(some.ranges.len(), all.ranges.len());
        ensure!(said(&some).iter().any(|by| by == "a destination of another server"), "{some:?}");
        ensure!(said(&some).iter().all(|by| !by.contains("starboard")), "{some:?}");
        let picture = person.client.get(&format!("{path}.svg")).await?.text;
        ensure!(picture.contains("another server") && !picture.contains("starboard"), "{picture}");
    }
}

async fn describe(client: &Client, server: &Server, text: &str) -> Result<()> {
    let path = format!("/v1/servers/{}", server.id);
    let _: Value = client.patch(&path, json!({ "description": text })).await?.ok()?;
    Ok(())
}

story! {
    /// Whoever follows is sent what they see at that moment: a right that is taken back, and a
    /// narrower sight, end it at once.
    async fn the_stream_shows_what_is_granted_now(app) {
        let (larboard, starboard) = (app.add_server("larboard").await?.0, app.add_server("starboard").await?.0);
        let person = narrow(app).await?;
        let grant = |server: &Server| format!("{}/grants/{}", path_of(&person), server.id);
        let right = json!({ "right": "view" });
        let _: Member = app.owner.put(&grant(&larboard), right.clone()).await?.ok()?;
        let mut reader = Reader::open(&person.client, "kind=server.edited", None).await?;
        describe(&app.owner, &starboard, "one").await?;
        describe(&app.owner, &larboard, "two").await?;
        assert_eq!(reader.event().await?.server_id, Some(larboard.id.clone()));
        let _: Member = app.owner.delete(&grant(&larboard)).await?.ok()?;
        describe(&app.owner, &larboard, "three").await?;
        let _: Member = app.owner.put(&grant(&starboard), right).await?.ok()?;
        describe(&app.owner, &starboard, "four").await?;
        let next = reader.event().await?;
        assert_eq!(next.server_id.as_ref(), Some(&starboard.id), "{next:?}");
        // It may tell of what happened there before, and never of the other one.
        ensure!(!format!("{next:?}").contains("three"), "{next:?}");
        sees(app, &person, "team").await?;
        reader.ended().await?;
        let mut reader = Reader::open(&person.client, "kind=server.edited", None).await?;
        sees(app, &person, "granted").await?;
        reader.ended().await?;
    }
}

story! {
    /// Pages show what the API shows.
    async fn pages_show_what_is_granted(app) {
        let (ours, theirs) = (place(app, "larboard").await?, place(app, "starboard").await?);
        app.owner.key("spare-key").await?;
        let person = narrow(app).await?;
        person.grant(app, ours.server.id.as_str(), Right::View).await?;
        let page = person.client.get("/operations").await?.text;
        ensure!(page.contains("larboard") && !page.contains("starboard"), "{page}");
        let keys = person.client.get("/keys").await?;
        ensure!(keys.status == 200 && !keys.text.contains("spare-key"), "{}", keys.text);
        ensure!(app.owner.get("/keys").await?.text.contains("spare-key"));
        let made = |of: &Place| of.destination.operation_id.clone().context("an operation");
        let page = person.client.get(&format!("/operations/{}", made(&theirs)?)).await?;
        assert_eq!(page.status, 404, "{}", page.text);
        let page = person.client.get(&format!("/operations/{}", made(&ours)?)).await?;
        assert_eq!(page.status, 200, "{}", page.text);
    }
}

story! {
    /// Admins say who sees what, for members alone; it comes with an invitation, and stays through a
    /// time as admin.
    async fn admins_say_who_sees_what(app) {
        let (larboard, _) = app.add_server("larboard").await?;
        let admin = join(app, "admin", Team::Same).await?;
        let person = join(app, "member", Team::Same).await?;
        let path = path_of(&person);
        let known: Member = admin.client.get(&path).await?.ok()?;
        assert_eq!(known.sees, Sees::Team);
        person.client.patch(&path, json!({ "sees": "granted" })).await?.problem(403)?;
        admin.client.patch(&path, json!({})).await?.problem(422)?;
        let known: Member = admin.client.patch(&path, json!({ "sees": "granted" })).await?.ok()?;
        assert_eq!(known.sees, Sees::Granted);
        admin.client.patch(&path_of(&admin), json!({ "sees": "granted" })).await?.problem(422)?;
        let both = json!({ "role": "admin", "sees": "granted" });
        admin.client.patch(&path, both).await?.problem(422)?;
        let server = format!("/v1/servers/{}", larboard.id);
        person.client.get(&server).await?.problem(404)?;
        let known: Member = admin.client.patch(&path, json!({ "role": "admin" })).await?.ok()?;
        assert_eq!(known.sees, Sees::Team);
        let _: Server = person.client.get(&server).await?.ok()?;
        let known: Member = admin.client.patch(&path, json!({ "role": "member" })).await?.ok()?;
        assert_eq!(known.sees, Sees::Granted);
        person.client.get(&server).await?.problem(404)?;
        invited(app, &admin.client, &larboard).await?;
    }
}

async fn invited(app: &TestApp, admin: &Client, server: &Server) -> Result<()> {
    let body = json!({ "role": "admin", "sees": "granted" });
    admin.post("/v1/invites", body).await?.problem(422)?;
    let on = json!({ "type": "server", "id": server.id });
    let body = json!({
        "role": "member", "sees": "granted", "grants": [{ "on": on, "right": "use" }],
    });
    let made: CreatedInvite = admin.post("/v1/invites", body).await?.created()?;
    assert_eq!(made.invite.sees, Sees::Granted);
    app.add_server("gamma").await?;
    let body = json!({ "secret": made.secret, "email": "new@example.com" });
    let new: Value = app.owner.anonymous().post("/v1/invites/accept", body).await?.created()?;
    let client = app.owner.with_token(new["token"]["secret"].as_str().context("a secret")?);
    let servers: Page<Server> = client.get("/v1/servers").await?.ok()?;
    assert_eq!(servers.items.iter().map(|one| &one.id).collect::<Vec<_>>(), [&server.id]);
    Ok(())
}
