//! Identifiers: CUID2, 24 characters, one newtype per resource so that they cannot be mixed up.

use std::str::FromStr;

use rand::RngExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Invalid;

const LENGTH: usize = 24;
const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A new identifier in the CUID2 form (<https://github.com/paralleldrive/cuid2>): a letter, then
/// 23 characters of base 36. All of them come from the system's generator (119 bits), which gives
/// what CUID2 obtains by hashing weaker sources.
pub fn cuid2() -> String {
    let mut rng = rand::rng();
    let mut text = String::with_capacity(LENGTH);
    text.push(char::from(LETTERS[rng.random_range(0..LETTERS.len())]));
    text.extend((1..LENGTH).map(|_| char::from(DIGITS[rng.random_range(0..DIGITS.len())])));
    text
}

/// Whether a text has the form of an identifier.
pub fn is_cuid2(text: &str) -> bool {
    text.len() == LENGTH
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

macro_rules! id {
    ($($(#[$meta:meta])* $type:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, example = "tz4a98xxat96iws9zmbrgj3a")]
        pub struct $type(String);

        impl $type {
            /// A new identifier that nothing else has.
            pub fn generate() -> Self {
                Self(cuid2())
            }
        }

        impl FromStr for $type {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if is_cuid2(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Invalid::new(
                        "not an identifier: it has 24 characters a-z and 0-9, the first a letter",
                    ))
                }
            }
        }

        crate::text::text_newtype!($type);
    )+};
}

id! {
    /// A team: everything that can be owned is owned by one.
    TeamId,
    /// A person.
    UserId,
    /// An invitation into a team.
    InviteId,
    /// An API token.
    TokenId,
    /// A sign-in of a person.
    SessionId,
    /// What a person is known by at a provider.
    IdentityId,
    /// A passkey.
    PasskeyId,
    /// An SSH private key.
    KeyId,
    /// A Docker host.
    ServerId,
    /// A Docker network on a server.
    DestinationId,
    /// Where applications and databases are grouped.
    ProjectId,
    /// A part of a project, as `production`.
    EnvironmentId,
    /// A program that is deployed into a destination.
    ApplicationId,
    /// A database. The application that runs it has the same one.
    DatabaseId,
    /// One deployment of an application.
    DeploymentId,
    /// That an application may reach a resource of another destination.
    LinkId,
    /// A program that an application runs again and again.
    JobId,
    /// One run of a job.
    JobRunId,
    /// A way from outside to a container.
    RouteId,
    /// A login of a container registry.
    RegistryId,
    /// Applications of one Compose file.
    StackId,
    /// Where backups are kept.
    StorageId,
    /// A backup of a database.
    BackupId,
    /// A certificate of a team's own.
    CertificateId,
    /// A piece of work with steps and an outcome.
    OperationId,
    /// Something that happened.
    EventId,
    /// Something that somebody did.
    AuditEntryId,
    /// A found difference.
    DriftId,
    /// Who is told of events.
    NotifierId,
    /// A message of a notifier.
    DeliveryId,
    /// What work was done on, a server, a destination or another thing, where any will do.
    SubjectId,
}

impl From<&ApplicationId> for DatabaseId {
    fn from(id: &ApplicationId) -> Self {
        Self(id.0.clone())
    }
}

impl From<&DatabaseId> for ApplicationId {
    fn from(id: &DatabaseId) -> Self {
        Self(id.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn generated_identifiers_have_the_form_and_differ() {
        let many: HashSet<String> = (0..1_000).map(|_| cuid2()).collect();
        assert_eq!(many.len(), 1_000);
        assert!(many.iter().all(|text| is_cuid2(text)));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "a", "1z4a98xxat96iws9zmbrgj3a", "tz4a98xxat96iws9zmbrgj3A", "../images"] {
            assert!(text.parse::<ServerId>().is_err(), "{text}");
        }
    }
}
