//! Backups in buckets: kept in parts, read as they were, and nothing left of what came to nothing.

use super::*;
use crate::support::{
    Database as On,
    s3::{ACCESS_KEY, Buckets, SECRET_KEY},
};

fn place(endpoint: &str) -> Value {
    json!({
        "endpoint": endpoint, "bucket": "vault", "prefix": "portolan/test", "access_key": ACCESS_KEY,
    })
}

/// A storage in the buckets, beside which there is another one.
async fn add(app: &TestApp, buckets: &Buckets) -> Result<Storage> {
    let body = json!({
        "name": "vault", "kind": "s3", "s3": place(&buckets.endpoint), "secret_key": SECRET_KEY,
    });
    app.owner.post("/v1/storages", body).await?.created()
}

async fn begin(app: &TestApp, one: &Database, storage: &Storage) -> Result<Operation> {
    let path = format!("/v1/databases/{}/backups", one.id);
    app.owner.post(&path, json!({ "storage_id": storage.id })).await?.accepted()
}

async fn take_into(app: &TestApp, one: &Database, storage: &Storage) -> Result<Backup> {
    let work = begin(app, one, storage).await?;
    app.owner.outcome(work.id.as_str()).await?;
    of(app, &work).await
}

/// More than two parts, and nothing that packs.
fn much() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(18 << 17).flatten().collect()
}

story! {
    /// A storage says what does not work and what to do, and shows its secret to nobody.
    async fn a_bucket_is_tried(app) {
        let buckets = Buckets::start().await?;
        let vault = add(app, &buckets).await?;
        let path = format!("/v1/storages/{}", vault.id);
        let trial = format!("{path}/try");
        // What is too much for it now is asked again.
        buckets.is_busy(1);
        let tried: Value = app.owner.post(&trial, json!({})).await?.ok()?;
        ensure!(tried["took_ms"].is_number(), "{tried}");
        assert_eq!(buckets.names(), Vec::<String>::new());
        let wrong = json!({ "secret_key": "another" });
        let changed: Storage = app.owner.patch(&path, wrong).await?.ok()?;
        assert_eq!(changed.s3, vault.s3);
        let problem = app.owner.post(&trial, json!({})).await?.problem(409)?;
        ensure!(problem.detail.contains("SignatureDoesNotMatch: no & never"), "{problem:?}");
        ensure!(problem.remedy.is_some_and(|what| what.contains("update_storage")), "no remedy");
        let other = json!({ "access_key": "other" });
        app.owner.patch(&path, other).await?.problem(422)?;
        // Where it may not go, whoever may add storages.
        for (name, endpoint) in [("near", "http://169.254.169.254"), ("far", "http://10.9.8.7:9000")] {
            let body = json!({ "name": name, "kind": "s3", "s3": place(endpoint), "secret_key": "x" });
            let made: Storage = app.owner.post("/v1/storages", body).await?.created()?;
            let path = format!("/v1/storages/{}/try", made.id);
            let problem = app.owner.post(&path, json!({})).await?.problem(409)?;
            ensure!(problem.detail.contains("--allow-storages-at"), "{problem:?}");
        }
        for body in [
            json!({ "name": "x", "kind": "s3" }),
            json!({ "name": "x", "kind": "s3", "s3": place(&buckets.endpoint) }),
            json!({ "name": "x", "kind": "disk", "s3": place(&buckets.endpoint), "secret_key": "x" }),
            json!({ "name": "x", "kind": "s3", "s3": place("file:///etc"), "secret_key": "x" }),
        ] {
            app.owner.post("/v1/storages", body).await?.problem(422)?;
        }
        for path in ["/v1/storages", "/v1/events?limit=200", "/v1/audit?limit=200"] {
            let text = app.owner.get(path).await?.text;
            ensure!(!text.contains(SECRET_KEY) && !text.contains("another"), "{path}: {text}");
        }
    }
}

/// Kept in parts, read as it was, removed; what comes to nothing leaves no part. On one database: nothing
/// of it is in rows but what the other stories write.
#[tokio::test]
async fn a_backup_in_a_bucket_is_whole_or_nothing() -> Result<()> {
    let mut app = TestApp::start(On::Sqlite).await?;
    let at = Place::set(&app).await?;
    let orders = at.add(&app, "orders", "postgres").await?;
    let buckets = Buckets::start().await?;
    let vault = add(&app, &buckets).await?;
    let data = much();
    at.cellar.put(&orders, &data)?;
    let backup = take_into(&app, &orders, &vault).await?;
    assert_eq!(backup.state, BackupState::Ready, "{backup:?}");
    let name = format!("portolan/test/{}.gz", backup.id);
    assert_eq!((buckets.names(), buckets.parts()), (vec![name.clone()], 0));
    assert_eq!(backup.size, Some(buckets.object(&name)?.len() as u64));
    at.cellar.put(&orders, b"other data")?;
    let work = restore(&app, &orders, &backup).await?;
    assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
    ensure!(at.cellar.has(&orders)? == data, "it has other data");

    // A part that is refused, and one that never comes because the process ends.
    buckets.refuse_parts_from(Some(2));
    let failed = take_into(&app, &orders, &vault).await?;
    let why = failed.reason.context("a reason")?;
    ensure!(why.contains("AccessDenied"), "{why}");
    buckets.refuse_parts_from(None);
    let said = data.clone();
    at.engine.run_programs(FakePrograms::new(move |_, _, _| FakeSaid {
        out: said.clone(),
        hangs: true,
        ..FakeSaid::default()
    }));
    let work = begin(&app, &orders, &vault).await?;
    eventually("a part is there", || async { Ok((buckets.parts() > 0).then_some(())) }).await?;
    app.restart().await?;
    eventually("it has failed", || async {
        Ok(Some(of(&app, &work).await?).filter(|one| one.state == BackupState::Failed))
    })
    .await?;
    assert_eq!((buckets.names(), buckets.parts()), (vec![name], 0));

    let _: Backup = app.owner.delete(&format!("/v1/backups/{}", backup.id)).await?.accepted()?;
    eventually("it is gone", || async { Ok(buckets.names().is_empty().then_some(())) }).await?;
    app.stop().await
}
