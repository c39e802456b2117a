//! One task for each server, started when its server appears and ended when it goes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use portolan_types::{ServerId, TaskKind};
use tokio::{
    sync::{Notify, Semaphore, mpsc},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{Surroundings, hosts::Hosts, server::Keeper, verify};
use crate::{
    App, Error, db,
    host::Dialer,
    tasks::{Pulse, Tasks},
};

/// How many hosts are dialled at once: a restart with a thousand servers must not be a flood.
const DIALS_AT_ONCE: usize = 30;
const RETRY: Duration = Duration::from_secs(2);

/// Owns the tasks of all servers.
#[derive(Debug)]
pub(super) struct Fleet {
    surroundings: Surroundings,
    tasks: Tasks,
    bells: HashMap<ServerId, Arc<Notify>>,
    ended: (mpsc::UnboundedSender<ServerId>, mpsc::UnboundedReceiver<ServerId>),
}

impl Fleet {
    pub(super) fn new(
        app: Arc<App>,
        (dialer, hosts): (Arc<dyn Dialer>, Arc<Hosts>),
        tasks: Tasks,
        shutdown: CancellationToken,
    ) -> Self {
        let dials = Arc::new(Semaphore::new(DIALS_AT_ONCE));
        let proofs = Arc::new(Semaphore::new(verify::AT_ONCE));
        let swarms = Arc::default();
        let surroundings = Surroundings { app, dialer, dials, swarms, hosts, proofs, shutdown };
        Self { surroundings, tasks, bells: HashMap::new(), ended: mpsc::unbounded_channel() }
    }

    /// Starts a task for every server that there is, then one for each that appears.
    pub(super) async fn run(mut self, mut woken: mpsc::UnboundedReceiver<ServerId>, pulse: Pulse) {
        let shutdown = self.surroundings.shutdown.clone();
        let work = async {
            self.start_all(&pulse).await;
            loop {
                tokio::select! {
                    Some(server) = woken.recv() => self.ring(server),
                    Some(server) = self.ended.1.recv() => self.forget(&server),
                    else => return,
                }
            }
        };
        shutdown.run_until_cancelled(work).await;
    }

    async fn start_all(&mut self, pulse: &Pulse) {
        loop {
            match pulse.run(list(&self.surroundings.app)).await {
                Ok(servers) => return servers.into_iter().for_each(|server| self.ring(server)),
                Err(error) => tracing::error!(%error, "could not list the servers; trying again"),
            }
            sleep(RETRY).await;
        }
    }

    /// Wakes the server's task, or starts one.
    fn ring(&mut self, server: ServerId) {
        if let Some(bell) = self.bells.get(&server) {
            // A permit is kept when the task is busy: no wake is lost.
            return bell.notify_one();
        }
        let bell = Arc::new(Notify::new());
        self.bells.insert(server.clone(), bell.clone());
        let around = self.surroundings.clone();
        let ended = self.ended.0.clone();
        let id = Some(server.clone());
        self.tasks.spawn(TaskKind::Keeper, id, |pulse| async move {
            Keeper::new(server.clone(), bell, around, pulse).run().await;
            // The fleet is gone only while shutting down.
            drop(ended.send(server));
        });
    }

    fn forget(&mut self, server: &ServerId) {
        self.bells.remove(server);
    }
}

async fn list(app: &App) -> Result<Vec<ServerId>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::server::list_ids(&mut conn).await?)
}
