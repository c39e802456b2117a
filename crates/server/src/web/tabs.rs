//! The pages of one thing, as tabs above each of them.

/// A page of a thing: which it is, its name, and where it is below the thing's own address.
#[derive(Debug)]
pub(super) struct Tab<T> {
    pub of: T,
    pub name: &'static str,
    pub path: &'static str,
    /// Whether it is for those alone who may change the thing.
    pub is_for_changes: bool,
}

impl<T> Tab<T> {
    pub(super) const fn new(of: T, name: &'static str, path: &'static str) -> Self {
        Self { of, name, path, is_for_changes: false }
    }

    pub(super) const fn for_changes(of: T, name: &'static str, path: &'static str) -> Self {
        Self { of, name, path, is_for_changes: true }
    }
}

/// A link of the tabs.
#[derive(Debug)]
pub(super) struct Link {
    pub name: &'static str,
    pub path: String,
    pub here: bool,
}

/// The tabs that somebody is shown on one of the pages of the thing at `base`.
pub(super) fn links<T: PartialEq>(
    tabs: &[Tab<T>],
    here: &T,
    base: &str,
    may_change: bool,
) -> Vec<Link> {
    let shown = tabs.iter().filter(|tab| may_change || !tab.is_for_changes);
    let link = |tab: &Tab<T>| Link {
        name: tab.name,
        path: format!("{base}{}", tab.path),
        here: tab.of == *here,
    };
    shown.map(link).collect()
}
