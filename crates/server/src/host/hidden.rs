//! Secrets that no text of a host may show, and what stands in their place.
//!
//! Owns no secret's forms: those know who knows the secret.

use std::fmt;

use zeroize::Zeroizing;

use super::{BuildListener, HostError};

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "***";
/// So much of a long secret gives it away: an engine's words may be cut within it.
pub(super) const TELLING: usize = 24;

/// How secrets may stand in a text.
#[derive(Clone)]
pub(super) struct Hidden(Vec<Zeroizing<String>>);

impl Hidden {
    pub(super) fn new(forms: impl IntoIterator<Item = Zeroizing<String>>) -> Self {
        let mut forms: Vec<_> = forms.into_iter().filter(|form| !form.is_empty()).collect();
        // A short one may stand within a long one, which would not be found after it.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self(forms)
    }

    /// The text without them.
    pub(super) fn text(&self, text: String) -> String {
        self.0.iter().fold(text, |text, form| without(text, form))
    }

    /// An engine's or a registry's words, in which they may stand.
    pub(super) fn error(&self, error: HostError) -> HostError {
        match error {
            HostError::Docker { status, message } => {
                HostError::Docker { status, message: self.text(message) }
            }
            HostError::Protocol { why } => HostError::Protocol { why: self.text(why) },
            HostError::Lost { why } => HostError::Lost { why: self.text(why) },
            other => other,
        }
    }

    /// What a build says, on its way to who listens.
    pub(super) fn listener(&self, listener: &BuildListener) -> BuildListener {
        let (hidden, listener) = (self.clone(), listener.clone());
        BuildListener::new(move |line| listener.heard(&hidden.text(line.to_owned())))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

/// A whole secret is replaced; from the beginning of one on, the text is cut.
fn without(text: String, secret: &str) -> String {
    let text = if text.contains(secret) { text.replace(secret, HIDDEN) } else { text };
    let Some((end, _)) = secret.char_indices().nth(TELLING) else { return text };
    match text.split_once(&secret[..end]) {
        Some((before, _)) => format!("{before}{HIDDEN}"),
        None => text,
    }
}
