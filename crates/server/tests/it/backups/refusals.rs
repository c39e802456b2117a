//! What is not backed up or restored, and by whom.

use portolan_types::Right;

use super::*;
use crate::security::Person;

/// A member with a right in a project.
async fn person(app: &TestApp, project: &str, right: Right) -> Result<Person> {
    let person = join(app, "member", Team::Same).await?;
    let path = format!("/v1/members/{}/grants/{project}", person.id);
    let _: Value = app.owner.put(&path, json!({ "right": right })).await?.ok()?;
    Ok(person)
}

story! {
    /// Engines without a way, other engines, later versions, and what is not whole.
    async fn what_does_not_fit_is_refused(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        let older = at.add(app, "older", "postgres:16").await?;
        let cache = at.add(app, "cache", "redis").await?;
        let pages = at.add(app, "pages", "mongodb").await?;
        at.cellar.put(&orders, b"some data")?;
        at.cellar.put(&older, b"old data")?;
        let refused = async |path: String, body: Value, code: &str| -> Result<()> {
            let problem = app.owner.post(&path, body).await?.problem(409)?;
            ensure!(problem.kind.ends_with(code), "{code}: {problem:?}");
            Ok(())
        };
        refused(format!("/v1/databases/{}/backups", pages.id), json!({}), "no-backup-way").await?;
        let backup = take(app, &orders).await?;
        let body = json!({ "backup_id": backup.id });
        refused(format!("/v1/databases/{}/restore", cache.id), body.clone(), "another-engine").await?;
        refused(format!("/v1/databases/{}/restore", older.id), body, "earlier-version").await?;
        // A later one reads what an earlier one wrote.
        let old = take(app, &older).await?;
        let work = restore(app, &orders, &old).await?;
        assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
        ensure!(at.cellar.has(&orders)? == b"old data", "it has other data");
        let kept = (orders.project_id.as_str(), at.storage.id.as_str(), orders.id.as_str());
        let failed = write_failed(app, kept).await?;
        let body = json!({ "backup_id": failed });
        refused(format!("/v1/databases/{}/restore", orders.id), body, "backup-not-ready").await?;
        let content = format!("/v1/backups/{failed}/content");
        let problem = app.owner.get(&content).await?.problem(409)?;
        ensure!(problem.kind.ends_with("backup-not-ready"), "{problem:?}");
        let templates: portolan_types::DatabaseTemplates =
            app.owner.get("/v1/database-templates").await?.ok()?;
        for one in templates.items {
            assert_eq!(one.backs_up, one.engine.as_str() != "mongodb", "{}", one.engine);
        }
    }
}

story! {
    /// Where it goes has to be clear.
    async fn a_storage_is_chosen(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"some data")?;
        let path = format!("/v1/databases/{}/backups?wait=20", orders.id);
        let storage = format!("/v1/storages/{}", at.storage.id);
        assert_eq!(app.owner.delete(&storage).await?.status, 204);
        let problem = app.owner.post(&path, json!({})).await?.problem(409)?;
        ensure!(problem.kind.ends_with("no-storage"), "{problem:?}");
        let attic = add_storage(&app.owner, "attic").await?;
        add_storage(&app.owner, "shed").await?;
        let body = json!({ "name": "ATTIC", "kind": "disk" });
        let problem = app.owner.post("/v1/storages", body).await?.problem(409)?;
        ensure!(problem.kind.ends_with("storage-exists"), "{problem:?}");
        app.owner.post(&path, json!({})).await?.problem(422)?;
        let body = json!({ "storage_id": attic.id });
        let work: Operation = app.owner.post(&path, body).await?.accepted()?;
        assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
        assert_eq!(of(app, &work).await?.storage_name.as_str(), "attic");
        let renamed = json!({ "name": "loft" });
        let path = format!("/v1/storages/{}", attic.id);
        let renamed: Storage = app.owner.patch(&path, renamed).await?.ok()?;
        assert_eq!(renamed.name.as_str(), "loft");
        assert_eq!(of(app, &work).await?.storage_name.as_str(), "loft");
    }
}

story! {
    /// One at a time of each database.
    async fn one_at_a_time(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"some data")?;
        at.engine.trouble_in("open_program", Trouble::HangBefore);
        let path = format!("/v1/databases/{}/backups", orders.id);
        let work: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
        at.engine.hung().await;
        let problem = app.owner.post(&path, json!({})).await?.problem(409)?;
        ensure!(problem.kind.ends_with("backup-under-way"), "{problem:?}");
        let running = of(app, &work).await?;
        assert_eq!(running.state, BackupState::Running);
        let one = format!("/v1/backups/{}", running.id);
        let problem = app.owner.delete(&one).await?.problem(409)?;
        ensure!(problem.kind.ends_with("backup-under-way"), "{problem:?}");
    }
}

story! {
    /// A right in the project is what counts, and another team's things are not there.
    async fn by_those_who_may(app) {
        let at = Place::set(app).await?;
        let orders = at.add(app, "orders", "postgres").await?;
        at.cellar.put(&orders, b"some data")?;
        let backup = take(app, &orders).await?;
        let (operator, manager) = (
            person(app, orders.project_id.as_str(), Right::Operate).await?,
            person(app, orders.project_id.as_str(), Right::Manage).await?,
        );
        let backups = format!("/v1/databases/{}/backups?wait=20", orders.id);
        let restoring = format!("/v1/databases/{}/restore?wait=20", orders.id);
        let one = format!("/v1/backups/{}", backup.id);
        let body = json!({ "backup_id": backup.id });
        let work: Operation = operator.client.post(&backups, json!({})).await?.accepted()?;
        assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
        operator.client.post(&restoring, body.clone()).await?.problem(403)?;
        operator.client.delete(&one).await?.problem(403)?;
        let work: Operation = manager.client.post(&restoring, body.clone()).await?.accepted()?;
        assert_eq!(work.state, OperationState::Succeeded, "{work:#?}");
        let stranger = join(app, "owner", Team::Other).await?.client;
        for path in [one.clone(), format!("{one}/content"), format!("/v1/storages/{}", at.storage.id)] {
            stranger.get(&path).await?.problem(404)?;
        }
        stranger.delete(&one).await?.problem(404)?;
        stranger.post(&backups, json!({})).await?.problem(404)?;
        let page: Page<Backup> = stranger.get("/v1/backups").await?.ok()?;
        ensure!(page.items.is_empty(), "{page:?}");
        let of_strangers = add_storage(&stranger, "theirs").await?;
        let body = json!({ "storage_id": of_strangers.id });
        app.owner.post(&backups, body).await?.problem(404)?;
    }
}
