//! What an image is built from, as it is typed.

use clap::Args;
use portolan_types::{
    ApplicationSpec, Build, BuildStage, GitReference, Image, Invalid, Key, RepositoryLogin,
    RepositoryPath, RepositoryUrl, Server, VariableName, server::Fingerprint,
};

use crate::find::Reference;

/// Flags of a build. What is not typed stays.
#[derive(Debug, Args)]
#[command(next_help_heading = "What its image is built from")]
pub(crate) struct BuildArgs {
    /// A Git repository with a Dockerfile, as `https://git.example.com/shop/api.git`, or by SSH as
    /// `git@git.example.com:shop/api.git`.
    #[arg(long, value_name = "URL")]
    git: Option<RepositoryUrl>,
    /// Its branch or tag [default: the repository's own branch].
    #[arg(long, value_name = "BRANCH")]
    git_ref: Option<GitReference>,
    /// Who logs in to it; most hosts take any name beside a token [default: git].
    #[arg(long, value_name = "NAME", requires = "git_password_variable")]
    git_user: Option<String>,
    /// The secret variable for builds that has its password or token: set it with
    /// `portolan app env set APP --secret --build NAME`.
    #[arg(long, value_name = "NAME")]
    git_password_variable: Option<VariableName>,
    /// The key that logs in to a repository by SSH: id or name. Its host has to know the public side
    /// (`portolan key show NAME --public`).
    #[arg(long, value_name = "KEY", conflicts_with = "git_password_variable")]
    git_key: Option<Reference>,
    /// What the host of a repository by SSH shows; without, a deployment fails and tells it.
    #[arg(long, value_name = "SHA256:...")]
    git_host_key: Option<Fingerprint>,
    /// The folder of the repository that it is built from.
    #[arg(long, value_name = "PATH")]
    build_folder: Option<RepositoryPath>,
    /// The Dockerfile, below that folder [default: Dockerfile].
    #[arg(long, value_name = "PATH")]
    dockerfile: Option<RepositoryPath>,
    /// The stage of the Dockerfile [default: the last].
    #[arg(long, value_name = "NAME")]
    build_stage: Option<BuildStage>,
    /// The server that builds, and pushes the image to its registry: id or name [default: the
    /// destination's own].
    #[arg(long, value_name = "SERVER")]
    build_server: Option<Reference>,
}

/// The flags of [`BuildArgs`], of which an edit needs one.
pub(super) const FLAGS: [&str; 10] = [
    "git",
    "git_ref",
    "git_user",
    "git_password_variable",
    "git_key",
    "git_host_key",
    "build_folder",
    "dockerfile",
    "build_stage",
    "build_server",
];

impl BuildArgs {
    /// The server that is to build, as it was typed.
    pub(crate) fn server(&self) -> Option<&Reference> {
        self.build_server.as_ref()
    }

    /// The key that is to log in, as it was typed.
    pub(crate) fn key(&self) -> Option<&Reference> {
        self.git_key.as_ref()
    }

    /// How an image is called that is built and was not named.
    pub(crate) fn image(&self) -> Option<Image> {
        self.git.as_ref()?.image()
    }

    fn is_typed(&self) -> bool {
        self.git.is_some()
            || self.git_ref.is_some()
            || self.git_password_variable.is_some()
            || self.git_key.is_some()
            || self.git_host_key.is_some()
            || self.build_folder.is_some()
            || self.dockerfile.is_some()
            || self.build_stage.is_some()
            || self.build_server.is_some()
    }

    /// The present spec with what was typed instead.
    pub(crate) fn applied_to(
        self,
        spec: &mut ApplicationSpec,
        (server, key): (Option<&Server>, Option<&Key>),
    ) -> Result<(), Invalid> {
        if !self.is_typed() {
            return Ok(());
        }
        let mut build = match (spec.build.take(), self.git) {
            (Some(build), None) => build,
            (Some(build), Some(repository)) => elsewhere(build, repository),
            (None, Some(repository)) => Build::of(repository),
            (None, None) => {
                return Err(Invalid::new("it is not built: name a repository with --git"));
            }
        };
        build.reference = self.git_ref.or(build.reference);
        build.folder = self.build_folder.unwrap_or(build.folder);
        build.dockerfile = self.dockerfile.unwrap_or(build.dockerfile);
        build.stage = self.build_stage.or(build.stage);
        build.server_id = server.map(|server| server.id.clone()).or(build.server_id);
        build.key_id = key.map(|key| key.id.clone()).or(build.key_id);
        build.host_key = self.git_host_key.or(build.host_key);
        if let Some(password_variable) = self.git_password_variable {
            let user = self.git_user.unwrap_or_else(RepositoryLogin::any_user);
            build.login = Some(RepositoryLogin { user, password_variable });
        }
        spec.build = Some(build);
        Ok(())
    }
}

/// From another repository. Who logs in stays where that is asked in the same way.
fn elsewhere(build: Build, repository: RepositoryUrl) -> Build {
    if build.repository.by_ssh().is_some() == repository.by_ssh().is_some() {
        return Build { repository, ..build };
    }
    Build { repository, login: None, key_id: None, host_key: None, ..build }
}
