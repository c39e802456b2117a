//! Files that a Compose file names, read from beside it.
//!
//! What is sent leaves this machine: nothing outside of the folder of the file is read, whatever a link
//! says, and nothing that the file does not name.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use portolan_types::{FileText, RepositoryPath, StackFile};

use crate::failure::Failure;

/// Those that are there. What is missing is the control plane's to judge: the repository may have it.
pub(super) fn read(
    compose: &Path,
    named: BTreeSet<RepositoryPath>,
) -> anyhow::Result<Vec<StackFile>> {
    let folder = match compose.parent() {
        Some(folder) if folder != Path::new("") => folder,
        // Stdin has none: Compose takes the one that it is run in.
        _ => Path::new("."),
    };
    let mut files = Vec::new();
    for path in named {
        let Some(found) = inside(folder, &path)? else { continue };
        files.push(StackFile { content: content(&found, &path)?, path });
    }
    Ok(files)
}

/// Where it is, with every link followed.
fn inside(folder: &Path, path: &RepositoryPath) -> anyhow::Result<Option<PathBuf>> {
    let file = folder.join(path.as_str());
    if !file.exists() {
        return Ok(None);
    }
    let whole = |path: &Path| {
        fs::canonicalize(path).with_context(|| format!("could not find {}", path.display()))
    };
    let found = whole(&file)?;
    if !found.starts_with(whole(folder)?) {
        let why = format!("{path} leads out of the folder of the Compose file");
        return Err(Failure::usage(why, "put a copy of it beside the file").into());
    }
    Ok(Some(found))
}

fn content(file: &Path, path: &RepositoryPath) -> anyhow::Result<FileText> {
    let of = || format!("could not read {path}");
    let metadata = fs::metadata(file).with_context(of)?;
    if !metadata.is_file() || metadata.len() > FileText::MAX as u64 {
        let why = format!("{path} is no file of at most {} KiB", FileText::MAX >> 10);
        return Err(Failure::usage(why, "what is larger belongs into an image or a volume").into());
    }
    let text = fs::read_to_string(file).with_context(of)?;
    text.parse().map_err(|invalid| {
        let hint = "a file that comes along is text";
        Failure::usage(format!("{path}: {invalid}"), hint).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_the_file_is_read_and_nothing_else() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("stack");
        fs::create_dir_all(folder.join("conf")).expect("folders");
        fs::write(folder.join("conf/a.env"), "A=1\n").expect("a file");
        fs::write(folder.join("image.png"), [0xff_u8, 0xfe]).expect("a file");
        fs::write(place.path().join("outside"), "B=2\n").expect("a file");
        std::os::unix::fs::symlink("../outside", folder.join("link")).expect("a link");
        let compose = folder.join("compose.yaml");
        let all = |names: &[&str]| {
            let named = names.iter().map(|name| name.parse().expect("a path")).collect();
            read(&compose, named)
        };
        let files = all(&["conf/a.env", "none"]).expect("files");
        assert_eq!(files.len(), 1);
        assert_eq!((files[0].path.as_str(), files[0].content.as_str()), ("conf/a.env", "A=1\n"));
        assert!(all(&["link"]).expect_err("a link").to_string().contains("leads out"));
        assert!(all(&["conf"]).is_err() && all(&["image.png"]).is_err());
    }
}
