//! Every route in the document, as nobody, as a member, with a token that only reads, and as
//! another team. A route that is not in the tables fails the test.

use anyhow::{Context, Result, bail, ensure};
use portolan_server::host::fake::FakeEngine;
use portolan_types::{
    Ability, CreatedToken, DestinationState, Drift, Operation, Page, RouteState, Server,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    certificates, notifiers, sessions,
    support::{Answer, Client, TestApp, story},
};

/// One operation of the document.
#[derive(Debug, Clone)]
struct Route {
    method: Method,
    path: String,
    /// The ability that the document says it needs; `None` for public and personal ones.
    needs: Option<Ability>,
    /// It is for a person who signed in, and for no token.
    personal: bool,
}

fn routes() -> Result<Vec<Route>> {
    let document = serde_json::to_value(portolan_server::openapi())?;
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().context("paths")? {
        for (method, operation) in operations.as_object().context("operations")? {
            let security = operation["security"]
                .as_array()
                .with_context(|| format!("{method} {path} states no policy"))?;
            let needs = security.iter().find_map(|scheme| scheme["token"][0].as_str());
            let needs = needs.map(str::parse::<Ability>).transpose()?;
            let method = method.to_uppercase().parse()?;
            let personal = security.iter().any(|scheme| scheme["session"].is_array());
            routes.push(Route { method, path: path.clone(), needs, personal });
        }
    }
    ensure!(routes.len() > 25, "the document is too small: {}", routes.len());
    Ok(routes)
}

/// Ids of things that the owner has.
struct Things {
    key: String,
    server: String,
    destination: String,
    operation: String,
    drift: String,
    token: String,
    route: String,
    certificate: String,
    notifier: String,
    session: String,
}

impl Things {
    async fn make(app: &TestApp) -> Result<Self> {
        let (server, engine) = app.add_server("alpha").await?;
        let destination = app.owner.destination(&server, "web").await?;
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
        Ok(Self {
            key: app.owner.key("spare").await?,
            server: server.id.to_string(),
            destination: destination.id.to_string(),
            certificate: certificates::add(app, "first").await?.id.to_string(),
            route: route.id.to_string(),
            operation: destination.operation_id.context("an operation")?.to_string(),
            drift,
            token: token.token.id.to_string(),
            notifier: notifiers::add_unheard(app).await?.id.to_string(),
            session: sessions::begin(app, &app.owner).await?.1.to_string(),
        })
    }

    /// The route's path with the owner's ids in it.
    fn path(&self, route: &Route) -> Result<String> {
        let id = match route.path.split('/').nth(2) {
            Some("keys") => &self.key,
            Some("servers") => &self.server,
            Some("destinations") => &self.destination,
            Some("operations") => &self.operation,
            Some("drifts") => &self.drift,
            Some("tokens") => &self.token,
            Some("routes") => &self.route,
            Some("certificates") => &self.certificate,
            Some("notifiers") => &self.notifier,
            Some("sessions") => &self.session,
            _ if route.path.contains('{') => bail!("no id for {}", route.path),
            _ => return Ok(route.path.clone()),
        };
        Ok(route.path.replace("{id}", id).replace("{container}", "web"))
    }

    /// A body that would be accepted from the owner.
    fn body(&self, route: &Route) -> Value {
        match (route.method.as_str(), route.path.as_str()) {
            ("POST", "/v1/tokens") => json!({ "name": "x", "abilities": ["read"] }),
            ("PATCH", path) if path.ends_with("/drift-policy") => json!({ "policy": "tell" }),
            ("PATCH", "/v1/addresses") => json!({ "across_fleet": true }),
            ("PATCH", "/v1/routes/{id}") => json!({ "target": "web" }),
            ("POST", "/v1/keys") | ("PATCH", _) => json!({ "name": "x" }),
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
            ("POST", "/v1/destinations") => json!({ "server_id": self.server }),
            ("POST", "/v1/destinations/{id}/containers") => json!({ "container": "web" }),
            ("POST", "/v1/destinations/{id}/containers/{container}/move") => {
                json!({ "to": self.destination })
            }
            _ => json!({}),
        }
    }

    async fn call(&self, client: &Client, route: &Route) -> Result<Answer> {
        let path = self.path(route)?;
        let request = client.request(route.method.clone(), &path).json(&self.body(route));
        if path.ends_with("/stream") {
            client.open(request).await
        } else {
            client.send(request).await
        }
    }
}

/// A difference that waits for a person; answers its id.
async fn drift(app: &TestApp, server: &Server, engine: &FakeEngine) -> Result<String> {
    let made = app.owner.destination(server, "asks").await?;
    let path = format!("/v1/destinations/{}/drift-policy", made.id);
    let _: Value = app.owner.patch(&path, json!({ "policy": "ask" })).await?.ok()?;
    engine.drop_network("asks");
    app.owner.settled(&made, DestinationState::Drifted).await?;
    let page: Page<Drift> = app.owner.get("/v1/drifts?open=true").await?.ok()?;
    Ok(page.items.first().context("a drift")?.id.to_string())
}

/// A person with a role: in the owner's team, or in a new one. Inviting people comes with
/// accounts, so the rows are written here.
pub(crate) async fn person(app: &TestApp, role: &str, team: Team) -> Result<Client> {
    let pool = app.pool().await?;
    let session: Value = app.owner.get("/v1/session").await?.ok()?;
    let team = match team {
        Team::Same => session["team"]["id"].as_str().context("a team")?.to_owned(),
        Team::Other => {
            let id = portolan_types::TeamId::generate().to_string();
            let sql = "insert into teams (id, name, created_at) values ($1, 'other', 1)";
            sqlx::query(sql).bind(&id).execute(&pool).await?;
            id
        }
    };
    let user = portolan_types::UserId::generate().to_string();
    let secret = format!("portolan_{user}");
    for (sql, values) in [
        (
            "insert into users (id, email, created_at) values ($1, $2, 1)",
            vec![user.clone(), format!("{user}@example.com")],
        ),
        (
            "insert into memberships (team_id, user_id, role, created_at) values ($1, $2, $3, 1)",
            vec![team.clone(), user.clone(), role.to_owned()],
        ),
        (
            "insert into tokens (id, team_id, user_id, name, secret_hash, abilities, created_at)
             values ($1, $2, $3, 't', $4, 'owner', 1)",
            vec![
                portolan_types::TokenId::generate().to_string(),
                team.clone(),
                user.clone(),
                portolan_server::vault::hash(&secret),
            ],
        ),
    ] {
        let query = values.into_iter().fold(sqlx::query(sql), sqlx::query::Query::bind);
        query.execute(&pool).await?;
    }
    pool.close().await;
    Ok(app.owner.with_token(&secret))
}

pub(crate) enum Team {
    Same,
    Other,
}

/// What the owner sees of everything, to prove that nothing happened.
async fn world(app: &TestApp) -> Result<Vec<String>> {
    let addresses: Value = app.owner.get("/v1/addresses").await?.ok()?;
    let mut world = vec![addresses["plan"].to_string()];
    for list in ["keys", "servers", "destinations", "operations", "events", "drifts", "notifiers"] {
        world.push(app.owner.get(&format!("/v1/{list}?limit=200")).await?.text);
    }
    // Ages grow while nothing happens.
    Ok(world
        .iter()
        .map(|text| {
            text.split("\"last_contact_age_seconds\"").next().unwrap_or_default().to_owned()
        })
        .collect())
}

story! {
    /// Nobody gets in anywhere but where the document says so.
    async fn as_nobody(app) {
        let things = Things::make(app).await?;
        let before = world(app).await?;
        for route in routes()? {
            let answer = things.call(&app.owner.anonymous(), &route).await?;
            let stranger = app.owner.with_token("portolan_0000");
            let guessed = things.call(&stranger, &route).await?;
            if route.needs.is_some() || route.personal {
                answer.problem(401).with_context(|| format!("{route:?}"))?;
                guessed.problem(401).with_context(|| format!("{route:?}"))?;
            } else {
                ensure!(answer.status.as_u16() != 401, "{route:?} is not public");
            }
        }
        assert_eq!(world(app).await?, before);
    }
}

story! {
    /// A member reads, and changes nothing; so does the owner with a token that only reads.
    async fn as_someone_who_reads(app) {
        let things = Things::make(app).await?;
        let member = person(app, "member", Team::Same).await?;
        let body = json!({ "name": "reader", "abilities": ["read"] });
        let reader: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
        let reader = app.owner.with_token(&reader.secret);
        let before = world(app).await?;
        for client in [member, reader] {
            for route in routes()? {
                let answer = things.call(&client, &route).await?;
                match route.needs {
                    Some(Ability::Read) => {
                        ensure!(answer.status == 200, "{route:?}: {}", answer.text);
                    }
                    Some(_) => {
                        answer.problem(403).with_context(|| format!("{route:?}"))?;
                    }
                    None if route.personal => {
                        answer.problem(403).with_context(|| format!("{route:?}"))?;
                    }
                    None => {}
                }
            }
        }
        assert_eq!(world(app).await?, before);
    }
}

story! {
    /// What another team owns does not exist: 404, in the path and in the body, and no side effect.
    async fn as_another_team(app) {
        let things = Things::make(app).await?;
        let stranger = person(app, "owner", Team::Other).await?;
        let before = world(app).await?;
        for route in routes()?.into_iter().filter(|route| route.needs.is_some()) {
            let answer = things.call(&stranger, &route).await?;
            let named = route.path.contains("{id}");
            let in_body = route.method == Method::POST
                && ["/v1/servers", "/v1/destinations", "/v1/routes"].contains(&route.path.as_str());
            if route.path.starts_with("/v1/reach") {
                // Names, not ids: the answer is that of a name that nobody has.
                let problem = answer.problem(422).with_context(|| format!("{route:?}"))?;
                ensure!(!format!("{problem:?}").contains(&things.destination), "{problem:?}");
            } else if named || in_body {
                answer.problem(404).with_context(|| format!("{route:?}"))?;
            } else {
                ensure!(answer.status.is_success(), "{route:?}: {}", answer.text);
                let Things { key, server, destination, token, drift, notifier, .. } = &things;
                for id in [key, server, destination, token, drift, notifier] {
                    ensure!(!answer.text.contains(id.as_str()), "{route:?} tells of {id}");
                }
            }
        }
        let of = format!("/v1/destinations?server_id={}", things.server);
        stranger.get(&of).await?.problem(404)?;
        let of = format!("/v1/drifts?destination_id={}", things.destination);
        stranger.get(&of).await?.problem(404)?;
        let of = format!("/v1/operations?subject_id={}", things.destination);
        let page: Value = stranger.get(&of).await?.ok()?;
        assert_eq!(page["items"], json!([]));
        assert_eq!(world(app).await?, before);
    }
}
