//! Databases on real engines: made of templates, found by name from an application that never was told
//! the password by a person, and their data kept over restarts.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    proxies::Stage,
    support::{create, eventually, unique},
};

/// A network and an environment on one host.
struct Scene {
    stage: Stage,
    network: String,
    environment: String,
}

impl Scene {
    fn set(host: &str) -> Result<Self> {
        let stage = Stage::beside(host)?;
        let network = stage.network("data");
        stage.portolan.run(&create(&stage.host.name, &network))?;
        let project = unique("shop");
        stage.portolan.run(&["project", "create", &project])?;
        Ok(Self { stage, network, environment: format!("{project}/production") })
    }

    /// Makes a database, and waits until it is healthy.
    fn add(&self, name: &str, more: &[&str]) -> Result<Value> {
        let args = ["--environment", &self.environment, "--destination", &self.network];
        let add = [&["database", "add", name][..], &args, more].concat();
        self.stage.portolan.run(&add)?;
        self.stage.portolan.json(&["database", "show", name])
    }

    /// An application of an image that does nothing, with a variable of a database.
    fn client(&self, name: &str, image: &str, (variable, of): (&str, &str)) -> Result<()> {
        let portolan = &self.stage.portolan;
        let args = ["--environment", &self.environment, "--destination", &self.network];
        let add = [&["app", "add", name, "--image", image][..], &args].concat();
        portolan.run(&[&add[..], &["--entrypoint", "sleep 600", "--stop-within", "1"]].concat())?;
        portolan.run(&["app", "env", "refer", name, variable, "--database", of])?;
        portolan.run(&["app", "deploy", name])?;
        Ok(())
    }

    /// Runs a constant script in the container of an application.
    fn ask(&self, app: &str, script: &str) -> Result<String> {
        let shown = self.stage.portolan.json(&["app", "show", app])?;
        let container = shown["container"].as_str().unwrap_or_default();
        Ok(self.stage.host.docker(&["exec", container, "sh", "-c", script])?.trim().to_owned())
    }
}

#[test]
#[ignore = "needs the lab"]
fn applications_use_databases_whose_data_survive() -> Result<()> {
    let scene = Scene::set("alpha")?;
    let (orders, cache) = (unique("orders"), unique("cache"));
    let script = scene.stage.portolan.path("schema.sql");
    std::fs::write(&script, "create table t (n int); insert into t values (41);")?;
    let settings = ["--set", "max_connections=23", "--script", &script];
    let made = scene
        .add(&orders, &[&["--engine", "postgres", "--version", "15"][..], &settings].concat())?;
    ensure!(made["state"] == "running", "{made}");
    let made =
        scene.add(&cache, &["--engine", "redis", "--version", "7", "--set", "maxmemory=8mb"])?;
    ensure!(made["state"] == "running", "{made}");

    let (clerk, porter) = (unique("clerk"), unique("porter"));
    scene.client(&clerk, "postgres:15", ("DATABASE_URL", &orders))?;
    scene.client(&porter, "redis:7", ("REDIS_URL", &cache))?;
    let sql = "psql \"$DATABASE_URL\" -qAtc 'update t set n = n + 1 returning n'";
    ensure!(scene.ask(&clerk, sql)? == "42", "the script was not run");
    let setting = "psql \"$DATABASE_URL\" -qAtc 'show max_connections'";
    ensure!(scene.ask(&clerk, setting)? == "23", "the setting was not taken");
    let set = "redis-cli -u \"$REDIS_URL\" --no-auth-warning set k kept";
    let said = scene.ask(&porter, set)?;
    ensure!(said == "OK", "redis says {said}");
    let most = "redis-cli -u \"$REDIS_URL\" --no-auth-warning config get maxmemory";
    ensure!(scene.ask(&porter, most)?.contains("8388608"), "the setting was not taken");
    // Nobody comes in without the password.
    let bare = format!("redis-cli -h {cache} ping");
    ensure!(scene.ask(&porter, &bare)?.contains("NOAUTH"), "redis asks for no password");

    let portolan = &scene.stage.portolan;
    portolan.run(&["database", "restart", &orders])?;
    portolan.run(&["database", "deploy", &cache])?;
    eventually("the data are there after a restart", || {
        let found = scene.ask(&clerk, "psql \"$DATABASE_URL\" -qAtc 'select n from t'");
        Ok(found.ok().filter(|text| text == "42"))
    })?;
    let get = "redis-cli -u \"$REDIS_URL\" --no-auth-warning get k";
    ensure!(scene.ask(&porter, get)? == "kept", "the data are gone after a deployment");

    // A clone has its data and its passwords, and the original goes on without noticing.
    let next = unique("next");
    let refused = portolan.refuse(&["database", "clone", &orders, &next])?;
    ensure!(refused.contains("portolan database stop"), "{refused}");
    portolan.run(&["database", "stop", &orders])?;
    portolan.run(&["database", "clone", &orders, &next])?;
    portolan.run(&["database", "start", &orders])?;
    portolan.run(&["app", "env", "refer", &clerk, "DATABASE_URL", "--database", &next])?;
    portolan.run(&["app", "deploy", &clerk])?;
    ensure!(scene.ask(&clerk, sql)? == "43", "the clone has other data");
    portolan.run(&["app", "env", "refer", &clerk, "DATABASE_URL", "--database", &orders])?;
    portolan.run(&["app", "deploy", &clerk])?;
    ensure!(scene.ask(&clerk, sql)? == "43", "the clone writes into the original's data");

    let refused = portolan.refuse(&["database", "remove", &orders, "--yes"])?;
    ensure!(refused.contains("DATABASE_URL of application"), "{refused}");
    for app in [&clerk, &porter] {
        portolan.run(&["app", "remove", app, "--yes"])?;
    }
    for database in [&orders, &cache, &next] {
        portolan.run(&["database", "remove", database, "--data", "--yes"])?;
    }
    Ok(())
}

/// The containers of an application write into both; both are backed up, destroyed with their volumes, made
/// anew under their names, and restored.
#[test]
#[ignore = "needs the lab"]
fn databases_are_backed_up_destroyed_and_restored() -> Result<()> {
    let scene = Scene::set("alpha")?;
    let (orders, cache, storage) = (unique("orders"), unique("cache"), unique("cellar"));
    let portolan = &scene.stage.portolan;
    portolan.run(&["storage", "add", &storage, "--kind", "disk"])?;
    let engines = [
        (&orders, ["--engine", "postgres", "--version", "15"]),
        (&cache, ["--engine", "redis", "--version", "7"]),
    ];
    for (name, engine) in &engines {
        scene.add(name, engine)?;
    }
    let (clerk, porter) = (unique("clerk"), unique("porter"));
    scene.client(&clerk, "postgres:15", ("DATABASE_URL", &orders))?;
    scene.client(&porter, "redis:7", ("REDIS_URL", &cache))?;
    let psql = |sql: &str| scene.ask(&clerk, &format!("psql \"$DATABASE_URL\" -qAtc '{sql}'"));
    let redis = |words: &str| {
        scene.ask(&porter, &format!("redis-cli -u \"$REDIS_URL\" --no-auth-warning {words}"))
    };
    psql("create table t as select n, md5(n::text) as m from generate_series(1, 20000) n")?;
    redis("set k kept")?;
    redis("eval \"for i=1,20000 do redis.call('set','k'..i,i) end\" 0")?;

    let backup = |name: &str| -> Result<String> {
        let made = portolan.json(&["database", "backup", name, "--storage", &storage])?;
        ensure!(made["state"] == "ready", "{made}");
        Ok(made["id"].as_str().unwrap_or_default().to_owned())
    };
    let (of_orders, of_cache) = (backup(&orders)?, backup(&cache)?);
    // What came after the backup is gone with it, and what went is there.
    psql("delete from t where n > 10; create table u (n int)")?;
    redis("flushall")?;
    for backup in [&of_orders, &of_cache] {
        portolan.run(&["database", "check-backup", backup])?;
        let checked = portolan.json(&["database", "backups", "show", backup])?;
        ensure!(
            checked["checked_at"].is_string() && checked["check_failure"].is_null(),
            "{checked}"
        );
    }
    ensure!(psql("select count(*) from t")? == "10", "the database was touched by a check");
    let left = scene.stage.host.docker(&["ps", "-aq", "--filter", "name=portolan-check-"])?;
    ensure!(left.trim().is_empty(), "a check left something: {left}");
    let restore = |name: &str, backup: &str| {
        portolan.run(&["database", "restore", name, "--backup", backup, "--yes"])
    };
    restore(&orders, &of_orders)?;
    restore(&cache, &of_cache)?;
    ensure!(psql("select count(*) from t")? == "20000", "the table is another");
    ensure!(psql("select to_regclass($$u$$) is null")? == "t", "what came later is there");
    ensure!(redis("get k")? == "kept" && redis("dbsize")? == "20001", "the keys are others");

    for app in [&clerk, &porter] {
        portolan.run(&["app", "remove", app, "--yes"])?;
    }
    for (name, engine) in &engines {
        portolan.run(&["database", "remove", name, "--data", "--yes"])?;
        scene.add(name, engine)?;
    }
    restore(&orders, &of_orders)?;
    restore(&cache, &of_cache)?;
    scene.client(&clerk, "postgres:15", ("DATABASE_URL", &orders))?;
    scene.client(&porter, "redis:7", ("REDIS_URL", &cache))?;
    ensure!(psql("select m from t where n = 20000")?.len() == 32, "the table is not there");
    ensure!(redis("get k20000")? == "20000", "the keys are not there");
    portolan.run(&["database", "deploy", &cache])?;
    eventually("the keys are there after a deployment", || {
        Ok(redis("get k").ok().filter(|text| text == "kept"))
    })?;

    for app in [&clerk, &porter] {
        portolan.run(&["app", "remove", app, "--yes"])?;
    }
    for (name, _) in &engines {
        portolan.run(&["database", "remove", name, "--data", "--yes"])?;
    }
    Ok(())
}

/// An engine, and what its own client asks it by the URL of an application's variable.
struct Engine {
    name: &'static str,
    version: &'static str,
    image: &'static str,
    write: &'static str,
    lose: &'static str,
    /// Answers `kept` where what was written is there.
    read: &'static str,
}

/// Takes the URL apart, because its client takes none.
macro_rules! mariadb {
    ($sql:literal) => {
        concat!(
            "rest=${URL#mysql://}; user=${rest%%:*}; rest=${rest#*:}; ",
            "export MYSQL_PWD=${rest%%@*}; rest=${rest#*@}; ",
            "mariadb -h \"${rest%%:*}\" -u \"$user\" -NB \"${rest##*/}\" -e \"",
            $sql,
            "\""
        )
    };
}

/// Beside those of the story above.
const ENGINES: [Engine; 2] = [
    Engine {
        name: "mariadb",
        version: "10.11",
        image: "mariadb:10.11",
        write: mariadb!("create table t as select seq, 'kept' word from seq_1_to_20000"),
        lose: mariadb!("drop table t; create table u (n int)"),
        read: mariadb!(
            "select word from t where seq = 20000 and not exists \
             (select 1 from information_schema.tables where table_name = 'u')"
        ),
    },
    Engine {
        name: "valkey",
        version: "8.1",
        image: "valkey/valkey:8.1",
        write: "valkey-cli -u \"$URL\" --no-auth-warning set k kept",
        lose: "valkey-cli -u \"$URL\" --no-auth-warning flushall",
        read: "valkey-cli -u \"$URL\" --no-auth-warning get k",
    },
];

#[test]
#[ignore = "needs the lab"]
fn other_engines_are_backed_up_checked_and_restored() -> Result<()> {
    let scene = Scene::set("bravo")?;
    let storage = unique("cellar");
    scene.stage.portolan.run(&["storage", "add", &storage, "--kind", "disk"])?;
    ENGINES
        .iter()
        .try_for_each(|engine| there_and_back(&scene, &storage, engine).context(engine.name))
}

/// Written into, backed up, checked, emptied and restored.
fn there_and_back(scene: &Scene, storage: &str, engine: &Engine) -> Result<()> {
    let (database, app) = (unique(engine.name), unique("clerk"));
    let portolan = &scene.stage.portolan;
    let made = scene.add(&database, &["--engine", engine.name, "--version", engine.version])?;
    ensure!(made["state"] == "running", "{made}");
    scene.client(&app, engine.image, ("URL", &database))?;
    scene.ask(&app, engine.write)?;
    ensure!(scene.ask(&app, engine.read)? == "kept", "nothing was written");
    let made = portolan.json(&["database", "backup", &database, "--storage", storage])?;
    ensure!(made["state"] == "ready", "{made}");
    let backup = made["id"].as_str().unwrap_or_default();
    portolan.run(&["database", "check-backup", backup])?;
    scene.ask(&app, engine.lose)?;
    portolan.run(&["database", "restore", &database, "--backup", backup, "--yes"])?;
    ensure!(scene.ask(&app, engine.read)? == "kept", "it was not restored");
    portolan.run(&["app", "remove", &app, "--yes"])?;
    portolan.run(&["database", "remove", &database, "--data", "--yes"])?;
    Ok(())
}
