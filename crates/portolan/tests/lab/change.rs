//! Changes in place on real engines: under requests, killed in the middle, refused half way.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{Container, Host, Portolan, create, eventually, unique};

/// Far more than any replacement needs: a bound on sanity, not on speed.
const LONGEST_GAP: Duration = Duration::from_secs(20);

/// Asks for the server by its alias without pause, and writes down when and how it went.
const ASK: &str = "while :; do at=$(date +%s%3N); \
                   wget -q -t 1 -T 0.3 -O /dev/null http://shop/ && how=ok || how=no; \
                   echo $at $how; done > /tmp/log 2>&1";

/// A /24 that other tests are unlikely to have: the third number is random.
fn subnet(second: u8) -> String {
    let third = portolan_types::id::cuid2().bytes().fold(0_u8, u8::wrapping_add);
    format!("10.{second}.{third}.0/24")
}

/// Moments, in milliseconds, at which requests were answered.
fn answered(client: &Container) -> Result<Vec<u64>> {
    let log = client.says(&["cat", "/tmp/log"])?;
    let ok = log.lines().filter_map(|line| line.strip_suffix(" ok"));
    Ok(ok.filter_map(|at| at.parse().ok()).collect())
}

fn enough_answers(client: &Container, more_than: usize) -> Result<Vec<u64>> {
    eventually("requests are answered", || {
        Ok(Some(answered(client)?).filter(|answers| answers.len() > more_than))
    })
}

/// One request to a published port, from outside.
fn reaches(host: &Host, port: u16) -> Result<bool> {
    let Ok(mut stream) = TcpStream::connect((host.address.as_str(), port)) else {
        return Ok(false);
    };
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut start = [0; 8];
    Ok(stream.read(&mut start).is_ok_and(|count| count > 0 && start.starts_with(b"HTTP/1.")))
}

/// Nothing but the destination's own network is left.
fn ensure_alone(host: &Host, destination: &Value) -> Result<()> {
    let id = destination["id"].as_str().context("an id")?;
    let filter = format!("label=dev.portolan.destination={id}");
    let names = host.docker(&["network", "ls", "--format", "{{.Name}}", "--filter", &filter])?;
    ensure!(names.trim() == destination["network"], "{names}");
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn subnet_and_mtu_change_under_requests() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    portolan.add_server(&host, "deploy")?;
    let (network, old, new) = (unique("sea"), subnet(81), subnet(82));
    portolan.run(&[&create("alpha", &network), &["--subnet", &old][..]].concat())?;
    let fixed = old.replace(".0/24", ".77");
    let port = 20_000 + u16::try_from(std::process::id() % 10_000)?;
    let publish = format!("{port}:80");
    let flags = ["--network-alias", "shop", "-p", &publish];
    let server = host.container_with(&network, &unique("server"), &flags)?;
    let db = host.container_with(&network, &unique("db"), &["--ip", &fixed])?;
    let client = host.container(&network, &unique("client"))?;
    host.docker(&["stop", "-t", "0", &db.name])?;
    host.docker(&["exec", "-d", &client.name, "sh", "-c", ASK])?;
    let before = enough_answers(&client, 20)?.len();
    ensure!(reaches(&host, port)?, "the published port does not answer");

    let edit = ["destination", "edit", &network, "--subnet", &new, "--mtu", "1400", "--yes"];
    let operation = portolan.json(&edit)?;
    let answers = enough_answers(&client, before + 60)?;
    let widest = answers.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    let containers = operation["result"]["containers"].as_array().context("containers")?;
    tell(containers, widest);
    ensure!(Duration::from_millis(widest) < LONGEST_GAP, "{widest} ms without an answer");
    assert_eq!(containers.len(), 3, "{operation}");
    for container in containers {
        let gap = container["gap_ms"].as_u64().context("a gap")?;
        ensure!(Duration::from_millis(gap) < LONGEST_GAP, "{container}");
    }
    let note = containers.iter().find(|one| one["name"] == db.name.as_str()).context("db")?;
    ensure!(note["note"].as_str().is_some_and(|note| note.contains(&fixed)), "{note}");

    // The network is another with the new options; names, aliases and ports are what they were.
    let shown = portolan.json(&["destination", "show", &network])?;
    assert_eq!((&shown["state"], &shown["revision"]), (&"ready".into(), &2.into()));
    assert_eq!(shown["observed"]["subnets"][0], new.as_str());
    ensure_alone(&host, &shown)?;
    for container in [&server, &db, &client] {
        let places = container.places()?;
        ensure!(places.keys().eq([&network]), "{places:?}");
    }
    let places = server.places()?;
    ensure!(places[&network]["Aliases"].to_string().contains("\"shop\""), "{places:?}");
    let mtus = client.says(&["sh", "-c", "cat /sys/class/net/eth*/mtu"])?;
    assert_eq!(mtus.trim(), "1400");
    eventually("the published port answers", || Ok(reaches(&host, port)?.then_some(())))?;
    host.docker(&["start", &db.name])?;
    ensure!(client.succeeds(&["getent", "hosts", &db.name])?, "what was stopped is not found");

    drop((server, db, client));
    portolan.remove(&network)
}

/// For whoever reads the test's output: what was measured on both sides.
#[expect(clippy::print_stderr, reason = "measurements are for the reader of the test's output")]
fn tell(containers: &[Value], widest: u64) {
    let gaps: Vec<String> = containers.iter().map(|one| one["gap_ms"].to_string()).collect();
    eprintln!("gaps by portolan: {} ms; by the client: {widest} ms", gaps.join(", "));
}

#[test]
#[ignore = "needs the lab"]
fn killed_in_the_middle_of_a_change_it_is_done() -> Result<()> {
    let mut portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "root")?;
    let (network, net) = (unique("kill"), subnet(83));
    portolan.run(&[&create("bravo", &network), &["--subnet", &net][..]].concat())?;
    let alias = ["--network-alias", "shop"];
    let crew = [
        host.container_with(&network, &unique("one"), &alias)?,
        host.container(&network, &unique("two"))?,
        host.container(&network, &unique("three"))?,
    ];
    host.docker(&["stop", "-t", "0", &crew[2].name])?;
    for round in 0..8_u32 {
        let mtu = (1_400 + round).to_string();
        let edit = ["destination", "edit", &network, "--mtu", &mtu, "--yes", "--no-wait"];
        portolan.run(&edit)?;
        // The moment of the kill moves through the work.
        let moment = Instant::now() + Duration::from_millis(u64::from(round) * 220);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        portolan.kill_and_restart()?;
        let shown = portolan.settled(&network, "ready")?;
        assert_eq!(shown["options"]["mtu"].to_string(), mtu, "round {round}: {shown}");
        ensure_alone(&host, &shown)?;
        for container in &crew {
            let places = container.places()?;
            ensure!(places.keys().eq([&network]), "round {round}: {places:?}");
        }
        ensure!(crew[0].places()?[&network]["Aliases"].to_string().contains("\"shop\""));
        ensure!(
            crew[1].succeeds(&["getent", "hosts", "shop"])?,
            "round {round}: the alias is lost"
        );
    }
    drop(crew);
    portolan.remove(&network)
}

#[test]
#[ignore = "needs the lab"]
fn what_docker_refuses_half_way_is_taken_back() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "root")?;
    let (network, other, net) = (unique("back"), unique("other"), subnet(84));
    portolan.run(&[&create("bravo", &network), &["--subnet", &net][..]].concat())?;
    let crew: Vec<Container> = (0..6)
        .map(|_| host.container_with(&network, &unique("crew"), &["--network-alias", "shop"]))
        .collect::<Result<_>>()?;
    let before = portolan.json(&["destination", "show", &network])?;

    // A subnet that somebody has is seen before anything is touched.
    let taken = subnet(85);
    host.docker(&["network", "create", "--subnet", &taken, &other])?;
    let said = portolan.refuse(&["destination", "edit", &network, "--subnet", &taken, "--yes"])?;
    ensure!(said.contains("overlaps") && said.contains(&format!("`{other}`")), "{said}");
    let after = portolan.json(&["destination", "show", &network])?;
    assert_eq!(after["observed"]["docker_id"], before["observed"]["docker_id"]);
    host.docker(&["network", "rm", &other])?;

    // A subnet with room for five is found too small when the sixth is to join it.
    let small = subnet(86).replace("/24", "/29");
    let said = portolan.refuse(&["destination", "edit", &network, "--subnet", &small, "--yes"])?;
    ensure!(said.contains("no available IPv4 addresses"), "{said}");
    let after = portolan.json(&["destination", "show", &network])?;
    assert_eq!((&after["state"], &after["options"]), (&"ready".into(), &before["options"]));
    assert_eq!(after["observed"]["subnets"], before["observed"]["subnets"]);
    ensure_alone(&host, &after)?;
    for container in &crew {
        let places = container.places()?;
        ensure!(places.keys().eq([&network]), "{places:?}");
        ensure!(places[&network]["Aliases"].to_string().contains("\"shop\""), "{places:?}");
    }
    ensure!(crew[0].succeeds(&["getent", "hosts", &crew[1].name])?, "they do not find each other");
    drop(crew);
    portolan.remove(&network)
}
