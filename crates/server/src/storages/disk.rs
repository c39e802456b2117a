//! Objects as files in a folder of the control plane's own, which nobody else can enter.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use portolan_types::BackupId;
use tokio::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::AsyncWriteExt,
};
use tokio_util::io::ReaderStream;

use super::object::StorageError;

/// Read at a time.
const PART: usize = 64 << 10;

fn whole(folder: &Path, id: &BackupId) -> PathBuf {
    folder.join(format!("{id}.gz"))
}

fn part(folder: &Path, id: &BackupId) -> PathBuf {
    folder.join(format!("{id}.part"))
}

/// A file that has another name until it is whole.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    folder: PathBuf,
    id: BackupId,
}

impl Writer {
    pub(super) async fn create(folder: &Path, id: &BackupId) -> Result<Self, StorageError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).await?;
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        let file = options.open(part(folder, id)).await?;
        Ok(Self { file, folder: folder.to_owned(), id: id.clone() })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.file.write_all(bytes).await?;
        // What was taken is written in the background: an error would be told at the next write.
        Ok(self.file.flush().await?)
    }

    pub(super) async fn finish(mut self) -> Result<(), StorageError> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        fs::rename(part(&self.folder, &self.id), whole(&self.folder, &self.id)).await?;
        // The name is written down with its folder.
        Ok(File::open(&self.folder).await?.sync_all().await?)
    }
}

pub(super) async fn open(
    folder: &Path,
    id: &BackupId,
) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
    let file = File::open(whole(folder, id)).await?;
    Ok(ReaderStream::with_capacity(file, PART).map_err(StorageError::from).boxed())
}

pub(super) async fn remove(folder: &Path, id: &BackupId) -> Result<(), StorageError> {
    for path in [part(folder, id), whole(folder, id)] {
        match fs::remove_file(path).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    async fn read(folder: &Path, id: &BackupId) -> Result<Vec<u8>, StorageError> {
        let parts: Vec<Bytes> = open(folder, id).await?.try_collect().await?;
        Ok(parts.concat())
    }

    #[tokio::test]
    async fn it_is_there_when_it_is_whole_and_for_nobody_else() {
        let root = tempfile::tempdir().expect("a folder");
        let (folder, id) = (root.path().join("backups/one"), BackupId::generate());
        let mut writer = Writer::create(&folder, &id).await.expect("a file");
        writer.write(b"one ").await.expect("written");
        writer.write(b"two").await.expect("written");
        assert!(matches!(read(&folder, &id).await, Err(StorageError::Missing)));
        writer.finish().await.expect("whole");
        assert_eq!(read(&folder, &id).await.expect("it"), b"one two");
        let mode = |path: &Path| path.metadata().expect("it").permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&whole(&folder, &id))), (0o700, 0o600));
        for _ in 0..2 {
            remove(&folder, &id).await.expect("removed");
        }
        assert_eq!(folder.read_dir().expect("the folder").count(), 0);
    }

    #[tokio::test]
    async fn pieces_are_taken_away() {
        let root = tempfile::tempdir().expect("a folder");
        let id = BackupId::generate();
        let mut writer = Writer::create(root.path(), &id).await.expect("a file");
        writer.write(b"half of").await.expect("written");
        drop(writer);
        remove(root.path(), &id).await.expect("removed");
        assert_eq!(root.path().read_dir().expect("the folder").count(), 0);
    }

    #[tokio::test]
    async fn a_full_disk_is_told_as_one() {
        let file = OpenOptions::new().write(true).open("/dev/full").await.expect("a full device");
        let id = BackupId::generate();
        let mut writer = Writer { file, folder: PathBuf::new(), id };
        assert!(matches!(writer.write(b"more").await, Err(StorageError::Full)));
    }
}
