//! A fleet in memory: for tests of our own logic and for simulating large fleets. It behaves as
//! Docker does where that matters: names are taken, members block removal, events follow changes.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use ipnet::IpNet;
use portolan_types::{Access, LogLine, ServerKind, TerminalSize, id::cuid2, server::Pool};
use tokio::sync::{Notify, broadcast, watch};

use super::{
    ContainerDetail, DialStep, Dialed, Dialer, Disk, Endpoint, HostError, HostEvent, HostNetwork,
    NewContainer, OfferedKey, Pin, Progress, Route, Shell, System, Target,
};

mod archives;
mod builds;
mod containers;
mod hands;
mod host;
mod life;
mod lines;
mod networks;
mod probe;
mod program;
mod registries;
mod shell;
mod stats;
mod swarm;
mod workloads;

pub use builds::FakeBuild;
use containers::Containers;
use host::FakeHost;
pub use probe::NetworkFault;
pub use program::{FakePrograms, FakeSaid};
use swarm::Membership;
pub use swarm::{FakeSwarm, Rolling, TaskFate};
use workloads::Workloads;
pub use workloads::{FakeExec, FakeImage, FakeProgram};

/// Hosts by address (`host:port`, or the path of the socket).
#[derive(Debug, Default)]
pub struct FakeFleet {
    engines: Mutex<HashMap<String, Arc<FakeEngine>>>,
    /// What its engines sent to registries, from where all of them fetch it.
    sent: Arc<Mutex<BTreeMap<String, FakeImage>>>,
}

impl FakeFleet {
    /// A new standalone host at an address.
    pub fn add(&self, address: &str) -> Arc<FakeEngine> {
        let engine = Arc::new(FakeEngine::new());
        lock(&engine.world).workloads.sent = self.sent.clone();
        lock(&self.engines).insert(address.to_owned(), engine.clone());
        engine
    }

    fn engine(&self, target: &Target) -> Result<Arc<FakeEngine>, HostError> {
        let address = match &target.route {
            Route::Local { socket } => socket.display().to_string(),
            Route::Ssh(route) => format!("{}:{}", route.host, route.port),
        };
        let engine = lock(&self.engines).get(&address).cloned();
        engine
            .filter(|engine| engine.is_up())
            .ok_or_else(|| HostError::Connect { address, why: "connection refused".into() })
    }
}

#[async_trait]
impl Dialer for FakeFleet {
    async fn dial(&self, target: &Target, progress: &Progress) -> Result<Dialed, HostError> {
        let steps = [DialStep::Resolve, DialStep::Connect, DialStep::HostKey, DialStep::Login];
        let Route::Ssh(route) = &target.route else {
            progress.began(DialStep::Socket);
            let engine = self.engine(target)?;
            progress.done(DialStep::Socket, "the local socket answers");
            return Ok(engine.dialed(None, Access::LocalSocket));
        };
        let mut engine = None;
        let mut key = None;
        for step in steps {
            progress.began(step);
            match step {
                DialStep::Connect => engine = Some(self.engine(target)?),
                DialStep::HostKey => {
                    key = engine.as_ref().map(|engine| engine.check_key(&route.pin)).transpose()?;
                }
                DialStep::Login => {
                    engine.as_ref().map(|engine| engine.login(route.user.as_str())).transpose()?;
                }
                DialStep::Resolve | DialStep::Socket => {}
            }
            progress.done(step, step.as_str());
        }
        progress.began(DialStep::Socket);
        let engine = self.engine(target)?;
        progress.done(DialStep::Socket, "through stream forwarding");
        Ok(engine.dialed(key, Access::StreamForwarding))
    }

    async fn dial_apart(&self, target: &Target) -> Result<Dialed, HostError> {
        self.dial(target, &Progress::silent()).await
    }

    async fn open_shell(&self, target: &Target, size: TerminalSize) -> Result<Shell, HostError> {
        let Route::Ssh(route) = &target.route else { return Err(super::local::no_shell()) };
        let engine = self.engine(target)?;
        engine.check_key(&route.pin)?;
        engine.login(route.user.as_str())?;
        match lock(&engine.world).no_shell.clone() {
            Some(error) => Err(error),
            None => Ok(shell::open(&engine, size, None)),
        }
    }
}

/// One engine and its machine.
#[derive(Debug)]
pub struct FakeEngine {
    world: Mutex<World>,
    events: broadcast::Sender<HostEvent>,
    up: watch::Sender<bool>,
    calls: AtomicUsize,
    hung: Notify,
    released: Notify,
    /// Shells that are open.
    shells: watch::Sender<usize>,
    /// Bytes that its shells said in floods.
    flooded: AtomicUsize,
    /// Lines that its containers said.
    spoke: watch::Sender<usize>,
    /// Seconds that passed for those who watch what its containers use.
    counted: watch::Sender<u32>,
    /// Those who read them.
    followers: watch::Sender<usize>,
}

#[derive(Debug)]
struct World {
    networks: BTreeMap<String, HostNetwork>,
    /// Networks whose subnet was asked for: only there do containers keep addresses.
    configured: HashSet<String>,
    containers: Containers,
    system: System,
    membership: Option<Membership>,
    key: OfferedKey,
    refuses_login: bool,
    no_shell: Option<HostError>,
    logins: usize,
    /// One after the other: each begins to be waited for when the one before has come.
    troubles: VecDeque<(Meant, Trouble)>,
    fail_create: Option<HostError>,
    /// Where each container was after each call, since somebody wanted to know.
    places: Option<Vec<Places>>,
    /// Image and rules of containers, by name.
    dress: HashMap<String, (String, Vec<String>)>,
    routes: Option<Vec<IpNet>>,
    /// Docker refuses it as taken, and no list shows by what.
    hidden: Option<IpNet>,
    workloads: Workloads,
    network_faults: BTreeSet<(String, NetworkFault)>,
    /// Names of containers in which nobody listens.
    deaf: BTreeSet<String>,
    /// Packets that were to be encrypted and found no key.
    without_key: Cell<u64>,
    /// What containers said, by their ids.
    spoken: HashMap<String, Vec<LogLine>>,
    /// The link is cut after so many files of archives were put.
    breaks_after: Option<usize>,
}

/// The names of the networks that each container is on, by its name.
pub type Places = BTreeMap<String, BTreeSet<String>>;

/// The call that a trouble is meant for.
#[derive(Debug, Clone, Copy)]
enum Meant {
    Number(usize),
    /// The one of this method after so many others of it.
    Method(&'static str, usize),
}

impl Meant {
    /// Whether it is this call; counts it otherwise.
    fn is(&mut self, number: usize, method: &str) -> bool {
        match self {
            Self::Number(meant) => *meant == number,
            Self::Method(meant, _) if *meant != method => false,
            Self::Method(_, 0) => true,
            Self::Method(_, others) => {
                *others -= 1;
                false
            }
        }
    }
}

/// What befalls one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It fails and does nothing.
    Fail(HostError),
    /// It fails and does nothing, and so do all of its method after it.
    Refuse(HostError),
    /// It does what was asked, and fails.
    FailAfter(HostError),
    /// It never answers, and does nothing.
    HangBefore,
    /// It does what was asked and never answers.
    HangAfter,
    /// It does what was asked, and answers, when it is let go.
    Held,
}

impl FakeEngine {
    fn new() -> Self {
        let world = World {
            networks: BTreeMap::new(),
            configured: HashSet::new(),
            containers: Containers::new(),
            system: system(),
            membership: None,
            key: offered_key(&cuid2()),
            refuses_login: false,
            no_shell: None,
            logins: 0,
            troubles: VecDeque::new(),
            dress: HashMap::new(),
            fail_create: None,
            places: None,
            routes: Some(Vec::new()),
            hidden: None,
            workloads: Workloads::default(),
            network_faults: BTreeSet::new(),
            deaf: BTreeSet::new(),
            without_key: Cell::new(0),
            spoken: HashMap::new(),
            breaks_after: None,
        };
        Self {
            world: Mutex::new(world),
            events: broadcast::channel(256).0,
            up: watch::channel(true).0,
            calls: AtomicUsize::new(0),
            hung: Notify::new(),
            released: Notify::new(),
            shells: watch::channel(0).0,
            flooded: AtomicUsize::new(0),
            spoke: watch::channel(0).0,
            counted: watch::channel(0).0,
            followers: watch::channel(0).0,
        }
    }

    fn dialed(self: &Arc<Self>, key: Option<OfferedKey>, access: Access) -> Dialed {
        let host = Arc::new(FakeHost { engine: self.clone(), up: self.up.subscribe() });
        Dialed { host, key, access }
    }

    fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    fn check_key(&self, pin: &Pin) -> Result<OfferedKey, HostError> {
        let offered = lock(&self.world).key.clone();
        let pinned = match pin {
            Pin::FirstContact => return Ok(offered),
            Pin::Fingerprint(pinned) if pinned.as_str() == offered.fingerprint => {
                return Ok(offered);
            }
            Pin::Key(pinned) if *pinned == offered.public_key => return Ok(offered),
            Pin::Fingerprint(pinned) => pinned.to_string(),
            Pin::Key(pinned) => pinned.clone(),
        };
        Err(HostError::HostKeyChanged { pinned, offered: offered.fingerprint })
    }

    fn login(&self, user: &str) -> Result<(), HostError> {
        let mut world = lock(&self.world);
        world.logins += 1;
        if world.refuses_login {
            let why = "the host accepts publickey, but not this key".into();
            return Err(HostError::LoginRefused { user: user.to_owned(), why });
        }
        Ok(())
    }

    /// Cuts every connection and refuses new ones.
    pub fn stop(&self) {
        self.up.send_replace(false);
    }

    /// Accepts connections again.
    pub fn start(&self) {
        self.up.send_replace(true);
    }

    /// Troubles one call; calls are counted from now, the next is 0.
    pub fn trouble(&self, number: usize, trouble: Trouble) {
        self.calls.store(0, Ordering::SeqCst);
        self.mean(Meant::Number(number), trouble);
    }

    /// Troubles the next call of this method of `Host`, whatever is called before it.
    pub fn trouble_in(&self, method: &'static str, trouble: Trouble) {
        self.trouble_at(method, 0, trouble);
    }

    /// Troubles the call of this method of `Host` that comes after so many others of it.
    pub fn trouble_at(&self, method: &'static str, others: usize, trouble: Trouble) {
        self.mean(Meant::Method(method, others), trouble);
    }

    /// Troubles one call more, counted from the last trouble that was asked for.
    pub fn trouble_later(&self, number: usize, trouble: Trouble) {
        lock(&self.world).troubles.push_back((Meant::Number(number), trouble));
    }

    fn mean(&self, meant: Meant, trouble: Trouble) {
        lock(&self.world).troubles = VecDeque::from([(meant, trouble)]);
    }

    /// Calls off the troubles that have not come yet.
    pub fn calm(&self) {
        lock(&self.world).troubles.clear();
    }

    /// Writes down from now on where each container is after each call.
    pub fn watch_places(&self) {
        lock(&self.world).places = Some(Vec::new());
    }

    /// What was written down.
    pub fn places(&self) -> Vec<Places> {
        lock(&self.world).places.clone().unwrap_or_default()
    }

    /// Lets the call go that is held.
    pub fn let_go(&self) {
        self.released.notify_one();
    }

    /// Completes when a call hangs or is held.
    pub async fn hung(&self) {
        self.hung.notified().await;
    }

    /// How many calls there were since the counting began.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Lets networks be refused with these words until told otherwise.
    pub fn refuse_networks(&self, error: Option<HostError>) {
        lock(&self.world).fail_create = error;
    }

    /// Makes the engine refuse subnets that overlap this, as it does after a crash that left an
    /// allocation behind.
    pub fn hide(&self, range: Option<IpNet>) {
        lock(&self.world).hidden = range;
    }

    /// Changes the host's routes; `None` are unreadable ones.
    pub fn set_routes(&self, routes: Option<Vec<IpNet>>) {
        lock(&self.world).routes = routes;
    }

    /// Refuses every login, or none.
    pub fn refuse_login(&self, refuses: bool) {
        lock(&self.world).refuses_login = refuses;
    }

    /// Refuses shells with these words until told otherwise.
    pub fn refuse_shells(&self, error: Option<HostError>) {
        lock(&self.world).no_shell = error;
    }

    /// Completes when so many shells are open.
    pub async fn has_shells(&self, count: usize) {
        // It lives as long as the engine, so the wait ends with the right number.
        drop(self.shells.subscribe().wait_for(|shells| *shells == count).await);
    }

    /// How many bytes its shells said in floods.
    pub fn flooded(&self) -> usize {
        self.flooded.load(Ordering::Relaxed)
    }

    /// How often somebody tried to log in.
    pub fn logins(&self) -> usize {
        lock(&self.world).logins
    }

    /// Gives the host another key, and answers its fingerprint.
    pub fn change_key(&self) -> String {
        let key = offered_key(&cuid2());
        let fingerprint = key.fingerprint.clone();
        lock(&self.world).key = key;
        fingerprint
    }

    /// Changes what the engine says of itself.
    pub fn change_system(&self, change: impl FnOnce(&mut System)) {
        change(&mut lock(&self.world).system);
    }

    fn tell(&self, event: HostEvent) {
        // Without a connection nobody listens.
        drop(self.events.send(event));
    }

    fn remove(&self, docker_id: &str) {
        let removed = lock(&self.world).networks.remove(docker_id);
        if let Some(network) = removed {
            drop(self.events.send(event("destroy", &network)));
        }
    }
}

fn event(action: &str, network: &HostNetwork) -> HostEvent {
    HostEvent {
        of: "network".to_owned(),
        action: action.to_owned(),
        docker_id: network.docker_id.clone(),
        name: network.name.clone(),
    }
}

fn lost() -> HostError {
    HostError::Lost { why: "the fake host went away".into() }
}

fn offered_key(seed: &str) -> OfferedKey {
    // 43 characters of base64, as a SHA-256 fingerprint has.
    let hash: String = seed.chars().cycle().take(43).collect();
    OfferedKey {
        algorithm: "ssh-ed25519".into(),
        fingerprint: format!("SHA256:{hash}"),
        public_key: format!("ssh-ed25519 {seed}"),
    }
}

fn system() -> System {
    System {
        engine_id: cuid2(),
        hostname: "fake".into(),
        version: "29.9.3".into(),
        api_version: "1.53".into(),
        operating_system: "Debian GNU/Linux 12 (bookworm)".into(),
        architecture: "x86_64".into(),
        kernel: "6.1.0".into(),
        cpus: 4,
        memory_bytes: 8 << 30,
        kind: ServerKind::Standalone,
        swarm: None,
        disk: Some(Disk { total_bytes: 100 << 30, free_bytes: 50 << 30 }),
        pools: vec![Pool { base: "172.16.0.0/12".into(), size: 24 }],
        warnings: Vec::new(),
    }
}

/// Nothing panics while it holds one of these locks, so a poisoned one is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
