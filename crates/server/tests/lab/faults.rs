//! The host layer on a host that breaks. Only `delta` is broken, by one test at a time.

use portolan_server::host::{HostError, Pin};
use portolan_types::Access;
use tokio::sync::{Mutex, MutexGuard};

use crate::fleet::{Fault, How, LabHost, end_of, lab_host, soon};

/// The runner may run tests in one process or in many; this is for one process.
static TURN: Mutex<()> = Mutex::const_new(());

async fn delta() -> (LabHost, MutexGuard<'static, ()>) {
    let turn = TURN.lock().await;
    (lab_host("delta"), turn)
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn forwarding_off_falls_back_to_a_command() {
    let (delta, _turn) = delta().await;
    let _fault = Fault::set(&delta, "forwarding-off");
    delta.listens().await;
    for user in ["root", "deploy"] {
        let dialed = delta.dial(&How { user, ..How::default() }).await.expect(user);
        assert_eq!(dialed.access, Access::DialStdio, "{user}");
        dialed.host.list_networks().await.expect(user);
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_changed_host_key_is_refused() {
    let (delta, _turn) = delta().await;
    let before = delta.dial(&How::default()).await.expect("a connection").key.expect("a key");
    let pinned = How { pin: Pin::Key(before.public_key), ..How::default() };
    let _fault = Fault::set(&delta, "host-key-change");
    delta.listens().await;
    let error = delta.dial(&pinned).await.expect_err("another key");
    let HostError::HostKeyChanged { pinned, offered } = &error else { panic!("{error}") };
    assert_eq!(*pinned, format!("ssh-ed25519 {}", before.fingerprint));
    assert_ne!(pinned, offered);
    assert!(error.needs_a_person());
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_stopped_engine_ends_events_but_not_the_connection() {
    let (delta, _turn) = delta().await;
    let host = delta.host().await;
    let mut events = host.events().await.expect("a stream");
    {
        let _fault = Fault::set(&delta, "engine-stop");
        let end = soon(30, "the end of events", end_of(&mut events)).await;
        assert!(matches!(end, HostError::Lost { .. }), "{end}");
        let mut error = host.list_networks().await.expect_err("no engine");
        if matches!(error, HostError::Lost { .. }) {
            // What was kept open to the engine is found closed by the first question.
            error = host.list_networks().await.expect_err("no engine");
        }
        assert!(matches!(error, HostError::Socket { .. }), "{error}");
    }
    host.list_networks().await.expect("the same connection, the engine back");
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_killed_sshd_ends_the_connection_at_once() {
    let (delta, _turn) = delta().await;
    let host = delta.host().await;
    let mut events = host.events().await.expect("a stream");
    let _fault = Fault::set(&delta, "sshd-stop");
    soon(5, "the end of the connection", host.closed()).await;
    assert!(matches!(host.list_networks().await, Err(HostError::Lost { .. })));
    let end = soon(5, "the end of events", end_of(&mut events)).await;
    assert!(matches!(end, HostError::Lost { .. }), "{end}");
    let error = delta.dial(&How::default()).await.expect_err("nothing listens");
    assert!(error.to_string().ends_with("connection refused"), "{error}");
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_cut_link_is_noticed_within_a_minute() {
    let (delta, _turn) = delta().await;
    let host = delta.host().await;
    let mut events = host.events().await.expect("a stream");
    let _fault = Fault::set(&delta, "link-cut");
    let error = host.list_networks().await.expect_err("no answer");
    assert!(matches!(error, HostError::Timeout { .. } | HostError::Lost { .. }), "{error}");
    soon(60, "the end of the connection", host.closed()).await;
    assert!(matches!(host.list_networks().await, Err(HostError::Lost { .. })));
    let end = soon(5, "the end of events", end_of(&mut events)).await;
    assert!(matches!(end, HostError::Lost { .. }), "{end}");
}
