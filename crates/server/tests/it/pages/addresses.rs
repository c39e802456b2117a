//! The address plan, seen and changed in a browser.

use anyhow::Result;
use portolan_types::FleetAddresses;

use super::browser::signed_in;
use crate::support::{Database, TestApp, eventually};

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn an_owner_changes_the_pools() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, _) = app.add_server("alpha").await?;
    app.owner.destination(&server, "shop").await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/addresses")).await?;
    chromium.sees("What is left on each server").await?;
    chromium.picture("addresses").await?;
    // A second pool in the place of the first, and a range to keep clear of.
    chromium.fill("[name='pools.0.base']", "10.200.0.0/33").await?;
    chromium.press("Save").await?;
    chromium.sees("invalid").await?;
    // The browser's console tells of the refusal, which is asked for here.
    chromium.complaints().await?;
    chromium.fill("[name='pools.0.base']", "").await?;
    chromium.fill("[name='pools.0.size:number']", "").await?;
    chromium.fill("[name='pools.1.base']", "10.200.0.0/16").await?;
    chromium.fill("[name='pools.1.size:number']", "25").await?;
    chromium.fill("[name='reserved.1.cidr']", "10.200.0.0/24").await?;
    chromium.fill("[name='reserved.1.note']", "<img src=x onerror=alert(1)>").await?;
    chromium.press("Save").await?;
    let plan = eventually("the pools are stored", || async {
        let fleet: FleetAddresses = app.owner.get("/v1/addresses").await?.ok()?;
        Ok((fleet.plan.reserved.as_slice().len() == 1).then_some(fleet.plan))
    })
    .await?;
    let pools: Vec<String> = plan.pools.as_slice().iter().map(ToString::to_string).collect();
    assert_eq!(pools, ["10.200.0.0/16:25"]);
    chromium.sees("10.200.1.0/25").await?;
    assert!(chromium.fits(500, 800).await?);
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}
