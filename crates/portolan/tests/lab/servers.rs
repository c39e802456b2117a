//! Hosts over SSH: every user, every way to the socket, every refusal.

use anyhow::{Result, ensure};

use crate::support::{Host, Portolan};

#[test]
#[ignore = "needs the lab"]
fn each_user_reaches_docker_in_the_way_they_may() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    for (user, access) in [
        ("root", "stream-forwarding"),
        ("deploy", "stream-forwarding"),
        ("operator", "sudo-dial-stdio"),
    ] {
        let server = portolan.add_server(&host, user)?;
        assert_eq!(server["state"], "ready", "{server}");
        assert_eq!(server["kind"], "standalone");
        assert_eq!(server["access"], access);
        assert_eq!(server["reachability"], "reachable");
        assert_eq!(server["host_key"]["fingerprint"], host.fingerprint.as_str());
        ensure!(
            server["engine"]["version"].as_str().is_some_and(|text| text.starts_with("20.10")),
            "{server}"
        );
        ensure!(
            server["engine"]["disk_free_bytes"].as_u64().is_some_and(|free| free > 0),
            "{server}"
        );
        ensure!(
            server["engine"]["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 0),
            "{server}"
        );
        portolan.run(&["server", "remove", "alpha", "--yes"])?;
    }
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn each_family_of_keys_logs_in() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    for family in ["ed25519", "rsa", "ecdsa"] {
        let key = portolan.import_key(&host, family)?;
        portolan.run(&["server", "add", "bravo", "--host", &host.address, "--key", &key])?;
        portolan.run(&["server", "remove", "bravo", "--yes"])?;
    }
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn every_refusal_says_why_and_what_to_do() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    let key = portolan.import_key(&host, "ed25519")?;
    portolan.run(&[
        "key",
        "create",
        "--name",
        "stranger",
        "--from-file",
        &host.unauthorised_key,
    ])?;
    let wrong_pin = format!("SHA256:{}", "A".repeat(43));
    let cases: [(&str, Vec<&str>, &[&str]); 6] = [
        (
            "no-name",
            vec!["--host", "no-such-host.invalid", "--key", &key],
            &["could not resolve", "spelling"],
        ),
        (
            "no-port",
            vec!["--host", &host.address, "--port", "9", "--key", &key],
            &["could not connect", "refused"],
        ),
        (
            "no-login",
            vec!["--host", &host.address, "--key", "stranger"],
            &["login as `root` was refused", "authorized_keys"],
        ),
        (
            "no-docker",
            vec!["--host", &host.address, "--user", "guest", "--key", &key],
            &["could not reach the Docker socket", "sudo-dial-stdio", "usermod"],
        ),
        (
            "no-pin",
            vec!["--host", &host.address, "--host-key", &wrong_pin, "--key", &key],
            &["the host key changed", "server repin"],
        ),
        (
            "no-ssh",
            vec!["--host", "10.88.0.2", "--port", "5000", "--key", &key],
            &["does not speak SSH"],
        ),
    ];
    for (name, args, words) in cases {
        let said = portolan.refuse(&[&["server", "add", name], args.as_slice()].concat())?;
        for word in words {
            ensure!(said.contains(word), "{name}: no {word:?} in {said}");
        }
        let shown = portolan.json(&["server", "show", name])?;
        assert_eq!(shown["state"], "failed", "{shown}");
        // One address is one server.
        portolan.run(&["server", "remove", name, "--yes"])?;
    }
    Ok(())
}
