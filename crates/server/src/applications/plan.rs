//! What a deployment makes: the spec with the variables, as they were when it was asked for. Both are
//! sealed, because variables are secrets.

use std::collections::BTreeMap;

use portolan_types::{
    ApplicationId, ApplicationSpec, DeploymentId, FileMode, FileText, Timestamp, VariableName,
    VariableValue,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{Error, vault::Vault};

/// What an application's variables are sealed for.
pub(crate) fn variables_context(id: &str) -> String {
    format!("variables:{id}")
}

/// What the plan of a deployment is sealed for.
pub(crate) fn plan_context(id: &str) -> String {
    format!("deployment:{id}")
}

/// A variable as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub value: VariableValue,
    pub secret: bool,
    /// Whether it is for builds alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub build: bool,
    pub updated_at: Timestamp,
}

/// The variables of an application, by name.
pub(crate) type Kepts = BTreeMap<VariableName, Kept>;

pub(crate) fn open_variables(
    vault: &Vault,
    id: &ApplicationId,
    sealed: Option<&str>,
) -> Result<Kepts, Error> {
    let Some(sealed) = sealed else { return Ok(Kepts::new()) };
    open(vault, sealed, &variables_context(id.as_str()))
}

pub(crate) fn seal_variables(
    vault: &Vault,
    id: &ApplicationId,
    variables: &Kepts,
) -> Result<String, Error> {
    seal(vault, variables, &variables_context(id.as_str()))
}

/// Everything that a deployment is made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub spec: ApplicationSpec,
    pub variables: BTreeMap<VariableName, VariableValue>,
    /// What the Dockerfile is told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<VariableName, VariableValue>,
    /// What single steps of the Dockerfile may read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<VariableName, VariableValue>,
    /// The password of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<VariableValue>,
    /// Whether nothing of earlier builds is taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// Put into the container before it is started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PlannedFile>,
}

/// A file in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedFile {
    /// From the root on, without a slash.
    pub path: String,
    pub content: FileText,
    /// Whom it belongs to, by numbers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uid: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gid: u32,
    #[serde(default = "PlannedFile::usual_mode")]
    pub mode: FileMode,
}

impl PlannedFile {
    /// One that everybody in the container reads.
    pub(crate) fn of(path: String, content: FileText) -> Self {
        Self { path, content, uid: 0, gid: 0, mode: Self::usual_mode() }
    }

    fn usual_mode() -> FileMode {
        FileMode::READABLE
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Plan {
    /// What is wanted now. A login of the repository whose password is not there is refused.
    pub(crate) fn of(spec: ApplicationSpec, kept: Kepts, fresh: bool) -> Result<Self, Error> {
        let login = spec.build.as_ref().and_then(|build| build.login.as_ref());
        let named = login.map(|login| login.password_variable.clone());
        let password = named.as_ref().map(|name| password_of(&kept, name)).transpose()?;
        let (for_builds, others): (Kepts, Kepts) = kept.into_iter().partition(|(_, one)| one.build);
        let values = |kept: Kepts| kept.into_iter().map(|(name, one)| (name, one.value)).collect();
        // An image shows the arguments that it was built with.
        let (mut secrets, arguments): (Kepts, Kepts) =
            for_builds.into_iter().partition(|(_, one)| one.secret);
        // Whoever pushes a Dockerfile can read what is offered to it: the repository's own login is not.
        secrets.retain(|name, _| named.as_ref() != Some(name));
        Ok(Self {
            spec,
            variables: values(others),
            arguments: values(arguments),
            secrets: values(secrets),
            password,
            fresh,
            files: Vec::new(),
        })
    }

    pub(crate) fn open(vault: &Vault, id: &DeploymentId, sealed: &str) -> Result<Self, Error> {
        open(vault, sealed, &plan_context(id.as_str()))
    }

    pub(crate) fn seal(&self, vault: &Vault, id: &DeploymentId) -> Result<String, Error> {
        seal(vault, self, &plan_context(id.as_str()))
    }
}

fn password_of(kept: &Kepts, name: &VariableName) -> Result<VariableValue, Error> {
    let found = kept.get(name).filter(|one| one.build && one.secret);
    found.map(|one| one.value.clone()).ok_or_else(|| {
        Error::refused(
            "no-repository-password",
            format!("there is no secret variable `{name}` for builds, which the repository's login names"),
            "set it (`change_variables`, with `secret` and `build`), and deploy again",
        )
    })
}

/// Seals anything as JSON.
pub(crate) fn seal(vault: &Vault, value: &impl Serialize, context: &str) -> Result<String, Error> {
    let plain = serde_json::to_string(value).map_err(unreadable)?;
    Ok(vault.seal(&SecretString::from(plain), context)?)
}

/// Opens what was sealed so.
pub(crate) fn open<T: for<'de> Deserialize<'de>>(
    vault: &Vault,
    sealed: &str,
    context: &str,
) -> Result<T, Error> {
    let plain = vault.open_sealed(sealed, context)?;
    serde_json::from_str(plain.expose_secret()).map_err(unreadable)
}

fn unreadable(source: serde_json::Error) -> Error {
    Error::Database(sqlx::Error::Decode(source.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_survives_being_kept() {
        let plan = Plan {
            spec: ApplicationSpec::of("shop:1".parse().expect("an image")),
            variables: BTreeMap::from([(
                "A".parse().expect("a name"),
                "b\nc".parse().expect("a value"),
            )]),
            arguments: BTreeMap::new(),
            secrets: BTreeMap::from([(
                "T".parse().expect("a name"),
                "s".parse().expect("a value"),
            )]),
            password: None,
            fresh: true,
            files: vec![PlannedFile {
                uid: 1000,
                ..PlannedFile::of("a/b.sql".to_owned(), "select 1".parse().expect("a text"))
            }],
        };
        let text = serde_json::to_string(&plan).expect("JSON");
        assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), plan);
        // As an earlier version kept it.
        let before = r#"{"path": "a.sql", "content": "select 1"}"#;
        let file: PlannedFile = serde_json::from_str(before).expect("a file");
        assert_eq!(file, PlannedFile::of("a.sql".to_owned(), "select 1".parse().expect("a text")));
    }
}
