//! Hosts that refuse what is asked of them while a proxy is made or repaired.

use anyhow::{Context, ensure};
use portolan_server::host::{ContainerDetail, HostError, fake::Trouble};
use portolan_types::{Operation, Page, ProxyState};
use serde_json::{Value, json};

use super::{server, succeeded};
use crate::support::{eventually, story};

story! {
    /// A repair that somebody came in between of is tried again, and not for ever.
    async fn a_failed_repair_is_tried_again(app) {
        let (server, engine) = server(app).await?;
        succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
        let why = || HostError::Docker { status: 500, message: "not now".into() };
        engine.trouble_in("start_container", Trouble::Fail(why()));
        engine.crash_container("portolan-proxy");
        eventually("a running container", || async {
            let runs = engine.container("portolan-proxy").is_some_and(|one| one.is_running());
            Ok(runs.then_some(()))
        })
        .await?;
        app.proxy_is(&server, ProxyState::Running).await?;

        engine.trouble_in("start_container", Trouble::Refuse(why()));
        engine.crash_container("portolan-proxy");
        let repairs = eventually("all tries", || async {
            let list = format!("/v1/operations?subject_id={}&limit=50", server.id);
            let page: Page<Operation> = app.owner.get(&list).await?.ok()?;
            let kind = portolan_types::OperationKind::RepairProxy;
            let repairs: Vec<_> = page.items.into_iter().filter(|one| one.kind == kind).collect();
            let over = repairs.iter().all(|one| one.state.is_over());
            Ok((repairs.len() == 5 && over).then_some(repairs))
        })
        .await?;
        assert_eq!(repairs.iter().filter(|one| one.failure.is_some()).count(), 4);
        let failed = app.proxy_is(&server, ProxyState::Failed).await?;
        ensure!(failed.reason.is_some_and(|reason| reason.contains("not now")));
        engine.calm();
        succeeded(&app.proxy_work(&server, "start").await?)?;
    }
}

story! {
    /// Wherever the host fails, the work says so, and the next try ends it.
    async fn each_call_may_fail(app) {
        let (server, engine) = server(app).await?;
        let methods = [
            "list_containers", "pull_image", "create_container", "put_files", "start_container",
            "wait_container", "container_logs", "create_network", "create_volume",
            "rename_container",
        ];
        for method in methods {
            let why = HostError::Docker { status: 500, message: format!("no {method}") };
            engine.trouble_in(method, Trouble::Fail(why));
            let work = app.set_proxy(&server, json!({ "kind": "caddy" })).await?;
            engine.calm();
            ensure!(work.state.is_over(), "{method}: {work:?}");
            let again = app.proxy_work(&server, "start").await?;
            succeeded(&again).with_context(|| method.to_owned())?;
            assert!(engine.container("portolan-proxy").is_some_and(|one| one.is_running()));
            for leftover in ["portolan-proxy-old", "portolan-proxy-next", "portolan-proxy-check"] {
                ensure!(engine.container(leftover).is_none(), "{method} left {leftover}");
            }
            // It is lost again and again, and nobody is to be asked about it here.
            app.owner.patch("/v1/drift-policy", json!({ "policy": "heal" })).await?.ok::<Value>()?;
            engine.drop_container("portolan-proxy");
            // The row says `running` until the loss was seen: the container tells that it is over.
            eventually("the proxy's container", || async {
                Ok(engine.container("portolan-proxy").filter(ContainerDetail::is_running))
            })
            .await?;
            app.proxy_is(&server, ProxyState::Running).await?;
        }
    }
}
