//! The request within which something is done: from where, through what, and by whom.
//!
//! It goes along with the task that answers the request, as the span of the log does, so that an
//! operation cannot forget to hand it on: what it records as an event is in the audit. What keepers
//! do later is theirs, and is in the events only.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use portolan_types::{Author, TeamId};

use super::key::AuditKey;

tokio::task_local! {
    static CONTEXT: Arc<Context>;
}

/// What is known of a request, besides what it does.
#[derive(Debug)]
pub(crate) struct Context {
    pub(super) key: AuditKey,
    pub(super) address: Option<IpAddr>,
    pub(super) request_id: Option<String>,
    /// The operation of the API.
    pub(super) operation: Option<Arc<str>>,
    caller: OnceLock<Caller>,
}

/// Somebody who is known: by a credential that is good, or was.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The team in question; each of theirs where none is.
    pub team: Option<TeamId>,
    pub author: Author,
}

impl Context {
    pub(crate) fn new(
        key: AuditKey,
        address: Option<IpAddr>,
        request_id: Option<String>,
        operation: Option<Arc<str>>,
    ) -> Arc<Self> {
        Arc::new(Self { key, address, request_id, operation, caller: OnceLock::new() })
    }

    /// Who is known to ask.
    pub(super) fn caller(&self) -> Option<&Caller> {
        self.caller.get()
    }
}

/// Does the work of a request within its context.
pub(crate) async fn within<F: Future>(context: Arc<Context>, work: F) -> F::Output {
    CONTEXT.scope(context, work).await
}

/// Says who asks, as soon as it is known: a refusal that follows is written down with it. Of
/// several that are named for one request the first stays.
pub(crate) fn known(team: Option<&TeamId>, author: Author) {
    let caller = Caller { team: team.cloned(), author };
    // Outside of a request there is nothing to be refused.
    let _outside = CONTEXT.try_with(|context| drop(context.caller.set(caller)));
}

/// The context of what is done now, if a request does it.
pub(crate) fn current() -> Option<Arc<Context>> {
    CONTEXT.try_with(Arc::clone).ok()
}
