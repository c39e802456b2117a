//! How often is told: together what belongs together.

use super::*;

story! {
    /// The first is told at once, what follows when the window ends.
    async fn repetitions_are_told_together(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let receiver = Receiver::start().await?;
        let mut wanted = body("ops", &receiver.url);
        wanted["quiet_seconds"] = json!(3);
        wanted["topics"] = json!(["drift"]);
        let made = add(&app.owner, wanted).await?.notifier;
        drift(app, &engine, "shop").await?;
        receiver.wait_for(1).await?;
        drift(app, &engine, "shop").await?;
        drift(app, &engine, "shop").await?;
        let told = over(&app.owner, &made, 2).await?;
        assert_eq!((told[0].kind, told[0].events), (NotificationKind::Event, 1));
        assert_eq!((told[1].kind, told[1].events), (NotificationKind::Repeated, 2));
        assert_eq!(told[1].title, "drift 2 times: destination `alpha-shop`");
        let pause = told[0].created_at.millis_until(told[1].created_at);
        ensure!((2_900..20_000).contains(&pause), "{pause} ms");
    }
}

story! {
    /// A server that is back before its grace is over is told of once.
    async fn away_and_back_is_told_once(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let receiver = Receiver::start().await?;
        let mut wanted = body("ops", &receiver.url);
        wanted["quiet_seconds"] = json!(300);
        wanted["grace_seconds"] = json!(300);
        let made = add(&app.owner, wanted).await?.notifier;
        engine.stop();
        eventually("it is away", || async {
            Ok((count(&app.owner, "server.unreachable").await? == 1).then_some(()))
        })
        .await?;
        // What is held back survives a crash.
        app.restart().await?;
        engine.start();
        let told = over(&app.owner, &made, 1).await?;
        assert_eq!((told.len(), told[0].kind, told[0].events), (1, NotificationKind::Away, 2));
        let got = receiver.wait_for(1).await?;
        let data = got[0].notification()?.data;
        ensure!(data.title.starts_with("server `alpha` was away for"), "{data:?}");
        ensure!(data.away_ms.is_some_and(|millis| millis > 0), "{data:?}");
    }
}

story! {
    /// Many things at once are one message, with counts and the first names.
    async fn a_storm_is_one_message(app) {
        permit_loopback(app).await?;
        let (server, engine) = app.add_server("alpha").await?;
        let names: Vec<String> = (0..25).map(|number| format!("net-{number}")).collect();
        for name in &names {
            app.owner.destination(&server, name).await?;
        }
        let receiver = Receiver::start().await?;
        let mut wanted = body("ops", &receiver.url);
        wanted["quiet_seconds"] = json!(5);
        wanted["topics"] = json!(["drift"]);
        let made = add(&app.owner, wanted).await?.notifier;
        for name in &names {
            engine.drop_network(name);
        }
        let told = eventually("all 25 are told", || async {
            let all = deliveries(&app.owner, &made).await?;
            let events: u64 = all.iter().map(|one| one.events).sum();
            Ok((events == 25).then_some(all))
        })
        .await?;
        // How many are told together is up to how fast they are found.
        ensure!(told.len() < names.len(), "{} messages", told.len());
        let summary = told.iter().find(|one| one.kind == NotificationKind::Summary);
        let summary = summary.context("a summary")?;
        ensure!(summary.title.contains("events: drift"), "{summary:?}");
    }
}
