//! Holes in engine versions that concern networks or the socket, from the advisories of
//! `moby/moby` (<https://github.com/moby/moby/security/advisories>).

type Version = (u32, u32, u32);

/// A hole: where it came in, and in which release of each line it was closed. A line that is not
/// named is closed when it is newer than all that are.
struct Advisory {
    name: &'static str,
    about: &'static str,
    since: Version,
    fixed: &'static [Version],
}

const ALWAYS: Version = (0, 0, 0);

const ADVISORIES: &[Advisory] = &[
    Advisory {
        name: "CVE-2023-28841",
        about: "encrypted overlay networks may send in clear",
        since: ALWAYS,
        fixed: &[(20, 10, 24), (23, 0, 3)],
    },
    Advisory {
        name: "CVE-2024-21626",
        about: "containers can reach the host's files (runc)",
        since: ALWAYS,
        fixed: &[(24, 0, 9), (25, 0, 2)],
    },
    Advisory {
        name: "CVE-2024-29018",
        about: "names leave internal networks through DNS",
        since: ALWAYS,
        fixed: &[(23, 0, 11), (25, 0, 5), (26, 0, 0)],
    },
    Advisory {
        name: "CVE-2024-41110",
        about: "authorization plugins can be bypassed",
        since: ALWAYS,
        fixed: &[(23, 0, 15), (25, 0, 6), (26, 1, 5), (27, 1, 1)],
    },
    Advisory {
        name: "CVE-2025-54410",
        about: "a reload of firewalld removes the isolation between bridge networks",
        since: ALWAYS,
        fixed: &[(25, 0, 13), (28, 0, 0)],
    },
    Advisory {
        name: "CVE-2025-54388",
        about: "a reload of firewalld opens ports that were published to loopback only",
        since: (28, 2, 0),
        fixed: &[(28, 3, 3)],
    },
    Advisory {
        name: "CVE-2026-115538",
        about: "encrypted overlay networks send in clear under firewalld",
        since: ALWAYS,
        fixed: &[(29, 9, 3)],
    },
];

/// The advisories that are open in a version, each as `name (what it means)`.
pub(super) fn open_in(version: Version) -> Vec<String> {
    ADVISORIES
        .iter()
        .filter(|advisory| version >= advisory.since && !is_fixed(version, advisory.fixed))
        .map(|advisory| format!("{} ({})", advisory.name, advisory.about))
        .collect()
}

fn is_fixed(version: Version, fixed: &[Version]) -> bool {
    let same_line = |release: &&Version| (release.0, release.1) == (version.0, version.1);
    match fixed.iter().find(same_line) {
        Some(release) => version >= *release,
        None => fixed.iter().max().is_some_and(|newest| version > *newest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_judged_by_its_own_line() {
        let names = |version| open_in(version).join(" ");
        assert!(!names((20, 10, 24)).contains("CVE-2023-28841"));
        assert!(names((20, 10, 23)).contains("CVE-2023-28841"));
        assert!(names((20, 10, 24)).contains("CVE-2025-54410"));
        assert!(names((24, 0, 9)).contains("CVE-2024-29018"));
        assert!(!names((25, 0, 13)).contains("CVE-2025-54410"));
        assert!(!names((27, 5, 1)).contains("CVE-2025-54388"));
        assert!(names((28, 3, 2)).contains("CVE-2025-54388"));
        assert!(open_in((29, 9, 3)).is_empty());
    }
}
