//! Backups that nobody asks for: taken when they are due, once, and as many kept as are wanted.

use portolan_types::Timestamp;

use super::*;

/// As if its time had come: the clock of schedules hears of it when somebody sets one.
async fn comes_due(app: &TestApp, one: &Database) -> Result<()> {
    write(app, "update backup_schedules set next_at = 1", &[]).await?;
    let set = shown(app, one).await?;
    put(app, one, &set).await
}

/// Sets what is set already.
async fn put(app: &TestApp, one: &Database, set: &BackupSchedule) -> Result<()> {
    let BackupSchedule { storage_id, expression, check, .. } = set;
    let body =
        json!({ "storage_id": storage_id, "expression": expression, "keep": 2, "check": check });
    let path = format!("/v1/databases/{}/backup-schedule", one.id);
    let _: BackupSchedule = app.owner.put(&path, body).await?.ok()?;
    Ok(())
}

async fn shown(app: &TestApp, one: &Database) -> Result<BackupSchedule> {
    app.owner.get(&format!("/v1/databases/{}/backup-schedule", one.id)).await?.ok()
}

/// Those that a schedule asked for, newest first, when so many were asked for and all have ended.
async fn asked_for(app: &TestApp, times: usize) -> Result<Vec<Backup>> {
    eventually("they have ended", || async {
        let told = kinds(app).await?;
        let ended = |kind: &&String| matches!(kind.as_str(), "backup.made" | "backup.failed");
        let page: Page<Backup> = app.owner.get("/v1/backups").await?.ok()?;
        let is_over = |one: &Backup| matches!(one.state, BackupState::Ready | BackupState::Failed);
        let over = told.iter().filter(ended).count() == times && page.items.iter().all(is_over);
        Ok(over.then(|| page.items.into_iter().filter(|one| one.scheduled).collect()))
    })
    .await
}

fn states(backups: &[Backup]) -> Vec<BackupState> {
    backups.iter().map(|one| one.state).collect()
}

story! {
    /// As many as are wanted are kept, beside what a person asked for; what was missed is taken once.
    async fn a_database_is_backed_up_on_a_schedule(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"some data")?;
        let own = take(app, &orders).await?;
        let set = schedule(app, orders.id.as_str(), at.storage.id.as_str()).await?;
        ensure!(set.next_at > Timestamp::now() && set.following[0] > set.next_at, "{set:?}");
        for times in 2..=4 {
            comes_due(app, &orders).await?;
            let kept = asked_for(app, times).await?;
            assert_eq!(kept.len(), (times - 1).min(2), "{kept:?}");
            assert_eq!(shown(app, &orders).await?.next_at, set.next_at);
        }
        assert_eq!(show(app, &own).await?.state, BackupState::Ready);
        assert_eq!(files(app)?.len(), 3);

        // The next one is tried as soon as it is whole, and nobody asked for that either.
        put(app, &orders, &BackupSchedule { check: true, ..set.clone() }).await?;
        comes_due(app, &orders).await?;
        let newest = asked_for(app, 5).await?.swap_remove(0);
        eventually("it was restored on trial", || async {
            Ok(show(app, &newest).await?.checked_at.is_some().then_some(()))
        })
        .await?;

        // Its time comes while nobody is there, and then again while it is taken.
        let (read, due) = (kinds(app).await?.len(), "update backup_schedules set next_at = 1");
        app.kill();
        write(app, due, &[]).await?;
        at.engine.trouble_in("open_program", Trouble::HangBefore);
        app.launch().await?;
        at.engine.hung().await;
        at.engine.calm();
        app.restart().await?;
        let kept = asked_for(app, 6).await?;
        assert_eq!(states(&kept), [BackupState::Failed, BackupState::Ready, BackupState::Ready]);
        assert_eq!(shown(app, &orders).await?.next_at, set.next_at);
        ensure!(kinds(app).await?.len() > read, "nobody is told");
    }
}

story! {
    /// What cannot be taken is told of, and the next time comes all the same.
    async fn a_time_that_passes_without_a_backup_is_told(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        let set = schedule(app, orders.id.as_str(), at.storage.id.as_str()).await?;
        let path = format!("/v1/databases/{}", orders.id);
        let _: Operation = app.owner.post(&format!("{path}/stop?wait=20"), json!({})).await?.accepted()?;
        comes_due(app, &orders).await?;
        let failed = asked_for(app, 1).await?;
        let reason = failed[0].reason.clone().context("a reason")?;
        ensure!(reason.contains("does not run"), "{reason}");
        // One that is taken already is in the way, and has no row.
        let _: Operation = app.owner.post(&format!("{path}/start?wait=20"), json!({})).await?.accepted()?;
        at.engine.trouble_in("open_program", Trouble::HangBefore);
        let _: Operation = app.owner.post(&format!("{path}/backups"), json!({})).await?.accepted()?;
        at.engine.hung().await;
        comes_due(app, &orders).await?;
        eventually("it is told", || async {
            Ok(kinds(app).await?.iter().any(|kind| kind == "backup.not-taken").then_some(()))
        })
        .await?;
        assert_eq!(shown(app, &orders).await?.next_at, set.next_at);
        at.engine.calm();
    }
}

story! {
    /// A schedule keeps its storage, and goes with its database.
    async fn a_schedule_is_set_and_ended(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        let pages = at.add(app, "pages", "mongodb").await?;
        let path = format!("/v1/databases/{}/backup-schedule", orders.id);
        app.owner.get(&path).await?.problem(404)?;
        app.owner.delete(&path).await?.problem(404)?;
        for wrong in ["0 0 30 2 *", "at noon", "0 0 3 * * *"] {
            app.owner.put(&path, json!({ "expression": wrong })).await?.problem(422)?;
        }
        let body = json!({ "expression": "  0 3 * *   mon " });
        let elsewhere = format!("/v1/databases/{}/backup-schedule", pages.id);
        let problem = app.owner.put(&elsewhere, body.clone()).await?.problem(409)?;
        ensure!(problem.kind.ends_with("no-backup-way"), "{problem:?}");
        let set: BackupSchedule = app.owner.put(&path, body).await?.ok()?;
        assert_eq!((set.expression.as_str(), u32::from(set.keep)), ("0 3 * * mon", 7));
        let storage = format!("/v1/storages/{}", at.storage.id);
        let problem = app.owner.delete(&storage).await?.problem(409)?;
        ensure!(problem.detail.contains("on a schedule"), "{problem:?}");
        assert_eq!(app.owner.delete(&path).await?.status, 204);
        let set: BackupSchedule = app.owner.put(&path, json!({ "expression": RARELY })).await?.ok()?;
        assert_eq!(set.storage_id, at.storage.id);
        let gone = format!("/v1/databases/{}?wait=20", orders.id);
        let _: Operation = app.owner.delete(&gone).await?.accepted()?;
        eventually("it is gone", || async {
            Ok((app.owner.get(&path).await?.status == 404).then_some(()))
        })
        .await?;
        assert_eq!(app.owner.delete(&storage).await?.status, 204);
        let told = kinds(app).await?;
        for kind in ["database.scheduled", "database.unscheduled"] {
            ensure!(told.iter().any(|one| one == kind), "{told:?}");
        }
    }
}
