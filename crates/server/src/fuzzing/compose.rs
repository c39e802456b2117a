//! Compose files, and what they are read into.

use crate::compose::{self, Files, Reading, Values};

const SECRET: &str = "open-sesame-1234";

/// Whatever a file says, a secret value is in variables that are secret, and nowhere else.
pub(super) fn fuzz(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let secret = SECRET.parse().expect("a value");
    let values = Values::from([("PASSWORD".parse().expect("a name"), (secret, true))]);
    let stack = "shop".parse().expect("a name");
    let path = "secret.env".parse().expect("a path");
    let files = Files::from([(path, format!("A={SECRET}").parse().expect("a text"))]);
    let (values, files) = (&values, &files);
    let reading = Reading { stack: &stack, values, repository: None, files, network: "web" };
    if text.contains(SECRET) {
        return;
    }
    match compose::read(&text, &reading) {
        Ok(composed) => {
            for service in &composed.services {
                let spec = serde_json::to_string(&service.spec).expect("JSON");
                assert!(!spec.contains(SECRET), "{text}");
                for one in service.variables.iter().filter(|one| !one.secret) {
                    assert!(!one.value.as_str().contains(SECRET), "{text}");
                }
            }
            for told in &composed.notices {
                assert!(!told.to_string().contains(SECRET), "{told}");
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty() && faults.len() <= 50, "{}", faults.len());
            for fault in &faults {
                assert!(!fault.to_string().contains(SECRET), "{fault}");
            }
        }
    }
}
