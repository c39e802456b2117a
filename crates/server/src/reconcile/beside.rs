//! Calls to a host beside the keeper's other work: those that take long, while nothing else waits.
//!
//! Owns the tasks, which end with the keeper. The keeper's bell is rung when one has ended.

use std::{collections::HashMap, sync::Arc};

use portolan_types::OperationId;
use tokio::sync::{Notify, oneshot, oneshot::error::TryRecvError};
use tokio_util::task::AbortOnDropHandle;

use crate::host::{Host, HostError, PullProgress, RegistryLogin};

/// Calls under way, by what each is for: the operation is part of that.
#[derive(Debug)]
pub(super) struct Beside<T = (), E = HostError> {
    bell: Arc<Notify>,
    calls: HashMap<String, Call<T, E>>,
}

#[derive(Debug)]
struct Call<T, E> {
    outcome: oneshot::Receiver<Result<T, E>>,
    _task: AbortOnDropHandle<()>,
}

/// How far a call is.
#[derive(Debug)]
pub(super) enum Stage<T = (), E = HostError> {
    /// There is none: it was never made, or its end was told already.
    Idle,
    UnderWay,
    Ended(Result<T, E>),
}

impl<T: Send + 'static, E: Send + 'static> Beside<T, E> {
    pub(super) fn new(bell: Arc<Notify>) -> Self {
        Self { bell, calls: HashMap::new() }
    }

    /// Makes a call, in the place of an earlier one for the same.
    pub(super) fn begin(
        &mut self,
        what: &str,
        call: impl Future<Output = Result<T, E>> + Send + 'static,
    ) {
        let (tell, outcome) = oneshot::channel();
        let bell = self.bell.clone();
        let task = async move {
            // The keeper may have no use for it any more.
            drop(tell.send(call.await));
            bell.notify_one();
        };
        let call = Call { outcome, _task: AbortOnDropHandle::new(tokio::spawn(task)) };
        self.calls.insert(what.to_owned(), call);
    }

    /// What is rung when a call has ended.
    pub(super) fn bell(&self) -> Arc<Notify> {
        self.bell.clone()
    }

    /// How far it is. That it ended is told once.
    pub(super) fn stage(&mut self, what: &str) -> Stage<T, E> {
        let Some(call) = self.calls.get_mut(what) else { return Stage::Idle };
        let stage = match call.outcome.try_recv() {
            Ok(outcome) => Stage::Ended(outcome),
            Err(TryRecvError::Empty) => return Stage::UnderWay,
            // It panicked: it is as if it had never been made.
            Err(TryRecvError::Closed) => Stage::Idle,
        };
        self.calls.remove(what);
        stage
    }

    /// Breaks off what is for a piece of work that is over, and forgets how it ended.
    pub(super) fn forget(&mut self, operation: &OperationId) {
        self.calls.retain(|what, _| !what.contains(operation.as_str()));
    }
}

impl Beside {
    /// Fetches an image. What is answered says how far it is; the bell is rung for every tenth.
    pub(super) fn pull(
        &mut self,
        what: &str,
        host: &Arc<dyn Host>,
        (image, login): (&str, Option<RegistryLogin>),
    ) -> PullProgress {
        let progress = PullProgress::default();
        let (host, bell, image) = (host.clone(), self.bell.clone(), image.to_owned());
        let told = progress.clone();
        self.begin(what, async move {
            let ring = || bell.notify_one();
            host.pull_image(&image, login.as_ref(), &told.on_news(&ring)).await
        });
        progress
    }
}
