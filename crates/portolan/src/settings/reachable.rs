//! Where servers may be: networks besides the usual ones, and sockets of this machine.

use std::{path::PathBuf, str::FromStr};

use portolan_types::Invalid;

use super::{Merge, Networks};
use crate::control_plane::Reachable;

/// What was said of it on the command line.
#[derive(Debug, Default)]
pub(crate) struct ReachableFlags {
    pub(crate) allow_servers_at: Option<Networks>,
    pub(crate) local_sockets: Option<Sockets>,
}

/// `PATH[,PATH]` or `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sockets(Vec<PathBuf>);

impl FromStr for Sockets {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == "none" {
            return Ok(Self(Vec::new()));
        }
        let socket = |part: &str| {
            let path = PathBuf::from(part.trim());
            if path.is_absolute() {
                return Ok(path);
            }
            let part = part.escape_debug();
            Err(Invalid::new(format!(
                "`{part}` is no absolute path: write /run/docker.sock or none"
            )))
        };
        text.split(',').map(socket).collect::<Result<_, _>>().map(Self)
    }
}

impl Merge {
    pub(super) fn reachable(&self, flags: ReachableFlags) -> anyhow::Result<Reachable> {
        let usual = Reachable::default();
        let Networks(networks) =
            self.optional("allow-servers-at", flags.allow_servers_at)?.unwrap_or_default();
        let sockets = self.optional("local-sockets", flags.local_sockets)?;
        Ok(Reachable { networks, sockets: sockets.map_or(usual.sockets, |Sockets(paths)| paths) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_absolute_paths_or_none() {
        let read = |text: &str| text.parse::<Sockets>().map(|Sockets(paths)| paths);
        assert_eq!(read("none"), Ok(Vec::new()));
        assert_eq!(read("/a.sock, /b.sock"), Ok(vec!["/a.sock".into(), "/b.sock".into()]));
        for bad in ["", "docker.sock", "/a,", "/a,none"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
