//! Backups in a browser: a storage is added, a database backed up, restored, and the backup removed.

use anyhow::{Result, ensure};
use portolan_types::{Backup, BackupSchedule, BackupState, Page, Storage};

use super::{browser::signed_in, destinations::without_complaints, people::go};
use crate::{
    backups::Place,
    support::{Database, TestApp, eventually},
};

const HOSTILE: &str = "<img src=x onerror=document.title='broken'>";

async fn all(app: &TestApp) -> Result<Vec<Backup>> {
    Ok(app.owner.get("/v1/backups").await?.ok::<Page<Backup>>()?.items)
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_database_is_backed_up_and_restored() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let at = Place::set(&app).await?;
    let orders = at.add(&app, "orders", "postgres").await?;
    at.cellar.put(&orders, b"some data")?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/storages")).await?;
    chromium.press("+ Add").await?;
    chromium.fill("#new [name=name]", HOSTILE).await?;
    go(&chromium, "Add").await?;
    chromium.sees("0 backups").await?;
    let storages: Page<Storage> = app.owner.get("/v1/storages").await?.ok()?;
    ensure!(storages.items.iter().any(|one| one.name.as_str() == HOSTILE), "{storages:?}");

    let place = format!("{url}/databases/{}/backups", orders.id);
    chromium.open(&place).await?;
    chromium.sees("No backups yet").await?;
    chromium.click("section[aria-labelledby=take-title] [type=submit]").await?;
    let taken = eventually("it is whole", || async {
        Ok(all(&app).await?.into_iter().find(|one| one.state == BackupState::Ready))
    })
    .await?;
    chromium.open(&place).await?;
    chromium.sees("cellar").await?;
    assert!(chromium.fits(375, 800).await?);
    chromium.fill("[name=expression]", "0 3 * * *").await?;
    go(&chromium, "Set").await?;
    chromium.sees("the newest 7").await?;
    let times = format!("/v1/databases/{}/backup-schedule", orders.id);
    let set: BackupSchedule = app.owner.get(&times).await?.ok()?;
    assert_eq!(set.storage_id, at.storage.id);
    chromium.sees(&set.expression.to_string()).await?;
    at.cellar.put(&orders, b"other data")?;
    chromium.fill("[name=_typed]", "orders").await?;
    go(&chromium, "Restore").await?;
    chromium.sees("the backup is what was stored").await?;
    eventually("it has what it had", || async {
        Ok((at.cellar.has(&orders)? == b"some data").then_some(()))
    })
    .await?;

    chromium.open(&format!("{url}/backups")).await?;
    chromium.sees("orders").await?;
    assert!(chromium.fits(375, 800).await?);
    chromium.open(&format!("{url}/backups/{}", taken.id)).await?;
    chromium.sees("Download").await?;
    assert!(chromium.fits(375, 800).await?);
    go(&chromium, "Check").await?;
    chromium.sees("it answers with what the backup has").await?;
    chromium.open(&format!("{url}/backups/{}", taken.id)).await?;
    chromium.sees("restores").await?;
    chromium.fill("[name=_typed]", "orders").await?;
    go(&chromium, "Delete").await?;
    eventually("it is gone", || async { Ok(all(&app).await?.is_empty().then_some(())) }).await?;
    chromium.open(&format!("{url}/backups")).await?;
    chromium.sees("No backups yet").await?;
    without_complaints(chromium).await?;
    app.stop().await
}
