//! What a connection saw go wrong. `gix` puts it into words of its own, and not always this.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::GitError;

#[derive(Debug, Clone, Default)]
pub(super) struct Said(Arc<Mutex<Option<GitError>>>);

impl Said {
    pub(super) fn take(&self) -> Option<GitError> {
        held(&self.0).take()
    }

    /// The first is the cause of those that follow.
    pub(super) fn note(&self, error: GitError) -> io::Error {
        let words = error.to_string();
        held(&self.0).get_or_insert(error);
        io::Error::other(words)
    }
}

/// Nothing panics while it holds one of these locks, so a poisoned one is still whole.
pub(super) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
