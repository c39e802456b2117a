//! What programs in containers say comes in frames of either output, and as one stream where the
//! container has a terminal. Owns telling them apart; what is kept of them is their readers' affair.

use bytes::{Buf, Bytes, BytesMut};

use super::super::{HostError, engine::not_understood};

/// `[STREAM, 0, 0, 0]` and the length of what follows.
const HEADER: usize = 8;

/// Puts together again what came in parts.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// What has come of the next frame.
    pending: BytesMut,
    terminal: bool,
    /// Most bytes of one frame.
    most: usize,
}

impl Frames {
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Whether it is one stream, without frames. It is not known before something came.
    pub(super) const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The next frame with its output (2 is `stderr`), once all of it has come.
    pub(super) fn next(&mut self) -> Result<Option<(u8, Bytes)>, HostError> {
        if self.terminal {
            let rest = self.pending.split();
            return Ok(Some((1, rest.freeze())).filter(|(_, rest)| !rest.is_empty()));
        }
        let Some((header, rest)) = self.pending.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [stream, zeros @ .., a, b, c, d] = *header;
        if stream > 3 || zeros != [0; 3] {
            self.terminal = true;
            return self.next();
        }
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > self.most {
            return Err(not_understood("a part of an output is too large"));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.pending.advance(HEADER);
        Ok(Some((stream, self.pending.split_to(length).freeze())))
    }

    /// What is left at the end. A program that was killed in the middle of a word leaves less than
    /// a frame, which is none.
    pub(super) fn rest(&mut self) -> Bytes {
        let rest = self.pending.split().freeze();
        if self.terminal { rest } else { Bytes::new() }
    }
}
