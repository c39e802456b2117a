//! Words of the pages that stand in more than one template: the rooms of the side bar.

/// A heading of the side bar, and the pages below it.
#[derive(Debug)]
pub(super) struct Group {
    pub heading: &'static str,
    pub rooms: &'static [Room],
}

/// A page of the side bar.
#[derive(Debug)]
pub(super) struct Room {
    pub path: &'static str,
    pub name: &'static str,
    /// Pressed after `g` it leads there.
    pub key: &'static str,
}

const fn room(path: &'static str, name: &'static str, key: &'static str) -> Room {
    Room { path, name, key }
}

pub(super) const ROOMS: &[Group] = &[FLEET, ACCESS, HISTORY];

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
    ],
};

const ACCESS: Group = Group { heading: "Access", rooms: &[room("/keys", "Keys", "k")] };

const HISTORY: Group =
    Group { heading: "History", rooms: &[room("/operations", "Operations", "p")] };
