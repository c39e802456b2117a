//! Archives (tar) as they pass: read entry by entry on the way, and passed on as the engine gave them.
//!
//! Names in them are whatever a program wrote, and are never used as paths here. What is kept in memory of
//! an entry is bounded: its content is hashed as it passes.

use std::{collections::BTreeSet, io};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use super::manifest::{Entry, Manifest, TooMuch};

/// Archives are made of these.
const BLOCK: usize = 512;
/// Most bytes of what is said ahead of an entry: long names, and attributes.
const MOST_AHEAD: u64 = 1 << 20;

/// Why an archive is not understood.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("the archive is not understood: {0}")]
    Malformed(String),
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

fn malformed(why: &str) -> Unreadable {
    Unreadable::Malformed(why.to_owned())
}

/// What is passed on.
#[derive(Debug)]
pub(super) enum Wanted {
    Nothing,
    Everything,
    /// These paths.
    Some(BTreeSet<Vec<u8>>),
}

impl Wanted {
    fn has(&self, path: &[u8]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some(paths) => paths.contains(path),
        }
    }
}

/// Where in the archive it is.
#[derive(Debug)]
enum At {
    /// Collecting a block that says what follows.
    Header(Vec<u8>),
    /// In what is said ahead of an entry.
    Ahead {
        kind: EntryType,
        content: Vec<u8>,
        left: u64,
        padding: u64,
    },
    Content {
        of: Box<Open>,
        left: u64,
        padding: u64,
    },
    /// Behind the end.
    End,
}

/// An entry whose content passes.
#[derive(Debug)]
struct Open {
    path: Vec<u8>,
    hash: Sha256,
    bytes: u64,
    passed: bool,
}

/// What was said ahead of an entry.
#[derive(Debug, Default)]
struct Ahead {
    /// As it came.
    raw: Vec<Bytes>,
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    /// Extended attributes, as they are written.
    attributes: BTreeSet<Vec<u8>>,
}

/// An archive that passes.
#[derive(Debug)]
pub(super) struct Tape {
    at: At,
    ahead: Ahead,
    wanted: Wanted,
    manifest: Manifest,
    /// What of the contents was passed on.
    sent: u64,
}

impl Tape {
    pub(super) fn new(wanted: Wanted) -> Self {
        let at = At::Header(Vec::with_capacity(BLOCK));
        Self { at, ahead: Ahead::default(), wanted, manifest: Manifest::default(), sent: 0 }
    }

    /// Takes the next bytes, and puts what is to be passed on of them behind the others.
    pub(super) fn take(&mut self, mut bytes: Bytes, on: &mut Vec<Bytes>) -> Result<(), Unreadable> {
        while !bytes.is_empty() {
            self.step(&mut bytes, on)?;
            self.close()?;
        }
        Ok(())
    }

    fn step(&mut self, bytes: &mut Bytes, on: &mut Vec<Bytes>) -> Result<(), Unreadable> {
        match &mut self.at {
            At::Header(block) => {
                let part = split(bytes, (BLOCK - block.len()) as u64);
                block.extend_from_slice(&part);
                if block.len() == BLOCK {
                    let block = std::mem::take(block);
                    self.begin(block, on)?;
                }
            }
            At::Ahead { content, left, padding, .. } => {
                let part = split(bytes, *left);
                *left -= part.len() as u64;
                content.extend_from_slice(&part);
                let rest = split(bytes, *padding);
                *padding -= rest.len() as u64;
                self.ahead.raw.extend([part, rest]);
            }
            At::Content { of, left, padding } => {
                let part = split(bytes, *left);
                *left -= part.len() as u64;
                of.hash.update(&part);
                let rest = split(bytes, *padding);
                *padding -= rest.len() as u64;
                if of.passed {
                    self.sent += part.len() as u64;
                    on.extend([part, rest]);
                }
            }
            At::End => bytes.clear(),
        }
        Ok(())
    }

    /// A whole block was read: it says what follows.
    fn begin(&mut self, block: Vec<u8>, on: &mut Vec<Bytes>) -> Result<(), Unreadable> {
        if block.iter().all(|byte| *byte == 0) {
            self.at = At::End;
            return Ok(());
        }
        let header = Header::from_byte_slice(&block);
        check_sum(header, &block)?;
        let kind = header.entry_type();
        let size = header.entry_size()?;
        if kind == EntryType::XHeader || kind.is_gnu_longname() || kind.is_gnu_longlink() {
            if size > MOST_AHEAD {
                return Err(malformed("a name or an attribute is too long"));
            }
            let content = Vec::new();
            self.at = At::Ahead { kind, content, left: size, padding: padding(size) };
            self.ahead.raw.push(block.into());
            return Ok(());
        }
        let (of, size) = self.open(header)?;
        if of.passed {
            on.append(&mut self.ahead.raw);
            on.push(block.clone().into());
        }
        self.ahead = Ahead::default();
        self.at = At::Content { of: Box::new(of), left: size, padding: padding(size) };
        Ok(())
    }

    fn open(&self, header: &Header) -> Result<(Open, u64), Unreadable> {
        let kind = header.entry_type();
        let size = match kind {
            EntryType::Regular | EntryType::Continuous => {
                self.ahead.size.map_or_else(|| header.entry_size(), Ok)?
            }
            EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo => 0,
            _ => return Err(malformed("it has an entry of an unknown kind")),
        };
        let path = self.ahead.path.clone().unwrap_or_else(|| header.path_bytes().into_owned());
        let path = plain(&path).to_vec();
        let link = header.link_name_bytes().map(std::borrow::Cow::into_owned).unwrap_or_default();
        let link = self.ahead.link.clone().unwrap_or(link);
        let mut hash = Sha256::new();
        for part in [&path, &link].into_iter().chain(&self.ahead.attributes) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let numbers = [
            u64::from(kind.as_byte()),
            u64::from(header.mode()? & 0o7777),
            self.ahead.uid.map_or_else(|| header.uid(), Ok)?,
            self.ahead.gid.map_or_else(|| header.gid(), Ok)?,
            u64::from(device(header.device_major(), kind)?),
            u64::from(device(header.device_minor(), kind)?),
            size,
        ];
        for number in numbers {
            hash.update(number.to_be_bytes());
        }
        Ok((Open { passed: self.wanted.has(&path), path, hash, bytes: size }, size))
    }

    /// What has no bytes left is over.
    fn close(&mut self) -> Result<(), Unreadable> {
        let over = match &self.at {
            At::Ahead { left, padding, .. } | At::Content { left, padding, .. } => {
                *left == 0 && *padding == 0
            }
            At::Header(_) | At::End => false,
        };
        if !over {
            return Ok(());
        }
        match std::mem::replace(&mut self.at, At::Header(Vec::with_capacity(BLOCK))) {
            At::Ahead { kind, content, .. } => self.ahead.hear(kind, &content),
            At::Content { of, .. } => {
                let Open { path, hash, bytes, .. } = *of;
                Ok(self.manifest.add(path, Entry { sha256: hash.finalize().into(), bytes })?)
            }
            At::Header(_) | At::End => Ok(()),
        }
    }

    /// The archive is over: what was in it, and how much of that was passed on. What is passed on ends
    /// with two empty blocks.
    pub(super) fn end(self) -> Result<(Manifest, u64), Unreadable> {
        match self.at {
            At::End => Ok((self.manifest, self.sent)),
            At::Header(_) | At::Ahead { .. } | At::Content { .. } => {
                Err(malformed("it ends too early"))
            }
        }
    }
}

/// What an archive ends with.
pub(super) const END: &[u8] = &[0; 2 * BLOCK];

impl Ahead {
    fn hear(&mut self, kind: EntryType, content: &[u8]) -> Result<(), Unreadable> {
        let text = || content.strip_suffix(&[0]).unwrap_or(content).to_vec();
        if kind.is_gnu_longname() {
            self.path = Some(text());
        } else if kind.is_gnu_longlink() {
            self.link = Some(text());
        } else {
            records(content, |key, value| self.record(key, value))?;
        }
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), Unreadable> {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number(value)?),
            b"uid" => self.uid = Some(number(value)?),
            b"gid" => self.gid = Some(number(value)?),
            _ if key.starts_with(b"SCHILY.xattr.") => {
                self.attributes.insert([key, b"=", value].concat());
            }
            // Times are no part of what is compared.
            _ => {}
        }
        Ok(())
    }
}

/// `LENGTH KEY=VALUE\n`, one after the other; the length counts all of it.
fn records(
    mut content: &[u8],
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    while !content.is_empty() {
        let broken = || malformed("an attribute is broken");
        let space = content.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
        let length = usize::try_from(number(&content[..space])?).map_err(|_| broken())?;
        let record = content.get(space + 1..length).ok_or_else(broken)?;
        let record = record.strip_suffix(b"\n").ok_or_else(broken)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
        each(&record[..equals], &record[equals + 1..])?;
        content = &content[length..];
    }
    Ok(())
}

fn number(text: &[u8]) -> Result<u64, Unreadable> {
    let text =
        std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|one| one.is_ascii_digit()));
    text.and_then(|text| text.parse().ok()).ok_or_else(|| malformed("a number is none"))
}

/// Only devices have such numbers.
fn device(number: io::Result<Option<u32>>, kind: EntryType) -> io::Result<u32> {
    match kind {
        EntryType::Char | EntryType::Block => Ok(number?.unwrap_or_default()),
        _ => Ok(0),
    }
}

/// A block that says what follows says its own sum, too, with spaces in the place of that.
fn check_sum(header: &Header, block: &[u8]) -> Result<(), Unreadable> {
    let byte = |(index, byte): (usize, &u8)| match index {
        148..156 => u32::from(b' '),
        _ => u32::from(*byte),
    };
    let sum: u32 = block.iter().enumerate().map(byte).sum();
    if header.cksum()? == sum { Ok(()) } else { Err(malformed("a sum in it does not fit")) }
}

fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK as u64) - size
}

fn split(bytes: &mut Bytes, most: u64) -> Bytes {
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_to(most)
}

/// Without what engines write differently.
fn plain(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"./").unwrap_or(path);
    path.strip_suffix(b"/").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder, a file with a long name, an empty one, and two links.
    fn archive(content: &[u8]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let header = |kind: EntryType, size: usize| {
            let mut header = Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(size as u64);
            header.set_mode(0o640);
            header.set_uid(1000);
            header.set_gid(50);
            header.set_mtime(0);
            header
        };
        let empty: &[u8] = &[];
        archive.append_data(&mut header(EntryType::Directory, 0), "v/", empty).expect("a folder");
        let long = format!("v/{}", "x".repeat(180));
        archive
            .append_data(&mut header(EntryType::Regular, content.len()), long, content)
            .expect("a file");
        archive.append_data(&mut header(EntryType::Regular, 0), "v/empty", empty).expect("a file");
        archive
            .append_link(&mut header(EntryType::Symlink, 0), "v/link", "/etc/passwd")
            .expect("a link");
        archive.append_link(&mut header(EntryType::Link, 0), "v/twin", "v/empty").expect("a link");
        archive.into_inner().expect("an archive")
    }

    fn pass(
        archive: &[u8],
        parts: usize,
        wanted: Wanted,
    ) -> Result<(Manifest, u64, Vec<u8>), Unreadable> {
        let (mut tape, mut on) = (Tape::new(wanted), Vec::new());
        for part in archive.chunks(parts) {
            tape.take(Bytes::copy_from_slice(part), &mut on)?;
        }
        let (manifest, sent) = tape.end()?;
        on.push(Bytes::from_static(END));
        Ok((manifest, sent, on.concat()))
    }

    #[test]
    fn what_passes_is_what_came_however_it_is_cut() {
        let archive = archive(&[7; 1300]);
        let (whole, _, _) = pass(&archive, usize::MAX, Wanted::Nothing).expect("an archive");
        assert_eq!((whole.len(), whole.bytes()), (5, 1300));
        for parts in [1, 7, 511, 512, 513, 4096] {
            let (manifest, sent, on) = pass(&archive, parts, Wanted::Everything).expect("one");
            assert_eq!((&manifest, sent), (&whole, 1300), "{parts}");
            assert_eq!(on, archive[..on.len()], "{parts}");
            let (again, _, _) = pass(&on, parts, Wanted::Nothing).expect("an archive");
            assert_eq!(again, whole);
        }
    }

    #[test]
    fn only_what_is_wanted_passes() {
        let archive = archive(b"some");
        let (whole, _, _) = pass(&archive, 100, Wanted::Nothing).expect("an archive");
        let long = format!("v/{}", "x".repeat(180)).into_bytes();
        let wanted = Wanted::Some(BTreeSet::from([long.clone(), b"v".to_vec()]));
        let (manifest, sent, on) = pass(&archive, 100, wanted).expect("an archive");
        assert_eq!((&manifest, sent), (&whole, 4));
        let (part, _, _) = pass(&on, 64, Wanted::Nothing).expect("an archive");
        assert_eq!(part.len(), 2);
        assert_eq!(whole.missing_in(&part).len(), 3);
    }

    #[test]
    fn everything_about_an_entry_counts() {
        let of =
            |archive: &[u8]| pass(archive, 512, Wanted::Nothing).expect("an archive").0.sha256();
        let first = archive(b"some");
        assert_eq!(of(&first), of(&archive(b"some")));
        assert_ne!(of(&first), of(&archive(b"sone")));
        // Another mode in the first block, and its sum.
        let mut other = first.clone();
        let mut header = Header::from_byte_slice(&other[..BLOCK]).clone();
        header.set_mode(0o600);
        header.set_cksum();
        other[..BLOCK].copy_from_slice(header.as_bytes());
        assert_ne!(of(&first), of(&other));
    }

    #[test]
    fn attributes_are_read_and_bounded() {
        let mut heard = Vec::new();
        let two = b"16 path=v/a b\xff!\n25 SCHILY.xattr.user.a=b\n";
        records(two, |key, value| {
            heard.push((key.to_vec(), value.to_vec()));
            Ok(())
        })
        .expect("records");
        assert_eq!(heard[0], (b"path".to_vec(), b"v/a b\xff!".to_vec()));
        for broken in [&b"8 path=v\n"[..], b"x path=v\n", b"999999999 a=b\n", b"5 a=b", b"4 ab\n"] {
            assert!(records(broken, |_, _| Ok(())).is_err(), "{broken:?}");
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::XHeader);
        header.set_size(MOST_AHEAD + 1);
        header.set_cksum();
        assert!(pass(header.as_bytes(), 512, Wanted::Nothing).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        let whole = archive(b"some");
        let mut changed = whole.clone();
        changed[3] ^= 1;
        let cut = &whole[..whole.len() - 3 * BLOCK - 1];
        for bad in [&changed[..], cut, &[1; 4096], b""] {
            assert!(pass(bad, 512, Wanted::Everything).is_err());
        }
    }
}
