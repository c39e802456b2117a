//! Changing a destination in place: its network is replaced by one of the same name with other
//! options, while its containers go on sharing a network at all times.
//!
//! Docker can neither change a network nor rename one, and has each name once. So an interim
//! network takes every container in, the old network goes, the new one is made under its name,
//! takes the containers over, and the interim network goes. Which of these is next is told by the
//! host alone (`next`): after a crash the same look gives the same answer. A refusal turns the
//! course, and the same steps lead back to the old options.
//!
//! In a swarm the containers may be on any node, and each is moved by its own engine ([`nodes`]).
//! A service goes over by another definition: the swarm replaces its tasks in its own time, and
//! the change lets go of the keeper meanwhile. The next look tells how far it is.

use portolan_types::{Failure, OperationKind};

use self::{
    next::{Act, next},
    scene::Scene,
};
use super::{
    PassError,
    recorder::{OpenStep, failure},
    work::{Halt, Work},
};
use crate::{
    Error, db,
    destinations::change::{Course, Memo},
    host::HostNetwork,
};
pub(super) use nodes::{Companion, Nodes};
pub(crate) use scene::Reach;
pub(crate) use swarm::obstacle;

mod act;
mod check;
mod conclude;
mod next;
mod nodes;
mod scene;
mod services;
mod swarm;
mod wait;

pub(crate) use check::overlap;

/// More acts than any change has, unless containers keep coming.
const MOST_ACTS: usize = 60;

/// One change in work.
#[derive(Debug)]
struct Change<'a> {
    work: &'a Work<'a>,
    nodes: &'a Nodes,
    memo: Memo,
}

/// Goes the course to its end, or back. Ends in `ready` or `failed`, unless the connection is
/// lost, or a swarm is still at it: then the row stays `changing`, and the next pass goes on.
pub(super) async fn run(work: &Work<'_>, nodes: &Nodes) -> Result<(), PassError> {
    let Some(memo) = load(work).await? else {
        return Ok(conclude::lost_memo(work).await?);
    };
    let mut change = Change { work, nodes, memo };
    loop {
        let refusal = match change.converge().await {
            Ok(None) => return Ok(()),
            Ok(Some(network)) => return Ok(conclude::arrived(&change, &network).await?),
            Err(Halt::Pass(error)) => return Err(error),
            Err(Halt::Refused(refusal)) => refusal,
        };
        if change.memo.course != Course::Forward {
            return Ok(conclude::stuck(&change, &refusal).await?);
        }
        change.turn_back(refusal).await?;
    }
}

async fn load(work: &Work<'_>) -> Result<Option<Memo>, Error> {
    let mut conn = work.app.db.acquire().await?;
    let kind = OperationKind::ChangeDestination;
    Ok(db::operation::find_memo(&mut conn, &work.recorder.id, kind).await?)
}

impl Change<'_> {
    /// Acts until the host is what the course wants; answers the network that stands then, or
    /// nothing where a later look has to go on.
    async fn converge(&mut self) -> Result<Option<HostNetwork>, Halt> {
        let mut refused: Option<(Act, OpenStep, Failure)> = None;
        for _ in 0..MOST_ACTS {
            let scene = self.look().await?;
            let late = scene.reach.late();
            if !self.memo.begun && !late.is_empty() {
                return self.wait(late).await.map(|()| None);
            }
            self.begin(&scene).await?;
            let act = next(&scene);
            if let Some((before, step, failure)) = refused.take() {
                if before == act {
                    self.work.recorder.fail(step, &failure).await?;
                    return Err(failure.into());
                }
                // Somebody else was there in between, or it was done in spite of the refusal.
                self.work.recorder.warn(step, &failure.message).await?;
            }
            match act {
                Act::Done(network) => return self.inspect(network).await.map(Some),
                Act::Wait(reasons) => return self.wait(reasons).await.map(|()| None),
                _ => self.go_on(&scene)?,
            }
            let step = self.work.recorder.begin(act.name()).await?;
            match self.perform(&act, &scene).await? {
                Ok(detail) => self.work.recorder.done(step, &detail).await?,
                Err(failure) => refused = Some((act, step, failure)),
            }
        }
        Err(self.restless().into())
    }

    /// The first look of a change decides whether the host is fit for it.
    async fn begin(&mut self, scene: &Scene) -> Result<(), Halt> {
        if self.memo.begun {
            return Ok(());
        }
        let step = self.work.recorder.begin("look").await?;
        if self.memo.course == Course::Forward
            && let Err(failure) = check::fit(&self.work.row.destination, &self.memo, scene)
        {
            self.work.recorder.fail(step, &failure).await?;
            return Err(failure.into());
        }
        let count = scene.leaving().map_or(0, |network| scene.members(network).len());
        self.memo.begun = true;
        self.save().await?;
        let detail = format!("{count} are on the network");
        Ok(self.work.recorder.done(step, &detail).await?)
    }

    async fn look(&self) -> Result<Scene, Halt> {
        let destination = &self.work.row.destination;
        let scene = self.see().await.and_then(|seen| Ok(Scene::of(destination, &self.memo, seen)?));
        if let Err(Halt::Refused(failure)) = &scene {
            let step = self.work.recorder.begin("look").await?;
            self.work.recorder.fail(step, failure).await?;
        }
        scene
    }

    /// What stands has to be what was asked for. On the way back it is what it is.
    async fn inspect(&self, network: HostNetwork) -> Result<HostNetwork, Halt> {
        let step = self.work.recorder.begin("inspect").await?;
        let subnets: Vec<&str> = network.subnets.iter().map(|net| net.subnet.as_str()).collect();
        let detail = format!("{} {}", network.driver, subnets.join(" "));
        let goal = self.memo.goal().applied_to(&self.work.row.destination);
        match super::compare::difference(&goal, &network) {
            Some(difference) if self.memo.course == Course::Forward => {
                let failure = super::make::differs(&goal, &difference);
                self.work.recorder.fail(step, &failure).await?;
                Err(failure.into())
            }
            Some(difference) => {
                self.work.recorder.warn(step, &difference).await?;
                Ok(network)
            }
            None => {
                self.work.recorder.done(step, &detail).await?;
                Ok(network)
            }
        }
    }

    async fn turn_back(&mut self, refusal: Failure) -> Result<(), Error> {
        let step = self.work.recorder.begin("turn-back").await?;
        self.memo.course = Course::Back;
        self.memo.waiting = None;
        for service in &mut self.memo.services {
            service.told.clear();
        }
        self.memo.why = Some(refusal);
        self.save().await?;
        self.work.recorder.warn(step, "the old options are restored").await
    }

    /// Written down before what it speaks of is done.
    async fn save(&self) -> Result<(), Error> {
        let mut conn = self.work.app.db.acquire().await?;
        Ok(db::operation::set_memo(&mut conn, &self.work.recorder.id, &self.memo).await?)
    }

    fn restless(&self) -> Failure {
        let destination = &self.work.row.destination;
        failure(
            "host-is-restless",
            format!(
                "containers keep coming to network `{}` on server `{}`, or things do not stay as \
                 they were made",
                destination.network, destination.server_name
            ),
            "see what starts containers there again and again, then try once more",
        )
    }
}
