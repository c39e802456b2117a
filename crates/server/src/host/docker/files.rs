//! Files into and out of containers: archives on the way, files at both ends.

use std::io::{self, Read};

use bytes::Bytes;
use hyper::{Method, body::Incoming};
use tar::{Archive, Builder, EntryType, Header};

use super::{
    super::{
        FileContent, HostError, NewFile,
        engine::{Content, Engine, not_understood},
        limits,
    },
    id::{DockerId, encoded},
    networks::unless_missing,
    output,
};

pub(super) async fn put(
    engine: &Engine,
    docker_id: &str,
    directory: &str,
    files: &[NewFile],
) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    let path = format!("/containers/{id}/archive?path={}", encoded(directory));
    let archive = archive(files).map_err(|error| not_understood(&error))?;
    let request = (Method::PUT, path.as_str(), Content::Tar(archive));
    let read = |body| output::whole(engine, body);
    engine.converse("put files into the container", limits::CONTAINER, request, read).await?;
    Ok(())
}

/// Of the time 0: equal files make equal archives.
fn archive(files: &[NewFile]) -> io::Result<Bytes> {
    let mut archive = Builder::new(Vec::new());
    for file in files {
        let mut header = Header::new_gnu();
        header.set_size(file.bytes().len() as u64);
        header.set_mode(file.mode);
        header.set_uid(file.owner.uid.into());
        header.set_gid(file.owner.gid.into());
        header.set_mtime(0);
        // Both refuse paths that lead out of the directory.
        match &file.content {
            FileContent::Bytes(bytes) => {
                header.set_entry_type(EntryType::Regular);
                archive.append_data(&mut header, &file.path, bytes.as_slice())?;
            }
            FileContent::Link(target) => {
                header.set_entry_type(EntryType::Symlink);
                archive.append_link(&mut header, &file.path, target)?;
            }
        }
    }
    archive.into_inner().map(Bytes::from)
}

pub(super) async fn read(
    engine: &Engine,
    docker_id: &str,
    path: &str,
) -> Result<Option<Vec<u8>>, HostError> {
    let id = DockerId::parse(docker_id)?;
    let path = format!("/containers/{id}/archive?path={}", encoded(path));
    let request = (Method::GET, path.as_str(), Content::Nothing);
    let read = |body: Incoming| output::whole(engine, body);
    let answer = engine.converse("read a file of the container", limits::CALL, request, read).await;
    let Some(archive) = unless_missing(answer)? else { return Ok(None) };
    first_file(&archive).map_err(|error| not_understood(&error))
}

/// The file that was asked for; `None` when it is none, but a directory or a link.
fn first_file(archive: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut archive = Archive::new(archive);
    let Some(entry) = archive.entries()?.next().transpose()? else { return Ok(None) };
    if entry.header().entry_type() != EntryType::Regular {
        return Ok(None);
    }
    if entry.size() > limits::FILE as u64 {
        return Err(io::Error::other("the file is too large"));
    }
    let mut content = Vec::new();
    entry.take(limits::FILE as u64).read_to_end(&mut content)?;
    Ok(Some(content))
}

#[cfg(test)]
mod tests {
    use super::{super::super::FileOwner, *};

    fn file(path: &str) -> NewFile {
        let owner = FileOwner { uid: 1000, gid: 0 };
        NewFile { path: path.into(), content: b"text".to_vec().into(), mode: 0o600, owner }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let archive = archive(&[file("a/b.json"), file("c")]).expect("an archive");
        assert_eq!(first_file(&archive).expect("a file").as_deref(), Some(&b"text"[..]));
        let mut entries = Archive::new(&archive[..]);
        let first = entries.entries().expect("entries").next().expect("one").expect("one");
        assert_eq!(first.header().mode().expect("a mode"), 0o600);
        assert_eq!(first.header().uid().expect("an owner"), 1000);
    }

    #[test]
    fn a_link_is_one() {
        let link = NewFile { content: FileContent::Link("1".into()), ..file("a/current") };
        let archive = archive(&[link]).expect("an archive");
        assert_eq!(first_file(&archive).expect("an entry"), None);
        let mut entries = Archive::new(&archive[..]);
        let first = entries.entries().expect("entries").next().expect("one").expect("one");
        assert_eq!(first.header().entry_type(), EntryType::Symlink);
        assert_eq!(first.link_name_bytes().as_deref(), Some(&b"1"[..]));
    }

    #[test]
    fn nothing_leads_out_of_the_directory() {
        for path in ["../x", "/etc/passwd", "a/../../x", ""] {
            assert!(archive(&[file(path)]).is_err(), "{path}");
        }
    }
}
