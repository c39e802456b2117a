//! How an application's program is run: as whom, where, and with how little it makes do.
//!
//! Owns the words. That more than engines give anyway is asked for by nobody is their shape: what can be
//! said here takes away, and never adds.

use std::{collections::BTreeSet, ops::Not, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MountPath, mount};
use crate::{
    ContainerUser, Invalid,
    text::{text_newtype, words},
};

/// How the program is run. What is left out is as the image has it, or as engines do it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessSettings {
    /// Whom it runs as, instead of the image's own user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "1000:1000")]
    pub user: Option<ContainerUser>,
    /// Where it is begun, instead of the image's own folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "/srv")]
    pub working_dir: Option<WorkingDirectory>,
    /// What it takes its machine's name for. Others do not find it by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "mail.example.com")]
    pub hostname: Option<Hostname>,
    /// Whether a small process is put before it, which passes signals on and buries what it leaves.
    #[serde(skip_serializing_if = "Not::not")]
    pub init: bool,
    /// By which it is asked to end, instead of the image's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<StopSignal>,
    /// Whether it can write to its mounts alone.
    #[serde(skip_serializing_if = "Not::not")]
    pub read_only: bool,
    /// What it may not do of what engines allow to every container.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub drop_capabilities: BTreeSet<Capability>,
    /// Whether nothing that it runs can gain more than it has, by `setuid` or otherwise.
    #[serde(skip_serializing_if = "Not::not")]
    pub no_new_privileges: bool,
}

impl ProcessSettings {
    /// Whether nothing is said.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// An absolute path in a container, the root among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 1000, example = "/srv")]
pub struct WorkingDirectory(String);

impl FromStr for WorkingDirectory {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        mount::parse("a working directory", text).map(Self)
    }
}

text_newtype!(WorkingDirectory);

/// The name that a program's machine has: at most 63 letters, digits, `-` and `.`, which is what
/// kernels take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 63, example = "mail.example.com")]
pub struct Hostname(String);

impl FromStr for Hostname {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if text.len() > 63 || !text.split('.').all(part) {
            return Err(Invalid::new(
                "a host name has 1 to 63 letters, digits, `-` and `.`, as `mail.example.com`",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(Hostname);

words! {
    /// A signal by which programs are asked to end.
    pub enum StopSignal ("signal") {
        Hangup = "SIGHUP",
        Interrupt = "SIGINT",
        Quit = "SIGQUIT",
        Abort = "SIGABRT",
        Kill = "SIGKILL",
        User1 = "SIGUSR1",
        User2 = "SIGUSR2",
        Terminate = "SIGTERM",
        Window = "SIGWINCH",
        Power = "SIGPWR",
        /// What systemd halts by.
        Halt = "SIGRTMIN+3",
    }
}

words! {
    /// What engines allow to every container beyond what any program may (`capabilities(7)`).
    pub enum Capability ("capability") {
        AuditWrite = "AUDIT_WRITE",
        Chown = "CHOWN",
        DacOverride = "DAC_OVERRIDE",
        Fowner = "FOWNER",
        Fsetid = "FSETID",
        Kill = "KILL",
        Mknod = "MKNOD",
        NetBindService = "NET_BIND_SERVICE",
        NetRaw = "NET_RAW",
        Setfcap = "SETFCAP",
        Setgid = "SETGID",
        Setpcap = "SETPCAP",
        Setuid = "SETUID",
        SysChroot = "SYS_CHROOT",
    }
}

/// A part of the container's files that is in memory, and empty at each start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tmpfs {
    #[schema(value_type = String, example = "/tmp")]
    pub target: MountPath,
    /// The most that is in it, which counts as the container's memory. Half of the host's without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 4096)]
    pub size_bytes: Option<u64>,
    /// Who may do what in it. Everybody anything without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub mode: Option<FileMode>,
}

/// Who may do what with a file or folder, as `chmod` takes it: four octal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-7]{3,4}$", example = "0755")]
pub struct FileMode(u16);

impl FileMode {
    /// Everybody reads it, and nobody writes to it.
    pub const READABLE: Self = Self(0o444);

    pub const fn bits(self) -> u32 {
        self.0 as u32
    }
}

impl FromStr for FileMode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_digit());
        let bits = u16::from_str_radix(text, 8).ok().filter(|_| digits);
        bits.map(Self)
            .ok_or_else(|| Invalid::new("a mode has three or four octal digits, as `0755`"))
    }
}

impl TryFrom<String> for FileMode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<FileMode> for String {
    fn from(mode: FileMode) -> Self {
        mode.to_string()
    }
}

impl std::fmt::Display for FileMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl std::fmt::Debug for FileMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileMode({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_nothing_written() {
        let usual = ProcessSettings::default();
        assert_eq!(serde_json::to_string(&usual).expect("JSON"), "{}");
        assert_eq!(serde_json::from_str::<ProcessSettings>("{}").expect("settings"), usual);
        assert!(usual.is_usual());
        assert!(serde_json::from_str::<ProcessSettings>(r#"{"privileged": true}"#).is_err());
        let more = r#"{"drop_capabilities": ["SYS_ADMIN"]}"#;
        assert!(serde_json::from_str::<ProcessSettings>(more).is_err());
    }

    #[test]
    fn modes_are_octal() {
        for (text, bits) in [("0755", 0o755), ("755", 0o755), ("1777", 0o1777), ("0000", 0)] {
            assert_eq!(text.parse::<FileMode>().expect("a mode").bits(), bits, "{text}");
        }
        assert_eq!("755".parse::<FileMode>().expect("a mode").to_string(), "0755");
        for text in ["", "0", "0o755", "778", "+755", "07555", "rwx"] {
            assert!(text.parse::<FileMode>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_and_places_are_plain() {
        for text in ["a", "mail.example.com", "Node-1"] {
            assert!(text.parse::<Hostname>().is_ok(), "{text}");
        }
        for text in ["", "-a", "a-", "a..b", ".a", "a b", "a_b", &"x".repeat(64)] {
            assert!(text.parse::<Hostname>().is_err(), "{text:?}");
        }
        assert!(
            "/".parse::<WorkingDirectory>().is_ok() && "srv".parse::<WorkingDirectory>().is_err()
        );
    }
}
