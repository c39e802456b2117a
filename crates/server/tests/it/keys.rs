//! SSH keys.

use anyhow::{Result, ensure};
use portolan_types::{Key, KeyAlgorithm, Page};
use serde_json::{Value, json};

use crate::support::{TestApp, story};

const PASSPHRASE: &str = "correct horse";

pub(crate) fn fixture(name: &str) -> Result<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures");
    Ok(std::fs::read_to_string(format!("{folder}/{name}"))?)
}

async fn refused(app: &TestApp, private_key: &str, passphrase: Option<&str>) -> Result<String> {
    let body = json!({ "name": "bad", "private_key": private_key, "passphrase": passphrase });
    let problem = app.owner.post("/v1/keys", body).await?.problem(422)?;
    ensure!(problem.errors.len() == 1, "{problem:?}");
    Ok(format!("{}: {}", problem.errors[0].field, problem.errors[0].message))
}

story! {
    /// Every family and form that people have is imported.
    async fn keys_are_imported(app) {
        let keys = [
            ("ed25519_openssh", None, KeyAlgorithm::Ed25519),
            ("ed25519_passphrase", Some(PASSPHRASE), KeyAlgorithm::Ed25519),
            ("ecdsa_sec1", None, KeyAlgorithm::Ecdsa),
            ("ecdsa_openssh", None, KeyAlgorithm::Ecdsa),
            ("rsa_pkcs1", None, KeyAlgorithm::Rsa),
        ];
        for (name, passphrase, algorithm) in keys {
            let private_key = fixture(name)?;
            let body = json!({ "name": name, "private_key": private_key, "passphrase": passphrase });
            let answer = app.owner.post("/v1/keys", body).await?;
            ensure!(!answer.text.contains("PRIVATE KEY"), "{name}: {}", answer.text);
            let key: Key = answer.created()?;
            assert_eq!(key.algorithm, algorithm, "{name}");
            ensure!(key.fingerprint.starts_with("SHA256:"), "{key:?}");
        }
        // The same RSA key in its other forms is the same key.
        for (name, passphrase) in [("rsa_pkcs8", None), ("rsa_pkcs8_passphrase", Some(PASSPHRASE))] {
            let private_key = fixture(name)?;
            let body = json!({ "name": name, "private_key": private_key, "passphrase": passphrase });
            app.owner.post("/v1/keys", body).await?.problem(409)?;
        }
        let page: Page<Key> = app.owner.get("/v1/keys?search=ECDSA").await?.ok()?;
        assert_eq!(page.items.len(), 2);
    }
}

story! {
    /// A new key is ed25519, and its public line is ready for `authorized_keys`.
    async fn a_key_is_generated(app) {
        let body = json!({ "name": "web servers; $(reboot)" });
        let key: Key = app.owner.post("/v1/keys", body).await?.created()?;
        assert_eq!(key.algorithm, KeyAlgorithm::Ed25519);
        ensure!(key.public_key.starts_with("ssh-ed25519 "), "{}", key.public_key);
        ensure!(key.public_key.ends_with(" portolan-web-servers----reboot-"), "{}", key.public_key);

        let path = format!("/v1/keys/{}", key.id);
        let renamed: Key = app.owner.patch(&path, json!({ "name": "web" })).await?.ok()?;
        assert_eq!(renamed.name.as_str(), "web");
        assert_eq!(app.owner.delete(&path).await?.status, 204);
        app.owner.get(&path).await?.problem(404)?;
    }
}

story! {
    /// What is wrong with a key is said exactly.
    async fn a_bad_key_gets_its_reason(app) {
        let openssh = fixture("ed25519_openssh")?;
        let cut: String = openssh.lines().take(3).collect::<Vec<_>>().join("\n");
        let damaged = openssh.replacen("b3BlbnNzaC1r", "!!!!!!!!!!!!", 1);
        let cases = [
            (String::new(), None, "private_key: it is empty"),
            ("hello".into(), None, "there is no `-----BEGIN"),
            (fixture("public_key")?, None, "this is a public key"),
            (cut, None, "the text was cut"),
            (damaged, None, "private_key: it"),
            (fixture("rsa_weak")?, None, "1024 bits is too weak"),
            (fixture("ed25519_passphrase")?, None, "passphrase: the key is protected"),
            (fixture("ed25519_passphrase")?, Some("wrong"), "passphrase: the passphrase is wrong"),
            (fixture("ed25519_endless_rounds")?, Some("any"), "takes 4294967295 rounds"),
            (fixture("rsa_pkcs8_passphrase")?, None, "passphrase: the key is protected"),
            (fixture("rsa_pkcs8_passphrase")?, Some("wrong"), "passphrase: the passphrase is wrong"),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n".into(), None, "PuTTYgen"),
            ("-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----".into(), None, "DSA"),
            ("x".repeat(40_000), None, "longer than any key"),
        ];
        for (text, passphrase, wanted) in cases {
            let said = refused(app, &text, passphrase).await?;
            ensure!(said.contains(wanted), "{said:?} does not say {wanted:?}");
        }
    }
}

story! {
    /// A key that servers log in with stays, and the answer names them.
    async fn a_key_in_use_stays(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let page: Page<Key> = app.owner.get("/v1/keys").await?.ok()?;
        assert_eq!(page.items[0].servers, 1);
        let path = format!("/v1/keys/{}", page.items[0].id);
        let problem = app.owner.delete(&path).await?.problem(409)?;
        assert_eq!(problem.blockers, ["alpha"]);
        let removed = app.owner.delete(&format!("/v1/servers/{}", server.id)).await?;
        removed.ok::<Value>()?;
        assert_eq!(app.owner.delete(&path).await?.status, 204);
    }
}

/// The database file alone opens no key.
#[tokio::test]
async fn the_private_part_is_sealed_at_rest() -> Result<()> {
    let mut app = TestApp::start(crate::support::Database::Sqlite).await?;
    let private_key = fixture("ed25519_openssh")?;
    let secret_line = private_key.lines().nth(2).unwrap_or_default().to_owned();
    let body = json!({ "name": "sealed", "private_key": private_key });
    app.owner.post("/v1/keys", body).await?.created::<Key>()?;
    let data = app.data_dir();
    app.stop().await?;
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        if path.is_dir() {
            // Of sources, while something is built.
            ensure!(std::fs::read_dir(&path)?.next().is_none(), "{}", path.display());
            continue;
        }
        let bytes = std::fs::read(path)?;
        let found = bytes.windows(secret_line.len()).any(|part| part == secret_line.as_bytes());
        ensure!(!found, "the private key lies in clear in the data directory");
    }
    Ok(())
}
