//! What is to be done next, told by the host alone: no step is remembered, so none can be
//! forgotten or done twice.

use super::scene::{Scene, Standing};
use crate::host::HostNetwork;

/// One act. Containers are named by Docker's ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    MakeInterim,
    AttachToInterim(Vec<String>),
    DetachFromLeaving(Vec<String>),
    RemoveLeaving,
    MakeGoal,
    AttachToGoal(Vec<String>),
    DetachFromInterim(Vec<String>),
    RemoveInterim,
    /// The network that stands is the one that was wanted, and nothing else is left.
    Done(HostNetwork),
}

impl Act {
    /// The name of the step.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::MakeInterim => "interim",
            Self::AttachToInterim(_) => "attach-to-interim",
            Self::DetachFromLeaving(_) => "detach",
            Self::RemoveLeaving => "remove",
            Self::MakeGoal => "create",
            Self::AttachToGoal(_) => "attach",
            Self::DetachFromInterim(_) => "detach-from-interim",
            Self::RemoveInterim => "remove-interim",
            Self::Done(_) => "inspect",
        }
    }
}

/// The next act. Nobody is taken off a network before everybody is on the other.
pub(super) fn next(scene: &Scene) -> Act {
    match &scene.standing {
        None => Act::MakeGoal,
        Some(Standing::Leaving(network)) => empty_out(scene, network),
        Some(Standing::Goal(network)) => move_in(scene, network),
    }
}

fn empty_out(scene: &Scene, leaving: &HostNetwork) -> Act {
    let on_it = owned(scene.members(leaving));
    if on_it.is_empty() {
        return Act::RemoveLeaving;
    }
    let Some(interim) = &scene.interim else { return Act::MakeInterim };
    let missing = without(&on_it, &scene.members(interim));
    if missing.is_empty() { Act::DetachFromLeaving(on_it) } else { Act::AttachToInterim(missing) }
}

fn move_in(scene: &Scene, goal: &HostNetwork) -> Act {
    let Some(interim) = &scene.interim else { return Act::Done(goal.clone()) };
    let on_interim = owned(scene.members(interim));
    if on_interim.is_empty() {
        return Act::RemoveInterim;
    }
    let missing = without(&on_interim, &scene.members(goal));
    if missing.is_empty() { Act::DetachFromInterim(on_interim) } else { Act::AttachToGoal(missing) }
}

fn owned(ids: Vec<&str>) -> Vec<String> {
    ids.into_iter().map(str::to_owned).collect()
}

fn without(ids: &[String], others: &[&str]) -> Vec<String> {
    ids.iter().filter(|id| !others.contains(&id.as_str())).cloned().collect()
}
