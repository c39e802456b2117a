//! Whether a backup restores: tried in a database of its own, and the one that was backed up is not
//! touched.

use portolan_server::host::NetworkMode;
use portolan_types::Failure;

use super::*;

/// Asks for a check, and waits for its end.
async fn check(app: &TestApp, backup: &Backup, body: Value) -> Result<Operation> {
    let path = format!("/v1/backups/{}/check?wait=20", backup.id);
    let work: Operation = app.owner.post(&path, body).await?.accepted()?;
    ensure!(work.state.is_over(), "{work:#?}");
    Ok(work)
}

fn on_trial(at: &Place) -> Vec<String> {
    let names = at.engine.container_names().into_iter();
    names.filter(|name| name.starts_with("portolan-check-")).collect()
}

async fn refused(app: &TestApp, backup: &Backup) -> Result<(Failure, String)> {
    let work = check(app, backup, json!({})).await?;
    let failure = work.failure.context("a failure")?;
    let why = show(app, backup).await?.check_failure.context("it is not at the backup")?;
    Ok((failure, why))
}

story! {
    /// What restores says so, and what does not why; nothing is left, and nothing else was touched.
    async fn a_backup_is_checked(app) {
        let at = Place::set(app).await?;
        let (orders, cache) = (at.add(app, "orders", "postgres").await?, at.add(app, "cache", "redis").await?);
        at.cellar.put(&orders, b"some data")?;
        at.cellar.put(&cache, b"REDIS0011 one")?;
        let (of_orders, of_cache) = (take(app, &orders).await?, take(app, &cache).await?);
        at.cellar.put(&orders, b"other data")?;
        for backup in [&of_orders, &of_cache] {
            let work = check(app, backup, json!({})).await?;
            assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
            let checked = show(app, backup).await?;
            ensure!(checked.checked_at.is_some() && checked.check_failure.is_none(), "{checked:?}");
        }
        assert_eq!(at.cellar.has(&orders)?, b"other data");

        at.cellar.put(&orders, b"bad from the beginning")?;
        let bad = take(app, &orders).await?;
        let (failure, why) = refused(app, &bad).await?;
        assert_eq!(failure.code, "restore-refused");
        ensure!(why.contains("unexpected <b>end</b>"), "{why}");
        let file = app.data_dir().join("backups").join(at.storage.id.as_str());
        fs::write(file.join(format!("{}.gz", bad.id)), "something else")?;
        assert_eq!(refused(app, &bad).await?.0.code, "backup-corrupt");
        assert_eq!(on_trial(&at), Vec::<String>::new());
        let told = kinds(app).await?;
        for kind in ["backup.checked", "backup.not-restorable"] {
            ensure!(told.iter().any(|one| one == kind), "{told:?}");
        }

        // Without its database it is tried where another one of its engine is.
        let gone = format!("/v1/databases/{}?wait=20", orders.id);
        let _: Operation = app.owner.delete(&gone).await?.accepted()?;
        let path = format!("/v1/backups/{}/check", of_orders.id);
        let problem = eventually("its database is gone", || async {
            let answer = app.owner.post(&path, json!({})).await?;
            Ok(if answer.status == 409 { Some(answer.problem(409)?) } else { None })
        })
        .await?;
        ensure!(problem.kind.ends_with("database-gone"), "{problem:?}");
        let problem = app.owner.post(&path, json!({ "database_id": cache.id })).await?.problem(409)?;
        ensure!(problem.kind.ends_with("another-engine"), "{problem:?}");
        let older = at.add(app, "older", "postgres:16").await?;
        let work = check(app, &of_orders, json!({ "database_id": older.id })).await?;
        assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
    }
}

story! {
    /// Nothing leads to the database of a check, and the end of the process does not leave it behind.
    async fn a_check_that_is_cut_off_leaves_nothing(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"some data")?;
        let backup = take(app, &orders).await?;
        at.engine.trouble_in("open_program", Trouble::HangBefore);
        let path = format!("/v1/backups/{}/check", backup.id);
        let work: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
        at.engine.hung().await;
        let problem = app.owner.post(&path, json!({})).await?.problem(409)?;
        ensure!(problem.kind.ends_with("check-under-way"), "{problem:?}");
        let name = on_trial(&at).pop().context("a database on trial")?;
        let made = at.engine.asked_for(&name).context("it")?;
        assert_eq!((&made.network, made.ports.len(), made.mounts.len()), (&NetworkMode::None, 0, 0));
        let own = at.engine.asked_for(&container(&orders)?).context("the database's")?;
        let password = "POSTGRES_PASSWORD";
        ensure!(made.environment[password] != own.environment[password], "it knows the password");
        at.engine.calm();
        app.restart().await?;
        let done = app.owner.outcome(work.id.as_str()).await?;
        assert_eq!(done.failure.map(|why| why.code).as_deref(), Some("interrupted"));
        eventually("it is swept", || async { Ok(on_trial(&at).is_empty().then_some(())) }).await?;
        let left = show(app, &backup).await?;
        ensure!(left.checked_at.is_none() && left.state == BackupState::Ready, "{left:?}");
    }
}
