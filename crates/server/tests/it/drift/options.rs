//! Networks that stand, made by other options or labels: a person's word replaces them in place.

use anyhow::{Context, ensure};
use portolan_server::host::fake::FakeEngine;
use portolan_types::{DestinationState, DriftKind, DriftState, OperationKind, OperationState};

use crate::support::story;

/// What somebody does to the network, and what it is called.
type Harm = (DriftKind, fn(&FakeEngine));

const HARMS: [Harm; 3] = [
    (DriftKind::OptionsDiffer, |engine| {
        engine.change_network("web", |network| network.internal = true);
    }),
    (DriftKind::LabelLost, |engine| {
        engine.change_network("web", |network| {
            network.labels.remove("dev.portolan.managed");
        });
    }),
    (DriftKind::Recreated, |engine| {
        engine.recreate_network("web", |network| network.ipv6 = true);
    }),
];

story! {
    /// Healed by a person under `ask`, and after a repair by itself gave up: its members stay
    /// together all the while, and it is what it should be then.
    async fn healed_in_place(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        for policy in ["ask", "heal"] {
            app.policy(&made, policy).await?;
            for (kind, harm) in HARMS {
                harm(&engine);
                let state = if policy == "ask" { DriftState::Asked } else { DriftState::Failed };
                let drift = app.drift(&made, state).await.context(kind)?;
                assert_eq!(drift.kind, kind);
                for name in ["shop", "db"] {
                    engine.join("web", name);
                }
                engine.watch_places();
                let healed = app.heal(&drift).await?;
                ensure!(healed.state == OperationState::Succeeded, "{kind}: {healed:#?}");
                assert_eq!(healed.kind, OperationKind::ChangeDestination);
                for places in engine.places() {
                    let shared = places["shop"].intersection(&places["db"]).count();
                    ensure!(shared > 0, "{kind}: apart in {places:?}");
                }
                let network = engine.network("web").context("a network")?;
                ensure!(!network.internal && !network.ipv6, "{network:?}");
                ensure!(network.labels.contains_key("dev.portolan.managed"), "{network:?}");
                assert_eq!(engine.network_names(), ["web"]);
                let over = app.drift(&made, DriftState::Healed).await?;
                assert_eq!(over.id, drift.id);
                app.owner.settled(&made, DestinationState::Ready).await?;
                app.look(&server).await?;
                ensure!(app.drifts(&made).await?[0].id == drift.id, "it drifted anew");
            }
        }
    }
}
