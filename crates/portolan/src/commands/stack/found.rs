//! Which Compose file is meant where none is named.

use std::path::{Path, PathBuf};

/// In the order in which Compose looks for them.
const NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// The one that is in a folder.
pub(in crate::commands) fn in_folder(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

/// The one that is named, or that of the folder in which this runs. Where there is none, the first name is
/// what is missing.
pub(super) fn or_named(named: Option<PathBuf>) -> PathBuf {
    named.or_else(|| in_folder(Path::new(""))).unwrap_or_else(|| PathBuf::from(NAMES[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_files_have_four_names() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(in_folder(folder.path()), None);
        for name in ["docker-compose.yml", "compose.yml"] {
            let file = folder.path().join(name);
            std::fs::write(&file, "").expect("a file");
            assert_eq!(in_folder(folder.path()), Some(file));
        }
    }
}
