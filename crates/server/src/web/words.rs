//! Words of the pages that stand in more than one template: the rooms of the side bar, what is done,
//! and what a member sees.

use portolan_types::{OperationKind, Role, Sees};

/// What of the team a member sees, after "sees".
pub(super) const fn sees(what: Sees) -> &'static str {
    match what {
        Sees::Team => "all of the team",
        Sees::Granted => "only what is granted",
    }
}

/// What is done, before the name of what it is done to.
pub(super) const fn work(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::ValidateServer => "Check the server",
        OperationKind::CreateDestination => "Make the destination",
        OperationKind::RepairDestination => "Repair the destination",
        OperationKind::DeleteDestination => "Remove the destination",
        OperationKind::ChangeDestination => "Change the network of",
        OperationKind::ForgetDestination => "Forget the destination",
        OperationKind::ConnectContainer => "Connect a container to",
        OperationKind::DisconnectContainer => "Disconnect a container from",
        OperationKind::MoveContainer => "Move a container to",
        OperationKind::ScanServer => "Look for networks on",
        OperationKind::AdoptNetworks => "Adopt networks of",
        OperationKind::CheckRegistry => "Check a registry's login from",
        OperationKind::VerifyDestination => "Prove the destination",
        OperationKind::ProveReach => "Try a connection from",
        OperationKind::SetProxy => "Set up the proxy of",
        OperationKind::StartProxy => "Start the proxy of",
        OperationKind::StopProxy => "Stop the proxy of",
        OperationKind::RestartProxy => "Restart the proxy of",
        OperationKind::UpgradeProxy => "Upgrade the proxy of",
        OperationKind::RepairProxy => "Repair the proxy of",
        OperationKind::RepairAttachment => "Mend the proxy's place on",
        OperationKind::DisconnectMembers => "Disconnect strangers from",
        OperationKind::RemoveProxy => "Remove the proxy of",
        OperationKind::ReadProxyLogs => "Read the proxy's logs of",
        OperationKind::DeployApplication => "Deploy",
        OperationKind::StartApplication => "Start",
        OperationKind::StopApplication => "Stop",
        OperationKind::RestartApplication => "Restart",
        OperationKind::RemoveApplication => "Remove",
        OperationKind::MoveApplication => "Move",
        OperationKind::ConfirmMove => "Confirm the move of",
        OperationKind::TakeBackMove => "Take back the move of",
        OperationKind::RunCommand => "Run a command in",
        OperationKind::RunJob => "Run a job of",
        OperationKind::BackUpDatabase => "Back up",
        OperationKind::RestoreDatabase => "Restore",
        OperationKind::CheckBackup => "Check a backup beside",
    }
}

/// A heading of the side bar, and the pages below it.
#[derive(Debug)]
pub(super) struct Group {
    pub heading: &'static str,
    pub rooms: &'static [Room],
}

/// A page of the side bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub path: &'static str,
    pub name: &'static str,
    /// Pressed after `g` it leads there.
    pub key: &'static str,
    /// Without which nobody gets in.
    pub role: Role,
}

const fn room(path: &'static str, name: &'static str, key: &'static str) -> Room {
    Room { path, name, key, role: Role::Member }
}

/// A page that is not for everybody in the team.
const fn kept_for(role: Role, room: Room) -> Room {
    Room { role, ..room }
}

pub(super) const ROOMS: &[Group] = &[FLEET, ACCESS, HISTORY, INSTALLATION];

const FLEET: Group = Group {
    heading: "Fleet",
    rooms: &[
        room("/", "Overview", "o"),
        room("/servers", "Servers", "s"),
        room("/destinations", "Destinations", "d"),
        room("/chart", "Chart", "c"),
        room("/addresses", "Addresses", "a"),
        room("/reach", "Reach", "h"),
        room("/proxies", "Proxies", "x"),
        room("/routes", "Routes", "r"),
        room("/certificates", "Certificates", "f"),
        room("/projects", "Projects", "j"),
        room("/applications", "Applications", "w"),
        room("/stacks", "Stacks", "m"),
        room("/databases", "Databases", "q"),
        room("/backups", "Backups", "z"),
        room("/storages", "Storages", "v"),
    ],
};

const ACCESS: Group = Group {
    heading: "Access",
    rooms: &[
        room("/people", "People", "l"),
        room("/keys", "Keys", "k"),
        room("/registries", "Registries", "b"),
        kept_for(Role::Owner, room("/tokens", "Tokens", "t")),
    ],
};

const HISTORY: Group = Group {
    heading: "History",
    rooms: &[
        room("/operations", "Operations", "p"),
        room("/drifts", "Drifts", "i"),
        room("/events", "Events", "e"),
        kept_for(Role::Admin, room("/audit", "Audit", "u")),
        room("/notifiers", "Notifiers", "n"),
    ],
};

const INSTALLATION: Group = Group {
    heading: "Installation",
    rooms: &[
        room("/status", "Status", "y"),
        kept_for(Role::Owner, room("/settings", "Settings", "g")),
    ],
};
