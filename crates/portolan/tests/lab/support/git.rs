//! A real Git repository behind a real Git server, whose pushes are told of as GitLab tells them.

use anyhow::{Result, ensure};
use tokio::runtime::Runtime;

use super::curl;

#[path = "../../../../server/tests/it/support/git.rs"]
#[expect(dead_code, reason = "some of it is for other stories")]
mod server;

/// The server ends with its runtime.
pub(crate) struct Repository {
    server: server::GitServer,
    _runtime: Runtime,
}

impl Repository {
    pub(crate) fn start() -> Result<Self> {
        let runtime = Runtime::new()?;
        let server = runtime.block_on(server::GitServer::start())?;
        Ok(Self { server, _runtime: runtime })
    }

    pub(crate) fn url(&self) -> &str {
        &self.server.url
    }

    /// Commits to `main` and pushes; answers the commit's id.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> Result<String> {
        self.server.commit("main", files)
    }

    /// Calls a hook with its secret.
    pub(crate) fn tell(hook: &str, secret: &str) -> Result<()> {
        let said = curl(&[
            "--fail-with-body",
            "--header",
            "x-gitlab-event: Push Hook",
            "--header",
            &format!("x-gitlab-token: {secret}"),
            "--data",
            r#"{"ref":"refs/heads/main"}"#,
            hook,
        ])?;
        ensure!(said.code == 0 && said.out.contains("operation_id"), "{said:?}");
        Ok(())
    }
}
