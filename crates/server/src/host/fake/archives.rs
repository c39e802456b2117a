//! Archives of what volumes of a fake engine have in them. Only files are in them, and one folder.

use std::io::Read;

use tar::{Archive, Builder, EntryType, Header};

use super::World;
use crate::host::HostError;

fn broken(error: &std::io::Error) -> HostError {
    HostError::Docker { status: 500, message: error.to_string() }
}

impl World {
    /// Files below a path, by their names behind its last part.
    pub(super) fn read_archive(&self, docker_id: &str, path: &str) -> Result<Vec<u8>, HostError> {
        self.known(docker_id)?;
        let name = path.rsplit('/').next().unwrap_or_default();
        let mut archive = Builder::new(Vec::new());
        let mut add = |kind: EntryType, path: &str, content: &[u8]| {
            let mut header = Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            archive.append_data(&mut header, path, content).map_err(|error| broken(&error))
        };
        add(EntryType::Directory, &format!("{name}/"), &[])?;
        for (path, content) in self.workloads.files_below(docker_id, path) {
            add(EntryType::Regular, &format!("{name}{path}"), content)?;
        }
        archive.into_inner().map_err(|error| broken(&error))
    }

    /// Puts its files where they belong; a link that is to break does so after some of them.
    pub(super) fn put_archive(
        &mut self,
        docker_id: &str,
        directory: &str,
        archive: &[u8],
    ) -> Result<(), HostError> {
        self.known(docker_id)?;
        let mut archive = Archive::new(archive);
        for entry in archive.entries().map_err(|error| broken(&error))? {
            let mut entry = entry.map_err(|error| broken(&error))?;
            if entry.header().entry_type() != EntryType::Regular {
                continue;
            }
            if self.breaks() {
                return Err(HostError::Lost { why: "the link was cut".into() });
            }
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(|error| broken(&error))?;
            let path = format!("{}/{path}", directory.trim_end_matches('/'));
            self.workloads.put_file(docker_id, &path, content);
        }
        Ok(())
    }

    fn breaks(&mut self) -> bool {
        match &mut self.breaks_after {
            Some(0) => {
                self.breaks_after = None;
                true
            }
            Some(files) => {
                *files -= 1;
                false
            }
            None => false,
        }
    }
}
