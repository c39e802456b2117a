//! The background work shows how it goes.

use anyhow::{Context, Result, ensure};
use portolan_types::{ReconcileStatus, TaskKind, TaskStatus};

use crate::{
    security::{Team, person},
    support::{Client, eventually, story},
};

async fn tasks(client: &Client) -> Result<Vec<TaskStatus>> {
    let status: ReconcileStatus = client.get("/v1/reconcile").await?.ok()?;
    Ok(status.tasks)
}

async fn keeper(client: &Client) -> Result<TaskStatus> {
    let mut tasks = tasks(client).await?.into_iter();
    tasks.find(|task| task.kind == TaskKind::Keeper).context("a keeper")
}

story! {
    /// Every kind of task is there, with what it did.
    async fn every_task_is_shown(app) {
        let (server, engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "web").await?;
        let shown = tasks(&app.owner).await?;
        for kind in TaskKind::ALL {
            ensure!(shown.iter().any(|task| task.kind == *kind), "no {kind}");
        }
        let before = keeper(&app.owner).await?;
        assert_eq!(before.server_id.as_ref(), Some(&server.id));
        ensure!(before.connected_since.is_some() && before.counts.runs > 0, "{before:?}");
        assert_eq!(before.counts.repairs, 0);
        ensure!(before.passes.iter().any(|pass| pass.name == "destinations"), "{before:?}");
        engine.drop_network("web");
        let after = eventually("a repair is counted", || async {
            let shown = keeper(&app.owner).await?;
            Ok((shown.counts.repairs == 1 && shown.next_run_at.is_some()).then_some(shown))
        })
        .await?;
        ensure!(after.counts.events > before.counts.events, "{after:?}");
        let metrics = app.owner.get("/metrics").await?.text;
        ensure!(metrics.contains("portolan_repairs_total 1"), "{metrics}");
        ensure!(!metrics.contains("alpha") && !metrics.contains(server.id.as_str()), "a name");
    }
}

story! {
    /// A server that is away is not connected, says why, and when it is tried again.
    async fn a_lost_server_says_why(app) {
        let (_server, engine) = app.add_server("alpha").await?;
        engine.stop();
        let away = eventually("it is away", || async {
            let shown = keeper(&app.owner).await?;
            let away = shown.connected_since.is_none() && shown.next_run_at.is_some();
            Ok((away && shown.last_error.is_some()).then_some(shown))
        })
        .await?;
        ensure!(away.counts.failures > 0, "{away:?}");
        engine.start();
        eventually("it is back", || async { Ok(keeper(&app.owner).await?.connected_since) })
            .await?;
    }
}

story! {
    /// Another team sees the installation's tasks, and no keeper of ours.
    async fn keepers_of_another_team_are_not_shown(app) {
        app.add_server("alpha").await?;
        let stranger = person(app, "owner", Team::Other).await?;
        let shown = tasks(&stranger).await?;
        ensure!(shown.iter().any(|task| task.kind == TaskKind::Janitor), "{shown:?}");
        ensure!(shown.iter().all(|task| task.server_id.is_none()), "{shown:?}");
    }
}
