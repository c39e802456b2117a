//! What a storage holds of a backup: gzip, counted and hashed on its way. Without a host and without a
//! storage.

use std::io::{self, Write};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use flate2::{
    Compression,
    write::{GzEncoder, MultiGzDecoder},
};
use sha2::{Digest, Sha256};

use crate::db::backup::Stored;

/// Handed on together: calls to a storage cost more than bytes.
const PART: usize = 64 << 10;

/// Packs what an engine says.
pub(super) struct Packer {
    gzip: GzEncoder<Vec<u8>>,
    seen: Seen,
    /// Bytes that came in.
    pub taken: u64,
}

impl Packer {
    pub(super) fn new() -> Self {
        let gzip = GzEncoder::new(Vec::new(), Compression::fast());
        Self { gzip, seen: Seen::default(), taken: 0 }
    }

    /// What is to be stored next, once it is enough.
    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<Option<Bytes>> {
        self.gzip.write_all(bytes)?;
        self.taken += bytes.len() as u64;
        if self.gzip.get_ref().len() < PART {
            return Ok(None);
        }
        let packed = std::mem::take(self.gzip.get_mut());
        self.seen.take(&packed);
        Ok(Some(packed.into()))
    }

    /// The rest, and what all of it comes to.
    pub(super) fn finish(self) -> io::Result<(Bytes, Stored)> {
        let Self { gzip, mut seen, .. } = self;
        let rest = gzip.finish()?;
        seen.take(&rest);
        Ok((rest.into(), seen.end()))
    }

    /// Bytes that were handed on.
    pub(super) const fn handed(&self) -> u64 {
        self.seen.size
    }
}

/// Unpacks what a storage has.
pub(super) struct Unpacker {
    gzip: MultiGzDecoder<Vec<u8>>,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Self { gzip: MultiGzDecoder::new(Vec::new()) }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        self.gzip.write_all(bytes)?;
        Ok(std::mem::take(self.gzip.get_mut()).into())
    }

    /// The rest; an error where there should be more.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        self.gzip.finish().map(Bytes::from)
    }
}

/// Counts and hashes what passes.
#[derive(Default)]
pub(super) struct Seen {
    size: u64,
    hash: Sha256,
}

impl Seen {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.hash.update(bytes);
    }

    pub(super) fn end(self) -> Stored {
        Stored { size: self.size, sha256: HEXLOWER.encode(&self.hash.finalize()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(parts: &[&[u8]]) -> (Vec<u8>, Stored) {
        let (mut packer, mut all) = (Packer::new(), Vec::new());
        for part in parts {
            all.extend(packer.take(part).expect("packed").unwrap_or_default());
        }
        let (rest, stored) = packer.finish().expect("whole");
        all.extend(rest);
        (all, stored)
    }

    #[test]
    fn what_goes_in_comes_out_however_it_is_cut() {
        let text: Vec<u8> =
            (0..500_000_u32).flat_map(|n| (n.wrapping_mul(n)).to_le_bytes()).collect();
        let parts: Vec<&[u8]> = text.chunks(7_001).collect();
        let (all, stored) = packed(&parts);
        assert_eq!(stored.size, all.len() as u64);
        let mut seen = Seen::default();
        seen.take(&all);
        assert_eq!(seen.end(), stored);
        let (mut unpacker, mut out) = (Unpacker::new(), Vec::new());
        for part in all.chunks(999) {
            out.extend(unpacker.take(part).expect("unpacked"));
        }
        out.extend(unpacker.finish().expect("whole"));
        assert_eq!(out, text);
    }

    #[test]
    fn half_of_it_is_not_whole() {
        let (all, _) = packed(&[b"some text that is long enough to be packed"]);
        let mut unpacker = Unpacker::new();
        unpacker.take(&all[..all.len() / 2]).expect("so far");
        assert!(unpacker.finish().is_err());
    }
}
