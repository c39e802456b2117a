//! An application on a swarm: a service, which keeps its name over deployments.
//!
//! The swarm does the work: it places tasks, replaces them one after the other and starts those that
//! end. Owns what is asked of it, when that has come about (`ready`), and that a service without work
//! is what the deployment that serves says (`tidy`). Which manager does so is decided in `swarm`.

use portolan_types::OperationKind;

use super::{super::work::Halt, Progress, Scene, job::Job};
use crate::host::{Host, HostError, HostService};

mod act;
mod definition;
mod deploy;
mod image;
mod ready;
mod remove;
mod state;
mod tally;
mod tidy;

pub(super) use state::{Watch, note};
pub(super) use tidy::run as tidied;

/// Goes on with a piece of work.
pub(super) async fn run(job: &mut Job<'_>, kind: OperationKind) -> Result<Progress, Halt> {
    match kind {
        OperationKind::DeployApplication => deploy::run(job).await,
        OperationKind::RemoveApplication => remove::run(job).await,
        _ => act::run(job, kind).await,
    }
}

impl Scene<'_> {
    /// The name of the application's service.
    fn service_name(&self) -> String {
        crate::applications::names::service(&self.row.application)
    }

    /// Whether a service was made for the application.
    fn is_its(&self, service: &HostService) -> bool {
        service.application.as_deref() == Some(self.row.application.id.as_str())
    }

    /// The application's service as it is now: another keeper may have worked since the look.
    async fn service(&self) -> Result<Option<HostService>, HostError> {
        let host: &dyn Host = self.host.as_ref();
        let found = host.find_service(&self.service_name()).await?;
        Ok(found.filter(|found| self.is_its(found)))
    }
}

impl Job<'_> {
    /// The application's service; `None` where there is none.
    async fn service(&self) -> Result<Option<HostService>, Halt> {
        let found = self.scene.service().await;
        self.answer(found, "look for the service")
    }
}
