//! The connections of all keepers, for work that needs a second host: proving that a swarm's nodes
//! reach each other, and moving what is on them. Owns who is connected; each connection stays its keeper's own, and calls on
//! one that ended fail.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use portolan_types::ServerId;

use crate::host::Host;

/// Who is connected.
#[derive(Debug, Default)]
pub(super) struct Hosts(Mutex<HashMap<ServerId, Weak<dyn Host>>>);

impl Hosts {
    /// A keeper has connected. It is forgotten when the keeper lets go of the connection.
    pub(super) fn connected(&self, server: &ServerId, host: &Arc<dyn Host>) {
        // Nothing panics while it holds this lock, so a poisoned one is still whole.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, host| host.strong_count() > 0);
        all.insert(server.clone(), Arc::downgrade(host));
    }

    /// The connection to a server, while there is one.
    pub(super) fn find(&self, server: &ServerId) -> Option<Arc<dyn Host>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(server).and_then(Weak::upgrade)
    }
}
