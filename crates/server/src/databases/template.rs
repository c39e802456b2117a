//! Templates of engines: data in `databases/*.toml`, and what is made of it.
//!
//! Owns how they are read and filled in. Nothing that a person wrote becomes part of a text that a
//! shell reads: placeholders are filled in in single arguments, in variables and in the URL.

use std::{collections::BTreeMap, num::NonZeroU16, sync::LazyLock};

use portolan_types::{
    Argument, CredentialName, DatabaseTemplate, DatabaseVersion, EngineName, MountPath,
    SettingName, VariableName,
};
use serde::Deserialize;

use crate::Error;

/// The name of each file without its ending, and its text.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/databases.rs"));

/// An engine, as its file says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    pub title: String,
    pub about: String,
    /// Without a tag.
    pub image: String,
    #[serde(default = "plain_tag")]
    tag: String,
    /// The usual one first.
    pub versions: Vec<DatabaseVersion>,
    /// How many numbers of a version make a series, within which data stay readable.
    pub series: usize,
    pub port: NonZeroU16,
    url: String,
    #[serde(default)]
    pub user: Option<CredentialName>,
    #[serde(default)]
    pub reserved_users: Vec<CredentialName>,
    #[serde(default)]
    pub database: Option<CredentialName>,
    /// Where its data are in the container.
    pub volume: MountPath,
    pub command: Vec<Argument>,
    /// Arguments of one setting, after those of the command.
    setting: Vec<String>,
    /// Settings that the rest of the template relies on.
    #[serde(default)]
    pub reserved_settings: Vec<SettingName>,
    pub health: Vec<Argument>,
    /// The file that it runs when it is made, from the root on without a slash.
    #[serde(default)]
    pub script: Option<String>,
    pub variables: BTreeMap<VariableName, String>,
    /// Absent where there is no way that is certain.
    #[serde(default)]
    pub backup: Option<BackupWay>,
}

/// How an engine is backed up: programs in its container, which find what they need in its variables.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupWay {
    /// Says the backup on its standard output.
    pub take: Vec<String>,
    /// Reads it from its standard input, and changes nothing before it has seen that it can.
    pub restore: Vec<String>,
    /// Whether the engine reads what was restored when it starts.
    #[serde(default)]
    pub restart: bool,
}

fn plain_tag() -> String {
    "{version}".to_owned()
}

static ALL: LazyLock<BTreeMap<EngineName, Template>> =
    LazyLock::new(|| FILES.iter().filter_map(|(name, text)| read(name, text)).collect());

/// A file that cannot be read is no engine; a test reads all.
fn read(name: &str, text: &str) -> Option<(EngineName, Template)> {
    let engine = name.parse::<EngineName>();
    let engine = engine.inspect_err(|error| tracing::error!(name, %error, "no name of an engine"));
    let template = toml::from_str::<Template>(text);
    let template =
        template.inspect_err(|error| tracing::error!(name, %error, "a template could not be read"));
    Some((engine.ok()?, template.ok()?))
}

/// All engines, by name.
pub(crate) fn all() -> impl Iterator<Item = DatabaseTemplate> {
    ALL.iter().map(|(engine, template)| template.shown(engine))
}

/// The template of an engine.
pub(crate) fn find(engine: &EngineName) -> Result<&'static Template, Error> {
    ALL.get(engine).ok_or_else(|| {
        let known: Vec<&str> = ALL.keys().map(EngineName::as_str).collect();
        Error::field("engine", format!("there is no `{engine}`: use one of {}", known.join(", ")))
    })
}

impl Template {
    fn shown(&self, engine: &EngineName) -> DatabaseTemplate {
        DatabaseTemplate {
            engine: engine.clone(),
            title: self.title.clone(),
            about: self.about.clone(),
            image: self.image.clone(),
            versions: self.versions.clone(),
            port: self.port,
            user: self.user.clone(),
            database: self.database.clone(),
            takes_script: self.script.is_some(),
            backs_up: self.backup.is_some(),
        }
    }

    /// The image of a version, with its tag.
    pub(super) fn reference(&self, version: &DatabaseVersion) -> String {
        let tag = fill(&self.tag, |name| (name == "version").then(|| version.to_string()));
        format!("{}:{tag}", self.image)
    }

    /// The numbers that say which series a version is of; `None` where it has too few.
    pub(crate) fn series_of(&self, version: &DatabaseVersion) -> Option<Vec<u32>> {
        version.numbers().get(..self.series).map(<[u32]>::to_vec)
    }

    /// The arguments of a setting.
    pub(super) fn setting(&self, name: &str, value: &str) -> Vec<String> {
        let of = |placeholder: &str| match placeholder {
            "name" => Some(name.to_owned()),
            "value" => Some(value.to_owned()),
            _ => None,
        };
        self.setting.iter().map(|argument| fill(argument, of)).collect()
    }

    /// Its variables, each with whether it holds a secret.
    pub(super) fn variables(
        &self,
        value: impl Fn(&str) -> Option<String>,
    ) -> impl Iterator<Item = (&VariableName, String, bool)> {
        let is_secret = |text: &str| text.contains("{password}") || text.contains("{root}");
        self.variables.iter().map(move |(name, text)| (name, fill(text, &value), is_secret(text)))
    }

    pub(super) fn url(&self, value: impl Fn(&str) -> Option<String>) -> String {
        fill(&self.url, value)
    }

    /// The same for everybody's eyes, without the password.
    pub(super) fn url_without_password(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let plain = self.url.replace(":{password}", "");
        fill(&plain, value)
    }
}

/// Puts values into the places of their names, in one pass: a value that looks like a place stays as
/// it is. A name that nobody knows does too.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let place = after.split_once('}').and_then(|(name, after)| Some((value(name)?, after)));
        if let Some((value, after)) = place {
            filled.push_str(&value);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use portolan_types::Image;

    use super::*;

    /// As an engine's URL is filled in.
    fn value(name: &str) -> Option<String> {
        ["user", "password", "root", "database", "host", "port"]
            .contains(&name)
            .then(|| format!("<{name}>"))
    }

    #[test]
    fn every_template_is_whole() {
        assert!(FILES.len() >= 8, "{}", FILES.len());
        for (name, text) in FILES {
            name.parse::<EngineName>().unwrap_or_else(|error| panic!("{name}: {error}"));
            let one: Template =
                toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!one.title.is_empty() && one.about.ends_with('.'), "{name}");
            assert!(!one.versions.is_empty() && one.series > 0, "{name}");
            for version in &one.versions {
                assert!(one.reference(version).parse::<Image>().is_ok(), "{name} {version}");
                assert!(one.series_of(version).is_some(), "{name} {version}");
            }
            assert!(!one.health.is_empty(), "{name} has no health check");
            let url = one.url(value);
            assert!(!url.contains('{') && url.contains("<password>"), "{name}: {url}");
            assert!(url.contains("<host>:<port>"), "{name}: {url}");
            let filled: Vec<_> = one.variables(value).collect();
            assert!(filled.iter().all(|(_, text, _)| !text.contains('{')), "{name}: {filled:?}");
            assert!(filled.iter().any(|(_, _, secret)| *secret), "{name} knows no password");
            let setting = one.setting("<name>", "<value>").join(" ");
            assert!(setting.contains("<name>") && setting.contains("<value>"), "{name}");
            assert_eq!(url.contains("<user>"), one.user.is_some(), "{name}");
            assert_eq!(url.contains("<database>"), one.database.is_some(), "{name}");
        }
    }

    /// A shell reads only what is the same for everybody.
    #[test]
    fn nothing_is_filled_in_where_a_shell_reads() {
        for (name, text) in FILES {
            let one: Template = toml::from_str(text).expect("a template");
            for argument in one.command.iter().chain(&one.health) {
                let argument = argument.as_str();
                assert_eq!(fill(argument, value), argument, "{name}");
            }
            for argument in one.backup.iter().flat_map(|way| way.take.iter().chain(&way.restore)) {
                assert_eq!(&fill(argument, value), argument, "{name}");
            }
        }
    }

    #[test]
    fn urls_are_shown_without_the_password() {
        let shown = |engine: &str| {
            find(&engine.parse().expect("an engine")).expect("one").url_without_password(value)
        };
        assert_eq!(shown("postgres"), "postgresql://<user>@<host>:<port>/<database>");
        assert_eq!(shown("redis"), "redis://default@<host>:<port>/0");
        for template in ALL.values() {
            assert!(!template.url_without_password(value).contains("<password>"));
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let of = |name: &str| (name == "a").then(|| "{b}{a}".to_owned());
        assert_eq!(fill("x{a}y{b}z{", of), "x{b}{a}y{b}z{");
        assert_eq!(fill("{}{a}", of), "{}{b}{a}");
    }

    #[test]
    fn series_have_as_many_numbers_as_the_template_says() {
        let series = |engine: &str, version: &str| {
            let template = find(&engine.parse().expect("an engine")).expect("one");
            template.series_of(&version.parse().expect("a version"))
        };
        assert_eq!(series("postgres", "17.2-alpine"), Some(vec![17]));
        assert_eq!(series("mysql", "8.0.36"), Some(vec![8, 0]));
        assert_eq!(series("mysql", "8"), None);
    }
}
