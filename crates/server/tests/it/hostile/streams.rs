//! Engines that answer well and tell too much of what happens.

use std::time::Instant;

use anyhow::{Result, ensure};
use portolan_types::{DestinationState, OperationState, Reachability, Server};

use super::{
    Watch, add,
    engine::{Asked, Engine, Reply, STREAM, ordinary},
    reach_real_peers, validated,
};
use crate::support::{TestApp, eventually, story};

fn start(stream: Reply) -> Result<Engine> {
    Engine::start(move |asked: &Asked| match asked.what().as_str() {
        "GET /events" => stream.clone(),
        _ => ordinary(asked),
    })
}

/// A server with such a stream, which is found usable.
async fn usable(app: &TestApp, name: &str, stream: Reply) -> Result<(Engine, Server)> {
    let engine = start(stream)?;
    let server = add(app, name, engine.connection()).await?;
    let validation = validated(app, &server).await?;
    assert_eq!(validation.state, OperationState::Succeeded, "{validation:?}");
    Ok((engine, server))
}

fn event(name: &str) -> String {
    let event = serde_json::json!({
        "Type": "network", "Action": "create",
        "Actor": { "ID": "1", "Attributes": { "name": name } },
    });
    format!("{event}\n")
}

story! {
    /// A stream that cannot be read is a lost connection, told with its cause; it is dialled again,
    /// with pauses.
    async fn streams_that_cannot_be_read(app) {
        let watch = Watch::begin();
        reach_real_peers(app).await?;
        let raw = |text: &str| Reply::Raw([STREAM, text.as_bytes()].concat());
        let cases = [
            (Reply::Endless(STREAM.to_vec(), vec![b'x'; 65_536]), "an event is too large"),
            (Reply::Endless(STREAM.to_vec(), b"{\"a\":".repeat(10_000)), "an event is too large"),
            (raw(""), "the engine ended its stream of events"),
            (raw("nonsense\n"), "not understood"),
            (raw("{\"Type\":7}\n"), "not understood"),
            (raw("{\"Type\":\"network\",\"Actor\":[]}\n"), "not understood"),
            (raw("\u{1b}[2J\0\n"), "not understood"),
            (Reply::raw("HTTP/1.1 301 X\r\nLocation: /v1.44/info\r\n\r\n"), "301"),
            (Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-A: a\r\n".repeat(1_000)), "not understood"),
        ];
        let mut begun = Vec::new();
        for (n, (stream, words)) in cases.into_iter().enumerate() {
            let (engine, server) = usable(app, &format!("hostile-{n}"), stream).await?;
            begun.push((engine, server, words));
        }
        for (engine, server, words) in &begun {
            let told = eventually(&format!("{words} is told of {}", server.name), || async {
                let path = format!("/v1/events?subject_id={}&limit=200", server.id);
                let events = app.owner.get(&path).await?;
                Ok(events.text.contains(words).then_some(events.text))
            })
            .await?;
            ensure!(told.contains("server.unreachable"), "{told}");
            // Each pause is twice as long as the one before, and the first half a second.
            let times = engine.times("GET /events");
            ensure!(times <= 7, "{} was dialled {times} times", server.name);
            ensure!(engine.said() < 256 << 20, "{} bytes", engine.said());
        }
        let again = || async { Ok(begun.iter().all(|one| one.0.times("GET /events") > 1).then_some(())) };
        eventually("each is dialled again", again).await?;
        watch.saw_nothing(768)?;
    }
}

story! {
    /// Who tells of something all the time is looked at often, and not all the time; others are
    /// served as ever.
    async fn events_without_end(app) {
        let watch = Watch::begin();
        reach_real_peers(app).await?;
        let (beta, _engine) = app.add_server("beta").await?;
        let flood = event("\u{1b}[2Jweb").repeat(1_000);
        let endless = Reply::Endless(STREAM.to_vec(), flood.into_bytes());
        let (engine, server) = usable(app, "flood", endless).await?;
        app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        let (since, before) = (Instant::now(), engine.times("GET /networks"));
        let made = app.owner.destination(&beta, "meanwhile").await?;
        assert_eq!(made.state, DestinationState::Ready);
        eventually("it is looked at again", || async {
            Ok((engine.times("GET /networks") >= before + 8).then_some(()))
        })
        .await?;
        let (looks, most) = (engine.times("GET /networks") - before, since.elapsed().as_secs() * 10);
        ensure!(looks <= 32 + usize::try_from(most)?, "{looks} looks in {:?}", since.elapsed());
        let shown: Server = app.owner.get(&format!("/v1/servers/{}", server.id)).await?.ok()?;
        assert_eq!(shown.reachability, Reachability::Reachable);
        watch.saw_nothing(512)?;
    }
}
