//! What containers say: read at once or followed, by those who may and for as long as they may.

mod follower;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    HostError,
    fake::{FakeEngine, Trouble},
};
use portolan_types::{
    ContainerStats, CreatedToken, Destination, LogLine, LogStream, ReadingCause, Right, Server,
};
use serde_json::json;

use crate::{
    security::{Team, join},
    sessions,
    support::{Client, TestApp, story},
};
pub(crate) use follower::Follower;

/// A destination with a container that runs.
pub(crate) async fn ready(app: &TestApp) -> Result<(Server, Arc<FakeEngine>, Destination)> {
    let (server, engine) = app.add_server("alpha").await?;
    let sea = app.owner.destination(&server, "sea").await?;
    engine.join("sea", "web");
    Ok((server, engine, sea))
}

fn path(destination: &Destination, container: &str) -> String {
    format!("/v1/destinations/{}/containers/{container}/logs", destination.id)
}

async fn read(client: &Client, path: &str) -> Result<String> {
    let answer = client.get(path).await?;
    ensure!(answer.status == 200, "{}", answer.text);
    Ok(answer.text)
}

fn line(at: &str, text: &str) -> Result<LogLine> {
    Ok(LogLine { stream: LogStream::Stdout, at: Some(at.parse()?), text: text.to_owned() })
}

story! {
    /// The part that is wanted, as text and as JSON, by the container's name or id.
    async fn logs_are_read(app) {
        let (_server, engine, sea) = ready(app).await?;
        let path = path(&sea, "web");
        assert_eq!(read(&app.owner, &path).await?, "");
        for (second, text) in ["started", "GET /", "Error: \u{1b}[31mno <b>", "done"].iter().enumerate() {
            engine.say_at("web", line(&format!("2026-01-31T12:00:0{second}Z"), text)?);
        }
        let all = "started\nGET /\nError: \u{1b}[31mno <b>\ndone\n";
        assert_eq!(read(&app.owner, &path).await?, all);
        let id = engine.container("web").context("web")?.member.docker_id;
        assert_eq!(read(&app.owner, &self::path(&sea, &id)).await?, all);
        let of = async |query: &str| read(&app.owner, &format!("{path}?{query}")).await;
        assert_eq!(of("lines=1").await?, "done\n");
        assert_eq!(of("lines=1&search=error").await?, "Error: \u{1b}[31mno <b>\n");
        assert_eq!(of("search=nothing").await?, "");
        let within = "since=2026-01-31T12:00:01Z&until=2026-01-31T12:00:01Z";
        assert_eq!(of(within).await?, "GET /\n");
        assert_eq!(of("lines=1&timestamps=true").await?, "2026-01-31T12:00:03.000Z done\n");
        let json: LogLine = serde_json::from_str(of("lines=1&json=true").await?.trim_end())?;
        assert_eq!(json, line("2026-01-31T12:00:03Z", "done")?);

        let file = app.owner.get(&format!("{path}?download=true")).await?;
        assert_eq!(file.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(file.headers["content-disposition"], "attachment; filename=\"web.log\"");
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        for query in ["lines=0", "lines=10001", "since=x", "search=%07", "follow=true&until=2026-01-31T12:00:00Z"] {
            app.owner.get(&format!("{path}?{query}")).await?.problem(422)?;
        }
        // One that ended is read too.
        engine.crash_container("web");
        assert_eq!(read(&app.owner, &path).await?, all);
    }
}

story! {
    /// What is said later comes by itself, to the container's end.
    async fn logs_are_followed(app) {
        let (_server, engine, sea) = ready(app).await?;
        engine.say("web", LogStream::Stdout, "before");
        let mut follower = Follower::open(&app.owner, &format!("{}?", path(&sea, "web"))).await?;
        assert_eq!(follower.line().await?.text, "before");
        engine.say("web", LogStream::Stderr, "and\nafter");
        let after = follower.line().await?;
        assert_eq!((after.stream, after.text.as_str()), (LogStream::Stderr, "and\nafter"));
        let mut other = Follower::open(&app.owner, &format!("{}?search=ODD&lines=1", path(&sea, "web"))).await?;
        engine.has_followers(2).await;
        engine.say("web", LogStream::Stdout, "even");
        engine.say("web", LogStream::Stdout, "odd");
        assert_eq!(other.line().await?.text, "odd");
        drop(other);
        // Whoever leaves is not read for.
        engine.has_followers(1).await;
        engine.crash_container("web");
        assert_eq!(follower.line().await?.text, "even");
        assert_eq!(follower.line().await?.text, "odd");
        let end = follower.ended().await?;
        assert_eq!(end.cause, ReadingCause::Ended, "{end:?}");
        engine.has_followers(0).await;
    }
}

story! {
    /// A reader who does not read holds nobody up, and is told how much was left out.
    async fn a_slow_reader_is_told(app) {
        let (_server, engine, sea) = ready(app).await?;
        let mut follower = Follower::open(&app.owner, &format!("{}?", path(&sea, "web"))).await?;
        engine.has_followers(1).await;
        // More than sockets, HTTP and the spool hold together.
        let long = "x".repeat(30 << 10);
        for n in 0..1_000 {
            engine.say("web", LogStream::Stdout, &format!("{n} {long}"));
        }
        // All of it is taken off the host while nobody reads.
        engine.crash_container("web");
        engine.has_followers(0).await;
        let (mut seen, mut missed) = (0, 0);
        let end = loop {
            match follower.next().await? {
                follower::Said::Line(line) => {
                    assert!(line.text.starts_with(&format!("{} ", seen + missed)), "{seen} {missed}");
                    seen += 1;
                }
                follower::Said::LeftOut(lines) => missed += lines,
                follower::Said::Ended(end) => break end,
                follower::Said::Stats(stats) => anyhow::bail!("{stats:?}"),
            }
        };
        assert_eq!(end.cause, ReadingCause::Ended);
        assert_eq!(seen + missed, 1_000);
        ensure!(missed > 100 && seen > 20, "{seen} seen, {missed} missed");
    }
}

story! {
    /// What a program says may hold secrets: it is not for those who only look.
    async fn not_for_everybody(app) {
        let (server, engine, sea) = ready(app).await?;
        engine.say("web", LogStream::Stdout, "the secret");
        let path = path(&sea, "web");
        let member = join(app, "member", Team::Same).await?;
        member.client.get(&path).await?.problem(403)?;
        member.client.get(&format!("{path}?follow=true")).await?.problem(403)?;
        member.grant(app, server.id.as_str(), Right::Use).await?;
        assert_eq!(read(&member.client, &path).await?, "the secret\n");
        let body = json!({ "name": "reader", "abilities": ["read"] });
        let token: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
        app.owner.with_token(&token.secret).get(&path).await?.problem(403)?;
        let stranger = join(app, "owner", Team::Other).await?;
        stranger.client.get(&path).await?.problem(404)?;
        app.owner.get(&self::path(&sea, "nobody")).await?.problem(404)?;
        // On the host, and not on the destination.
        engine.put_network("theirs", |_| {});
        engine.join("theirs", "elsewhere");
        app.owner.get(&self::path(&sea, "elsewhere")).await?.problem(404)?;
        // The proxy is its server's.
        engine.change_container("web", |one| {
            one.labels.insert("dev.portolan.proxy".into(), server.id.to_string());
        });
        let problem = app.owner.get(&path).await?.problem(409)?;
        ensure!(problem.kind.ends_with("container-is-proxy"), "{problem:?}");
    }
}

story! {
    /// It ends at once with the right to it, and with what is read.
    async fn what_is_taken_away_is_cut(app) {
        let (server, engine, sea) = ready(app).await?;
        let path = format!("{}?", path(&sea, "web"));
        let member = join(app, "member", Team::Same).await?;
        member.grant(app, server.id.as_str(), Right::Use).await?;
        let signed_in = sessions::begin(app, &app.owner).await?.0;
        let mut theirs = Follower::open(&member.client, &path).await?;
        let mut mine = Follower::open(&signed_in, &path).await?;
        let mut other = Follower::open(&app.owner, &path).await?;
        engine.has_followers(3).await;
        let grant = format!("/v1/members/{}/grants/{}", member.id, server.id);
        ensure!(app.owner.delete(&grant).await?.status.is_success(), "not revoked");
        assert_eq!(theirs.ended().await?.cause, ReadingCause::Revoked);
        engine.has_followers(2).await;
        ensure!(signed_in.delete("/v1/session").await?.status.is_success(), "not signed out");
        assert_eq!(mine.ended().await?.cause, ReadingCause::Revoked);
        engine.has_followers(1).await;
        engine.say("web", LogStream::Stdout, "still here");
        assert_eq!(other.line().await?.text, "still here");
        engine.stop();
        let end = other.ended().await?;
        assert_eq!(end.cause, ReadingCause::Lost, "{end:?}");
        ensure!(end.remedy.is_some(), "{end:?}");
        engine.has_followers(0).await;
    }
}

story! {
    /// What goes wrong on the host is said, and the end of the process is no failure.
    async fn it_fails_in_words(app) {
        let (_server, engine, sea) = ready(app).await?;
        let path = path(&sea, "web");
        let refusal = HostError::Docker { status: 500, message: "configured logging driver \u{1b}[2J".into() };
        engine.trouble_in("container_lines", Trouble::Fail(refusal.clone()));
        let problem = app.owner.get(&path).await?.problem(409)?;
        ensure!(problem.detail.contains("configured logging driver"), "{problem:?}");
        engine.trouble_in("container_lines", Trouble::Fail(refusal));
        app.owner.get(&format!("{path}?follow=true")).await?.problem(409)?;
        let mut follower = Follower::open(&app.owner, &format!("{path}?")).await?;
        engine.has_followers(1).await;
        app.stop().await?;
        assert_eq!(follower.ended().await?.cause, ReadingCause::Stopping);
        app.launch().await?;
    }
}

story! {
    /// So many at a time, and places come back.
    async fn nobody_reads_all(app) {
        let (_server, engine, sea) = ready(app).await?;
        let path = format!("{}?", path(&sea, "web"));
        let mut followers = Vec::new();
        for _ in 0..8 {
            followers.push(Follower::open(&app.owner, &path).await?);
        }
        let problem = app.owner.get(&path).await?.problem(409)?;
        ensure!(problem.kind.ends_with("too-many-readings"), "{problem:?}");
        followers.clear();
        engine.has_followers(0).await;
        engine.say("web", LogStream::Stdout, "again");
        // The host is left a moment before the place is given back.
        let text = crate::support::eventually("a place comes back", || async {
            let answer = app.owner.get(&path).await?;
            Ok((answer.status == 200).then_some(answer.text))
        }).await?;
        assert_eq!(text, "again\n");
    }
}

story! {
    /// What a container uses comes once a second, to its end, for all who see it.
    async fn stats_are_watched(app) {
        let (_server, engine, sea) = ready(app).await?;
        let path = format!("/v1/destinations/{}/containers/web/stats", sea.id);
        let member = join(app, "member", Team::Same).await?;
        let once: ContainerStats = member.client.get(&path).await?.ok()?;
        assert_eq!((once.cpu_thousandths, once.cpus, once.processes), (Some(250), 4, 3));
        assert_eq!((once.memory_bytes, once.memory_limit_bytes), (66 << 20, Some(512 << 20)));
        assert_eq!((once.received_bytes, once.written_bytes), (4_096, 16_384));
        engine.has_followers(0).await;

        let mut watcher = Follower::watch(&app.owner, &path).await?;
        let first = watcher.stats().await?;
        assert_eq!((first.cpu_thousandths, first.sent_bytes), (None, 1_024));
        assert_eq!(watcher.stats().await?.sent_bytes, 2_048);
        engine.count();
        let third = watcher.stats().await?;
        assert_eq!((third.cpu_thousandths, third.sent_bytes), (Some(250), 3_072));
        engine.crash_container("web");
        assert_eq!(watcher.ended().await?.cause, ReadingCause::Ended);
        let problem = app.owner.get(&path).await?.problem(409)?;
        ensure!(problem.kind.ends_with("container-not-running"), "{problem:?}");
        app.owner.get(&path.replace("web", "nobody")).await?.problem(404)?;
    }
}
