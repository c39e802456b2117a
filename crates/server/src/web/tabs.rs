//! The pages of one thing, as tabs above each of them.

/// A page of a thing: which it is, its name, and where it is below the thing's own address.
#[derive(Debug)]
pub(super) struct Tab<T> {
    pub of: T,
    pub name: &'static str,
    pub path: &'static str,
    pub whose: For,
}

/// Whom a page is for; each may what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum For {
    All,
    /// Those who may use it.
    Use,
    /// Those who may work on what runs of it.
    Work,
    /// Those who may change the thing.
    Changes,
    /// Those who may do everything in the team.
    Admins,
}

impl<T> Tab<T> {
    pub(super) const fn new(of: T, name: &'static str, path: &'static str) -> Self {
        Self { of, name, path, whose: For::All }
    }

    pub(super) const fn for_changes(of: T, name: &'static str, path: &'static str) -> Self {
        Self { of, name, path, whose: For::Changes }
    }

    pub(super) const fn kept_for(
        whose: For,
        of: T,
        name: &'static str,
        path: &'static str,
    ) -> Self {
        Self { of, name, path, whose }
    }

    pub(super) const fn for_admins(of: T, name: &'static str, path: &'static str) -> Self {
        Self { of, name, path, whose: For::Admins }
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
pub(super) fn links<T: PartialEq>(tabs: &[Tab<T>], here: &T, base: &str, who: For) -> Vec<Link> {
    let shown = tabs.iter().filter(|tab| tab.whose <= who);
    let link = |tab: &Tab<T>| Link {
        name: tab.name,
        path: format!("{base}{}", tab.path),
        here: tab.of == *here,
    };
    shown.map(link).collect()
}
