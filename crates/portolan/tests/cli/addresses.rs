//! The address plan on the command line: shown, changed, drawn.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, address_plan, server, server_addresses, server_subnets},
};

const PICTURE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>\n";

fn fake() -> Fake {
    let fleet = json!({
        "plan": address_plan(),
        "ipv4": { "total": 4_096, "used": 3, "free": 4_093, "next": "10.64.3.0/24" },
        "servers": [server_subnets()],
    });
    let one = format!("/v1/servers/{ID}");
    Fake::new()
        .list("/v1/servers", &[server(ID, "web-1")])
        .get(&one, server(ID, "web-1"))
        .on("PATCH", &one, 200, server(ID, "web-1"))
        .get("/v1/addresses", fleet)
        .on("PATCH", "/v1/addresses", 200, address_plan())
        .get(&format!("{one}/addresses"), server_addresses())
        .get("/v1/addresses.svg", json!(PICTURE))
        .get(&format!("{one}/addresses.svg"), json!(PICTURE))
}

#[test]
fn addresses_are_shown() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("addresses_of_the_fleet", program.run(&["addresses", "show"]));
    snapshot!("addresses_of_a_server", program.run(&["addresses", "show", "--server", "web-1"]));
    let ran = program.run(&["addresses", "show", "--server", ID, "--json"]);
    assert_eq!(ran.json()["networks"], server_addresses()["networks"]);
}

#[test]
fn a_plan_is_sent_as_it_was_typed() {
    let fake = fake();
    let program = Program::with(&fake);
    let arguments = [
        "addresses",
        "set",
        "--pool",
        "10.64.0.0/14:24",
        "--pool",
        "172.20.0.0/16:26",
        "--reserve",
        "10.8.0.0/16=the vpn",
        "--across-fleet",
        "true",
    ];
    program.run(&arguments).data();
    program.run(&["addresses", "set", "--default-pools", "--no-reserved"]).data();
    let asked: Vec<Value> = fake
        .asked()
        .into_iter()
        .filter(|asked| asked.method == "PATCH")
        .map(|asked| asked.body)
        .collect();
    let first = json!({
        "pools": [
            { "base": "10.64.0.0/14", "size": 24 }, { "base": "172.20.0.0/16", "size": 26 },
        ],
        "reserved": [{ "cidr": "10.8.0.0/16", "note": "the vpn" }],
        "across_fleet": true,
    });
    assert_eq!(asked, [first, json!({ "pools": [], "reserved": [] })]);
}

#[test]
fn a_server_gets_pools_of_its_own_and_loses_them() {
    let fake = fake();
    let program = Program::with(&fake);
    program.run(&["server", "edit", ID, "--pool", "10.99.0.0/24:26"]).data();
    program.run(&["server", "edit", ID, "--default-pools"]).data();
    let asked = fake.asked();
    let bodies: Vec<&Value> =
        asked.iter().filter(|asked| asked.method == "PATCH").map(|asked| &asked.body).collect();
    let own = json!({ "pools": [{ "base": "10.99.0.0/24", "size": 26 }] });
    assert_eq!(bodies, [&own, &json!({ "pools": [] })]);
}

#[test]
fn a_picture_is_printed_or_written() {
    let fake = fake();
    let program = Program::with(&fake);
    assert_eq!(program.run(&["addresses", "chart", "--server", "web-1"]).data(), PICTURE);
    let ran = program.run(&["addresses", "chart", "-o", "plan.svg"]);
    assert_eq!(ran.data(), "");
    assert!(ran.stderr.contains("wrote plan.svg"), "{ran}");
    assert_eq!(fs::read_to_string(program.home().join("plan.svg")).expect("a file"), PICTURE);
    program.run(&["addresses", "chart", "-o", "no/such/plan.svg"]).fails(1, "no/such/plan.svg");
}
