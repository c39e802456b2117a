//! What hosts of repositories say when they call: whether it is signed, and what it means for an
//! application. Knows GitHub's, GitLab's, Gitea's and Forgejo's, and programs that say nothing.

use axum::http::{HeaderMap, header};
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use portolan_types::GitReference;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use crate::{Error, host::clean, vault};

/// Heads with a signature by HMAC-SHA-256 of the body, in hexadecimal digits
/// (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>).
const SIGNATURES: [&str; 2] = ["x-hub-signature-256", "x-gitea-signature"];
/// The secret itself (<https://docs.gitlab.com/user/project/integrations/webhooks/>).
const SECRET: &str = "x-gitlab-token";
/// What happened.
const EVENTS: [&str; 3] = ["x-github-event", "x-gitea-event", "x-gitlab-event"];

/// Whether whoever calls has the secret.
pub(super) fn is_signed(secret: &SecretString, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION.as_str());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    if let Some(shown) = text(SECRET).or(bearer) {
        // Hashes of the same length: the time that it takes says nothing of the secret.
        return vault::hash(shown) == vault::hash(secret.expose_secret());
    }
    let signs = |signature| signs(secret, signature, body);
    SIGNATURES.iter().filter_map(|name| text(name)).any(signs)
}

fn signs(secret: &SecretString, signature: &str, body: &[u8]) -> bool {
    let hex = signature.strip_prefix("sha256=").unwrap_or(signature);
    let Ok(signature) = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()) else { return false };
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    mac.is_ok_and(|mac| mac.chain_update(body).verify_slice(&signature).is_ok())
}

/// What a call leads to, in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Deploy(String),
    Ignored(String),
}

/// What all of them say of a push.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Push {
    r#ref: Option<String>,
    deleted: Option<bool>,
    /// All zeroes when it was deleted.
    after: Option<String>,
    repository: Repository,
    project: Repository,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Repository {
    default_branch: Option<String>,
}

/// What it means for an application that is built from a branch or tag.
pub(super) fn meaning(
    headers: &HeaderMap,
    body: &[u8],
    wanted: Option<&GitReference>,
) -> Result<Meaning, Error> {
    let event = EVENTS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    let Some(event) = event else {
        // A program of one's own: whoever calls wants a deployment.
        return Ok(Meaning::Deploy("a deployment was asked for".to_owned()));
    };
    if !matches!(event, "push" | "Push Hook" | "Tag Push Hook") {
        return Ok(Meaning::Ignored(format!("`{}` is no push", clean(event))));
    }
    let push: Push = serde_json::from_slice(body).map_err(|error| {
        Error::field("body", format!("it is no push as JSON (`application/json`): {error}"))
    })?;
    Ok(of_push(&push, wanted))
}

fn of_push(push: &Push, wanted: Option<&GitReference>) -> Meaning {
    let full = push.r#ref.as_deref().unwrap_or_default();
    let pushed = ["refs/heads/", "refs/tags/"].iter().find_map(|kind| full.strip_prefix(kind));
    let name = clean(pushed.unwrap_or(full));
    if push.is_of_what_is_gone() {
        return Meaning::Ignored(format!("`{name}` was deleted"));
    }
    let own = push.repository.default_branch.as_ref().or(push.project.default_branch.as_ref());
    match (pushed, wanted.map(GitReference::as_str).or(own.map(String::as_str))) {
        (Some(pushed), Some(wanted)) if pushed == wanted => {
            Meaning::Deploy(format!("`{name}` was pushed"))
        }
        (_, Some(wanted)) => Meaning::Ignored(format!(
            "`{name}` was pushed, and it is built from `{}`",
            clean(wanted)
        )),
        (_, None) => Meaning::Ignored(format!(
            "`{name}` was pushed, and it is not said which branch is the repository's own"
        )),
    }
}

impl Push {
    fn is_of_what_is_gone(&self) -> bool {
        let after = self.after.as_deref().unwrap_or_default();
        self.deleted == Some(true) || (!after.is_empty() && after.bytes().all(|byte| byte == b'0'))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_who_has_the_secret_signs() {
        let secret = "open sesame".into();
        let body = b"{\"ref\":\"refs/heads/main\"}";
        let mac = Hmac::<Sha256>::new_from_slice(b"open sesame").expect("a key");
        let hex = data_encoding::HEXLOWER.encode(&mac.chain_update(body).finalize().into_bytes());
        let hub = format!("sha256={hex}");
        for (name, value, signed) in [
            ("x-hub-signature-256", hub.as_str(), true),
            ("x-gitea-signature", &hex, true),
            ("x-gitlab-token", "open sesame", true),
            ("authorization", "Bearer open sesame", true),
            ("x-gitlab-token", "open", false),
            ("x-hub-signature-256", "sha256=", false),
            ("x-hub-signature-256", &hex[1..], false),
            ("x-other", "open sesame", false),
        ] {
            let headers = headers(&[(name, value)]);
            assert_eq!(is_signed(&secret, &headers, body), signed, "{name} {value}");
        }
        assert!(!is_signed(&secret, &headers(&[("x-hub-signature-256", &hub)]), b"other"));
    }

    #[test]
    fn a_push_of_its_branch_deploys() {
        let main: GitReference = "main".parse().expect("a name");
        let push = headers(&[("x-github-event", "push")]);
        let deploys = |body: &str, wanted: Option<&GitReference>| {
            matches!(meaning(&push, body.as_bytes(), wanted), Ok(Meaning::Deploy(_)))
        };
        assert!(deploys(r#"{"ref":"refs/heads/main"}"#, Some(&main)));
        assert!(!deploys(r#"{"ref":"refs/heads/other"}"#, Some(&main)));
        assert!(!deploys(r#"{"ref":"refs/heads/main","deleted":true}"#, Some(&main)));
        assert!(!deploys(r#"{"ref":"refs/heads/main","after":"0000"}"#, Some(&main)));
        assert!(deploys(r#"{"ref":"refs/heads/dev","repository":{"default_branch":"dev"}}"#, None));
        assert!(deploys(r#"{"ref":"refs/heads/dev","project":{"default_branch":"dev"}}"#, None));
        assert!(!deploys(r#"{"ref":"refs/heads/dev"}"#, None));
        assert!(meaning(&push, b"payload=%7B%7D", None).is_err());
        let ping = headers(&[("x-github-event", "ping")]);
        assert!(matches!(meaning(&ping, b"{}", None), Ok(Meaning::Ignored(_))));
        assert!(matches!(meaning(&headers(&[]), b"", None), Ok(Meaning::Deploy(_))));
    }
}
