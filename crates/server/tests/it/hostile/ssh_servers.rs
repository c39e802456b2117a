//! SSH servers that answer as none should.

use anyhow::{Context, Result, ensure};
use portolan_types::{DestinationState, OperationState};
use serde_json::{Value, json};

use super::{
    Watch, add, reach_real_peers,
    ssh::{Harm, Server},
    validated,
};
use crate::support::{TestApp, story};

/// What a server may say before the login, and what a socket holds.
const MOST_SAID: usize = 16 << 20;

/// How a server misbehaves, and what is said of it.
struct Case(Harm, &'static str);

fn greetings() -> Vec<Case> {
    let version = b"SSH-2.0-OpenSSH_9.9\r\n";
    let greets = |bytes: &[u8]| Harm::Greets(bytes.to_vec());
    let floods = |first: &[u8], then: &[u8]| Harm::Floods(first.to_vec(), then.to_vec());
    // The length of a packet, of its padding, and `SSH_MSG_IGNORE`.
    let ignored = [&[0, 0, 0x7f, 0xfc, 4, 2][..], &vec![0; 0x7ffa]].concat();
    let no_greeting = "not with an SSH greeting";
    let silent = "no handshake within 10 s";
    vec![
        Case(greets(b""), silent),
        Case(Harm::Drips, silent),
        Case(greets(version), silent),
        Case(floods(b"", b"Welcome!\r\n"), no_greeting),
        Case(floods(b"", &[b'x'; 65_536]), no_greeting),
        Case(floods(b"SSH-2.0-", &[b'x'; 1 << 20]), no_greeting),
        Case(floods(b"\x1b[2J", b"\x1b]0;me\x07\n"), no_greeting),
        Case(greets(b"SSH-1.5-OpenSSH_1.2\r\n"), "does not speak SSH"),
        Case(greets(b"SSH-2.0-\xff\xfe\0\r\n\xff\xff\xff\xff\xff\xff"), "does not speak SSH"),
        Case(floods(version, &[0xff; 4_096]), "does not speak SSH"),
        Case(floods(version, &[0; 4_096]), "does not speak SSH"),
        Case(floods(version, &ignored), "it said too much before anybody was logged in"),
    ]
}

fn sessions() -> Vec<Case> {
    let silent = "no answer to \"ping\" within 10 s";
    let banner = "\x1b[2Jwelcome\r\n".repeat(4_000);
    vec![
        Case(Harm::Banner(banner), "could not reach the Docker socket"),
        Case(Harm::NeverLogsIn, "no answer to \"log in\" within 30 s"),
        Case(Harm::WantsMore, "the key was accepted, but the host also wants"),
        Case(Harm::Disconnects("\x1b[31mgo\r\naway\u{202e}"), "the host disconnected: [31mgo away"),
        Case(Harm::RefusesChannels, "the host could not open a session now"),
        Case(Harm::NoWindow, silent),
        Case(Harm::FloodsOutput, "not understood"),
        Case(Harm::FloodsErrors, silent),
        Case(Harm::EndsOften, "sshd refused to start the command"),
        Case(Harm::OpensChannels, silent),
    ]
}

async fn judge(app: &mut TestApp, cases: Vec<Case>) -> Result<()> {
    let watch = Watch::begin();
    reach_real_peers(app).await?;
    let (beta, _engine) = app.add_server("beta").await?;
    let key = app.owner.key("everywhere").await?;
    let mut begun = Vec::new();
    for (n, Case(harm, words)) in cases.into_iter().enumerate() {
        let peer = Server::start(harm).await?;
        let server = add(app, &format!("hostile-{n}"), peer.connection(&key)).await?;
        begun.push((words, peer, server));
    }
    let meanwhile = app.owner.destination(&beta, "meanwhile").await?;
    assert_eq!(meanwhile.state, DestinationState::Ready);
    for (words, _, server) in &begun {
        let of = || format!("{} ({words})", server.name);
        let operation = validated(app, server).await?;
        ensure!(operation.state == OperationState::Failed, "{} was {operation:?}", of());
        let message = operation.failure.with_context(of)?.message;
        ensure!(message.contains(server.name.as_str()), "{}: {message}", of());
        ensure!(message.contains(words), "{}: {message}", of());
        ensure!(!message.contains(['\u{1b}', '\u{202e}', '\r', '\n', '\0']), "{message:?}");
        ensure!(message.len() < 8_192, "{}: {} bytes", of(), message.len());
    }
    for (words, peer, server) in begun {
        app.owner.delete(&format!("/v1/servers/{}", server.id)).await?;
        ensure!(peer.said() < MOST_SAID, "{} bytes: {words}", peer.said());
        ensure!(peer.accepted() == 0, "{} channels were accepted", peer.accepted());
    }
    watch.saw_nothing(768)
}

story! {
    /// What is no SSH, or never becomes a session, is given up.
    async fn greetings_that_are_none(app) {
        judge(app, greetings()).await?;
    }
}

story! {
    /// A server that speaks SSH gets no further by it.
    async fn sessions_that_lead_nowhere(app) {
        judge(app, sessions()).await?;
    }
}

story! {
    /// A host key is pinned with the first login; another one waits for a person.
    async fn another_host_key_waits_for_a_person(app) {
        reach_real_peers(app).await?;
        let peer = Server::start(Harm::ChangesItsKey).await?;
        let key = app.owner.key("key").await?;
        let server = add(app, "two-faced", peer.connection(&key)).await?;
        validated(app, &server).await?;
        let path = format!("/v1/servers/{}", server.id);
        let pinned: Value = app.owner.get(&path).await?.ok()?;
        ensure!(pinned["host_key"].is_object(), "{pinned}");
        let again = app.owner.post(&format!("{path}/validate"), json!({})).await?;
        let again: portolan_types::Operation = again.accepted()?;
        let again = app.owner.outcome(again.id.as_str()).await?;
        let message = again.failure.context("refused")?.message;
        ensure!(message.contains("the host key changed"), "{message}");
        let now: Value = app.owner.get(&path).await?.ok()?;
        ensure!(now["host_key"] == pinned["host_key"], "{now}");
    }
}
