//! The background tasks of the process and how they go. A task can be started only together with
//! its entry here (`Tasks::spawn`), and the entry goes with the task.
//!
//! In memory: it says how this process does, not what became of anything. That is in rows.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use portolan_types::{
    ServerId, TaskKind, Timestamp,
    reconcile::{PassStatus, TaskCounts, TaskError},
};
use tokio::time::Instant;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerWaitFuture};

use crate::metrics::{Metrics, TaskLabels};

mod status;

pub use status::status;

/// Owns the tasks and their entries.
#[derive(Debug, Clone)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    board: Board,
    metrics: Arc<Metrics>,
}

impl Tasks {
    pub(crate) fn new(board: Board, metrics: Arc<Metrics>) -> Self {
        Self { tracker: TaskTracker::new(), board, metrics }
    }

    /// Starts a task with its entry.
    pub(crate) fn spawn<F>(
        &self,
        kind: TaskKind,
        server: Option<ServerId>,
        task: impl FnOnce(Pulse) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let entry = Entry::new(kind, server);
        let pulse = Pulse { entry: self.board.add(entry), kind, metrics: self.metrics.clone() };
        self.tracker.spawn(task(pulse));
    }

    /// No task more from outside: [`Self::wait`] may end.
    pub(crate) fn close(&self) {
        self.tracker.close();
    }

    /// Completes when all have ended.
    pub(crate) fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        self.tracker.wait()
    }
}

/// The entries of the tasks that run.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Vec<Weak<Mutex<Entry>>>>>);

impl Board {
    fn add(&self, entry: Entry) -> Arc<Mutex<Entry>> {
        let entry = Arc::new(Mutex::new(entry));
        let mut all = lock(&self.0);
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(&entry));
        entry
    }

    fn entries(&self) -> Vec<Entry> {
        let all: Vec<_> = lock(&self.0).iter().filter_map(Weak::upgrade).collect();
        all.iter().map(|one| lock(one).clone()).collect()
    }
}

#[derive(Debug, Clone)]
struct Entry {
    kind: TaskKind,
    server: Option<ServerId>,
    started_at: Timestamp,
    connected_since: Option<Timestamp>,
    last_run_at: Option<Timestamp>,
    last_duration: Option<Duration>,
    next_run_at: Option<Timestamp>,
    last_error: Option<TaskError>,
    counts: TaskCounts,
    passes: Vec<PassStatus>,
}

impl Entry {
    fn new(kind: TaskKind, server: Option<ServerId>) -> Self {
        Self {
            kind,
            server,
            started_at: Timestamp::now(),
            connected_since: None,
            last_run_at: None,
            last_duration: None,
            next_run_at: None,
            last_error: None,
            counts: TaskCounts::default(),
            passes: Vec::new(),
        }
    }

    fn failed(&mut self, error: &impl Display) {
        self.counts.failures += 1;
        self.last_error = Some(TaskError { at: Timestamp::now(), message: error.to_string() });
    }
}

/// What a task says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Pulse {
    entry: Arc<Mutex<Entry>>,
    kind: TaskKind,
    metrics: Arc<Metrics>,
}

impl Pulse {
    /// One run.
    pub(crate) async fn run<T, E: Display>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let began = Instant::now();
        lock(&self.entry).last_run_at = Some(Timestamp::now());
        let done = work.await;
        let took = began.elapsed();
        let mut entry = lock(&self.entry);
        entry.counts.runs += 1;
        entry.last_duration = Some(took);
        entry.next_run_at = None;
        if let Err(error) = &done {
            entry.failed(error);
        }
        drop(entry);
        let outcome = if done.is_ok() { "succeeded" } else { "failed" };
        self.metrics.task_runs.get_or_create(&self.label(outcome)).inc();
        self.metrics.task_seconds.observe(took.as_secs_f64());
        done
    }

    /// One part of a run.
    pub(crate) async fn pass<T, E>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let (began, at) = (Instant::now(), Timestamp::now());
        let done = work.await;
        let mut entry = lock(&self.entry);
        let known = entry.passes.iter().position(|pass| pass.name == name);
        let place = known.unwrap_or(entry.passes.len());
        if known.is_none() {
            entry.passes.push(PassStatus {
                name: name.to_owned(),
                last_run_at: at,
                last_duration_ms: 0,
                failures: 0,
            });
        }
        let pass = &mut entry.passes[place];
        pass.last_run_at = at;
        pass.last_duration_ms = millis(began.elapsed());
        pass.failures += u64::from(done.is_err());
        done
    }

    /// Something failed outside of a run: a server could not be dialled, or was lost.
    pub(crate) fn failed(&self, error: &impl Display) {
        lock(&self.entry).failed(error);
    }

    /// It runs again after so long, if nothing wakes it before.
    pub(crate) fn next(&self, wait: Option<Duration>) {
        lock(&self.entry).next_run_at = wait.map(|wait| Timestamp::now().plus(wait));
    }

    pub(crate) fn connected(&self) {
        lock(&self.entry).connected_since = Some(Timestamp::now());
    }

    pub(crate) fn disconnected(&self) {
        lock(&self.entry).connected_since = None;
    }

    /// The engine told so many events.
    pub(crate) fn heard(&self, events: usize) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        lock(&self.entry).counts.events += events;
        self.metrics.host_events.inc_by(events);
    }

    /// A repair was begun.
    pub(crate) fn repairs(&self) {
        lock(&self.entry).counts.repairs += 1;
        self.metrics.repairs.inc();
    }

    fn label(&self, outcome: &'static str) -> TaskLabels {
        TaskLabels { kind: self.kind.as_str(), outcome }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Nothing panics while it holds one of these locks, so a poisoned one is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn an_entry_comes_and_goes_with_its_task() {
        let board = Board::default();
        let tasks = Tasks::new(board.clone(), Arc::default());
        let (end, ended) = oneshot::channel::<()>();
        tasks.spawn(TaskKind::Janitor, None, |pulse| async move {
            let _: Result<(), _> = pulse.run(async { Err::<(), _>("no") }).await;
            drop(ended.await);
        });
        assert_eq!(board.entries().len(), 1);
        drop(end);
        tasks.close();
        tasks.wait().await;
        assert_eq!(board.entries().len(), 0);
    }

    #[tokio::test]
    async fn runs_and_their_parts_are_counted() {
        let board = Board::default();
        let tasks = Tasks::new(board.clone(), Arc::default());
        let (tell, told) = oneshot::channel();
        tasks.spawn(TaskKind::Keeper, None, |pulse| async move {
            let part = async { pulse.pass("first", async { Ok::<_, &str>(()) }).await };
            pulse.run(part).await.expect("done");
            let part = async { pulse.pass("first", async { Err::<(), _>("cut") }).await };
            pulse.run(part).await.expect_err("failed");
            pulse.next(Some(Duration::from_mins(1)));
            tell.send(board.entries().remove(0)).expect("a listener");
        });
        let entry = told.await.expect("an entry");
        assert_eq!((entry.counts.runs, entry.counts.failures), (2, 1));
        assert_eq!(entry.last_error.expect("an error").message, "cut");
        assert_eq!(entry.passes.len(), 1);
        assert_eq!(entry.passes[0].failures, 1);
        assert!(entry.next_run_at > entry.last_run_at);
    }
}
