//! The host layer's containers on a healthy host: their lives, files, programs, images, volumes.

use std::time::Duration;

use futures_util::StreamExt;
use portolan_server::host::{
    Capabilities, Endpoint, Exec, FileOwner, Gaining, HostError, LogQuery, Mount, MountAccess,
    MountSource, NetworkMode, NewContainer, NewFile, Place, Privileges, PublishedPort,
    PullProgress, RestartPolicy, RootFilesystem,
};
use portolan_types::NetworkOptions;

use crate::fleet::{How, Scratch, ScratchContainer, lab_host, new_network, soon};

const GRACE: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(20);

/// A container of the lab's own image that says something and then does as it is told.
fn new_container(name: &str, script: &str) -> NewContainer {
    NewContainer {
        name: name.into(),
        image: "echo:1".into(),
        entrypoint: Some(vec!["/bin/sh".into(), "-c".into()]),
        command: vec![script.into()],
        labels: [("dev.portolan.test".into(), "lab".into())].into(),
        ..NewContainer::default()
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_container_lives_and_goes() {
    let alpha = lab_host("alpha");
    let host = alpha.host().await;
    let network = new_network(NetworkOptions::default());
    let other = new_network(NetworkOptions::default());
    let id = host.create_network(&network).await.expect("created");
    let _gone = Scratch(alpha.clone(), id.clone());
    let other_id = host.create_network(&other).await.expect("created");
    let _other_gone = Scratch(alpha.clone(), other_id.clone());
    let mut events = host.events().await.expect("a stream");

    let name = format!("proxy-test-{}", network.name);
    let place = |network: &str| Place { network: network.into(), endpoint: Endpoint::default() };
    let new = NewContainer {
        network: NetworkMode::Networks(vec![place(&id), place(other.name.as_str())]),
        ports: vec![PublishedPort { container: 80, host: 18_080, ..port() }],
        restart: RestartPolicy::UnlessStopped,
        privileges: Privileges {
            capabilities: Capabilities::Only(vec!["NET_BIND_SERVICE".into()]),
            root: RootFilesystem::ReadOnly,
            gaining: Gaining::Never,
        },
        ..new_container(&name, "echo hello; echo oops >&2; exec sleep 1000")
    };
    let container = host.create_container(&new).await.expect("created");
    let _container_gone = ScratchContainer(alpha.clone(), name.clone());
    let error = host.create_container(&new).await.expect_err("the name is taken");
    assert!(matches!(error, HostError::Docker { status: 409, .. }), "{error}");

    host.start_container(&container).await.expect("started");
    host.start_container(&container).await.expect("started twice");
    let detail = host.find_container(&name).await.expect("found").expect("there");
    assert!(detail.is_running(), "{detail:?}");
    assert_eq!((&detail.member.docker_id, &*detail.image), (&container, "echo:1"));
    assert_eq!(detail.labels["dev.portolan.test"], "lab");
    assert_eq!(detail.ports, new.ports);
    assert!(detail.started_at.is_some() && detail.image_id.starts_with("sha256:"));
    let on = |docker_id: &str, name: &str| detail.endpoint(docker_id, name).is_some();
    assert!(on(&id, network.name.as_str()) && on(&other_id, other.name.as_str()), "{detail:?}");
    let query = LogQuery { lines: 10, since: None, timestamps: false };
    let said = host.container_logs(&container, &query).await.expect("logs");
    assert!(said.contains("hello\n") && said.contains("oops\n"), "{said}");

    let exec = Exec::new(["sh", "-c", "echo out; echo err >&2; exit 3"], SOON);
    let output = host.exec(&container, &exec).await.expect("run");
    assert_eq!((output.exit_code, &*output.stdout, &*output.stderr), (3, "out\n", "err\n"));
    let exec = Exec::new(["no-such-program"], SOON);
    let missing = host.exec(&container, &exec).await;
    assert!(missing.as_ref().is_ok_and(|output| output.exit_code != 0) || missing.is_err());
    let exec = Exec::new(["sh", "-c", "echo half; sleep 30"], Duration::from_secs(1));
    let late = host.exec(&container, &exec).await;
    let Err(HostError::RanOn { said, .. }) = late else { panic!("{late:?}") };
    assert_eq!(said.stdout, "half\n");

    host.stop_container(&container, GRACE).await.expect("stopped");
    host.stop_container(&container, GRACE).await.expect("stopped twice");
    assert_eq!(host.wait_container(&container, SOON).await, Ok(137), "sleep had to be killed");
    host.restart_container(&container, GRACE).await.expect("restarted");
    host.rename_container(&container, &format!("{name}-old")).await.expect("renamed");
    host.remove_container(&container).await.expect("removed");
    host.remove_container(&container).await.expect("removed twice");
    assert_eq!(host.find_container(&container).await, Ok(None));

    let mut actions = Vec::new();
    while actions.last().is_none_or(|last| last != "destroy") {
        let event = soon(5, "an event", events.next()).await.expect("an event").expect("an event");
        if event.docker_id == container && event.of == "container" {
            actions.push(event.action);
        }
    }
    let expected = ["start", "die", "start", "rename", "die", "destroy"];
    assert_eq!(actions, expected, "and no word of what was run in it");
}

const fn port() -> PublishedPort {
    let protocol = portolan_server::host::Protocol::Tcp;
    PublishedPort { protocol, container: 0, host: 0, address: None }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn a_container_ends_with_a_code() {
    let alpha = lab_host("alpha");
    for user in ["root", "operator"] {
        let host = alpha.dial(&How { user, ..How::default() }).await.expect(user).host;
        let name = format!("proxy-test-code-{user}");
        let _gone = ScratchContainer(alpha.clone(), name.clone());
        let script = "sleep 0.3; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end; exit 7";
        let id = host.create_container(&new_container(&name, script)).await.expect("created");
        host.start_container(&id).await.expect("started");
        assert_eq!(host.wait_container(&id, SOON).await, Ok(7), "{user}");
        // Docker counts parts of 16 KiB as lines.
        let query = LogQuery { lines: 1_000, since: None, timestamps: false };
        let said = host.container_logs(&id, &query).await.expect("logs");
        assert!(said.ends_with("x\nend\n"), "{user}");
        assert_eq!(said.len(), 3_000_005);
        host.remove_container(&id).await.expect("removed");
        let missing = host.wait_container(&id, SOON).await;
        assert!(matches!(missing, Err(HostError::Docker { status: 404, .. })), "{missing:?}");
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn files_go_in_and_come_out() {
    let alpha = lab_host("alpha");
    let host = alpha.host().await;
    let name = "proxy-test-files";
    let _gone = ScratchContainer(alpha.clone(), name.into());
    host.create_volume(name, &[("a".into(), "b".into())].into()).await.expect("a volume");
    host.create_volume(name, &[].into()).await.expect("the same volume");
    let labels = host.find_volume(name).await.expect("found").expect("there");
    assert_eq!(labels["a"], "b");
    let new = NewContainer {
        mounts: vec![Mount {
            source: MountSource::Volume(name.into()),
            target: "/etc/kept".into(),
            access: MountAccess::ReadWrite,
        }],
        privileges: Privileges { root: RootFilesystem::ReadOnly, ..Privileges::default() },
        ..new_container(name, "exec sleep 1000")
    };
    let id = host.create_container(&new).await.expect("created");
    let file = |path: &str| NewFile {
        path: path.into(),
        content: b"text".to_vec().into(),
        mode: 0o600,
        owner: FileOwner { uid: 1000, gid: 0 },
    };
    host.put_files(&id, "/etc/kept", &[file("a"), file("b/c")]).await.expect("before it runs");
    host.start_container(&id).await.expect("started");
    host.put_files(&id, "/etc/kept", &[file("d")]).await.expect("while it runs");
    let root = host.put_files(&id, "/etc", &[file("e")]).await;
    assert!(
        matches!(&root, Err(HostError::Docker { message, .. }) if message.contains("read-only")),
        "{root:?}"
    );
    for path in ["a", "b/c", "d"] {
        let read = host.read_file(&id, &format!("/etc/kept/{path}")).await.expect(path);
        assert_eq!(read.as_deref(), Some(&b"text"[..]), "{path}");
    }
    assert_eq!(host.read_file(&id, "/etc/kept/none").await, Ok(None));
    assert_eq!(host.read_file(&id, "/etc/kept").await, Ok(None), "a directory");
    let exec = Exec::new(["stat", "-c", "%a %u", "/etc/kept/b/c"], SOON);
    assert_eq!(host.exec(&id, &exec).await.expect("run").stdout, "600 1000\n");

    let used = host.remove_volume(name).await;
    assert!(matches!(used, Err(HostError::Docker { status: 409, .. })), "{used:?}");
    host.remove_container(&id).await.expect("removed");
    host.remove_volume(name).await.expect("removed");
    host.remove_volume(name).await.expect("removed twice");
    assert_eq!(host.find_volume(name).await, Ok(None));
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn images_come_and_go() {
    let alpha = lab_host("alpha");
    let host = alpha.host().await;
    let (progress, silent) = (PullProgress::default(), || {});
    let listener = progress.on_news(&silent);
    host.pull_image("caddy:2", None, &listener).await.expect("from the lab's registry");
    let image = host.find_image("caddy:2").await.expect("found").expect("there");
    assert!(image.tags.iter().any(|tag| tag == "caddy:2"), "{image:?}");
    assert_eq!(host.find_image(&image.docker_id).await.expect("found"), Some(image));
    let unknown = host.pull_image("caddy:no-such-tag", None, &listener).await;
    assert!(matches!(&unknown, Err(HostError::Docker { .. })), "{unknown:?}");
    assert_eq!(host.find_image("no-such-image:1").await, Ok(None));
    host.remove_image("no-such-image:1").await.expect("gone already");
    for hostile in ["../containers", "a?b", "a b", ""] {
        assert_eq!(host.find_image(hostile).await, Ok(None), "{hostile}");
        assert!(host.pull_image(hostile, None, &listener).await.is_err(), "{hostile}");
        assert!(host.remove_image(hostile).await.is_err(), "{hostile}");
    }
}

#[tokio::test]
#[ignore = "needs the lab"]
async fn an_image_is_brought() {
    let alpha = lab_host("alpha");
    let host = alpha.host().await;
    let reference = "portolan-proxy-test:1";
    let error = host.load_image("no archive".into()).await;
    assert!(error.is_err());
    host.load_image(crate::fleet::tiny_image(reference)).await.expect("loaded");
    let image = host.find_image(reference).await.expect("found").expect("there");
    assert_eq!(image.labels["a"], "b");
    host.remove_image(reference).await.expect("removed");
    assert_eq!(host.find_image(reference).await, Ok(None));
}
