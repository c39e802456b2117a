//! Tasks that are begun for whoever asks, until the process is to end, and waited for then.

use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Begins a task for each that is asked for until `shutdown`, and then waits until all have ended.
pub(super) async fn keep<T, F>(
    mut asked: mpsc::Receiver<T>,
    shutdown: &CancellationToken,
    begin: impl Fn(T) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(one) = asked.recv() => drop(open.spawn(begin(one))),
            Some(_) = open.join_next() => {}
        }
    }
    while open.join_next().await.is_some() {}
}
