//! Which policy counts, what it reaches, and that nobody is fought.

use anyhow::{Context, Result, bail, ensure};
use portolan_server::host::fake::{FakeEngine, Trouble};
use portolan_types::{
    Destination, DestinationState, DriftKind, DriftPolicies, DriftPolicy, DriftState, Event, Page,
};
use serde_json::json;

use crate::support::{TestApp, eventually, story};

story! {
    /// The narrowest policy wins, and what is said anew counts for what stands.
    async fn policies_of_three_scopes(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let team: DriftPolicies =
            app.owner.patch("/v1/drift-policy", json!({ "policy": "tell" })).await?.ok()?;
        for one in &team.effective {
            // Who joins is looked for only where it is named.
            let unnamed = one.kind == DriftKind::UnexpectedMember;
            let expected = if unnamed { DriftPolicy::Ignore } else { DriftPolicy::Tell };
            assert_eq!(one.policy, expected, "{}", one.kind);
        }
        engine.drop_network("web");
        let told = app.drift(&made, DriftState::Told).await?;

        let path = format!("/v1/servers/{}/drift-policy", server.id);
        let body = json!({ "kinds": { "missing": "ask" } });
        let of_server: DriftPolicies = app.owner.patch(&path, body).await?.ok()?;
        let missing = of_server.effective.iter().find(|one| one.kind == DriftKind::Missing);
        assert_eq!(missing.map(|one| one.policy), Some(DriftPolicy::Ask));
        let asked = app.drift(&made, DriftState::Asked).await?;
        assert_eq!(asked.id, told.id);

        app.policy(&made, "heal").await?;
        let healed = app.drift(&made, DriftState::Healed).await?;
        assert_eq!(healed.id, told.id);
        app.owner.settled(&made, DestinationState::Ready).await?;

        let inherited = app.policy(&made, "inherit").await?;
        assert_eq!(inherited.rules.policy, None);
        for (field, body) in [
            ("kinds", json!({ "kinds": { "route-dark": "heal" } })),
            ("kinds", json!({ "kinds": { "route-dark": "ask" } })),
            ("kinds", json!({ "kinds": { "missing": "ignore" } })),
            ("policy", json!({ "policy": "ignore" })),
        ] {
            let refused = app.owner.patch(&path, body).await?.problem(422)?;
            assert_eq!(refused.errors[0].field, field);
        }
    }
}

story! {
    /// A repair that waits for its server is not done once the policy is to ask.
    async fn a_policy_reaches_work_that_waits(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.trouble_in("create_network", Trouble::HangBefore);
        engine.drop_network("web");
        engine.hung().await;
        let healing = app.drift(&made, DriftState::Healing).await?;
        app.policy(&made, "ask").await?;
        app.restart().await?;
        let asked = app.drift(&made, DriftState::Asked).await?;
        assert_eq!(asked.id, healing.id);
        assert_eq!(engine.network_names(), Vec::<String>::new());
        let operation = healing.operation_id.as_ref().context("an operation")?;
        let outcome = app.owner.outcome(operation.as_str()).await?;
        assert_eq!(outcome.failure.map(|failure| failure.code), Some("left-to-a-person".into()));
    }
}

/// Removes a network until Portolan does not make it again, and answers how often it did.
async fn fight(app: &TestApp, engine: &FakeEngine, made: &Destination) -> Result<usize> {
    let mut repairs = 0;
    loop {
        engine.drop_network(made.network.as_str());
        let over = eventually("it is back, or asked about", || async {
            // Looked at first: that it is there again says nothing while the row has not been told.
            let back = engine.network(made.network.as_str()).is_some();
            let shown = app.owner.show(made).await?;
            match shown.state {
                DestinationState::Ready if back => Ok(Some(false)),
                DestinationState::Drifted if shown.reason.is_some() && !back => {
                    let newest = app.drifts(made).await?.into_iter().next();
                    Ok(newest.filter(|drift| drift.state == DriftState::Asked).map(|_| true))
                }
                _ => Ok(None),
            }
        })
        .await;
        let over = match over {
            Ok(over) => over,
            Err(error) => {
                bail!("{error:#}: {:?} {:?}", app.owner.show(made).await?, app.drifts(made).await?)
            }
        };
        if over {
            return Ok(repairs);
        }
        repairs += 1;
        ensure!(repairs < 10, "it fights on");
    }
}

story! {
    /// Three repairs of one thing, and a person is asked; their word, or a policy said anew, begins
    /// the count anew.
    async fn nobody_is_fought(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let other = app.owner.destination(&server, "other").await?;
        assert_eq!(fight(app, &engine, &made).await?, 3);
        let asked = app.drift(&made, DriftState::Asked).await?;
        ensure!(asked.reason.as_ref().is_some_and(|why| why.contains("3 times within 10 minutes")), "{asked:?}");
        let page: Page<Event> = app.owner.get("/v1/events?search=drift.asked").await?.ok()?;
        ensure!(page.items.iter().any(|event| event.message.contains("something undoes it")), "{page:?}");
        app.restart_and_look(&server).await?;
        ensure!(engine.network("web").is_none(), "it fought on after the restart");

        // Another thing is not held responsible.
        engine.drop_network("other");
        app.drift(&other, DriftState::Healed).await?;

        app.heal(&asked).await?;
        app.owner.settled(&made, DestinationState::Ready).await?;
        assert_eq!(fight(app, &engine, &made).await?, 3, "after a person's word");

        app.policy(&made, "heal").await?;
        app.owner.settled(&made, DestinationState::Ready).await?;
        assert_eq!(fight(app, &engine, &made).await?, 2, "the policy's own repair counts");
    }
}

story! {
    /// Repairs that lie more than ten minutes back do not count.
    async fn old_repairs_are_forgotten(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        assert_eq!(fight(app, &engine, &made).await?, 3);
        let asked = app.drift(&made, DriftState::Asked).await?;
        app.heal(&asked).await?;
        app.owner.settled(&made, DestinationState::Ready).await?;
        for _ in 0..2 {
            engine.drop_network("web");
            eventually("it is back", || async {
                let back = engine.network("web").is_some();
                let shown = app.owner.show(&made).await?;
                Ok((back && shown.state == DestinationState::Ready).then_some(()))
            })
            .await?;
        }
        app.age_drifts(601_000).await?;
        assert_eq!(fight(app, &engine, &made).await?, 3);
    }
}
