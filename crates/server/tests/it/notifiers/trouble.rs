//! Receivers that refuse, hang or want no more; and crashes in between.

use super::*;

story! {
    /// What is refused comes again with the same id, and what follows waits for it.
    async fn what_is_refused_comes_again_in_order(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let receiver = Receiver::start().await?;
        receiver.answers([Answer::Status(503, "later"), Answer::Status(500, "")]);
        let made = add(&app.owner, body("ops", &receiver.url)).await?;
        drift(app, &engine, "shop").await?;
        let all = over(&app.owner, &made.notifier, 2).await?;
        let attempts: Vec<u32> = all.iter().map(|one| one.attempts).collect();
        assert_eq!(attempts, [3, 1]);
        let got = receiver.got();
        let ids: Vec<&str> = got.iter().map(receiver::Got::id).collect::<Result<_>>()?;
        let (first, second) = (all[0].id.as_str(), all[1].id.as_str());
        assert_eq!(ids, [first, first, first, second]);
        let secret = made.secret.context("a secret")?;
        for one in &got {
            one.verify(secret.expose())?;
        }
        assert_eq!(got[0].body, got[2].body);
    }
}

story! {
    /// After so many attempts it is given up, said, and the next one has its turn.
    async fn what_never_arrives_is_given_up(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let receiver = Receiver::start().await?;
        receiver.answers([Answer::Status(500, "no"); 4]);
        let made = add(&app.owner, body("ops", &receiver.url)).await?.notifier;
        drift(app, &engine, "shop").await?;
        let all = over(&app.owner, &made, 2).await?;
        assert_eq!((all[0].state, all[0].attempts), (DeliveryState::Failed, 4));
        assert_eq!(all[0].error.as_deref(), Some("500 Internal Server Error: no"));
        assert_eq!(all[1].state, DeliveryState::Delivered);
        eventually("it is said", || async {
            Ok((count(&app.owner, "notifier.not-delivered").await? == 1).then_some(()))
        })
        .await?;
        // Not to itself, for ever.
        assert_eq!(deliveries(&app.owner, &made).await?.len(), 2);
    }
}

story! {
    /// A receiver that is gone is not asked again until a person says so.
    async fn gone_pauses(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let receiver = Receiver::start().await?;
        receiver.answers([Answer::Status(410, "")]);
        let made = add(&app.owner, body("ops", &receiver.url)).await?.notifier;
        drift(app, &engine, "shop").await?;
        let paused = eventually("it is paused", || async {
            let shown = show(&app.owner, &made).await?;
            Ok((shown.state == NotifierState::Paused).then_some(shown))
        })
        .await?;
        let reason = paused.reason.context("a reason")?;
        ensure!(reason.contains("410 Gone"), "{reason}");
        assert_eq!(count(&app.owner, "notifier.refused").await?, 1);
        assert_eq!(receiver.got().len(), 1);
        let path = format!("/v1/notifiers/{}", made.id);
        let on: Notifier = app.owner.patch(&path, json!({ "state": "active" })).await?.ok()?;
        ensure!(on.reason.is_none() && on.state == NotifierState::Active, "{on:?}");
        drift(app, &engine, "shop").await?;
        over(&app.owner, &made, 3).await?;
        ensure!(receiver.got().len() >= 3, "nothing came after it went on");
    }
}

story! {
    /// Killed while a message is under way, it is sent again with the same id; what was waiting
    /// behind it follows. Nothing is lost and nothing made twice.
    async fn killed_in_between_nothing_is_lost(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let receiver = Receiver::start().await?;
        receiver.answers([Answer::Never]);
        let made = add(&app.owner, body("ops", &receiver.url)).await?.notifier;
        drift(app, &engine, "shop").await?;
        receiver.wait_for(1).await?;
        app.restart().await?;
        let all = over(&app.owner, &made, 2).await?;
        let got = receiver.got();
        let ids: Vec<&str> = got.iter().map(receiver::Got::id).collect::<Result<_>>()?;
        let (first, second) = (all[0].id.as_str(), all[1].id.as_str());
        assert_eq!((all.len(), ids), (2, vec![first, first, second]));
    }
}

story! {
    /// Somebody who takes their time keeps nobody else waiting.
    async fn a_slow_receiver_holds_nobody_up(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let (slow, quick) = (Receiver::start().await?, Receiver::start().await?);
        slow.answers([Answer::Never]);
        let waits = add(&app.owner, body("slow", &slow.url)).await?.notifier;
        let made = add(&app.owner, body("quick", &quick.url)).await?.notifier;
        drift(app, &engine, "shop").await?;
        slow.wait_for(1).await?;
        over(&app.owner, &made, 2).await?;
        let held = deliveries(&app.owner, &waits).await?;
        ensure!(held.iter().all(|one| one.state == DeliveryState::Waiting), "{held:?}");
    }
}
