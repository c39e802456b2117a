//! What makes a backup unreadable and unalterable without its passphrase.
//!
//! A header of 64 bytes, then chunks of 64 KiB sealed with XChaCha20-Poly1305 in the STREAM
//! construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its
//! Nonce-Reuse Misuse-Resistance", 2015): none can be altered, left out, moved or cut off without
//! being noticed. The key comes from the passphrase by Argon2id, whose costs and salt are in the
//! header; the header is authenticated with each chunk.

use std::io::{self, ErrorKind, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, aead::Payload};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

const MAGIC: &[u8; 16] = b"portolan backup\n";
const FORMAT: u8 = 1;
const HEADER: usize = 64;
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// The cipher's nonce without STREAM's counter and its mark of the end.
const NONCE: usize = 19;
/// More is not worked off on the word of a file: 1 GiB.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 16;

/// What guessing one passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Default for Cost {
    /// RFC 9106, section 4, second recommended option, with one lane.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3 }
    }
}

/// The first bytes of a backup.
#[derive(Debug)]
struct Header {
    cost: Cost,
    salt: [u8; 16],
    nonce: [u8; NONCE],
}

impl Header {
    fn new(cost: Cost) -> Self {
        Self { cost, salt: rand::random(), nonce: rand::random() }
    }

    fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16] = FORMAT;
        bytes[17..21].copy_from_slice(&self.cost.memory_kib.to_be_bytes());
        bytes[21..25].copy_from_slice(&self.cost.passes.to_be_bytes());
        bytes[25..41].copy_from_slice(&self.salt);
        bytes[41..60].copy_from_slice(&self.nonce);
        bytes
    }

    fn parse(bytes: &[u8; HEADER]) -> io::Result<Self> {
        if &bytes[..16] != MAGIC {
            return Err(invalid("it is no backup of Portolan"));
        }
        if bytes[16] != FORMAT {
            return Err(invalid("it was made by a newer Portolan: restore it with that one"));
        }
        let number =
            |at: usize| bytes[at..at + 4].iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte));
        let cost = Cost { memory_kib: number(17), passes: number(21) };
        if cost.memory_kib > MOST_MEMORY_KIB || cost.passes > MOST_PASSES {
            return Err(invalid("its header was altered"));
        }
        let (mut salt, mut nonce) = ([0; 16], [0; NONCE]);
        salt.copy_from_slice(&bytes[25..41]);
        nonce.copy_from_slice(&bytes[41..60]);
        Ok(Self { cost, salt, nonce })
    }

    fn cipher(&self, passphrase: &SecretString) -> io::Result<XChaCha20Poly1305> {
        let altered = |_| invalid("its header was altered");
        let params =
            Params::new(self.cost.memory_kib, self.cost.passes, 1, None).map_err(altered)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), &self.salt, &mut *key)
            .map_err(altered)?;
        Ok(XChaCha20Poly1305::new((&*key).into()))
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// Seals what is written to it. Nothing of it can be opened before [`Sealer::finish`].
pub(super) struct Sealer<W> {
    to: W,
    header: [u8; HEADER],
    stream: EncryptorBE32<XChaCha20Poly1305>,
    pending: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    pub(super) fn new(mut to: W, passphrase: &SecretString, cost: Cost) -> io::Result<Self> {
        let header = Header::new(cost);
        let stream = EncryptorBE32::from_aead(header.cipher(passphrase)?, &header.nonce.into());
        let header = header.to_bytes();
        to.write_all(&header)?;
        Ok(Self { to, header, stream, pending: Zeroizing::new(Vec::with_capacity(2 * CHUNK)) })
    }

    /// Seals the last chunk, which marks the end.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let payload = Payload { msg: &self.pending, aad: &self.header };
        let sealed = self.stream.encrypt_last(payload).map_err(|_| too_long())?;
        self.to.write_all(&sealed)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

/// STREAM counts its chunks in 32 bits: 256 TiB.
fn too_long() -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, "it is too long for one backup")
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A whole chunk is kept back: it may be the last one.
        if self.pending.len() == CHUNK {
            let payload = Payload { msg: &self.pending, aad: &self.header };
            let sealed = self.stream.encrypt_next(payload).map_err(|_| too_long())?;
            self.to.write_all(&sealed)?;
            self.pending.clear();
        }
        let taken = bytes.len().min(CHUNK - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Opens what a [`Sealer`] sealed. What it gave is genuine; that it is whole is known at the end.
pub(super) struct Opener<R> {
    from: R,
    header: [u8; HEADER],
    /// Gone after the last chunk.
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    /// Read, and not opened: whether it is the last one is known by what follows.
    sealed: Vec<u8>,
    open: Zeroizing<Vec<u8>>,
    given: usize,
}

impl<R: Read> Opener<R> {
    pub(super) fn new(mut from: R, passphrase: &SecretString) -> io::Result<Self> {
        let mut bytes = [0; HEADER];
        from.read_exact(&mut bytes).map_err(|_| invalid("it is no backup of Portolan"))?;
        let header = Header::parse(&bytes)?;
        let stream = DecryptorBE32::from_aead(header.cipher(passphrase)?, &header.nonce.into());
        Ok(Self {
            from,
            header: bytes,
            stream: Some(stream),
            sealed: Vec::with_capacity(CHUNK + TAG + 1),
            open: Zeroizing::default(),
            given: 0,
        })
    }

    /// Opens the next chunk; answers whether there was one.
    fn next(&mut self) -> io::Result<bool> {
        let Some(mut stream) = self.stream.take() else { return Ok(false) };
        // One byte more than a chunk tells that another follows.
        let want = CHUNK + TAG + 1 - self.sealed.len();
        (&mut self.from)
            .take(u64::try_from(want).unwrap_or(u64::MAX))
            .read_to_end(&mut self.sealed)?;
        if self.sealed.len() <= CHUNK + TAG {
            return self.last(stream);
        }
        let rest = self.sealed.split_off(CHUNK + TAG);
        let payload = Payload { msg: &self.sealed, aad: &self.header };
        let opened = stream.decrypt_next(payload).map_err(|_| sealed_otherwise())?;
        self.open = Zeroizing::new(opened);
        (self.given, self.sealed, self.stream) = (0, rest, Some(stream));
        Ok(true)
    }

    fn last(&mut self, stream: DecryptorBE32<XChaCha20Poly1305>) -> io::Result<bool> {
        let payload = Payload { msg: &self.sealed, aad: &self.header };
        let opened = stream.decrypt_last(payload).map_err(|_| sealed_otherwise())?;
        (self.given, self.open) = (0, Zeroizing::new(opened));
        Ok(true)
    }
}

fn sealed_otherwise() -> io::Error {
    invalid("the passphrase is another one, or the file was cut off or altered")
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.open.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let count = into.len().min(self.open.len() - self.given);
        into[..count].copy_from_slice(&self.open[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// For the fuzzer: what it makes is opened or refused, and what is sealed comes out again as it was,
/// or not at all.
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzed {
    use super::{Cost, Opener, Read, Sealer, SecretString, Write, io};

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

    fn passphrase() -> SecretString {
        "correct horse".into()
    }

    fn open(sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opener::new(sealed, &passphrase())?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    pub(crate) fn open_anything(bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        // What guessing costs is the file's word, up to a bound, and no finding.
        if let Some(cost) = bytes.get_mut(17..25) {
            cost.copy_from_slice(&[0, 0, 0, 8, 0, 0, 0, 1]);
        }
        assert!(open(&bytes).is_err(), "sealed by chance");
    }

    pub(crate) fn seal_and_alter(bytes: &[u8]) {
        let mut writer = Sealer::new(Vec::new(), &passphrase(), CHEAP).expect("a sealer");
        writer.write_all(bytes).expect("room");
        let mut sealed = writer.finish().expect("room");
        assert_eq!(open(&sealed).expect("it opens"), bytes);
        let at = bytes.iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31) + usize::from(*byte));
        let at = at % sealed.len();
        if !(17..25).contains(&at) {
            sealed[at] ^= 1;
            assert!(open(&sealed).is_err(), "altered at {at}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

    fn seal(plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &"correct horse".into(), CHEAP).expect("a sealer");
        sealer.write_all(plain).expect("room");
        sealer.finish().expect("room")
    }

    fn open(sealed: &[u8], passphrase: &str) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opener::new(sealed, &passphrase.to_owned().into())?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn what_was_sealed_is_opened() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7] {
            let plain = vec![7; length];
            let sealed = seal(&plain);
            assert_eq!(open(&sealed, "correct horse").expect("it opens"), plain, "{length}");
            open(&sealed, "another").expect_err("it opened with another passphrase");
        }
    }

    #[test]
    fn a_part_is_no_backup() {
        let sealed = seal(&vec![7; 2 * CHUNK]);
        for kept in [0, 10, HEADER, HEADER + 5, HEADER + CHUNK + TAG, sealed.len() - 1] {
            open(&sealed[..kept], "correct horse").expect_err("it was cut off");
        }
        let mut longer = sealed.clone();
        longer.push(0);
        open(&longer, "correct horse").expect_err("something follows");
        let second = HEADER + CHUNK + TAG;
        let swapped = [&sealed[..HEADER], &sealed[second..], &sealed[HEADER..second]].concat();
        open(&swapped, "correct horse").expect_err("the chunks changed places");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bit_can_be_altered(at in 0_usize..HEADER + 200 + TAG, bit in 0_u8..8) {
            let mut sealed = seal(&[7; 200]);
            // Costs that a header may ask for are worked off before it is known to be altered.
            prop_assume!(!(17..25).contains(&at));
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&sealed, "correct horse").is_err());
        }
    }
}
