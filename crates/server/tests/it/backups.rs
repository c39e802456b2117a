//! Backups of databases: taken while they go on, kept, given back, to a database that was made anew too,
//! and refused where they are not what was stored.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::{FakeEngine, FakeImage, FakePrograms, FakeSaid, Trouble};
use portolan_types::{
    ApplicationState, Backup, BackupSchedule, BackupState, Database, Destination, Environment,
    Event, Operation, OperationState, Page, Storage, id::cuid2,
};
use serde_json::{Value, json};

use crate::{
    projects,
    security::{Team, join, write},
    support::{Client, TestApp, eventually, story},
};

mod buckets;
mod checks;
mod refusals;
mod schedules;

pub(crate) async fn add_storage(client: &Client, name: &str) -> Result<Storage> {
    client.post("/v1/storages", json!({ "name": name, "kind": "disk" })).await?.created()
}

/// No test runs on that day for long.
pub(crate) const RARELY: &str = "0 0 29 2 *";

/// Has a database backed up on a schedule.
pub(crate) async fn schedule(
    app: &TestApp,
    database: &str,
    storage: &str,
) -> Result<BackupSchedule> {
    let path = format!("/v1/databases/{database}/backup-schedule");
    let body = json!({ "storage_id": storage, "expression": RARELY, "keep": 2 });
    app.owner.put(&path, body).await?.ok()
}

/// A backup that came to nothing, of which no operation is known; answers its id.
pub(crate) async fn write_failed(
    app: &TestApp,
    (project, storage, database): (&str, &str, &str),
) -> Result<String> {
    let id = cuid2();
    let sql = "insert into backups
                   (id, team_id, project_id, storage_id, database_id, database_name, engine,
                    version, state, reason, operation_id, created_at, finished_at)
               select $1, team_id, $2, id, $4, 'orders', 'postgres', '17', 'failed', 'of long ago',
                      $5, 1, 1
               from storages where id = $3";
    write(app, sql, &[&id, project, storage, database, &cuid2()]).await?;
    Ok(id)
}

/// What is in each database, by the name of its container, and what its programs were asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cellar {
    pub(crate) data: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cellar {
    /// Lets programs of the containers work on it as those of engines do.
    pub(crate) fn at(engine: &FakeEngine) -> Self {
        let cellar = Self::default();
        let inside = cellar.clone();
        engine.run_programs(FakePrograms::new(move |container, command, input| {
            inside.act(container, command, input)
        }));
        cellar
    }

    fn act(&self, container: &str, command: &[String], input: Vec<u8>) -> FakeSaid {
        let script = command.join(" ");
        held(&self.asked).push(script.clone());
        let mut data = held(&self.data);
        if script.contains("pg_dump") || script.contains("--rdb") {
            let out = data.get(container).cloned().unwrap_or_default();
            return FakeSaid { out, ..FakeSaid::default() };
        }
        if input.starts_with(b"bad") {
            let error = b"pg_restore: \x1b[31merror: unexpected <b>end</b>\n".to_vec();
            return FakeSaid { error, exit_code: 1, ..FakeSaid::default() };
        }
        data.insert(container.to_owned(), input);
        FakeSaid::default()
    }

    pub(crate) fn put(&self, one: &Database, data: &[u8]) -> Result<()> {
        held(&self.data).insert(container(one)?, data.to_vec());
        Ok(())
    }

    pub(crate) fn has(&self, one: &Database) -> Result<Vec<u8>> {
        Ok(held(&self.data).get(&container(one)?).cloned().unwrap_or_default())
    }
}

fn container(one: &Database) -> Result<String> {
    Ok(one.container.as_ref().context("a container")?.to_string())
}

/// A server with images, a destination on it, an environment, and a storage.
pub(crate) struct Place {
    pub(crate) engine: Arc<FakeEngine>,
    destination: Destination,
    environment: Environment,
    pub(crate) storage: Storage,
    pub(crate) cellar: Cellar,
}

impl Place {
    pub(crate) async fn set(app: &TestApp) -> Result<Self> {
        let (server, engine) = app.add_server("alpha").await?;
        for image in ["postgres:17", "postgres:16", "redis:8", "mongo:8.0"] {
            engine.publish_image(image, FakeImage::new());
        }
        let destination = app.owner.destination(&server, "web").await?;
        let project = projects::add(&app.owner, "shop").await?;
        let environment = projects::environment(&app.owner, &project, "staging").await?;
        let storage = add_storage(&app.owner, "cellar").await?;
        let cellar = Cellar::at(&engine);
        Ok(Self { engine, destination, environment, storage, cellar })
    }

    /// A database that runs.
    pub(crate) async fn add(&self, app: &TestApp, name: &str, engine: &str) -> Result<Database> {
        let (engine, version) = engine.split_once(':').unwrap_or((engine, ""));
        let mut body = json!({
            "environment_id": self.environment.id, "destination_id": self.destination.id,
            "name": name, "engine": engine,
        });
        if !version.is_empty() {
            body["version"] = json!(version);
        }
        let made: Value = app.owner.post("/v1/databases?wait=30", body).await?.created()?;
        let id = made["database"]["id"].as_str().context("an id")?.to_owned();
        eventually("it runs", || async {
            let one: Database = app.owner.get(&format!("/v1/databases/{id}")).await?.ok()?;
            Ok(Some(one).filter(|one| one.state == ApplicationState::Running))
        })
        .await
    }
}

/// Asks for a backup, and waits for its end.
pub(crate) async fn take(app: &TestApp, one: &Database) -> Result<Backup> {
    let path = format!("/v1/databases/{}/backups?wait=20", one.id);
    let work: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
    ensure!(work.state.is_over(), "{work:#?}");
    of(app, &work).await
}

async fn of(app: &TestApp, work: &Operation) -> Result<Backup> {
    let page: Page<Backup> = app.owner.get("/v1/backups").await?.ok()?;
    let found = page.items.into_iter().find(|one| one.operation_id == work.id);
    found.context("a backup of that work")
}

async fn show(app: &TestApp, backup: &Backup) -> Result<Backup> {
    app.owner.get(&format!("/v1/backups/{}", backup.id)).await?.ok()
}

/// Asks for a restoration, and waits for its end.
async fn restore(app: &TestApp, one: &Database, backup: &Backup) -> Result<Operation> {
    let path = format!("/v1/databases/{}/restore?wait=20", one.id);
    let body = json!({ "backup_id": backup.id });
    let work: Operation = app.owner.post(&path, body).await?.accepted()?;
    ensure!(work.state.is_over(), "{work:#?}");
    Ok(work)
}

/// The names of all files that storages on the disk have.
fn files(app: &TestApp) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(storages) = fs::read_dir(app.data_dir().join("backups")) else { return Ok(found) };
    for storage in storages {
        for file in fs::read_dir(storage?.path())? {
            found.push(file?.path());
        }
    }
    Ok(found)
}

async fn kinds(app: &TestApp) -> Result<Vec<String>> {
    let page: Page<Event> = app.owner.get("/v1/events?limit=200").await?.ok()?;
    Ok(page.items.into_iter().rev().map(|event| event.kind).collect())
}

story! {
    /// Backed up, destroyed with its data, made anew, restored: it has what it had.
    async fn a_backup_outlives_its_database(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        // More than is stored at a time, and nothing that packs well.
        let data: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(n ^ 0x9e37).to_le_bytes()).collect();
        at.cellar.put(&orders, &data)?;
        let backup = take(app, &orders).await?;
        assert_eq!(backup.state, BackupState::Ready, "{backup:?}");
        assert_eq!((backup.database_name.as_str(), backup.version.as_str()), ("orders", "17"));
        let kept = files(app)?;
        ensure!(kept.len() == 1, "{kept:?}");
        assert_eq!(backup.size, Some(kept[0].metadata()?.len()));
        let storage: Storage = app.owner.get(&format!("/v1/storages/{}", at.storage.id)).await?.ok()?;
        assert_eq!((storage.backups, Some(storage.bytes)), (1, backup.size));

        let gone = format!("/v1/databases/{}", orders.id);
        let _: Operation = app.owner.delete(&format!("{gone}?data=true&wait=20")).await?.accepted()?;
        eventually("it is gone", || async {
            Ok((app.owner.get(&gone).await?.status == 404).then_some(()))
        })
        .await?;
        let anew = at.add(app, "orders", "postgres").await?;
        ensure!(at.cellar.has(&anew)?.is_empty(), "there is something in it");
        let page: Page<Backup> =
            app.owner.get(&format!("/v1/backups?database_id={}", orders.id)).await?.ok()?;
        let [found] = &page.items[..] else { anyhow::bail!("{page:?}") };
        assert_eq!(found, &backup);
        let work = restore(app, &anew, found).await?;
        assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
        ensure!(at.cellar.has(&anew)? == data, "it has other data");
        let steps: Vec<&str> = work.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps, ["check", "reach", "restore"]);
        let told = kinds(app).await?;
        ensure!(told.iter().any(|kind| kind == "backup.made"), "{told:?}");
        ensure!(told.iter().any(|kind| kind == "database.restored"), "{told:?}");
    }
}

story! {
    /// An engine that reads its data when it starts is started anew.
    async fn redis_is_started_with_what_was_restored(app) {
        let at = Place::set(app).await?;
        let cache = at.add(app, "cache", "redis").await?;
        at.cellar.put(&cache, b"REDIS0011 one")?;
        let backup = take(app, &cache).await?;
        at.cellar.put(&cache, b"REDIS0011 two")?;
        let before = at.engine.container(&container(&cache)?).context("a container")?.started_at;
        let work = restore(app, &cache, &backup).await?;
        assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
        ensure!(at.cellar.has(&cache)? == b"REDIS0011 one", "it has other data");
        let after = at.engine.container(&container(&cache)?).context("a container")?.started_at;
        ensure!(after >= before && after.is_some(), "{before:?} {after:?}");
        ensure!(work.steps.iter().any(|step| step.name == "restart"), "{work:#?}");
        // No password and no text of a person is in what was run.
        let asked = held(&at.cellar.asked).join("\n");
        ensure!(asked.contains("$REDIS_PASSWORD") && !asked.contains("cache"), "{asked}");
    }
}

story! {
    /// What is not what was stored is refused before anything is touched.
    async fn a_corrupted_backup_is_refused(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"before")?;
        let backup = take(app, &orders).await?;
        at.cellar.put(&orders, b"after")?;
        let file = files(app)?.pop().context("a file")?;
        let whole = fs::read(&file)?;
        let mut bytes = whole.clone();
        *bytes.last_mut().context("a byte")? ^= 1;
        let asked = held(&at.cellar.asked).len();
        for bytes in [&bytes[..], &whole[..whole.len() - 1], b""] {
            fs::write(&file, bytes)?;
            let work = restore(app, &orders, &backup).await?;
            let failure = work.failure.context("a failure")?;
            assert_eq!(failure.code, "backup-corrupt", "{failure:?}");
        }
        fs::remove_file(&file)?;
        let failure = restore(app, &orders, &backup).await?.failure.context("a failure")?;
        assert_eq!(failure.code, "storage-failed", "{failure:?}");
        ensure!(at.cellar.has(&orders)? == b"after", "it was touched");
        assert_eq!(held(&at.cellar.asked).len(), asked, "a program was run");
        fs::write(&file, &whole)?;
        let work = restore(app, &orders, &backup).await?;
        assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
    }
}

story! {
    /// A backup that comes to nothing leaves nothing, and says why in the engine's words.
    async fn what_fails_leaves_nothing(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        let says = |out: &'static [u8], exit_code| {
            at.engine.run_programs(FakePrograms::new(move |_, _, _| FakeSaid {
                out: out.to_vec(),
                error: b"pg_dump: \x1b[31merror: <b>no</b>\nfor \xff you\n".to_vec(),
                exit_code,
                hangs: false,
            }));
        };
        says(b"half of it", 1);
        let failed = take(app, &orders).await?;
        let reason = failed.reason.context("a reason")?;
        assert_eq!(failed.state, BackupState::Failed);
        ensure!(reason.contains("exit code 1") && reason.contains("error: <b>no</b>; for"), "{reason}");
        ensure!(!reason.contains('\u{1b}'), "{reason:?}");
        // One that says nothing has backed nothing up.
        says(b"", 0);
        assert_eq!(take(app, &orders).await?.state, BackupState::Failed);
        assert_eq!(files(app)?, Vec::<PathBuf>::new());
        ensure!(kinds(app).await?.iter().any(|kind| kind == "backup.failed"), "nobody is told");
        // What cannot be written is a failure too.
        let folder = app.data_dir().join("backups").join(at.storage.id.as_str());
        fs::remove_dir(&folder)?;
        fs::write(&folder, "no folder")?;
        says(b"all of it", 0);
        let failed = take(app, &orders).await?;
        ensure!(failed.reason.as_deref().is_some_and(|why| why.contains("storage `cellar`")), "{failed:?}");
        fs::remove_file(&folder)?;
        at.engine.run_programs(FakePrograms::new(|_, _, _| FakeSaid {
            out: b"all of it".to_vec(),
            ..FakeSaid::default()
        }));
        assert_eq!(take(app, &orders).await?.state, BackupState::Ready);
    }
}

story! {
    /// A restoration that the engine refuses says why.
    async fn a_restoration_is_refused_by_the_engine(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"bad from the beginning")?;
        let backup = take(app, &orders).await?;
        let work = restore(app, &orders, &backup).await?;
        let failure = work.failure.context("a failure")?;
        ensure!(failure.message.contains("unexpected <b>end</b>"), "{failure:?}");
        ensure!(kinds(app).await?.iter().any(|kind| kind == "database.not-restored"), "nobody is told");
    }
}

story! {
    /// Killed at any call to the host: the backup is whole, or it failed and left nothing.
    async fn killed_at_each_call(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"some data")?;
        let mut ready = 0;
        for (method, trouble) in [
            ("open_program", Trouble::HangBefore),
            ("open_program", Trouble::HangAfter),
        ] {
            at.engine.trouble_in(method, trouble.clone());
            let path = format!("/v1/databases/{}/backups", orders.id);
            let work: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
            at.engine.hung().await;
            at.engine.calm();
            app.restart().await?;
            let done = app.owner.outcome(work.id.as_str()).await?;
            assert_eq!(done.failure.map(|why| why.code).as_deref(), Some("interrupted"), "{method}");
            let failed = eventually("it has failed", || async {
                Ok(Some(of(app, &work).await?).filter(|one| one.state == BackupState::Failed))
            })
            .await?;
            ensure!(failed.reason.is_some(), "{failed:?}");
            assert_eq!(files(app)?.len(), ready, "{method}: something is left");
            let work: Operation = eventually("the server answers again", || async {
                let answer = app.owner.post(&format!("{path}?wait=20"), json!({})).await?;
                Ok(if answer.status == 202 { Some(answer.accepted()?) } else { None })
            })
            .await?;
            assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
            ready += 1;
            assert_eq!(files(app)?.len(), ready);
        }
    }
}

story! {
    /// What is removed goes with its file, and nothing else does.
    async fn a_backup_is_removed_with_its_file(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"one")?;
        let (one, two) = (take(app, &orders).await?, take(app, &orders).await?);
        let storage = format!("/v1/storages/{}", at.storage.id);
        let problem = app.owner.delete(&storage).await?.problem(409)?;
        ensure!(problem.kind.ends_with("storage-in-use"), "{problem:?}");
        let path = format!("/v1/backups/{}", one.id);
        let going: Backup = app.owner.delete(&path).await?.accepted()?;
        assert_eq!(going.state, BackupState::Removing);
        eventually("it is gone", || async {
            Ok((app.owner.get(&path).await?.status == 404).then_some(()))
        })
        .await?;
        let left = files(app)?;
        ensure!(left.len() == 1 && left[0].to_string_lossy().contains(two.id.as_str()), "{left:?}");
        // What a storage does not let go stays, with the reason.
        let file = left[0].clone();
        fs::remove_file(&file)?;
        fs::create_dir(&file)?;
        let path = format!("/v1/backups/{}", two.id);
        let _: Backup = app.owner.delete(&path).await?.accepted()?;
        eventually("it says why it is there", || async {
            Ok(show(app, &two).await?.reason.filter(|why| why.contains("could not be removed")))
        })
        .await?;
        fs::remove_dir(&file)?;
        let _: Backup = app.owner.delete(&path).await?.accepted()?;
        eventually("it is gone", || async {
            Ok((app.owner.get(&path).await?.status == 404).then_some(()))
        })
        .await?;
        assert_eq!(app.owner.delete(&storage).await?.status, 204);
    }
}

story! {
    /// What is downloaded is what was stored; that somebody has it is written down.
    async fn a_backup_is_downloaded(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"some data")?;
        let backup = take(app, &orders).await?;
        let path = format!("/v1/backups/{}/content", backup.id);
        let stored = fs::read(files(app)?.pop().context("a file")?)?;
        let url = format!("{}{path}", app.owner.url);
        let token = app.owner.token.as_deref().context("a token")?;
        let answer = reqwest::Client::new().get(&url).bearer_auth(token).send().await?;
        let name = answer.headers()["content-disposition"].to_str()?.to_owned();
        ensure!(name.contains("orders-") && name.ends_with(".gz\""), "{name}");
        ensure!(answer.bytes().await? == stored, "something else came");
        ensure!(kinds(app).await?.iter().any(|kind| kind == "backup.downloaded"), "nobody knows");
        let member = join(app, "member", Team::Same).await?;
        member.client.get(&path).await?.problem(403)?;
        let audit = app.owner.get("/v1/audit?limit=200").await?.text;
        ensure!(audit.contains("download_backup"), "{audit}");
    }
}
