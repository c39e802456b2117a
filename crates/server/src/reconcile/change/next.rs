//! What is to be done next, told by the host alone: no step is remembered, so none can be
//! forgotten or done twice.

use super::scene::{Scene, Standing};
use crate::host::HostNetwork;

/// One act. Containers and services are named by Docker's ids.
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
    /// The swarm is at it, or a node does not answer: nothing is done before, for these reasons.
    Wait(Vec<String>),
    /// The network that stands is the one that was wanted, and nothing else is left.
    Done(HostNetwork),
}

impl Act {
    /// Who it is about.
    pub(super) fn ids(&self) -> &[String] {
        match self {
            Self::AttachToInterim(ids)
            | Self::DetachFromLeaving(ids)
            | Self::AttachToGoal(ids)
            | Self::DetachFromInterim(ids) => ids,
            Self::MakeInterim
            | Self::RemoveLeaving
            | Self::MakeGoal
            | Self::RemoveInterim
            | Self::Wait(_)
            | Self::Done(_) => &[],
        }
    }

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
            Self::Wait(_) => "wait",
            Self::Done(_) => "inspect",
        }
    }
}

/// The next act. Nobody is taken off a network before everybody is on the other.
pub(super) fn next(scene: &Scene) -> Act {
    if let (Some(Standing::Goal(network)), None) = (&scene.standing, &scene.interim) {
        return Act::Done(network.clone());
    }
    let reasons = scene.restless();
    if !reasons.is_empty() {
        return Act::Wait(reasons);
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        host::{Attachment, HostContainer, Member},
        sighting::Sighting,
    };

    const CREW: [&str; 4] = ["a", "b", "c", "d"];

    /// A host as a crash may leave it: which networks there are, and who is on which.
    #[derive(Debug, Clone, Default)]
    struct World {
        /// Whether the network that stands is the goal.
        standing: Option<bool>,
        interim: bool,
        on_standing: BTreeSet<String>,
        on_interim: BTreeSet<String>,
    }

    fn network(name: &str) -> HostNetwork {
        HostNetwork { docker_id: name.into(), name: name.into(), ..HostNetwork::default() }
    }

    fn owned(ids: &[String]) -> BTreeSet<String> {
        ids.iter().cloned().collect()
    }

    impl World {
        fn scene(&self) -> Scene {
            let standing = self.standing.map(|is_goal| {
                if is_goal {
                    Standing::Goal(network("goal"))
                } else {
                    Standing::Leaving(network("leaving"))
                }
            });
            let under_the_name = standing.as_ref().map(|one| one.network().clone());
            let interim = self.interim.then(|| network("interim"));
            let place = |network: &HostNetwork| Attachment {
                network_id: network.docker_id.clone(),
                ..Attachment::default()
            };
            let container = |id: &&str| HostContainer {
                member: Member { docker_id: (*id).to_owned(), ..Member::default() },
                attachments: [(&under_the_name, &self.on_standing), (&interim, &self.on_interim)]
                    .into_iter()
                    .filter(|(_, on_it)| on_it.contains(*id))
                    .filter_map(|(network, _)| network.as_ref().map(place))
                    .collect(),
                ..HostContainer::default()
            };
            let containers = CREW.iter().map(container).collect();
            let seen = Sighting { containers, ..Sighting::default() };
            Scene { standing, interim, seen, ..Scene::default() }
        }

        /// What Docker makes of an act; `false` when nothing is left to be done.
        fn undergo(&mut self, act: &Act) -> bool {
            match act {
                Act::MakeInterim => self.interim = true,
                Act::AttachToInterim(ids) => self.on_interim.extend(owned(ids)),
                Act::DetachFromLeaving(ids) => {
                    self.on_standing.retain(|id| !ids.contains(id));
                }
                Act::RemoveLeaving => {
                    assert!(self.on_standing.is_empty(), "removed under its members");
                    self.standing = None;
                }
                Act::MakeGoal => {
                    assert_eq!(self.standing, None, "the name is taken");
                    self.standing = Some(true);
                }
                Act::AttachToGoal(ids) => self.on_standing.extend(owned(ids)),
                Act::DetachFromInterim(ids) => self.on_interim.retain(|id| !ids.contains(id)),
                Act::RemoveInterim => {
                    assert!(self.on_interim.is_empty(), "removed under its members");
                    self.interim = false;
                }
                Act::Wait(_) | Act::Done(_) => return false,
            }
            true
        }

        fn crew(&self) -> BTreeSet<String> {
            self.on_standing.union(&self.on_interim).cloned().collect()
        }

        /// Whether all share a network.
        fn is_together(&self) -> bool {
            let crew = self.crew();
            self.on_standing.is_superset(&crew) || self.on_interim.is_superset(&crew)
        }
    }

    fn worlds() -> impl Strategy<Value = World> {
        let on = || proptest::collection::vec(any::<bool>(), CREW.len());
        let chosen = |on: &[bool]| -> BTreeSet<String> {
            CREW.iter().zip(on).filter(|(_, on)| **on).map(|(id, _)| (*id).to_owned()).collect()
        };
        (proptest::option::of(any::<bool>()), any::<bool>(), on(), on()).prop_map(
            move |(standing, interim, a, b)| World {
                standing,
                interim,
                on_standing: if standing.is_some() { chosen(&a) } else { BTreeSet::new() },
                on_interim: if interim { chosen(&b) } else { BTreeSet::new() },
            },
        )
    }

    proptest! {
        /// From wherever a crash left it, everybody comes to the goal, and nobody is lost.
        #[test]
        fn everybody_arrives(start in worlds()) {
            let (crew, mut world, mut acts) = (start.crew(), start, 0);
            while world.undergo(&next(&world.scene())) {
                acts += 1;
                prop_assert!(acts < 12, "it does not end: {:?}", world);
                prop_assert_eq!(world.crew(), crew.clone());
            }
            prop_assert_eq!(world.standing, Some(true));
            prop_assert!(!world.interim && world.on_standing == crew);
        }

        /// At every moment, not only in the end.
        #[test]
        fn those_who_are_together_stay_together(start in worlds()) {
            prop_assume!(start.is_together());
            let mut world = start;
            while world.undergo(&next(&world.scene())) {
                prop_assert!(world.is_together(), "{:?}", world);
            }
        }
    }
}
