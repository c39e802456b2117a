//! Every route in the document with something to call it with: ids of things that the owner has, and
//! a body. A route that is not in the tables fails the test. Who may call what is in `matrix`.

use anyhow::{Context, Result, bail, ensure};
use portolan_server::{Guarded, host::fake::FakeEngine};
use portolan_types::{
    CreatedHook, CreatedInvite, CreatedToken, DestinationState, Drift, Membership, Operation, Page,
    Right, RouteState, Server,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    applications::{self, jobs},
    backups, certificates, databases, notifiers, openid, projects, registries, sessions, stacks,
    support::{Answer, Client, TestApp},
};

mod matrix;

/// Ids of things that the owner has.
pub(crate) struct Things {
    key: String,
    registry: String,
    server: String,
    destination: String,
    operation: String,
    drift: String,
    token: String,
    route: String,
    certificate: String,
    notifier: String,
    session: String,
    /// A passkey and an identity of the owner, of one id.
    way_in: String,
    /// Somebody whom nobody misses.
    member: String,
    invite: String,
    /// A project, and an environment of it; another one is in use.
    project: String,
    environment: String,
    /// One whose deployment came to nothing.
    application: String,
    /// The same of a database.
    database: String,
    storage: String,
    /// One that came to nothing.
    backup: String,
    /// One whose deployment came to nothing.
    stack: String,
    /// One on another destination.
    neighbour: String,
    /// One of the neighbour, and a run of it that failed.
    job: String,
    run: String,
    team: String,
}

impl Things {
    pub(crate) async fn make(app: &TestApp) -> Result<Self> {
        let (server, engine) = app.add_server("alpha").await?;
        let destination = app.owner.destination(&server, "web").await?;
        engine.join("web", "app");
        let drift = drift(app, &server, &engine).await?;
        // Its image is nowhere, so that nothing goes on in the background.
        let proxy = format!("/v1/servers/{}/proxy?wait=20", server.id);
        let work: Operation =
            app.owner.put(&proxy, json!({ "kind": "caddy" })).await?.accepted()?;
        ensure!(work.state.is_over(), "{work:?}");
        let route = app.owner.route(&destination, "shop.example.com").await?;
        app.route_is(&route, RouteState::Dark).await?;
        let body = json!({ "name": "t", "abilities": ["read"] });
        let token: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
        let project = projects::add_held(app, "shop").await?;
        let environment = projects::environment(&app.owner, &project, "staging").await?;
        let environment = environment.id.to_string();
        let on = (environment.as_str(), destination.id.as_str());
        let database = databases::add_nowhere(app, on, "orders").await?;
        let storage = backups::add_storage(&app.owner, "cellar").await?.id.to_string();
        let kept = (project.id.as_str(), storage.as_str(), database.as_str());
        backups::schedule(app, &database, &storage).await?;
        let dock = app.owner.destination(&server, "dock").await?;
        let beside = (environment.as_str(), dock.id.as_str());
        let neighbour = applications::add_nowhere(app, beside, "beside").await?;
        let job = jobs::add(app, &neighbour, "tidy").await?.id.to_string();
        Ok(Self {
            application: undeployed(app, on).await?,
            backup: backups::write_failed(app, kept).await?,
            database,
            storage: backups::add_storage(&app.owner, "attic").await?.id.to_string(),
            stack: stacks::add_nowhere(app, on, "pile").await?,
            run: jobs::write_failed(app, &job).await?,
            job,
            neighbour,
            environment,
            project: project.id.to_string(),
            key: app.owner.key("spare").await?,
            registry: registries::add(&app.owner, "private").await?.id.to_string(),
            server: server.id.to_string(),
            destination: destination.id.to_string(),
            certificate: certificates::add(app, "first").await?.id.to_string(),
            route: route.id.to_string(),
            operation: destination.operation_id.context("an operation")?.to_string(),
            drift,
            token: token.token.id.to_string(),
            notifier: notifiers::add_unheard(app).await?.id.to_string(),
            session: sessions::begin(app, &app.owner).await?.1.to_string(),
            way_in: ways_in(app).await?,
            member: spare_member(app).await?,
            invite: invite(app).await?,
            team: team(app).await?,
        })
    }

    /// The route's path with the owner's ids in it.
    fn path(&self, route: &Guarded) -> Result<String> {
        self.at(&route.path)
    }

    /// The page's path with the owner's ids in it.
    pub(crate) fn page(&self, path: &str) -> Result<String> {
        Ok(self.at(&format!("/v1{path}"))?.replacen("/v1", "", 1))
    }

    fn at(&self, path: &str) -> Result<String> {
        let id = match path.split('/').nth(2) {
            Some("keys") => &self.key,
            Some("registries") => &self.registry,
            Some("servers") => &self.server,
            Some("destinations") => &self.destination,
            Some("operations") => &self.operation,
            Some("drifts") => &self.drift,
            Some("tokens") => &self.token,
            Some("routes") => &self.route,
            Some("certificates") => &self.certificate,
            Some("notifiers") => &self.notifier,
            Some("sessions") => &self.session,
            Some("identities" | "passkeys") => &self.way_in,
            Some("sign-in") => return Ok(path.replace("{provider}", openid::NOWHERE)),
            Some("members" | "people") => &self.member,
            Some("invites") => &self.invite,
            Some("projects") => &self.project,
            Some("environments") => &self.environment,
            Some("applications" | "hooks") => &self.application,
            Some("databases") => &self.database,
            Some("storages") => &self.storage,
            Some("backups") => &self.backup,
            Some("stacks") => &self.stack,
            Some("jobs") => &self.job,
            Some("teams") if path.contains("{id}") => &self.team,
            _ if path.contains('{') => bail!("no id for {path}"),
            _ => return Ok(path.to_owned()),
        };
        let path = path.replace("{id}", id).replace("{container}", "app").replace("{number}", "1");
        let path = path.replace("{run}", &self.run);
        Ok(path.replace("{on}", &self.server).replace("{to}", &self.neighbour))
    }

    /// A body that would be accepted from the owner.
    fn body(&self, route: &Guarded) -> Value {
        match (route.method.as_str(), route.path.as_str()) {
            ("POST", "/v1/identities") => json!({ "provider": openid::NOWHERE }),
            ("POST", "/v1/tokens") => json!({ "name": "x", "abilities": ["read"] }),
            ("PATCH", path) if path.ends_with("/drift-policy") => json!({ "policy": "tell" }),
            ("PATCH", "/v1/addresses") => json!({ "across_fleet": true }),
            ("PATCH", "/v1/members/{id}") | ("POST", "/v1/invites") => {
                json!({ "role": "member" })
            }
            ("PUT", path) if path.contains("/grants/") => json!({ "right": "use" }),
            ("POST", "/v1/session/team") => json!({ "team_id": self.team }),
            ("POST", "/v1/teams") => json!({ "name": "another" }),
            // Another name than the team has: it is not handed over.
            ("POST", "/v1/team/transfer") => json!({ "user_id": self.member, "team": "not it" }),
            ("POST", "/v1/invites/join") => json!({ "secret": "x" }),
            ("POST", "/v1/invites/accept") => {
                json!({ "secret": "x", "email": "new@example.com" })
            }
            ("PATCH", "/v1/routes/{id}") => json!({ "target": "web" }),
            ("POST", "/v1/environments") => json!({
                "project_id": self.project,
                "name": "x",
                "default_destination_id": self.destination,
            }),
            ("POST", "/v1/registries") => json!({
                "name": "x",
                "host": "ghcr.io",
                "user": "robot",
                "password": "open sesame",
            }),
            ("POST", "/v1/applications") => json!({
                "environment_id": self.environment,
                "destination_id": self.destination,
                "name": "x",
                "spec": { "image": "nowhere:1" },
            }),
            ("POST", "/v1/applications/{id}/clone" | "/v1/databases/{id}/clone") => {
                json!({ "name": "z" })
            }
            ("POST", "/v1/applications/{id}/move") => json!({ "destination_id": self.destination }),
            ("POST", "/v1/databases") => json!({
                "environment_id": self.environment,
                "destination_id": self.destination,
                "name": "y",
                "engine": "postgres",
            }),
            ("POST", "/v1/databases/{id}/restore") => json!({ "backup_id": self.backup }),
            ("PUT", "/v1/databases/{id}/backup-schedule") => {
                json!({ "storage_id": self.storage, "expression": backups::RARELY })
            }
            ("POST", "/v1/stacks") => json!({
                "environment_id": self.environment,
                "destination_id": self.destination,
                "name": "z",
                "file": "services: {two: {image: \"nowhere:1\"}}",
            }),
            ("POST", "/v1/storages") => json!({ "name": "x", "kind": "disk" }),
            ("PATCH", "/v1/databases/{id}") => {
                json!({ "config": { "settings": { "work_mem": "64MB" } } })
            }
            ("PATCH", "/v1/applications/{id}") => json!({ "spec": { "image": "nowhere:2" } }),
            ("PATCH", "/v1/applications/{id}/variables") => {
                json!({ "set": [{ "name": "A", "value": "1" }] })
            }
            ("POST", "/v1/applications/{id}/places") => {
                json!({ "destination_id": self.destination })
            }
            ("POST", "/v1/applications/{id}/jobs") => jobs::body("sweep"),
            ("POST", "/v1/applications/{id}/links") => json!({ "to": self.neighbour }),
            ("POST", "/v1/keys" | "/v1/projects") | ("PATCH", _) => json!({ "name": "x" }),
            ("POST", "/v1/servers") => json!({
                "name": "x",
                "connection": { "type": "ssh", "host": "x", "key_id": self.key },
            }),
            ("POST", "/v1/servers/{id}/host-key") => {
                json!({ "fingerprint": format!("SHA256:{}", "A".repeat(43)) })
            }
            ("PUT", "/v1/servers/{id}/proxy") => json!({ "kind": "caddy" }),
            ("POST", "/v1/servers/{id}/adopt") => json!({ "all": true }),
            ("POST", "/v1/certificates") => certificates::body("second", &["a.example.com"]),
            ("POST", "/v1/notifiers") => notifiers::body("second", "https://hooks.example.com"),
            ("POST", "/v1/routes") => json!({
                "destination_id": self.destination,
                "host": "blog.example.com",
                "target": "blog",
                "port": 80,
            }),
            ("POST", "/v1/reach" | "/v1/reach/prove") => json!({ "from": "web", "to": "web" }),
            ("POST", "/v1/destinations" | "/v1/registries/{id}/check") => {
                json!({ "server_id": self.server })
            }
            ("POST", path) if path.ends_with("/exec") => json!({ "command": ["ls"] }),
            ("POST", "/v1/destinations/{id}/containers") => json!({ "container": "web" }),
            ("POST", "/v1/destinations/{id}/containers/{container}/move") => {
                json!({ "to": self.destination })
            }
            _ => json!({}),
        }
    }

    /// Whether the request names something that the owner's team has.
    fn named_in(&self, route: &Guarded) -> bool {
        let body = self.body(route).to_string();
        let sends = matches!(route.method.as_str(), "POST" | "PUT" | "PATCH");
        route.path.contains("{id}") || (sends && self.all().iter().any(|id| body.contains(*id)))
    }

    fn all(&self) -> Vec<&str> {
        let Self {
            key,
            registry,
            server,
            destination,
            operation,
            drift,
            token,
            route,
            certificate,
            notifier,
            session,
            way_in,
            member,
            invite,
            project,
            environment,
            application,
            database,
            storage,
            backup,
            stack,
            neighbour,
            job,
            run,
            team: _,
        } = self;
        let all = [
            key,
            registry,
            server,
            destination,
            operation,
            drift,
            token,
            route,
            certificate,
            notifier,
            session,
            way_in,
            member,
            invite,
            project,
            environment,
            application,
            database,
            storage,
            backup,
            stack,
            neighbour,
            job,
            run,
        ];
        all.into_iter().map(String::as_str).collect()
    }

    /// Another application where the first one is.
    async fn another(&self, app: &TestApp, name: &str) -> Result<String> {
        let destination = app.owner.find_destination("web").await?;
        let on = (self.environment.as_str(), destination.id.as_str());
        applications::add_nowhere(app, on, name).await
    }

    async fn another_database(&self, app: &TestApp, name: &str) -> Result<String> {
        let destination = app.owner.find_destination("web").await?;
        let on = (self.environment.as_str(), destination.id.as_str());
        databases::add_nowhere(app, on, name).await
    }

    /// Makes what a call is about to remove anew, so that the next one finds it again.
    async fn renew(&mut self, app: &TestApp, route: &Guarded) -> Result<()> {
        if route.method != Method::DELETE {
            return Ok(());
        }
        let name = portolan_types::id::cuid2();
        match route.path.as_str() {
            "/v1/keys/{id}" => self.key = app.owner.key(&name).await?,
            "/v1/registries/{id}" => {
                self.registry = registries::add(&app.owner, &name).await?.id.to_string();
            }
            "/v1/storages/{id}" => {
                self.storage = backups::add_storage(&app.owner, &name).await?.id.to_string();
            }
            "/v1/databases/{id}/backup-schedule" => {
                self.database = self.another_database(app, &name).await?;
                let storage = backups::add_storage(&app.owner, &name).await?.id.to_string();
                backups::schedule(app, &self.database, &storage).await?;
            }
            "/v1/backups/{id}" => {
                let storage = backups::add_storage(&app.owner, &name).await?.id.to_string();
                let kept = (self.project.as_str(), storage.as_str(), self.database.as_str());
                self.backup = backups::write_failed(app, kept).await?;
            }
            "/v1/certificates/{id}" => {
                self.certificate = certificates::add(app, &name).await?.id.to_string();
            }
            "/v1/notifiers/{id}" => {
                let body = notifiers::body(&name, "https://hooks.example.com");
                let made: Value = app.owner.post("/v1/notifiers", body).await?.created()?;
                let id = made["notifier"]["id"].as_str().or(made["id"].as_str());
                self.notifier = id.context("an id")?.to_string();
            }
            "/v1/tokens/{id}" => {
                let body = json!({ "name": name, "abilities": ["read"] });
                let made: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
                self.token = made.token.id.to_string();
            }
            "/v1/sessions/{id}" => {
                self.session = sessions::begin(app, &app.owner).await?.1.to_string();
            }
            "/v1/routes/{id}" => {
                let destination = app.owner.find_destination("web").await?;
                let made = app.owner.route(&destination, &format!("{name}.example.com")).await?;
                self.route = made.id.to_string();
            }
            "/v1/members/{id}" => self.member = spare_member(app).await?,
            "/v1/members/{id}/grants/{on}" => {
                self.member = spare_member(app).await?;
                let path = format!("/v1/members/{}/grants/{}", self.member, self.server);
                let _: Value = app.owner.put(&path, json!({ "right": "use" })).await?.ok()?;
            }
            "/v1/invites/{id}" => self.invite = invite(app).await?,
            // The project itself stays: one of its environments is in use.
            "/v1/environments/{id}" => {
                let project =
                    app.owner.get(&format!("/v1/projects/{}", self.project)).await?.ok()?;
                let made = projects::environment(&app.owner, &project, &name).await?;
                self.environment = made.id.to_string();
            }
            // The one before may have been removed meanwhile.
            "/v1/applications/{id}/hook" => {
                self.application = self.another(app, &name).await?;
                listen(app, &self.application).await?;
            }
            "/v1/applications/{id}/links/{to}" => {
                self.application = self.another(app, &name).await?;
                let path = format!("/v1/applications/{}/links", self.application);
                let body = json!({ "to": self.neighbour });
                let _: Value = app.owner.post(&path, body).await?.created()?;
            }
            "/v1/jobs/{id}" => {
                self.job = jobs::add(app, &self.neighbour, &name).await?.id.to_string();
                self.run = jobs::write_failed(app, &self.job).await?;
            }
            "/v1/applications/{id}" => {
                self.application = self.another(app, &name).await?;
            }
            // Its environment may be gone, and the destination is another one's.
            "/v1/stacks/{id}" => {
                let project =
                    app.owner.get(&format!("/v1/projects/{}", self.project)).await?.ok()?;
                let made = projects::environment(&app.owner, &project, &name).await?;
                let server: Server =
                    app.owner.get(&format!("/v1/servers/{}", self.server)).await?.ok()?;
                let destination = app.owner.destination(&server, &name).await?;
                let on = (made.id.as_str(), destination.id.as_str());
                self.stack = stacks::add_nowhere(app, on, "pile").await?;
            }
            "/v1/databases/{id}" => {
                self.database = self.another_database(app, &name).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn call(&self, client: &Client, route: &Guarded) -> Result<Answer> {
        let path = self.path(route)?;
        let request = client.request(route.method.clone(), &path).json(&self.body(route));
        if path.ends_with("/stream") {
            client.open(request).await
        } else {
            client.send(request).await
        }
    }
}

/// An application with a deployment that came to nothing; answers its id.
async fn undeployed(app: &TestApp, on: (&str, &str)) -> Result<String> {
    let id = applications::add_nowhere(app, on, "shop").await?;
    let path = format!("/v1/applications/{id}/deploy?wait=20");
    let done: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
    ensure!(done.state.is_over(), "{done:?}");
    listen(app, &id).await?;
    Ok(id)
}

async fn listen(app: &TestApp, application: &str) -> Result<()> {
    let path = format!("/v1/applications/{application}/hook");
    let _: CreatedHook = app.owner.post(&path, json!({})).await?.created()?;
    Ok(())
}

async fn team(app: &TestApp) -> Result<String> {
    let team: Membership = app.owner.get("/v1/team").await?.ok()?;
    Ok(team.team.id.to_string())
}

async fn spare_member(app: &TestApp) -> Result<String> {
    Ok(join(app, "member", Team::Same).await?.id)
}

/// An invitation that nobody uses; answers its id.
async fn invite(app: &TestApp) -> Result<String> {
    let body = json!({ "role": "member" });
    let made: CreatedInvite = app.owner.post("/v1/invites", body).await?.created()?;
    Ok(made.invite.id.to_string())
}

/// A difference that waits for a person; answers its id.
pub(crate) async fn drift(app: &TestApp, server: &Server, engine: &FakeEngine) -> Result<String> {
    let made = app.owner.destination(server, "asks").await?;
    let path = format!("/v1/destinations/{}/drift-policy", made.id);
    let _: Value = app.owner.patch(&path, json!({ "policy": "ask" })).await?.ok()?;
    engine.drop_network("asks");
    app.owner.settled(&made, DestinationState::Drifted).await?;
    let page: Page<Drift> = app.owner.get("/v1/drifts?open=true").await?.ok()?;
    Ok(page.items.first().context("a drift")?.id.to_string())
}

/// Ways in of the owner; answers the id that each of them has.
async fn ways_in(app: &TestApp) -> Result<String> {
    let session: Value = app.owner.get("/v1/session").await?.ok()?;
    let user = session["user"]["id"].as_str().context("a person")?;
    let id = portolan_types::id::cuid2();
    let sql = "insert into passkeys
                   (id, user_id, name, credential_id, public_key, counter, backed_up, created_at)
               values ($1, $2, 'phone', $1, '', 0, 0, 1)";
    write(app, sql, &[&id, user]).await?;
    let sql = "insert into identities (id, user_id, issuer, subject, created_at, last_used_at)
               values ($1, $2, 'https://id.example.com', $1, 1, 1)";
    write(app, sql, &[&id, user]).await?;
    Ok(id)
}

/// Somebody in a team, with a token for everything.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) team: String,
    pub(crate) client: Client,
}

/// A person with a role: in the owner's team, or in a new one.
pub(crate) async fn person(app: &TestApp, role: &str, team: Team) -> Result<Client> {
    Ok(join(app, role, team).await?.client)
}

/// The same with who it is. The rows are written here: inviting everybody would be another story.
pub(crate) async fn join(app: &TestApp, role: &str, team: Team) -> Result<Person> {
    let session: Value = app.owner.get("/v1/session").await?.ok()?;
    let team = match team {
        Team::Same => session["team"]["id"].as_str().context("a team")?.to_owned(),
        Team::Other => {
            let id = portolan_types::TeamId::generate().to_string();
            let sql = "insert into teams (id, name, created_at) values ($1, 'other', 1)";
            write(app, sql, &[&id]).await?;
            id
        }
    };
    let id = portolan_types::UserId::generate().to_string();
    let secret = format!("portolan_{id}");
    let sql = "insert into users (id, email, created_at) values ($1, $2, 1)";
    write(app, sql, &[&id, &format!("{id}@example.com")]).await?;
    let sql = "insert into memberships (team_id, user_id, role, created_at) values ($1, $2, $3, 1)";
    write(app, sql, &[&team, &id, role]).await?;
    let sql = "insert into tokens (id, team_id, user_id, name, secret_hash, abilities, created_at)
         values ($1, $2, $3, 't', $4, 'owner', 1)";
    let token = portolan_types::TokenId::generate();
    let hash = portolan_server::vault::hash(&secret);
    write(app, sql, &[token.as_str(), &team, &id, &hash]).await?;
    Ok(Person { id, team, client: app.owner.with_token(&secret) })
}

impl Person {
    /// Gives a right in a project.
    pub(crate) async fn grant_in(&self, app: &TestApp, project: &str, right: Right) -> Result<()> {
        let sql = "insert into grants
                       (team_id, user_id, subject_type, subject_id, project_id, level, created_at)
                   values ($1, $2, 'project', $3, $3, $4, 1)";
        write(app, sql, &[&self.team, &self.id, project, right.as_str()]).await
    }

    /// Gives a right on a server.
    pub(crate) async fn grant(&self, app: &TestApp, server: &str, right: Right) -> Result<()> {
        let sql = "insert into grants
                       (team_id, user_id, subject_type, subject_id, server_id, level, created_at)
                   values ($1, $2, 'server', $3, $3, $4, 1)";
        write(app, sql, &[&self.team, &self.id, server, right.as_str()]).await
    }
}

/// Rows that no person makes.
pub(crate) async fn write(app: &TestApp, sql: &'static str, values: &[&str]) -> Result<()> {
    let pool = app.pool().await?;
    let query = values.iter().fold(sqlx::query(sql), |query, value| query.bind(*value));
    query.execute(&pool).await?;
    pool.close().await;
    Ok(())
}

pub(crate) enum Team {
    Same,
    Other,
}

/// What the owner sees of everything, to prove that nothing happened.
async fn world(app: &TestApp) -> Result<Vec<String>> {
    let addresses: Value = app.owner.get("/v1/addresses").await?.ok()?;
    let mut world = vec![addresses["plan"].to_string()];
    for list in [
        "keys",
        "registries",
        "servers",
        "destinations",
        "operations",
        "events",
        "drifts",
        "notifiers",
        "members",
        "invites",
        "projects",
        "environments",
        "applications",
        "databases",
        "storages",
        "backups",
        "stacks",
    ] {
        let mut page: Value = app.owner.get(&format!("/v1/{list}?limit=200")).await?.ok()?;
        // A server is heard of while nothing happens.
        for item in page["items"].as_array_mut().into_iter().flatten() {
            for contact in ["last_contact_at", "last_contact_age_seconds"] {
                item.as_object_mut().and_then(|item| item.remove(contact));
            }
        }
        world.push(page.to_string());
    }
    Ok(world)
}
