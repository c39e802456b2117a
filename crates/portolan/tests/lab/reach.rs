//! "Can A reach B, and why not?", proved on a real host: by a connection from where A is, at a port
//! of B, and compared with the answer from what was seen.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    support::{Host, Portolan, unique},
    verify::{is_cut_off_and_clean, left},
};

/// The proof, held to the command's exit code.
pub(crate) fn prove(portolan: &Portolan, question: &[&str]) -> Result<Value> {
    let said = portolan.try_run(&[&["reach"], question, &["--prove", "--json"]].concat())?;
    let operation: Value = serde_json::from_str(&said.out).with_context(|| said.err.clone())?;
    let result = operation["result"].clone();
    let connected = result["proof"]["outcome"] == "connected";
    ensure!((said.code == 0) == connected, "ended with {}: {result}", said.code);
    Ok(result)
}

/// Verdict, outcome, and whether they contradict each other, with a word of the likely cause.
pub(crate) fn is(result: &Value, wanted: (&str, &str, bool), word: &str) -> Result<()> {
    let proof = &result["proof"];
    let verdict = result["reach"]["verdict"].as_str().unwrap_or_default();
    let outcome = proof["outcome"].as_str().unwrap_or_default();
    let contradicts = proof["contradicts"].as_bool().context("whether it contradicts")?;
    ensure!((verdict, outcome, contradicts) == wanted, "{result}");
    ensure!(proof["cause"]["reason"].as_str().unwrap_or_default().contains(word), "{result}");
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_way_is_proved_and_what_is_in_it_is_named() -> Result<()> {
    let mut portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    let (shop, blog) = (unique("reach-shop"), unique("reach-blog"));
    for network in [&shop, &blog] {
        portolan.create("bravo", network)?;
    }
    let web = host.container(&shop, &unique("reach-web"))?;
    let db = host.container(&shop, &unique("reach-db"))?;
    let other = host.container(&blog, &unique("reach-other"))?;

    // The port is found where nobody names one.
    let found = prove(&portolan, &[&web.name, &db.name])?;
    is(&found, ("yes", "connected", false), "")?;
    assert_eq!(found["proof"]["port"], 80, "{found}");
    let said = portolan.run(&["reach", &web.name, &db.name, "--prove", "--port", "80"])?;
    ensure!(said.contains("tried: connected at port 80"), "{said}");
    let deaf = prove(&portolan, &[&web.name, &db.name, "--port", "5432"])?;
    is(&deaf, ("yes", "refused", false), "it listens at 80")?;
    is(&prove(&portolan, &[&web.name, &other.name])?, ("no", "timed-out", false), "")?;
    is(&prove(&portolan, &[&web.name, &shop])?, ("yes", "connected", false), "")?;
    is(&prove(&portolan, &[&shop, &blog, "--port", "443"])?, ("no", "timed-out", false), "")?;

    let address = db.address()?;
    let rule = ["DOCKER-USER", "-d", &address, "-p", "tcp", "--dport", "80", "-j", "DROP"];
    let rule = host.rule("filter", &rule)?;
    let dropped = prove(&portolan, &[&web.name, &db.name])?;
    drop(rule);
    is(&dropped, ("yes", "timed-out", true), "a firewall rule drops them")?;
    let rule =
        ["DOCKER-USER", "-d", &address, "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"];
    let rule = host.rule("filter", &rule)?;
    let rejected = prove(&portolan, &[&web.name, &db.name])?;
    drop(rule);
    is(&rejected, ("yes", "refused", true), "a firewall rule rejects them")?;

    // One that does not run is stood for; one that is to be met has to run.
    host.docker(&["stop", "-t", "0", &db.name])?;
    is(&prove(&portolan, &[&db.name, &web.name])?, ("no", "connected", false), "stood in")?;
    is(&prove(&portolan, &[&web.name, &db.name])?, ("no", "untried", false), "has no address")?;

    let begun = portolan.json(&["reach", &web.name, &other.name, "--prove", "--no-wait"])?;
    is_cut_off_and_clean(&mut portolan, &host, &begun)?;
    let label = format!("dev.portolan.probe={}", begun["id"].as_str().context("an id")?);
    assert_eq!(left(&host, &label)?, Vec::<String>::new());
    drop((web, db, other));
    for network in [&shop, &blog] {
        portolan.remove(network)?;
    }
    Ok(())
}

/// A program that listens on its loopback address alone is the likeliest cause of all.
#[test]
#[ignore = "needs the lab"]
fn one_that_listens_to_itself_alone_is_named() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    let shop = unique("reach-shop");
    portolan.create("bravo", &shop)?;
    let web = host.container(&shop, &unique("reach-web"))?;
    let shy = host.container(&shop, &unique("reach-shy"))?;
    host.docker(&["exec", "-d", &shy.name, "nc", "-l", "-s", "127.0.0.1", "-p", "6379"])?;
    let alone = prove(&portolan, &[&web.name, &shy.name, "--port", "6379"])?;
    is(&alone, ("yes", "refused", false), "loopback address alone")?;
    drop((web, shy));
    portolan.remove(&shop)
}
