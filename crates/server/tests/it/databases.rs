//! Databases: made of a template, found by name, referred to by applications without anybody seeing the
//! password, upgraded within their series, and removed.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::{FakeEngine, FakeImage};
use portolan_types::{
    Application, ApplicationState, ClonedDatabase, CreatedDatabase, Database, DatabaseTemplates,
    Deployment, Destination, Environment, Operation, OperationState, Page, Preview, Right, Server,
    Variables,
};
use serde_json::{Value, json};

use crate::{
    projects,
    security::{Team, join, person},
    support::{Answer, TestApp, eventually, story},
};

mod refusals;

/// A server with images, a destination on it, and an environment.
struct Place {
    server: Server,
    engine: Arc<FakeEngine>,
    destination: Destination,
    environment: Environment,
}

async fn place(app: &TestApp) -> Result<Place> {
    let (server, engine) = app.add_server("alpha").await?;
    for image in ["postgres:17", "postgres:17.6", "redis:8", "shop:1"] {
        engine.publish_image(image, FakeImage::new());
    }
    let destination = app.owner.destination(&server, "web").await?;
    let project = projects::add(&app.owner, "shop").await?;
    let environment = projects::environment(&app.owner, &project, "staging").await?;
    Ok(Place { server, engine, destination, environment })
}

/// What makes a database.
fn body(at: &Place, name: &str, engine: &str, more: Value) -> Value {
    let mut body = json!({
        "environment_id": at.environment.id, "destination_id": at.destination.id,
        "name": name, "engine": engine,
    });
    if let Value::Object(more) = more {
        for (key, value) in more {
            body[key] = value;
        }
    }
    body
}

/// A database whose image is nowhere; answers its id.
pub(crate) async fn add_nowhere(
    app: &TestApp,
    (environment, destination): (&str, &str),
    name: &str,
) -> Result<String> {
    let body = json!({
        "environment_id": environment, "destination_id": destination, "name": name,
        "engine": "postgres",
    });
    let made: Value = app.owner.post("/v1/databases?wait=20", body).await?.created()?;
    Ok(made["database"]["id"].as_str().context("an id")?.to_owned())
}

/// A database that runs, with its password.
async fn add(app: &TestApp, at: &Place, name: &str, engine: &str) -> Result<(Database, String)> {
    let body = body(at, name, engine, json!({}));
    let made: Value = app.owner.post("/v1/databases?wait=30", body).await?.created()?;
    let password = made["password"].as_str().context("a password")?.to_owned();
    let one: Database = serde_json::from_value(made["database"].clone())?;
    let one = is(app, &one, ApplicationState::Running).await?;
    Ok((one, password))
}

async fn find(app: &TestApp, one: &Database) -> Result<Database> {
    app.owner.get(&format!("/v1/databases/{}", one.id)).await?.ok()
}

async fn is(app: &TestApp, one: &Database, state: ApplicationState) -> Result<Database> {
    eventually(&format!("database `{}` is {state}", one.name), || async {
        Ok(Some(find(app, one).await?).filter(|one| one.state == state))
    })
    .await
}

/// Asks for work, and waits for its end.
async fn work(app: &TestApp, one: &Database, act: &str, body: Value) -> Result<Operation> {
    let path = format!("/v1/databases/{}/{act}?wait=30", one.id);
    let done: Operation = app.owner.post(&path, body).await?.accepted()?;
    ensure!(done.state == OperationState::Succeeded, "{done:#?}");
    Ok(done)
}

/// An application that runs next to a database.
async fn shop(app: &TestApp, at: &Place) -> Result<Application> {
    let body = json!({
        "environment_id": at.environment.id, "destination_id": at.destination.id,
        "name": "shop", "spec": { "image": "shop:1", "drain_seconds": 1, "stop_seconds": 1 },
    });
    app.owner.post("/v1/applications", body).await?.created()
}

/// Takes variables of an application from databases.
async fn refer(app: &TestApp, one: &Application, refer: Value) -> Result<Answer> {
    let path = format!("/v1/applications/{}/variables", one.id);
    app.owner.patch(&path, json!({ "refer": refer })).await
}

async fn deployed(app: &TestApp, one: &Application) -> Result<Application> {
    let path = format!("/v1/applications/{}", one.id);
    let done: Operation =
        app.owner.post(&format!("{path}/deploy?wait=30"), json!({})).await?.accepted()?;
    ensure!(done.state == OperationState::Succeeded, "{done:#?}");
    app.owner.get(&path).await?.ok()
}

/// Everything that the owner can read of what happened.
async fn told(app: &TestApp) -> Result<String> {
    let events = app.owner.get("/v1/events?limit=200").await?.text;
    let operations = app.owner.get("/v1/operations?limit=200").await?.text;
    let audit = app.owner.get("/v1/audit?limit=200").await?.text;
    Ok(format!("{events}{operations}{audit}"))
}

story! {
    /// One request makes a database that runs, with a volume, settings and a script; its password is in
    /// the answer and nowhere else.
    async fn a_database_is_made(app) {
        let at = place(app).await?;
        let templates: DatabaseTemplates = app.owner.get("/v1/database-templates").await?.ok()?;
        for engine in
            ["postgres", "mysql", "mariadb", "mongodb", "redis", "valkey", "keydb", "clickhouse"]
        {
            ensure!(templates.items.iter().any(|one| one.engine.as_str() == engine), "no {engine}");
        }
        let wanted = body(&at, "orders", "postgres", json!({
            "database": "orders",
            "config": {
                "settings": { "max_connections": "200'; drop table x" },
                "limits": { "memory_bytes": 256 << 20 },
                "public": { "port": 15432, "address": "127.0.0.1" },
            },
            "script": "create table t (id int);",
        }));
        let answer = app.owner.post("/v1/databases?wait=30", wanted).await?;
        let made: Value = answer.created()?;
        let password = made["password"].as_str().context("a password")?;
        ensure!(password.len() == 32, "{password}");
        let one: Database = serde_json::from_value(made["database"].clone())?;
        assert_eq!(one.url, "postgresql://app@orders:5432/orders");
        assert_eq!((one.version.as_str(), one.image.as_str()), ("17", "postgres:17"));
        let one = is(app, &one, ApplicationState::Running).await?;
        ensure!(!one.changed, "{one:?}");

        let container = one.container.as_ref().context("a container")?.to_string();
        let asked = at.engine.asked_for(&container).context("a container")?;
        assert_eq!(asked.command, ["postgres", "-c", "max_connections=200'; drop table x"]);
        assert_eq!(asked.environment.get("POSTGRES_PASSWORD").map(String::as_str), Some(password));
        assert_eq!(asked.environment.get("POSTGRES_DB").map(String::as_str), Some("orders"));
        ensure!(asked.health.is_some(), "it is not checked");
        assert_eq!((asked.ports.len(), asked.ports[0].host), (1, 15432));
        assert_eq!(asked.limits.memory_bytes, Some(256 << 20));
        let volumes = at.engine.volume_names();
        ensure!(volumes.len() == 1 && volumes[0].ends_with("-data"), "{volumes:?}");
        let script = at.engine.file(&container, "/docker-entrypoint-initdb.d/portolan.sql");
        assert_eq!(script.as_deref(), Some(&b"create table t (id int);"[..]));
        assert_eq!(at.engine.members("web")[0].1, ["orders"]);

        let path = format!("/v1/databases/{}", one.id);
        let seen = [
            app.owner.get(&path).await?.text,
            app.owner.get("/v1/databases").await?.text,
            app.owner.get(&format!("/v1/applications/{}", one.id)).await?.text,
            app.owner.get(&format!("/v1/applications/{}/variables", one.id)).await?.text,
            told(app).await?,
        ];
        for text in seen {
            ensure!(!text.contains(password) && !text.contains("create table"), "{text}");
        }
        // What runs it is no application of people's.
        let page: Page<Application> = app.owner.get("/v1/applications").await?.ok()?;
        ensure!(page.items.is_empty(), "{page:?}");
        let page: Page<Database> = app.owner.get("/v1/databases").await?.ok()?;
        assert_eq!(page.items.len(), 1);
        let query = format!("/v1/databases?environment_id={}&search=ord", at.environment.id);
        assert_eq!(app.owner.get(&query).await?.ok::<Page<Database>>()?.items.len(), 1);
        let other = projects::add(&app.owner, "other").await?;
        let other = projects::environment(&app.owner, &other, "staging").await?;
        let query = format!("/v1/databases?environment_id={}", other.id);
        ensure!(app.owner.get(&query).await?.ok::<Page<Database>>()?.items.is_empty(), "not narrowed");
    }
}

story! {
    /// A password that was given is taken, and one that would need quotes anywhere is refused.
    async fn a_password_can_be_given(app) {
        let at = place(app).await?;
        let given = "open.sesame-12345";
        let wanted = body(&at, "cache", "redis", json!({ "password": given }));
        let made: Value = app.owner.post("/v1/databases?wait=30", wanted).await?.created()?;
        assert_eq!(made["password"], json!(given));
        assert_eq!(made["database"]["url"], json!("redis://default@cache:6379/0"));
        let one: Database = serde_json::from_value(made["database"].clone())?;
        let one = is(app, &one, ApplicationState::Running).await?;
        let container = one.container.context("a container")?;
        let asked = at.engine.asked_for(container.as_str()).context("a container")?;
        assert_eq!(asked.environment.get("REDIS_PASSWORD").map(String::as_str), Some(given));
        ensure!(!asked.command.iter().any(|word| word.contains(given)), "{:?}", asked.command);
        for password in ["short", "with space in it", "quote'd-quote'd", "$(reboot)-$(reboot)"] {
            let wanted = body(&at, "other", "redis", json!({ "password": password }));
            let answer = app.owner.post("/v1/databases", wanted).await?;
            ensure!(answer.status == 422, "{password}: {}", answer.text);
        }
    }
}

story! {
    /// An application gets URL and password when it is deployed; who asks for it sees neither.
    async fn an_application_refers_to_a_database(app) {
        let at = place(app).await?;
        let (orders, password) = add(app, &at, "orders", "postgres").await?;
        let shop = shop(app, &at).await?;
        let answer = refer(app, &shop, json!([
            { "name": "DATABASE_URL", "from_database": { "database_id": orders.id } },
            { "name": "DB_HOST", "from_database": { "database_id": orders.id, "part": "host" } },
            { "name": "DB_PASS", "from_database": { "database_id": orders.id, "part": "password" } },
        ])).await?;
        ensure!(!answer.text.contains(&password), "{}", answer.text);
        let shown: Variables = answer.ok()?;
        ensure!(shown.items.iter().all(|one| one.value.is_none() && one.from_database.is_some()), "{shown:?}");
        let used = find(app, &orders).await?.used_by;
        let names: Vec<&str> = used.iter().map(|one| one.variable.as_str()).collect();
        assert_eq!(names, ["DATABASE_URL", "DB_HOST", "DB_PASS"]);
        ensure!(used.iter().all(|one| one.application_name.as_str() == "shop"), "{used:?}");

        let running = deployed(app, &shop).await?;
        let container = running.container.context("a container")?;
        let asked = at.engine.asked_for(container.as_str()).context("a container")?;
        let url = format!("postgresql://app:{password}@orders:5432/app");
        assert_eq!(asked.environment.get("DATABASE_URL"), Some(&url));
        assert_eq!(asked.environment.get("DB_HOST").map(String::as_str), Some("orders"));
        assert_eq!(asked.environment.get("DB_PASS"), Some(&password));
        ensure!(!told(app).await?.contains(&password), "somebody is told the password");

        // A value of its own takes the place of a reference, and the other way round.
        let path = format!("/v1/applications/{}/variables", shop.id);
        let own = json!({ "set": [{ "name": "DB_HOST", "value": "elsewhere" }], "remove": ["DB_PASS"] });
        let shown: Variables = app.owner.patch(&path, own).await?.ok()?;
        let is_own = |name: &str| shown.items.iter().any(|one| one.name.as_str() == name && one.value.is_some());
        ensure!(is_own("DB_HOST") && shown.items.len() == 2, "{shown:?}");
        assert_eq!(find(app, &orders).await?.used_by.len(), 1);
        let again = json!([{ "name": "DB_HOST", "from_database": { "database_id": orders.id, "part": "port" } }]);
        let shown: Variables = refer(app, &shop, again).await?.ok()?;
        assert_eq!(shown.items.len(), 2);
        let running = deployed(app, &shop).await?;
        let container = running.container.context("a container")?;
        let asked = at.engine.asked_for(container.as_str()).context("a container")?;
        assert_eq!(asked.environment.get("DB_HOST").map(String::as_str), Some("5432"));
        ensure!(!asked.environment.contains_key("DB_PASS"), "{:?}", asked.environment.keys());
    }
}

story! {
    /// Settings and ports change with the next deployment; a later version of the series takes the
    /// place of the present one over the same volume.
    async fn a_database_is_changed_and_upgraded(app) {
        let at = place(app).await?;
        let (orders, _) = add(app, &at, "orders", "postgres").await?;
        let volumes = at.engine.volume_names();
        let path = format!("/v1/databases/{}", orders.id);
        let config = json!({ "config": { "settings": { "work_mem": "64MB" } } });
        let changed: Database = app.owner.patch(&path, config).await?.ok()?;
        ensure!(changed.changed, "{changed:?}");
        work(app, &orders, "deploy", json!({})).await?;
        let after = is(app, &orders, ApplicationState::Running).await?;
        ensure!(!after.changed, "{after:?}");
        let container = after.container.context("a container")?;
        let asked = at.engine.asked_for(container.as_str()).context("a container")?;
        assert_eq!(asked.command, ["postgres", "-c", "work_mem=64MB"]);

        work(app, &orders, "upgrade", json!({ "version": "17.6" })).await?;
        let after = is(app, &orders, ApplicationState::Running).await?;
        assert_eq!((after.version.as_str(), after.image.as_str()), ("17.6", "postgres:17.6"));
        assert_eq!(at.engine.volume_names(), volumes);
        assert_eq!(at.engine.container_names().len(), 1);
        let path = format!("/v1/applications/{}/deployments", orders.id);
        assert_eq!(app.owner.get(&path).await?.ok::<Page<Deployment>>()?.items.len(), 3);
    }
}

story! {
    /// It is stopped, started and restarted; it goes without its data, or with them.
    async fn a_database_is_operated_and_removed(app) {
        let at = place(app).await?;
        let (orders, _) = add(app, &at, "orders", "postgres").await?;
        let volumes = at.engine.volume_names();
        work(app, &orders, "stop", json!({})).await?;
        is(app, &orders, ApplicationState::Stopped).await?;
        work(app, &orders, "start", json!({})).await?;
        work(app, &orders, "restart", json!({})).await?;
        let one = is(app, &orders, ApplicationState::Running).await?;
        at.engine.crash_container(one.container.context("a container")?.as_str());
        let down = is(app, &orders, ApplicationState::Down).await?;
        ensure!(down.reason.is_some_and(|why| why.contains("`start_database`")), "no way out");

        let path = format!("/v1/databases/{}", orders.id);
        let preview: Preview = app.owner.delete(&format!("{path}?preview=true")).await?.ok()?;
        ensure!(preview.steps.iter().any(|step| *step == format!("keep volume `{}`", volumes[0])), "{preview:?}");
        let gone: Operation = app.owner.delete(&format!("{path}?wait=30")).await?.accepted()?;
        ensure!(gone.state == OperationState::Succeeded, "{gone:#?}");
        assert_eq!(app.owner.get(&path).await?.status, 404);
        assert_eq!(at.engine.volume_names(), volumes);
        let (again, _) = add(app, &at, "orders", "postgres").await?;
        let path = format!("/v1/databases/{}?data=true&wait=30", again.id);
        let gone: Operation = app.owner.delete(&path).await?.accepted()?;
        ensure!(gone.state == OperationState::Succeeded, "{gone:#?}");
        assert_eq!(at.engine.volume_names(), volumes);
    }
}

story! {
    /// With its data and its passwords, which are in them. While it writes there is nothing whole to copy.
    async fn a_database_is_cloned(app) {
        let at = place(app).await?;
        let mut body = body(&at, "orders", "postgres", json!({}));
        body["config"] = json!({ "public": { "port": 15432 } });
        let made: CreatedDatabase = app.owner.post("/v1/databases", body).await?.created()?;
        let orders = is(app, &made.database, ApplicationState::Running).await?;
        let volume = at.engine.volume_names().pop().context("a volume")?;
        at.engine.write(&volume, "/PG_VERSION", b"17");
        let path = format!("/v1/databases/{}/clone", orders.id);
        let how = json!({ "name": "orders-next" });
        app.owner.post(&path, how.clone()).await?.refused("original-runs")?;

        work(app, &orders, "stop", json!({})).await?;
        let next: ClonedDatabase = app.owner.post(&path, how).await?.created()?;
        assert_eq!(next.left_out, ["port 15432 of the host"]);
        let next = is(app, &next.database, ApplicationState::Running).await?;
        assert_eq!((&next.version, &next.user), (&orders.version, &orders.user));
        ensure!(next.config.public.is_none() && next.url.contains("orders-next"), "{next:?}");
        let mut volumes = at.engine.volume_names();
        volumes.retain(|name| *name != volume);
        let [copied] = volumes.as_slice() else { anyhow::bail!("{volumes:?}") };
        assert_eq!(at.engine.written(copied, "/PG_VERSION").as_deref(), Some(&b"17"[..]));
        let container = next.container.context("a container")?;
        let asked = at.engine.asked_for(container.as_str()).context("a container")?;
        let password = asked.environment.get("POSTGRES_PASSWORD").map(String::as_str);
        assert_eq!(password, Some(made.password.expose()));
    }
}
