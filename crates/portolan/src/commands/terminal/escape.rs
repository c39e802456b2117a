//! The way out when the shell does not answer: `~.` at the beginning of a line, as with `ssh`. A
//! second `~` is one that is typed.

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Bytes(Vec<u8>),
    /// Whoever sits here leaves.
    Leave,
}

/// Where in a line the typing is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Beginning,
    /// After a `~` that is held back: what follows says whether it is one.
    Tilde,
    Within,
}

/// Reads what is typed before it is sent.
#[derive(Debug, Default)]
pub(super) struct Escape(Place);

impl Escape {
    pub(super) fn read(&mut self, typed: &[u8]) -> Typed {
        let mut sent = Vec::with_capacity(typed.len() + 1);
        for byte in typed {
            match (self.0, byte) {
                (Place::Tilde, b'.') => return Typed::Leave,
                (Place::Beginning, b'~') => {
                    self.0 = Place::Tilde;
                    continue;
                }
                // The second one is sent, and the first was only for it.
                (Place::Tilde, b'~') | (Place::Beginning | Place::Within, _) => {}
                (Place::Tilde, _) => sent.push(b'~'),
            }
            sent.push(*byte);
            self.0 = if matches!(byte, b'\r' | b'\n') { Place::Beginning } else { Place::Within };
        }
        Typed::Bytes(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&str]) -> Option<String> {
        let mut escape = Escape::default();
        let mut sent = Vec::new();
        for part in parts {
            match escape.read(part.as_bytes()) {
                Typed::Bytes(bytes) => sent.extend(bytes),
                Typed::Leave => return None,
            }
        }
        Some(String::from_utf8(sent).expect("text"))
    }

    #[test]
    fn a_tilde_and_a_dot_lead_out_at_the_beginning_of_a_line_alone() {
        for way_out in [&["~."][..], &["ls\r~."], &["ls\r", "~", "."], &["x\n~."]] {
            assert_eq!(read(way_out), None, "{way_out:?}");
        }
        for (typed, sent) in [
            (&["ls ~/.ssh\r"][..], "ls ~/.ssh\r"),
            (&["~/x\r"], "~/x\r"),
            (&["~~."], "~."),
            (&["~", "a."], "~a."),
            (&["x~.\r"], "x~.\r"),
            (&["~\r~", "b"], "~\r~b"),
        ] {
            assert_eq!(read(typed).as_deref(), Some(sent), "{typed:?}");
        }
    }
}
