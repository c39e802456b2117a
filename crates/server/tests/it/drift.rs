//! What is ready stays so: somebody else's changes are seen and mended, or told.

use anyhow::ensure;
use portolan_types::{DestinationState, Event, Page};

use crate::support::{eventually, story};

story! {
    /// A network that somebody removed is back within the promised two seconds.
    async fn a_lost_network_comes_back(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let before = std::time::Instant::now();
        engine.drop_network("web");
        let back = eventually("the network is back", || async {
            let shown = app.owner.show(&made).await?;
            let back = engine.network("web").filter(|_| shown.state == DestinationState::Ready);
            Ok(back.filter(|network| {
                shown.observed.as_ref().is_some_and(|seen| seen.docker_id == network.docker_id)
            }))
        })
        .await?;
        ensure!(before.elapsed().as_secs() < 2, "it took {:?}", before.elapsed());
        assert_ne!(Some(back.docker_id), made.observed.map(|observed| observed.docker_id));

        let page: Page<Event> = app.owner.get("/v1/events?search=destination.").await?.ok()?;
        let kinds: Vec<&str> = page.items.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, [
            "destination.repaired",
            "destination.drifted",
            "destination.ready",
            "destination.added",
        ]);
    }
}

story! {
    /// While Portolan was away the network went; it is back after the server is.
    async fn what_was_lost_meanwhile_comes_back(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        app.kill();
        engine.drop_network("web");
        app.launch().await?;
        eventually("the network is back", || async { Ok(engine.network("web")) }).await?;
        app.owner.settled(&made, DestinationState::Ready).await?;
    }
}

story! {
    /// A difference that cannot be mended without cutting traffic is told, not acted on.
    async fn a_changed_network_is_told(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        engine.change_network("web", |network| network.internal = true);
        let failed = app.owner.settled(&made, DestinationState::Failed).await?;
        ensure!(failed.reason.is_some_and(|text| text.contains("internal flag is on, not off")), "no reason");
        assert_eq!(engine.network_names(), ["web"], "a network in use was touched");
    }
}
