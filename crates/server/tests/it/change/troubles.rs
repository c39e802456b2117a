//! A change that is refused, killed or cut off at each call, and those who come and go meanwhile.

use anyhow::{Context, Result, ensure};
use portolan_server::host::{HostError, fake::Trouble};
use portolan_types::{DestinationState, Operation, OperationState};
use serde_json::json;

use super::{
    CREW, ask, change, crewed, endpoint, ensure_crewed, moved, outcome, path, refusal, subnet,
};
use crate::support::{TestApp, story};

/// More calls than a change of this size makes: the loops end when none is reached any more.
const MOST_CALLS: usize = 70;

story! {
    /// Docker refuses each call in turn: the old network is there with the same members, by the
    /// same options, and the operation says why.
    async fn refused_at_each_call_it_is_taken_back(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        let mut taken_back = 0;
        let mut mtu = 1400;
        for call in 0..MOST_CALLS {
            mtu += 1;
            engine.trouble(call, Trouble::Fail(refusal()));
            let options = json!({ "subnet": "10.50.0.0/24", "mtu": mtu });
            let before = app.owner.show(&made).await?;
            let operation = change(app, &made, options).await?;
            let reached = engine.calls() > call;
            engine.calm();
            let shown = app.owner.show(&made).await?;
            let case = format!("call {call}: {operation:?}");
            assert_eq!(shown.state, DestinationState::Ready, "{case}");
            ensure_crewed(&engine, &case)?;
            if operation.state == OperationState::Failed {
                taken_back += 1;
                assert_eq!((&shown.options, shown.revision), (&before.options, before.revision));
                let why = operation.failure.context("a failure")?;
                ensure!(why.message.contains("refused by the test"), "{why:?}");
            } else {
                assert_eq!(shown.options.mtu, Some(mtu), "{case}");
            }
            if !reached {
                break;
            }
        }
        ensure!(taken_back >= 12, "the calls of a change were not all refused: {taken_back}");
    }
}

/// Which way a change goes while Portolan is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Forward,
    /// Docker refuses the new network.
    Back,
}

/// Kills Portolan after the effect of each of these calls, which is before that of the next: after
/// the restart the change is done, or taken back.
async fn killed(app: &mut TestApp, way: Way, calls: impl Iterator<Item = usize>) -> Result<usize> {
    let (server, engine) = app.add_server("alpha").await?;
    let made = crewed(app, &server, &engine).await?;
    let mut deepest = 0;
    for call in app.some_of(calls) {
        let before = app.owner.show(&made).await?;
        match way {
            Way::Forward => engine.trouble(call, Trouble::HangAfter),
            Way::Back => {
                // The first of the two networks that a change makes is the interim one.
                engine.trouble_at("create_network", 1, Trouble::Fail(refusal()));
                engine.trouble_later(call, Trouble::HangAfter);
            }
        }
        let mtu = u16::try_from(1400 + call)?;
        let options = json!({ "subnet": "10.50.0.0/24", "mtu": mtu });
        let changing = ask(app, &made, options).await?;
        let mut hung = false;
        tokio::select! {
            () = engine.hung() => hung = true,
            done = outcome(app, &changing) => drop(done?),
        }
        engine.calm();
        app.restart().await?;
        let operation = outcome(app, &changing).await?;
        let (ended, wanted) = match way {
            Way::Forward => (OperationState::Succeeded, Some(mtu)),
            Way::Back => (OperationState::Failed, before.options.mtu),
        };
        assert_eq!(operation.state, ended, "call {call}: {operation:?}");
        let shown = app.owner.show(&made).await?;
        assert_eq!((shown.state, shown.options.mtu), (DestinationState::Ready, wanted));
        ensure_crewed(&engine, &format!("call {call}, {way:?}"))?;
        if !hung {
            break;
        }
        deepest = call;
    }
    Ok(deepest)
}

story! {
    async fn killed_at_each_even_call_it_is_done(app) {
        let deepest = killed(app, Way::Forward, (0..MOST_CALLS).step_by(2)).await?;
        ensure!(deepest >= 20, "calls that were reached: {deepest}");
    }
}

story! {
    async fn killed_at_each_odd_call_it_is_done(app) {
        let deepest = killed(app, Way::Forward, (1..MOST_CALLS).step_by(2)).await?;
        ensure!(deepest >= 20, "calls that were reached: {deepest}");
    }
}

story! {
    async fn killed_on_the_way_back_it_is_taken_back(app) {
        // With the first two the host is looked at: only then is it certain that it is refused.
        let deepest = killed(app, Way::Back, 2..MOST_CALLS).await?;
        ensure!(deepest >= 8, "calls that were reached: {deepest}");
    }
}

story! {
    /// The connection is lost at each call: the work goes on by itself.
    async fn lost_at_each_call_it_goes_on(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        let cut = HostError::Lost { why: "cut".into() };
        let (mut deepest, mut mtu) = (0, 1400);
        for call in app.some_of((0..MOST_CALLS).step_by(3)) {
            for trouble in [Trouble::Fail(cut.clone()), Trouble::FailAfter(cut.clone())] {
                mtu += 1;
                engine.trouble(call, trouble.clone());
                let options = json!({ "subnet": "10.50.0.0/24", "mtu": mtu });
                let operation = change(app, &made, options).await?;
                let reached = engine.calls() > call;
                engine.calm();
                assert_eq!(operation.state, OperationState::Succeeded, "{call}: {operation:?}");
                ensure_crewed(&engine, &format!("call {call} {trouble:?}"))?;
                deepest = if reached { call } else { deepest };
            }
            if deepest < call {
                break;
            }
        }
        ensure!(deepest >= 20, "calls that were reached: {deepest}");
    }
}

story! {
    /// When the way back is refused too, what is left is said, nobody is without a network, a
    /// removal is refused, and a retry goes on with it.
    async fn neither_forward_nor_back_it_says_what_is_left(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        engine.trouble_at("create_network", 1, Trouble::Refuse(refusal()));
        let operation = change(app, &made, json!({ "subnet": "10.80.0.0/24" })).await?;
        let failure = operation.failure.context("a failure")?;
        assert_eq!(failure.code, "change-unfinished");
        for part in ["sea.portolan-", "web", "db", "job", "refused by the test"] {
            ensure!(failure.message.contains(part), "no {part} in {failure:?}");
        }
        let shown = app.owner.show(&made).await?;
        assert_eq!(shown.state, DestinationState::Failed);
        let names = engine.network_names();
        let [interim] = names.as_slice() else { anyhow::bail!("{names:?}") };
        for (name, ..) in CREW {
            let container = engine.container(name).context("a container")?;
            assert_eq!(container.endpoints[0].attachment.key, *interim);
        }
        let removal = app.owner.delete(&path(&made)).await?.problem(409)?;
        assert_eq!(removal.kind, "/problems/change-unfinished");

        engine.calm();
        let retry = format!("{}/retry?wait=20", path(&made));
        let retried: Operation = app.owner.post(&retry, json!({})).await?.accepted()?;
        assert_eq!(retried.state, OperationState::Succeeded, "{retried:?}");
        let shown = app.owner.show(&made).await?;
        assert_eq!((shown.state, shown.options.clone()), (DestinationState::Ready, made.options.clone()));
        assert_eq!(subnet(&engine)?, "10.50.0.0/24");
        ensure_crewed(&engine, "after the retry")?;
    }
}

story! {
    /// When the way back is blocked for good, another change leads on.
    async fn another_change_leads_on_from_half_way(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        engine.trouble_at("create_network", 1, Trouble::Refuse(refusal()));
        let operation = change(app, &made, json!({ "subnet": "10.80.0.0/24" })).await?;
        assert_eq!(operation.state, OperationState::Failed);
        engine.calm();
        // Somebody takes the old addresses: the old network can never be made again.
        engine.put_network("thief", |network| {
            network.subnets = vec![portolan_server::host::HostSubnet {
                subnet: "10.50.0.0/16".into(),
                ..Default::default()
            }];
        });
        let retry = format!("{}/retry?wait=20", path(&made));
        let retried: Operation = app.owner.post(&retry, json!({})).await?.accepted()?;
        assert_eq!(retried.state, OperationState::Failed, "{retried:?}");
        let operation = change(app, &made, json!({ "subnet": "10.81.0.0/24" })).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        assert_eq!(subnet(&engine)?, "10.81.0.0/24");
        engine.drop_network("thief");
        ensure_crewed(&engine, "after another change")?;
    }
}

story! {
    /// Containers that come while the network is replaced are taken along; those that go are left.
    async fn who_comes_and_goes_meanwhile(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        engine.join("sea", "leaver");
        // Three are on the interim network, the fourth not yet.
        engine.trouble_at("connect", 3, Trouble::HangBefore);
        let changing = ask(app, &made, json!({ "subnet": "10.52.0.0/24" })).await?;
        engine.hung().await;
        engine.join_as("sea", "late", "running", &endpoint(&["tardy"], None));
        engine.drop_container("leaver");
        engine.calm();
        app.restart().await?;
        let operation = outcome(app, &changing).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        ensure_crewed(&engine, "with comers and goers")?;
        let late = engine.container("late").context("late")?;
        assert_eq!((late.endpoints.len(), late.endpoints[0].attachment.key.as_str()), (1, "sea"));
        assert_eq!(late.endpoints[0].endpoint.aliases, ["tardy"]);
        let told = moved(&operation)?;
        ensure!(told.iter().any(|one| one.name == "late"), "{told:?}");
        ensure!(told.iter().all(|one| one.gap_ms.is_some()), "{told:?}");
    }
}

story! {
    /// Killed while it took the ways of the crew away, Portolan does not make the gaps up.
    async fn an_interrupted_gap_is_not_known(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = crewed(app, &server, &engine).await?;
        engine.trouble_in("disconnect", Trouble::HangAfter);
        let changing = ask(app, &made, json!({ "subnet": "10.52.0.0/24" })).await?;
        engine.hung().await;
        engine.calm();
        app.restart().await?;
        let operation = outcome(app, &changing).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        ensure!(moved(&operation)?.iter().all(|one| one.gap_ms.is_none()), "{operation:?}");
    }
}
