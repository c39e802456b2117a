//! Engines that answer as none should.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use portolan_types::{DestinationState, OperationState, Server};

use super::{
    Watch, add,
    engine::{Asked, Engine, Reply, ordinary},
    reach_real_peers, validated,
};
use crate::support::{TestApp, story};

/// More than the 32 MiB that an answer may have and what a socket holds, for each of the questions
/// of a validation that are asked side by side; far less than what would be said.
const MOST_SAID: usize = 80 << 20;

/// How an engine misbehaves, where, and what is said of it.
struct Case {
    asked: &'static str,
    reply: Reply,
    words: &'static str,
}

fn case(asked: &'static str, reply: Reply, words: &'static str) -> Case {
    Case { asked, reply, words }
}

const OK: &str = "HTTP/1.1 200 OK\r\n";

fn endless(first: &str, piece: &[u8], times: usize) -> Reply {
    Reply::Endless(first.into(), piece.repeat(times))
}

fn body(text: impl Into<Vec<u8>>) -> Reply {
    Reply::Body(text.into())
}

/// The first answer of all, whose head tells the version.
fn pings() -> Vec<Case> {
    let ping = |reply, words| case("GET /_ping", reply, words);
    let version =
        |text: &str| Reply::raw(&format!("{OK}Api-Version: {text}\r\nContent-Length: 2\r\n\r\nOK"));
    let a_second = Duration::from_secs(1);
    vec![
        ping(Reply::Stall(Vec::new()), "no answer to \"ping\" within 10 s"),
        ping(Reply::Drip(OK.into(), a_second), "no answer to \"ping\" within 10 s"),
        ping(Reply::Raw(Vec::new()), "connection closed before message completed"),
        ping(Reply::raw("HTTP/1.1 200"), "connection closed before message completed"),
        ping(endless(OK, b"X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 2_000), "not understood"),
        ping(endless("HTTP/1.1 200 ", b"a", 65_536), "not understood"),
        ping(Reply::raw("SSH-2.0-OpenSSH_9.9\r\n\r\n"), "not understood"),
        ping(Reply::raw("HTTP/1.1 301 X\r\nLocation: http://169.254.169.254/\r\n\r\n"), "301"),
        ping(
            Reply::raw("HTTP/1.1 500 \x1b[2J\r\nContent-Length: 9\r\n\r\n\x1b]0;me\x07\r\n"),
            "not understood",
        ),
        ping(
            Reply::raw("HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\n\x1b]0;me\x07\r\n"),
            "500: ]0;me",
        ),
        ping(version("0.1"), "it speaks API version 0.1, not 1.41 or newer"),
        ping(version("99999999999999999999.1"), "not 1.41 or newer"),
        ping(version("1.44.1"), "not 1.41 or newer"),
        ping(version("1.-5"), "not 1.41 or newer"),
        ping(version("caf\u{e9}"), "does not tell the version"),
        ping(Reply::raw(&format!("{OK}Content-Length: 2\r\n\r\nOK")), "does not tell the version"),
    ]
}

/// Answers that are too much.
fn floods() -> Vec<Case> {
    let networks = |reply, words| case("GET /networks", reply, words);
    let chunked = format!("{OK}Transfer-Encoding: chunked\r\n\r\n");
    let large = "larger than 32 MiB";
    // 64 KiB of an array that would have 10 GB.
    let chunk = format!("10000\r\n{}\r\n", "{\"Id\":1},".repeat(7_282).split_at(0x1_0000).0);
    vec![
        networks(Reply::Endless(chunked.clone().into(), chunk.into()), large),
        networks(endless(&format!("{OK}\r\n["), b"{},", 20_000), large),
        networks(endless(&format!("{OK}Content-Length: 10737418240\r\n\r\n"), b" ", 65_536), large),
        networks(endless(&format!("{chunked}1;"), b"a", 65_536), "chunk extensions over limit"),
        networks(
            endless(&format!("{chunked}0\r\n"), b"X-Trailer: a\r\n", 4_000),
            "trailers count overflow",
        ),
        networks(Reply::raw(&format!("{chunked}FFFFFFFFFFFFFFFFF\r\n")), "chunk size"),
        networks(Reply::raw(&format!("{chunked}-1\r\n")), "chunk size"),
        networks(body("[".repeat(1 << 20)), "not understood"),
        networks(body(r#"{"a":"#.repeat(1 << 20)), "not understood"),
        case("GET /info", body(r#"{"a":"#.repeat(1 << 17)), "not understood"),
        case(
            "GET /version",
            endless(&chunked, &[b"400\r\n", &[b'1'; 1_024][..], b"\r\n"].concat(), 64),
            large,
        ),
    ]
}

/// Answers that are not what they should be.
fn falsehoods() -> Vec<Case> {
    let networks = |reply, words| case("GET /networks", reply, words);
    let info = |text: &str, words| case("GET /info", body(text), words);
    let misread = "not understood";
    let of_length = |length: &str| format!("{OK}Content-Length: {length}\r\n\r\n[]");
    vec![
        networks(Reply::raw(&format!("{OK}Content-Length: 500\r\n\r\n[{{")), "before message"),
        networks(Reply::raw(&of_length("-1")), misread),
        networks(Reply::raw(&of_length("99999999999999999999999")), misread),
        networks(Reply::raw(&of_length("2\r\nContent-Length: 3")), misread),
        networks(body("null"), misread),
        networks(body("{}"), misread),
        networks(body("\"networks\""), misread),
        networks(body("[7]"), misread),
        networks(body(r#"[{"Id":7}]"#), misread),
        networks(body(r#"[{"Id":"a","Id":"b"}]"#), misread),
        networks(body(r#"[{"Labels":[1]}]"#), misread),
        networks(body(b"[{\"Name\":\"\xff\xfe\"}]"), misread),
        networks(body(b"[]\0"), misread),
        networks(body(""), misread),
        networks(Reply::raw("HTTP/1.1 302 X\r\nLocation: /v1.44/images\r\n\r\n"), "302"),
        info("[]", misread),
        info(r#"{"NCPU":1e400}"#, misread),
    ]
}

/// An engine that is ordinary but for one answer.
fn start(asked: &'static str, reply: Reply) -> Result<Engine> {
    Engine::start(
        move |request: &Asked| {
            if request.what() == asked { reply.clone() } else { ordinary(request) }
        },
    )
}

/// Adds them all at once, and judges how each validation ended, while another server is served.
async fn judge(app: &mut TestApp, cases: Vec<Case>) -> Result<()> {
    judge_within(app, cases, MOST_SAID).await
}

async fn judge_within(app: &mut TestApp, cases: Vec<Case>, most_said: usize) -> Result<()> {
    let watch = Watch::begin();
    reach_real_peers(app).await?;
    let (beta, _engine) = app.add_server("beta").await?;
    let mut begun: Vec<(Case, Engine, Server)> = Vec::new();
    for (n, case) in cases.into_iter().enumerate() {
        let engine = start(case.asked, case.reply.clone())?;
        let server = add(app, &format!("hostile-{n}"), engine.connection()).await?;
        begun.push((case, engine, server));
    }
    let meanwhile = app.owner.destination(&beta, "meanwhile").await?;
    assert_eq!(meanwhile.state, DestinationState::Ready);
    for (case, _, server) in &begun {
        let of = || format!("{} ({}, {})", server.name, case.asked, case.words);
        let operation = validated(app, server).await?;
        ensure!(operation.state == OperationState::Failed, "{} was {operation:?}", of());
        let message = operation.failure.with_context(of)?.message;
        ensure!(message.contains(server.name.as_str()), "{}: {message}", of());
        ensure!(message.contains(case.words), "{}: {message}", of());
        ensure!(!message.contains(char::is_control), "{}: {message:?}", of());
        ensure!(message.len() < 8_192, "{}: {} bytes", of(), message.len());
    }
    for (case, engine, server) in begun {
        app.owner.delete(&format!("/v1/servers/{}", server.id)).await?;
        ensure!(engine.said() < most_said, "{} bytes: {}", engine.said(), case.words);
    }
    watch.saw_nothing(1_024)
}

story! {
    /// A greeting that is none ends the dial.
    async fn pings_that_are_none(app) {
        judge(app, pings()).await?;
    }
}

story! {
    /// Interim answers without end are bounded by the deadline alone: none of them is kept.
    async fn interim_answers_without_end(app) {
        let interim = endless("", b"HTTP/1.1 100 Continue\r\n\r\n", 2_000);
        let case = case("GET /_ping", interim, "could not reach Docker");
        judge_within(app, vec![case], usize::MAX).await?;
    }
}

story! {
    /// Answers without measure are cut off.
    async fn answers_without_measure(app) {
        judge(app, floods()).await?;
    }
}

story! {
    /// Answers of another kind are refused.
    async fn answers_of_another_kind(app) {
        judge(app, falsehoods()).await?;
    }
}
