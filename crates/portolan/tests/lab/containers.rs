//! Containers of a real host onto destinations, off them and from one to another.

use anyhow::{Context, Result, ensure};

use crate::support::{Host, Portolan, create, unique};

#[test]
#[ignore = "needs the lab"]
fn a_container_is_connected_listed_moved_and_disconnected() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    portolan.add_server(&host, "deploy")?;
    let (sea, bay) = (unique("sea"), unique("bay"));
    portolan.create("alpha", &sea)?;
    let third = portolan_types::id::cuid2().bytes().fold(0_u8, u8::wrapping_add);
    let subnet = format!("10.87.{third}.0/24");
    portolan.run(&[&create("alpha", &bay), &["--subnet", &subnet][..]].concat())?;
    let legacy = host.container("bridge", &unique("legacy"))?;
    let friend = host.container(&sea, &unique("friend"))?;

    portolan.run(&["destination", "connect", &sea, &legacy.name, "--alias", "db"])?;
    ensure!(friend.succeeds(&["getent", "hosts", "db"])?, "not found by its alias");
    let again = ["destination", "connect", &sea, &legacy.name, "--alias", "db"];
    portolan.run(&again)?;
    let said = portolan.refuse(&["destination", "connect", &sea, &friend.name, "--alias", "db"])?;
    ensure!(said.contains("already, with other aliases"), "{said}");
    let third = host.container("bridge", &unique("third"))?;
    let said = portolan.refuse(&["destination", "connect", &sea, &third.name, "--alias", "db"])?;
    ensure!(said.contains("alias `db`") && said.contains(&legacy.name), "{said}");

    let listed = portolan.json(&["destination", "containers", &sea])?;
    let items = listed["items"].as_array().context("items")?;
    let of = items.iter().find(|one| one["name"] == legacy.name.as_str()).context("listed")?;
    let places = legacy.places()?;
    assert_eq!(of["address"], places[&sea]["IPAddress"]);
    assert_eq!(of["aliases"], serde_json::json!(["db"]));
    assert_eq!(of["state"], "running");

    let go = ["destination", "move", &legacy.name, "--from", &sea, "--to", &bay, "--yes"];
    portolan.run(&go)?;
    let places = legacy.places()?;
    ensure!(places.contains_key(&bay) && !places.contains_key(&sea), "{places:?}");
    ensure!(places[&bay]["Aliases"].to_string().contains("\"db\""), "{places:?}");

    let address = subnet.replace(".0/24", ".99");
    portolan.run(&["destination", "connect", &bay, &third.name, "--address", &address])?;
    assert_eq!(third.places()?[&bay]["IPAddress"], address.as_str());
    let said =
        portolan.refuse(&["destination", "connect", &bay, &friend.name, "--address", &address])?;
    ensure!(said.contains(&third.name), "{said}");

    // One that was never started joins too, and is there when it starts.
    let created = unique("created");
    host.docker(&["create", "--name", &created, "--network", "bridge", "echo:1"])?;
    portolan.run(&["destination", "connect", &bay, &created, "--alias", "later"])?;
    host.docker(&["start", &created])?;
    ensure!(legacy.succeeds(&["getent", "hosts", "later"])?, "it is not there once started");
    host.docker(&["rm", "-f", &created])?;

    for name in [&legacy.name, &third.name] {
        portolan.run(&["destination", "disconnect", &bay, name, "--yes"])?;
        portolan.run(&["destination", "disconnect", &bay, name, "--yes"])?;
    }
    drop(friend);
    portolan.remove(&sea)?;
    portolan.remove(&bay)
}
