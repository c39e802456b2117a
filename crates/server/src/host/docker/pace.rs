//! How much of a second is read of what a host goes on saying: more would take a whole processor. What
//! it cannot say holds up its own calls and nobody else's.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Counts what was read in a second.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    since: Instant,
    read: usize,
}

impl Pace {
    pub(super) fn new(most: usize) -> Self {
        Self { most, since: Instant::now(), read: 0 }
    }

    /// Waits when this second has had its part.
    pub(super) async fn keep(&mut self, read: usize) {
        let over = self.since + Duration::from_secs(1);
        if self.read >= self.most {
            sleep_until(over).await;
        }
        if Instant::now() >= over {
            *self = Self::new(self.most);
        }
        self.read += read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time stands still but for what is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_second_has_its_part() {
        let (since, mut pace) = (Instant::now(), Pace::new(10));
        for _ in 0..30 {
            pace.keep(1).await;
        }
        assert_eq!(since.elapsed(), Duration::from_secs(2));
    }
}
