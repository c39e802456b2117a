//! What runs of a service, of what is to run, and why it is not more. Pure.

use std::collections::BTreeSet;

use crate::{
    host::{HostService, HostTask, ServiceUpdate},
    sighting::Sighting,
};

/// So often a replica may fail before nobody waits for it any more.
const TRIES: usize = 2;

/// A service with all tasks of it that the swarm remembers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally<'a> {
    pub(super) service: &'a HostService,
    pub(super) tasks: &'a [HostTask],
    pub(super) seen: &'a Sighting,
}

impl<'a> Tally<'a> {
    pub(super) fn wanted(&self) -> usize {
        let replicas = self.service.replicas.unwrap_or_default();
        usize::try_from(replicas).unwrap_or(usize::MAX)
    }

    /// Tasks that are what they are to be, and run.
    pub(super) fn new_running(&self) -> impl Iterator<Item = &'a HostTask> {
        self.live().filter(|task| self.is_new(task) && task.is_running())
    }

    /// How many these are.
    pub(super) fn running(&self) -> usize {
        self.new_running().count()
    }

    /// Tasks that run, of whichever definition.
    pub(super) fn up(&self) -> usize {
        self.live().filter(|task| task.is_running()).count()
    }

    /// Whether the swarm has done all that it was told.
    pub(super) fn is_settled(&self) -> bool {
        let updating = self.service.update.as_ref().is_some_and(ServiceUpdate::is_under_way);
        let old = self.live().any(|task| !self.is_new(task));
        !updating && !old && self.running() == self.wanted()
    }

    fn live(&self) -> impl Iterator<Item = &'a HostTask> {
        self.tasks.iter().filter(|task| !task.is_past)
    }

    fn is_new(&self, task: &HostTask) -> bool {
        task.version == self.service.version
    }

    /// Tasks of the present definition that ended badly, in slots where nothing runs.
    fn failures(&self) -> impl Iterator<Item = &'a HostTask> {
        let run: BTreeSet<Option<u32>> = self.new_running().map(|task| task.slot).collect();
        let version = &self.service.version;
        let failed = self.tasks.iter().filter(|task| task.has_failed() && task.version == *version);
        failed.filter(move |task| !run.contains(&task.slot))
    }

    /// Whether replicas end again and again.
    pub(super) fn is_failing(&self) -> bool {
        let slots = || self.failures().map(|task| task.slot);
        slots().any(|slot| slots().filter(|other| *other == slot).count() >= TRIES)
    }

    /// Why it will not come about: the swarm stopped, or replicas end again and again.
    pub(super) fn is_lost(&self) -> bool {
        let update = self.service.update.as_ref().map(|one| one.state.as_str());
        let stopped = matches!(update, Some("paused" | "rollback_paused" | "rollback_completed"));
        stopped || self.is_failing()
    }

    /// The trouble that says most: why a task waits, or the last that failed.
    pub(super) fn trouble(&self) -> Option<&'a HostTask> {
        let waits = self.live().filter(|task| self.is_new(task) && !task.is_running());
        let waits = waits.filter(|task| task.error.is_some()).max_by_key(|task| task.since);
        waits.or_else(|| self.failures().max_by_key(|task| task.since))
    }

    /// How far it is, with what stands against it.
    pub(super) fn in_words(&self) -> String {
        self.count_in_words(self.running())
    }

    /// The same, where those before count as well.
    pub(super) fn up_in_words(&self) -> String {
        self.count_in_words(self.up())
    }

    fn count_in_words(&self, run: usize) -> String {
        let so_far = format!("{run} of {} replicas run", self.wanted());
        match self.trouble() {
            Some(task) => format!("{so_far}: {}", self.told(task)),
            None => so_far,
        }
    }

    fn told(&self, task: &HostTask) -> String {
        let slot = task.slot.map(|slot| format!("replica {slot}"));
        let slot = slot.unwrap_or_else(|| "a replica".to_owned());
        let node = self.seen.hostname(&task.node_id).filter(|_| !task.node_id.is_empty());
        let node = node.map(|node| format!(" on node {node}")).unwrap_or_default();
        let why = task.error.as_deref().unwrap_or("the swarm does not say why");
        format!("{slot}{node} is {}: {why}", task.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::TaskVersion;

    fn version(number: &str) -> TaskVersion {
        TaskVersion { deployment: Some(number.into()), forced: 0 }
    }

    fn task(slot: u32, number: &str, state: &str) -> HostTask {
        let is_past = matches!(state, "failed" | "rejected" | "shutdown");
        let error = is_past.then(|| "boom".to_owned());
        let version = version(number);
        HostTask {
            slot: Some(slot),
            version,
            state: state.into(),
            is_past,
            error,
            ..HostTask::default()
        }
    }

    fn service() -> HostService {
        HostService { replicas: Some(2), version: version("2"), ..HostService::default() }
    }

    #[test]
    fn old_tasks_do_not_count() {
        let (service, seen) = (service(), Sighting::default());
        let tally = |tasks: &[HostTask]| {
            let tally = Tally { service: &service, tasks, seen: &seen };
            (tally.running(), tally.up(), tally.is_settled(), tally.is_lost())
        };
        let (old, new) = (task(1, "1", "running"), task(1, "2", "running"));
        let (other, gone) = (task(2, "2", "running"), task(1, "1", "shutdown"));
        assert_eq!(tally(&[old.clone(), task(2, "1", "running")]), (0, 2, false, false));
        assert_eq!(tally(&[old, other.clone()]), (1, 2, false, false));
        assert_eq!(tally(&[new, other, gone]), (2, 2, true, false));
    }

    #[test]
    fn one_that_ends_again_and_again_is_given_up() {
        let (service, seen) = (service(), Sighting::default());
        let lost = |tasks: &[HostTask]| Tally { service: &service, tasks, seen: &seen }.is_lost();
        let failed = task(1, "2", "failed");
        assert!(!lost(std::slice::from_ref(&failed)));
        assert!(!lost(&[failed.clone(), task(2, "2", "failed")]), "two slots, once each");
        assert!(lost(&[failed.clone(), failed.clone()]));
        assert!(!lost(&[failed.clone(), failed, task(1, "2", "running")]), "it runs now");
        assert!(!lost(&[task(1, "1", "failed"), task(1, "1", "failed")]), "of another deployment");
    }

    #[test]
    fn an_update_that_stopped_is_lost() {
        let update = Some(ServiceUpdate { state: "paused".into(), message: String::new() });
        let (service, seen) = (HostService { update, ..service() }, Sighting::default());
        let tasks = [task(1, "2", "rejected")];
        let tally = Tally { service: &service, tasks: &tasks, seen: &seen };
        assert!(tally.is_lost());
        assert_eq!(tally.in_words(), "0 of 2 replicas run: replica 1 is rejected: boom");
    }
}
