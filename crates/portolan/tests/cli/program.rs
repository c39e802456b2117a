//! Runs the binary with a home of its own and nothing else of the environment.

use std::{
    fmt,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::fake::Fake;

/// A place to run `portolan` from.
pub(crate) struct Program {
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// Nobody is logged in.
    pub(crate) fn new() -> Self {
        Self { home: TempDir::new().expect("a folder"), variables: Vec::new() }
    }

    /// Speaks to the fake with a token.
    pub(crate) fn with(fake: &Fake) -> Self {
        Self::new().variable("PORTOLAN_URL", &fake.url()).variable("PORTOLAN_TOKEN", "secret")
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn client_file(&self) -> PathBuf {
        self.home().join(".config/portolan/client.toml")
    }

    #[expect(clippy::disallowed_methods, reason = "the binary is what is tested")]
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
        command.env_clear().env("HOME", self.home()).current_dir(self.home());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the binary starts")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(&self.command(arguments).output().expect("the binary runs"))
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("stdin");
        stdin.write_all(input.as_bytes()).expect("written");
        drop(stdin);
        self.ran(&child.wait_with_output().expect("the binary ends"))
    }

    fn ran(&self, output: &Output) -> Ran {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
            text.replace(&self.home().display().to_string(), "[HOME]")
        };
        Ran {
            code: output.status.code().expect("an exit code"),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

impl Ran {
    /// The data, when the command succeeded.
    #[track_caller]
    pub(crate) fn data(&self) -> &str {
        assert_eq!(self.code, 0, "{self}");
        &self.stdout
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    #[track_caller]
    pub(crate) fn fails(&self, code: i32, part: &str) {
        assert_eq!(self.code, code, "{self}");
        assert!(self.stderr.contains(part), "no {part:?} in {self}");
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "exit code: {code}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }
}

/// Asserts a snapshot in which addresses do not change from run to run.
macro_rules! snapshot {
    ($name:literal, $ran:expr) => {
        insta::with_settings!({filters => vec![(r"127\.0\.0\.1:\d+", "[ADDRESS]")]}, {
            insta::assert_snapshot!($name, $ran.to_string());
        })
    };
}

pub(crate) use snapshot;
