//! What an application's service is made by.

use portolan_types::Balance;

use super::super::{Scene, course::Course, definition};
use crate::host::{FoundBy, NewService, TaskVersion, UpdateOrder, label};

/// Of so many batches an update consists at most.
const BATCHES: u32 = 4;

/// What the tasks of a deployment are told by.
pub(super) fn version(course: &Course) -> TaskVersion {
    TaskVersion { deployment: Some(course.made.deployment.number.to_string()), forced: 0 }
}

/// The service of a deployment, of an image by its reference.
pub(super) fn wanted(
    scene: &Scene<'_>,
    course: &Course,
    image: &str,
    version: &TaskVersion,
) -> NewService {
    let (application, network) = (&scene.row.application, scene.row.network.as_str());
    let spec = &course.plan.spec;
    let place = definition::place(application, network, &course.plan);
    let mut task =
        definition::wanted(application, vec![place], (&course.made, &course.plan), image);
    let number = version.deployment.clone().unwrap_or_default();
    task.labels.insert(label::DEPLOYMENT.to_owned(), number);
    let is_rolling = spec.is_rolling_on_swarm();
    NewService {
        task,
        labels: definition::all_labels(application, &course.made, &course.plan),
        replicas: spec.replicas.get(),
        forced: version.forced,
        order: if is_rolling { UpdateOrder::StartFirst } else { UpdateOrder::StopFirst },
        at_once: spec.replicas.get().div_ceil(BATCHES),
        found_by: match spec.balance {
            Balance::Address => FoundBy::Address,
            Balance::Names => FoundBy::Tasks,
        },
    }
}
