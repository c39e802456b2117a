//! The host layer on healthy hosts: ways in, keys, networks, members, events.

use futures_util::StreamExt;
use portolan_server::host::{DialReport, DialStep, HostError, Pin};
use portolan_types::{Access, NetworkOptions, ServerKind};
use serde_json::json;

use crate::fleet::{How, Scratch, end_of, lab_host, new_network, options, soon};

#[tokio::test]
#[ignore = "needs the lab"]
async fn every_step_is_told() {
    let alpha = lab_host("alpha");
    let (outcome, heard) = alpha.dial_and_listen(&How::default()).await;
    let dialed = outcome.expect("a connection");
    let fingerprint = alpha.host_key_fingerprint.clone();
    let details: Vec<(DialStep, String)> = heard
        .into_iter()
        .filter_map(|report| match report {
            DialReport::Began(_) => None,
            DialReport::Done(step, detail) => Some((step, detail)),
        })
        .collect();
    assert_eq!(details[0], (DialStep::Resolve, "10.88.0.11".into()));
    assert_eq!(details[1], (DialStep::Connect, "10.88.0.11:22 answers".into()));
    let key = format!("ssh-ed25519 {fingerprint} (first contact: pinned when the login works)");
    assert_eq!(details[2], (DialStep::HostKey, key));
    assert_eq!(details[3].0, DialStep::Login);
    assert!(details[3].1.starts_with("as root with ssh-ed25519 SHA256:"), "{}", details[3].1);
    assert_eq!(details[4], (DialStep::Socket, "through stream forwarding".into()));
    assert_eq!(dialed.key.map(|key| key.fingerprint), Some(fingerprint));
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn each_user_finds_its_way() {
    let alpha = lab_host("alpha");
    let ways = [
        ("root", Access::StreamForwarding),
        ("deploy", Access::StreamForwarding),
        ("operator", Access::SudoDialStdio),
    ];
    for (user, access) in ways {
        let dialed = alpha.dial(&How { user, ..How::default() }).await.expect(user);
        assert_eq!(dialed.access, access, "{user}");
        assert!(dialed.host.list_networks().await.expect(user).len() >= 3);
        // The way that worked last time is tried first.
        let again = How { user, access: Some(access), ..How::default() };
        assert_eq!(alpha.dial(&again).await.expect(user).access, access);
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_user_without_docker_learns_why() {
    let guest = How { user: "guest", ..How::default() };
    let error = lab_host("alpha").dial(&guest).await.expect_err("guest may not");
    let HostError::Socket { tried } = &error else { panic!("{error}") };
    let why = |access| &tried.iter().find(|(way, _)| *way == access).expect("tried").1;
    assert!(why(Access::StreamForwarding).contains("may not open it"), "{error}");
    assert!(why(Access::DialStdio).contains("permission denied"), "{error}");
    assert!(why(Access::SudoDialStdio).contains("a password is required"), "{error}");
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn keys_of_every_kind_log_in() {
    for key in ["ed25519", "rsa", "ecdsa"] {
        lab_host("bravo").dial(&How { key, ..How::default() }).await.expect(key);
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn an_unknown_key_is_refused_once() {
    let how = How { key: "unauthorised", ..How::default() };
    let error = lab_host("bravo").dial(&how).await.expect_err("refused");
    let HostError::LoginRefused { user, why } = &error else { panic!("{error}") };
    assert_eq!(user, "root");
    assert!(why.contains("publickey"), "{why}");
    assert!(error.needs_a_person());
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn pins_of_every_kind_hold() {
    let bravo = lab_host("bravo");
    let right = bravo.host_key_fingerprint.parse().expect("a fingerprint");
    let how = How { pin: Pin::Fingerprint(right), ..How::default() };
    let key = bravo.dial(&how).await.expect("the right fingerprint").key.expect("a key");
    let how = How { pin: Pin::Key(key.public_key), ..How::default() };
    bravo.dial(&how).await.expect("the right key");

    let wrong =
        "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM".parse().expect("a fingerprint");
    let how = How { pin: Pin::Fingerprint(wrong), ..How::default() };
    let error = bravo.dial(&how).await.expect_err("another fingerprint");
    let HostError::HostKeyChanged { offered, .. } = &error else { panic!("{error}") };
    assert_eq!(*offered, format!("ssh-ed25519 {}", bravo.host_key_fingerprint));
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_pinned_key_that_the_host_likes_less_is_still_found() {
    let bravo = lab_host("bravo");
    for kind in ["rsa", "ecdsa"] {
        let file = format!("/etc/ssh/ssh_host_{kind}_key.pub");
        let how = How { pin: Pin::Key(bravo.read(&file)), ..How::default() };
        let key = bravo.dial(&how).await.expect(kind).key.expect("a key");
        assert!(key.algorithm.contains(kind), "{key:?}");
        let how = How {
            pin: Pin::Fingerprint(key.fingerprint.parse().expect("a fingerprint")),
            ..How::default()
        };
        bravo.dial(&how).await.expect("the fingerprint of a key that is not shown first");
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_network_lives_and_goes() {
    let alpha = lab_host("alpha");
    let host = alpha.host().await;
    let network = new_network(options(json!({
        "subnet": "10.213.7.0/24", "gateway": "10.213.7.9", "range": "10.213.7.128/25",
        "ipv6_subnet": "fd12:3456:789a:213::/64", "mtu": 1400,
    })));
    let id = host.create_network(&network).await.expect("created");
    let _gone = Scratch(alpha.clone(), id.clone());

    let by_id = host.find_network(&id).await.expect("found").expect("there");
    let by_name = host.find_network(network.name.as_str()).await.expect("found").expect("there");
    assert_eq!(by_id, by_name);
    assert_eq!(by_id.docker_id, id);
    assert_eq!((by_id.driver.as_str(), by_id.scope.as_str()), ("bridge", "local"));
    assert!(by_id.ipv6 && !by_id.internal);
    assert_eq!(by_id.labels, network.labels);
    assert_eq!(by_id.options["com.docker.network.driver.mtu"], "1400");
    assert_eq!(by_id.subnets[0].subnet, "10.213.7.0/24");
    assert_eq!(by_id.subnets[0].gateway.as_deref(), Some("10.213.7.9"));
    assert_eq!(by_id.subnets[0].range.as_deref(), Some("10.213.7.128/25"));
    assert_eq!(by_id.subnets[1].subnet, "fd12:3456:789a:213::/64");
    assert!(host.list_networks().await.expect("listed").contains(&by_id));
    // Docker takes the beginning of an id; we do not.
    assert_eq!(host.find_network(&id[..12]).await, Ok(None));

    host.remove_network(&id).await.expect("removed");
    host.remove_network(&id).await.expect("removed twice");
    assert_eq!(host.find_network(&id).await, Ok(None));
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn what_docker_refuses_is_told_in_its_words() {
    let alpha = lab_host("alpha");
    let host = alpha.host().await;
    let network = new_network(options(json!({"subnet": "10.214.0.0/16"})));
    let _gone = Scratch(alpha.clone(), host.create_network(&network).await.expect("created"));

    let error = host.create_network(&network).await.expect_err("a taken name");
    assert!(error.to_string().contains("already exists"), "{error}");
    assert!(error.remedy().contains("choose another name"), "{}", error.remedy());

    let overlapping = new_network(options(json!({"subnet": "10.214.3.0/24"})));
    let error = host.create_network(&overlapping).await.expect_err("an overlap");
    assert!(error.to_string().contains("overlaps"), "{error}");
    assert!(error.remedy().contains("choose a subnet"), "{}", error.remedy());
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn pools_run_out() {
    let bravo = lab_host("bravo");
    let host = bravo.host().await;
    let mut made = Vec::new();
    // The built-in pools have 31 subnets, the default bridge's among them.
    let error = loop {
        match host.create_network(&new_network(NetworkOptions::default())).await {
            Ok(id) => made.push(Scratch(bravo.clone(), id)),
            Err(error) => break error,
        }
        assert!(made.len() < 40, "the pools do not end");
    };
    assert!(error.remedy().contains("address pools are used up"), "{error}");
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn members_are_listed_whether_they_run_or_not() {
    let alpha = lab_host("alpha");
    let host = alpha.host().await;
    let network = new_network(NetworkOptions::default());
    let id = host.create_network(&network).await.expect("created");
    let _gone = Scratch(alpha.clone(), id.clone());
    assert_eq!(host.list_members(&id).await, Ok(vec![]));

    let (up, down) = (format!("up-{}", &id[..8]), format!("down-{}", &id[..8]));
    let on_it = ["--network", network.name.as_str(), "echo:1"];
    alpha.docker(&[&["run", "--detach", "--name", &up], &on_it[..]].concat());
    alpha.docker(&[&["create", "--name", &down], &on_it[..]].concat());
    let mut members = host.list_members(&id).await.expect("listed");
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let refused = host.remove_network(&id).await;
    alpha.docker(&["rm", "--force", &up, &down]);

    let found: Vec<_> = members.iter().map(|member| (&*member.name, &*member.state)).collect();
    assert_eq!(found, [(&*down, "created"), (&*up, "running")]);
    let error = refused.expect_err("in use");
    assert!(error.remedy().contains("disconnect the containers"), "{error}");
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn hostile_ids_reach_no_other_endpoint() {
    let host = lab_host("alpha").host().await;
    for id in ["../images", "..", "%2e%2e/images", "bridge", "a?force=1", "a\r\nX: y", ""] {
        let refused =
            |error: HostError| assert!(matches!(error, HostError::Protocol { .. }), "{error}");
        refused(host.remove_network(id).await.expect_err(id));
        refused(host.list_members(id).await.expect_err(id));
    }
    for name in ["../images", "..", "%2e%2e/info", "a?b", "a b", ""] {
        assert_eq!(host.find_network(name).await, Ok(None), "{name}");
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn the_engine_describes_itself() {
    let alpha = lab_host("alpha");
    let system = alpha.host().await.system().await.expect("described");
    assert_eq!(system.hostname, "alpha");
    assert_eq!(system.kind, ServerKind::Standalone);
    assert_eq!(system.pools[0].base, "172.17.0.0/16");
    assert!(system.cpus > 0 && system.memory_bytes > 0);
    let disk = system.disk.expect("a disk");
    assert!(disk.free_bytes < disk.total_bytes && disk.total_bytes < 4 << 30, "{disk:?}");
    assert_eq!(system.version, alpha.docker(&["version", "--format", "{{.Server.Version}}"]));
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn events_are_seen() {
    let alpha = lab_host("alpha");
    let host = alpha.host().await;
    let mut events = host.events().await.expect("a stream");
    let id = host.create_network(&new_network(NetworkOptions::default())).await.expect("created");
    host.remove_network(&id).await.expect("removed");
    let mut actions = Vec::new();
    while actions.len() < 2 {
        let event = soon(5, "an event", events.next()).await.expect("an event").expect("an event");
        // Other tests make networks on this host too.
        if event.docker_id == id {
            actions.push(event.action);
        }
    }
    assert_eq!(actions, ["create", "destroy"]);
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn many_calls_share_few_channels() {
    let alpha = lab_host("alpha");
    for user in ["root", "operator"] {
        let host = alpha.dial(&How { user, ..How::default() }).await.expect(user).host;
        let _events = host.events().await.expect("a stream");
        // More than the ten sessions that sshd allows on one connection.
        let calls = (0..40).map(|_| host.list_networks());
        for answer in futures_util::future::join_all(calls).await {
            answer.expect(user);
        }
        host.system().await.expect(user).disk.expect("a command beside the channels");
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_closed_host_answers_no_more() {
    let host = lab_host("bravo").host().await;
    let mut events = host.events().await.expect("a stream");
    host.close().await;
    soon(5, "the end", host.closed()).await;
    assert!(matches!(host.list_networks().await, Err(HostError::Lost { .. })));
    let end = soon(5, "the end of events", end_of(&mut events)).await;
    assert!(matches!(end, HostError::Lost { .. }), "{end}");
    assert!(events.next().await.is_none());
}
