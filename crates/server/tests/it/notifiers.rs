//! Notifiers: what arrives outside, how often, signed with what, and what never comes back.

pub(crate) mod mail;
pub(crate) mod mailbox;
mod quiet;
mod receiver;
mod trouble;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use portolan_server::{
    config::{Notifications, Pace},
    host::fake::FakeEngine,
};
use portolan_types::{
    CreatedNotifier, Delivery, DeliveryState, Event, NotificationKind, Notifier, NotifierState,
    Page, Subject, Topic,
};
use serde_json::{Value, json};

use self::receiver::{Answer, Receiver};
use crate::{
    security::{Team, person},
    support::{Client, TestApp, eventually, story},
};

/// A webhook without quieting.
pub(crate) fn body(name: &str, url: &str) -> Value {
    json!({
        "name": name,
        "target": { "type": "webhook", "url": url },
        "quiet_seconds": 0,
        "grace_seconds": 0,
    })
}

/// A notifier that reaches nobody: loopback is refused.
pub(crate) async fn add_unheard(app: &TestApp) -> Result<Notifier> {
    let created = add(&app.owner, body("unheard", "http://127.0.0.1:1/hook")).await?;
    Ok(created.notifier)
}

async fn add(client: &Client, body: Value) -> Result<CreatedNotifier> {
    client.post("/v1/notifiers", body).await?.created()
}

/// As an operator starts it who lets webhooks go to this machine, and with little patience.
async fn permit_loopback(app: &mut TestApp) -> Result<()> {
    let pace = Pace {
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(40),
        attempts: 4,
        ..Pace::default()
    };
    let allow_webhooks_to = vec!["127.0.0.0/8".parse()?];
    app.config.notifications = Notifications { allow_webhooks_to, pace, smtp: None };
    app.restart().await
}

async fn show(client: &Client, notifier: &Notifier) -> Result<Notifier> {
    client.get(&format!("/v1/notifiers/{}", notifier.id)).await?.ok()
}

/// What it told, the oldest first.
async fn deliveries(client: &Client, notifier: &Notifier) -> Result<Vec<Delivery>> {
    let path = format!("/v1/notifiers/{}/deliveries", notifier.id);
    let page: Page<Delivery> = client.get(&path).await?.ok()?;
    Ok(page.items.into_iter().rev().collect())
}

/// Its deliveries, when there are so many and all are over.
async fn over(client: &Client, notifier: &Notifier, count: usize) -> Result<Vec<Delivery>> {
    eventually(&format!("{count} deliveries are over"), || async {
        let all = deliveries(client, notifier).await?;
        let done = all.iter().all(|one| one.state != DeliveryState::Waiting);
        Ok((all.len() >= count && done).then_some(all))
    })
    .await
}

/// A server with a destination `shop`.
async fn harbour(app: &TestApp) -> Result<Arc<FakeEngine>> {
    let (server, engine) = app.add_server("alpha").await?;
    app.owner.destination(&server, "shop").await?;
    Ok(engine)
}

/// Takes the network away and waits for its repair to be told.
async fn drift(app: &TestApp, engine: &FakeEngine, network: &str) -> Result<()> {
    let before = count(&app.owner, "destination.repaired").await?;
    engine.drop_network(network);
    eventually("it is repaired", || async {
        Ok((count(&app.owner, "destination.repaired").await? > before).then_some(()))
    })
    .await
}

async fn count(client: &Client, kind: &str) -> Result<usize> {
    let page: Page<Event> = client.get(&format!("/v1/events?kind={kind}&limit=200")).await?.ok()?;
    Ok(page.items.len())
}

story! {
    /// What happens arrives, in order, signed, and the history says so.
    async fn a_webhook_arrives_and_is_signed(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let receiver = Receiver::start().await?;
        let made = add(&app.owner, body("ops", &format!("{}/hook?token=t", receiver.url))).await?;
        let secret = made.secret.context("a secret")?;
        drift(app, &engine, "shop").await?;
        let got = receiver.wait_for(2).await?;
        for one in &got {
            one.verify(secret.expose())?;
            assert_eq!(one.uri, "/hook?token=t");
            assert_eq!(one.header("content-type")?, "application/json");
        }
        let told: Vec<_> = got.iter().map(receiver::Got::notification).collect::<Result<_>>()?;
        let topics: Vec<Topic> = told.iter().map(|one| one.data.counts[0].topic).collect();
        assert_eq!(topics, [Topic::Drift, Topic::Repair]);
        let first = &told[0];
        assert_eq!((first.kind, first.data.events), (NotificationKind::Event, 1));
        assert_eq!(first.data.title, "drift: destination `alpha-shop`");
        let event = first.data.event.as_ref().context("the event")?;
        assert_eq!((event.kind.as_str(), &event.message), ("destination.drifted", &first.data.text));
        let all = over(&app.owner, &made.notifier, 2).await?;
        for (delivery, got) in all.iter().zip(&got) {
            assert_eq!((delivery.id.as_str(), delivery.attempts), (got.id()?, 1));
            assert_eq!(delivery.state, DeliveryState::Delivered);
            assert_eq!(delivery.answer.as_deref(), Some("200 OK"));
        }
        assert_eq!(all[0].first_sequence, Some(event.sequence));
        let metrics = app.owner.get("/metrics").await?.text;
        let counted = "portolan_delivery_attempts_total{kind=\"webhook\",outcome=\"delivered\"} 2";
        ensure!(metrics.contains(counted), "{metrics}");
    }
}

story! {
    /// A notifier is made, found, changed and removed; names are unique in a team.
    async fn a_notifier_is_kept(app) {
        let made = add(&app.owner, body("ops", "https://hooks.example.com/a")).await?.notifier;
        assert_eq!(show(&app.owner, &made).await?, made);
        app.owner.post("/v1/notifiers", body("ops", "https://b.example.com")).await?.problem(409)?;
        let page: Page<Notifier> = app.owner.get("/v1/notifiers?search=HOOKS").await?.ok()?;
        assert_eq!(page.items, std::slice::from_ref(&made));
        let path = format!("/v1/notifiers/{}", made.id);
        let change = json!({
            "name": "night", "url": "https://other.example.com:8443/b", "topics": ["back", "drift"],
            "min_severity": "warning", "quiet_seconds": 60, "state": "paused",
        });
        let changed: Notifier = app.owner.patch(&path, change).await?.ok()?;
        assert_eq!(changed.state, NotifierState::Paused);
        assert_eq!(json!(changed.topics), json!(["drift", "back"]));
        let origin = json!({ "type": "webhook", "origin": "https://other.example.com:8443" });
        assert_eq!(json!(changed.target), origin);
        assert_eq!(show(&app.owner, &made).await?, changed);
        let page: Page<Event> = app.owner.get("/v1/events?kind=notifier.").await?.ok()?;
        let kinds: Vec<&str> = page.items.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["notifier.paused", "notifier.added"]);
        ensure!(page.items.iter().all(|event| {
            event.subject == Subject::Notifier(made.id.clone()) && event.by.is_some()
        }));
        ensure!(app.owner.delete(&path).await?.status == 204);
        app.owner.get(&path).await?.problem(404)?;
        app.owner.get(&format!("{path}/deliveries")).await?.problem(404)?;
    }
}

/// The field for which a notifier that differs so is refused.
async fn refused(client: &Client, change: &Value) -> Result<String> {
    let mut wanted = body("ops", "https://hooks.example.com");
    let change = change.as_object().cloned().context("an object")?;
    wanted.as_object_mut().context("an object")?.extend(change);
    let problem = client.post("/v1/notifiers", wanted).await?.problem(422)?;
    Ok(problem.errors[0].field.clone())
}

story! {
    /// What cannot be is refused by the field, and what is of another kind too.
    async fn what_cannot_be_is_refused(app) {
        for (change, field) in [
            (json!({ "target": { "type": "webhook", "url": "ftp://h" } }), "target"),
            (json!({ "target": { "type": "pigeon" } }), "target.type"),
            (json!({ "topics": [] }), "topics"),
            (json!({ "topics": ["weather"] }), "topics[0]"),
            (json!({ "quiet_seconds": 86_401 }), "quiet_seconds"),
            (json!({ "grace_seconds": 3_601 }), "grace_seconds"),
            (json!({ "name": "a\r\nBcc: x@example.com" }), "name"),
        ] {
            assert_eq!(refused(&app.owner, &change).await?, field, "{change}");
        }
        let made = add(&app.owner, body("ops", "https://hooks.example.com")).await?.notifier;
        let path = format!("/v1/notifiers/{}", made.id);
        let problem = app.owner.patch(&path, json!({ "to": ["a@example.com"] })).await?;
        assert_eq!(problem.problem(422)?.errors[0].field, "to");
        assert_eq!(show(&app.owner, &made).await?, made);
        // Without a mail server there is no mail, and the operator can do something about it.
        let mail = json!({ "name": "m", "target": { "type": "email", "to": ["a@example.com"] } });
        let problem = app.owner.post("/v1/notifiers", mail).await?.problem(409)?;
        ensure!(problem.remedy.context("a remedy")?.contains("--smtp-url"));
    }
}

story! {
    /// A URL, its user, path and query, and the secret are in no answer, no event and no row.
    async fn no_secret_comes_back(app) {
        let given = "whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg==";
        let mut wanted = body("ops", "http://hunter2:hunter2@127.0.0.1:1/hunter2?token=hunter2");
        wanted["target"]["secret"] = json!(given);
        let created = app.owner.post("/v1/notifiers", wanted).await?;
        let made: CreatedNotifier = created.created()?;
        ensure!(made.secret.is_none(), "one that was given is not repeated");
        let path = format!("/v1/notifiers/{}", made.notifier.id);
        let again = json!({ "secret": given, "url": "http://127.0.0.1:1/hunter2" });
        let mut answers = vec![
            created.text,
            app.owner.patch(&path, again).await?.text,
            app.owner.patch(&path, json!({ "url": "ftp://hunter2" })).await?.text,
            app.owner.post(&format!("{path}/test"), json!({})).await?.text,
        ];
        let lists = ["/v1/notifiers", "/v1/events", "/v1/reconcile", "/metrics"];
        for list in [path.clone(), format!("{path}/deliveries")].iter().map(String::as_str).chain(lists) {
            answers.push(app.owner.get(list).await?.text);
        }
        for answer in &answers {
            ensure!(!answer.contains("hunter2") && !answer.contains("aHVudGVy"), "{answer}");
        }
        let pool = app.pool().await?;
        let sql = "select name || origin || sealed_url || sealed_secret from notifiers";
        let row: String = sqlx::query_scalar(sql).fetch_one(&pool).await?;
        pool.close().await;
        ensure!(!row.contains("hunter2") && !row.contains("aHVudGVy"), "{row}");
    }
}

story! {
    /// Whoever is of another team hears nothing of ours, and neither does a paused notifier.
    async fn only_the_team_is_told(app) {
        permit_loopback(app).await?;
        let engine = harbour(app).await?;
        let (ours, theirs, paused) =
            (Receiver::start().await?, Receiver::start().await?, Receiver::start().await?);
        let stranger = person(app, "owner", Team::Other).await?;
        add(&stranger, body("theirs", &theirs.url)).await?;
        let asleep = add(&app.owner, body("asleep", &paused.url)).await?.notifier;
        let path = format!("/v1/notifiers/{}", asleep.id);
        let _: Notifier = app.owner.patch(&path, json!({ "state": "paused" })).await?.ok()?;
        let made = add(&app.owner, body("ours", &ours.url)).await?.notifier;
        drift(app, &engine, "shop").await?;
        over(&app.owner, &made, 2).await?;
        // One that goes on tells what happens from then on.
        let _: Notifier = app.owner.patch(&path, json!({ "state": "active" })).await?.ok()?;
        drift(app, &engine, "shop").await?;
        over(&app.owner, &made, 4).await?;
        let told = over(&app.owner, &asleep, 2).await?;
        assert_eq!((told.len(), paused.got().len(), theirs.got().len()), (2, 2, 0));
    }
}

story! {
    /// A test says what came of it, at once, and is in the history.
    async fn a_test_says_what_came_of_it(app) {
        permit_loopback(app).await?;
        let receiver = Receiver::start().await?;
        let made = add(&app.owner, body("ops", &receiver.url)).await?;
        let path = format!("/v1/notifiers/{}/test", made.notifier.id);
        let good: Delivery = app.owner.post(&path, json!({})).await?.ok()?;
        assert_eq!((good.state, good.answer.as_deref()), (DeliveryState::Delivered, Some("200 OK")));
        receiver.answers([Answer::Status(503, "down\u{1b}[31m for\r\nrepairs")]);
        let bad: Delivery = app.owner.post(&path, json!({})).await?.ok()?;
        assert_eq!(bad.state, DeliveryState::Failed);
        assert_eq!(bad.error.as_deref(), Some("503 Service Unavailable: down [31m for repairs"));
        receiver.answers([Answer::Redirect("http://127.0.0.1:1/elsewhere")]);
        let moved: Delivery = app.owner.post(&path, json!({})).await?.ok()?;
        let error = moved.error.clone().context("an error")?;
        ensure!(error.contains("redirects are not followed"), "{error}");
        let got = receiver.got();
        assert_eq!(got.len(), 3);
        got[0].verify(made.secret.context("a secret")?.expose())?;
        assert_eq!(got[0].notification()?.kind, NotificationKind::Test);
        assert_eq!(deliveries(&app.owner, &made.notifier).await?, [good, bad, moved]);
        let page: Page<Delivery> = app
            .owner
            .get(&format!("/v1/notifiers/{}/deliveries?limit=2", made.notifier.id))
            .await?
            .ok()?;
        let next = page.next.context("a next page")?;
        let path = format!("/v1/notifiers/{}/deliveries?cursor={next}", made.notifier.id);
        let rest: Page<Delivery> = app.owner.get(&path).await?.ok()?;
        assert_eq!((page.items.len(), rest.items.len()), (2, 1));
    }
}

story! {
    /// Nothing is sent to this machine or its network unless the operator said so.
    async fn what_is_inside_is_not_reached(app) {
        let receiver = Receiver::start().await?;
        let port = receiver.url.rsplit(':').next().context("a port")?.to_owned();
        for (number, host) in
            ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"]
                .iter()
                .enumerate()
        {
            let url = format!("http://{host}:{port}/");
            let made = add(&app.owner, body(&format!("n-{number}"), &url)).await?.notifier;
            let path = format!("/v1/notifiers/{}/test", made.id);
            let told: Delivery = app.owner.post(&path, json!({})).await?.ok()?;
            let error = told.error.context("an error")?;
            ensure!(error.contains("is not a public address"), "{host}: {error}");
        }
        assert_eq!(receiver.got().len(), 0);
    }
}
