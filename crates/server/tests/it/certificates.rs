//! Certificates of the team's own: what is taken, what is refused, and what never comes back.

use anyhow::{Result, ensure};
use portolan_types::{Certificate, Page};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};

use crate::support::{TestApp, story};

fn pair(hosts: &[&str]) -> (String, String) {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(hosts).expect("names that a certificate can have");
    (cert.pem(), signing_key.serialize_pem())
}

pub(crate) fn body(name: &str, hosts: &[&str]) -> Value {
    let (chain, private_key) = pair(hosts);
    json!({ "name": name, "chain": chain, "private_key": private_key })
}

pub(crate) async fn add(app: &TestApp, name: &str) -> Result<Certificate> {
    app.owner.post("/v1/certificates", body(name, &["shop.example.com"])).await?.created()
}

async fn refused(app: &TestApp, body: Value) -> Result<String> {
    let answer = app.owner.post("/v1/certificates", body).await?;
    let problem = answer.problem(422)?;
    ensure!(!answer.text.contains("BEGIN PRIVATE KEY-----M"), "{}", answer.text);
    Ok(format!("{}: {}", problem.errors[0].field, problem.errors[0].message))
}

story! {
    /// What is stored is what the certificate says of itself; the key never comes back.
    async fn a_certificate_is_read(app) {
        let hosts = ["shop.example.com", "*.Example.ORG"];
        let answer = app.owner.post("/v1/certificates", body("shop", &hosts)).await?;
        ensure!(!answer.text.contains("PRIVATE"), "{}", answer.text);
        let made: Certificate = answer.created()?;
        assert_eq!(made.hosts, ["shop.example.com", "*.example.org"]);
        ensure!(made.not_before < made.not_after && made.fingerprint.len() == 64, "{made:?}");
        app.owner.post("/v1/certificates", body("shop", &hosts)).await?.problem(409)?;
        let page: Page<Certificate> = app.owner.get("/v1/certificates?search=ORG").await?.ok()?;
        assert_eq!(page.items.len(), 1);
        assert_eq!(page.items[0], made);
        let path = format!("/v1/certificates/{}", made.id);
        ensure!(app.owner.delete(&path).await?.status == 204);
        app.owner.get(&path).await?.problem(404)?;
    }
}

story! {
    /// What no browser would accept is refused when it is given, with what is wrong with it.
    async fn what_would_not_serve_is_refused(app) {
        let (chain, key) = pair(&["a.example.com"]);
        let (other, _) = pair(&["b.example.com"]);
        let told = |chain: &str, key: &str| {
            refused(app, json!({ "name": "x", "chain": chain, "private_key": key }))
        };
        ensure!(told(&other, &key).await?.starts_with("private_key: it is not the key of this"));
        ensure!(told(&chain, "secret").await?.starts_with("private_key: it is not PEM"));
        ensure!(told("secret", &key).await?.starts_with("chain: there is no certificate in it"));
        ensure!(told(&key, &key).await?.starts_with("chain: there is no certificate in it"));
        let (addressed, its_key) = pair(&["10.0.0.1"]);
        ensure!(told(&addressed, &its_key).await?.contains("names 0 hosts"));
        let (ended, its_key) = ended()?;
        ensure!(told(&ended, &its_key).await?.starts_with("chain: the certificate ended on 1999-"));
    }
}

fn ended() -> Result<(String, String)> {
    let key = rcgen::KeyPair::generate()?;
    let mut parameters = rcgen::CertificateParams::new(vec!["a.example.com".to_owned()])?;
    parameters.not_before = rcgen::date_time_ymd(1998, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(1999, 1, 1);
    Ok((parameters.self_signed(&key)?.pem(), key.serialize_pem()))
}
