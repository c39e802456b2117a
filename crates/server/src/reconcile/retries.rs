//! How often what failed is tried again by itself. In memory: a process that starts anew may try
//! anew.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

/// A repair that failed is tried again so often in so long. After that it waits for a person.
const MOST: usize = 3;
const WITHIN: Duration = Duration::from_mins(10);

/// When failed repairs were tried again, by the id of what they repair.
#[derive(Debug, Default)]
pub(super) struct Retries(HashMap<String, Vec<Instant>>);

impl Retries {
    /// Whether it may be tried once more; that counts as a try.
    pub(super) fn may(&mut self, subject: &str) -> bool {
        self.0.retain(|_, tries| {
            tries.retain(|at| at.elapsed() < WITHIN);
            !tries.is_empty()
        });
        let tries = self.0.entry(subject.to_owned()).or_default();
        let may = tries.len() < MOST;
        if may {
            tries.push(Instant::now());
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_thing_has_its_own_tries() {
        let mut retries = Retries::default();
        assert_eq!([0; 4].map(|_| retries.may("a")), [true, true, true, false]);
        assert!(retries.may("b"));
        tokio::time::advance(WITHIN).await;
        assert!(retries.may("a"));
    }
}
