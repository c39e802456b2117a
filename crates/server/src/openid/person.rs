//! What an issuer says of a person. Pure.

use std::collections::BTreeSet;

use portolan_types::Email;
use serde_json::{Map, Value};

use super::issuer::Trouble;
use crate::config::Provider;

/// More groups than anybody is in; a token with more is not read.
const MOST_GROUPS: usize = 1_000;

/// A person as the issuer knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub subject: String,
    /// Lower case.
    pub email: Option<Email>,
    /// The issuer knows that the address is theirs.
    pub email_verified: bool,
    pub groups: BTreeSet<String>,
}

/// Whether the issuer has to be asked for more than its token says.
pub(super) fn lacks(claims: &Map<String, Value>, provider: &Provider) -> bool {
    let groups = !provider.roles.is_empty() && !claims.contains_key(&provider.groups_claim);
    groups || !claims.contains_key("email")
}

impl Person {
    /// `claims` are those of a verified token; `more` what the issuer said when it was asked.
    pub(super) fn read(
        claims: &Map<String, Value>,
        more: &Map<String, Value>,
        provider: &Provider,
    ) -> Result<Self, Trouble> {
        let subject = text(claims, "sub").unwrap_or_default();
        // An address and whether it is verified are said in one place.
        let place = if claims.contains_key("email") { claims } else { more };
        let email = text(place, "email").and_then(|text| text.to_lowercase().parse().ok());
        let email_verified =
            place.get("email_verified").and_then(Value::as_bool).unwrap_or_default();
        let groups = groups([claims, more], &provider.groups_claim)?;
        Ok(Self { subject: subject.to_owned(), email, email_verified, groups })
    }

    /// The address, when it may be believed to be theirs.
    pub(super) fn believed_email(&self, provider: &Provider) -> Option<&Email> {
        self.email.as_ref().filter(|_| self.email_verified || provider.trust_email)
    }

    /// Whether the operator lets people of their domain in.
    pub(super) fn is_allowed(&self, provider: &Provider) -> bool {
        let domains = &provider.allowed_domains;
        let domain = self.believed_email(provider).and_then(|email| email.as_str().split_once('@'));
        domains.is_empty()
            || domain.is_some_and(|(_, domain)| domains.iter().any(|one| one == domain))
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// From the first place that tells of them. No claim means no group: issuers leave out a list that is
/// empty. But one that says that the list is elsewhere must not take everybody's role away.
fn groups(places: [&Map<String, Value>; 2], name: &str) -> Result<BTreeSet<String>, Trouble> {
    let is_elsewhere = |place: &&Map<String, Value>| {
        place.get("_claim_names").is_some_and(|names| names.get(name).is_some())
    };
    let elsewhere = places.iter().any(is_elsewhere);
    match places.iter().find_map(|place| place.get(name)) {
        None | Some(Value::Null) if elsewhere => Err(Trouble::new(
            "it does not send the groups of whoever is in too many: let it send fewer",
        )),
        None | Some(Value::Null) => Ok(BTreeSet::new()),
        Some(Value::String(one)) => Ok([one.clone()].into()),
        Some(Value::Array(many)) if many.len() <= MOST_GROUPS => {
            let word = |one: &Value| one.as_str().map(str::to_owned);
            let all = many.iter().map(word).collect::<Option<_>>();
            all.ok_or_else(|| Trouble::new("its groups are not words"))
        }
        Some(_) => Err(Trouble::new("its groups are not a list of words")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn provider() -> Provider {
        Provider {
            name: "corp".parse().expect("a name"),
            issuer: "https://id.example.com".parse().expect("an issuer"),
            client_id: "portolan".to_owned(),
            client_secret: None,
            scopes: Vec::new(),
            allowed_domains: vec!["example.com".to_owned()],
            groups_claim: "groups".to_owned(),
            trust_email: false,
            roles: Vec::new(),
        }
    }

    fn read(claims: Value, more: Value) -> Result<Person, Trouble> {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        Person::read(&map(claims), &map(more), &provider())
    }

    #[test]
    fn an_address_is_believed_when_it_is_verified_where_it_is_said() {
        let believed = |claims, more| {
            let person = read(claims, more).expect("a person");
            person.believed_email(&provider()).map(ToString::to_string)
        };
        let verified = json!({ "sub": "a", "email": "A@Example.com", "email_verified": true });
        assert_eq!(believed(verified, json!({})), Some("a@example.com".to_owned()));
        let said = json!({ "sub": "a", "email": "a@example.com" });
        assert_eq!(believed(said.clone(), json!({})), None);
        let elsewhere = json!({ "sub": "a", "email": "b@example.com", "email_verified": true });
        assert_eq!(believed(said, elsewhere.clone()), None);
        assert_eq!(believed(json!({ "sub": "a" }), elsewhere), Some("b@example.com".to_owned()));
        let word = json!({ "sub": "a", "email": "a@example.com", "email_verified": "yes" });
        assert_eq!(believed(word, json!({})), None);
    }

    #[test]
    fn only_the_named_domains_are_let_in() {
        for (email, verified, allowed) in [
            ("a@example.com", true, true),
            ("a@example.com", false, false),
            ("a@sub.example.com", true, false),
            ("a@example.com.evil.example", true, false),
            ("a@evil.example@example.com", true, false),
        ] {
            let claims = json!({ "sub": "a", "email": email, "email_verified": verified });
            let person = read(claims, json!({})).expect("a person");
            assert_eq!(person.is_allowed(&provider()), allowed, "{email}");
        }
    }

    #[test]
    fn groups_are_words() {
        let groups = |groups: Value| {
            read(json!({ "sub": "a", "groups": groups }), json!({}))
                .map(|person| person.groups.len())
        };
        assert_eq!(groups(json!(["a", "b", "a"])), Ok(2));
        assert_eq!(groups(json!("a")), Ok(1));
        assert_eq!(groups(json!(null)), Ok(0));
        for bad in [json!([1]), json!({}), json!(vec!["a"; MOST_GROUPS + 1])] {
            assert!(groups(bad).is_err());
        }
        let overage = json!({ "sub": "a", "_claim_names": { "groups": "src1" } });
        assert!(read(overage, json!({})).is_err());
    }
}
