//! A range cut into subnets of one size.

use super::{span::Span, taken::Taken};

/// A range and the size of its subnets, both powers of two and aligned, as CIDR has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) range: Span,
    step: u128,
}

impl Grid {
    /// The range has to be a multiple of the step, at a multiple of it.
    pub(super) fn new(range: Span, step: u128) -> Self {
        Self { range, step }
    }

    /// How many subnets there are.
    pub(super) fn total(&self) -> u64 {
        self.count(self.range)
    }

    /// The lowest subnet that nothing taken overlaps, by its first address. Looks once at each
    /// taken span, never at each candidate.
    pub(super) fn lowest_free(&self, taken: &Taken) -> Option<u128> {
        self.gaps(taken).next().map(|gap| gap.first)
    }

    /// How many subnets nothing overlaps.
    pub(super) fn free(&self, taken: &Taken) -> u64 {
        self.gaps(taken).map(|gap| self.count(gap)).sum()
    }

    /// The stretches of whole subnets between what is taken.
    fn gaps<'a>(&'a self, taken: &'a Taken) -> impl Iterator<Item = Span> + 'a {
        // One past the end closes the last gap.
        let end = Span { first: self.range.last + 1, last: self.range.last + 1 };
        let mut next = self.range.first;
        taken.within(self.range).map(|span| self.widened(span)).chain([end]).filter_map(
            move |span| {
                let first = next;
                // Widened neighbours may share a subnet.
                next = next.max(span.last.saturating_add(1));
                (first < span.first).then(|| Span { first, last: span.first - 1 })
            },
        )
    }

    /// To the bounds of the subnets that it lies in.
    fn widened(&self, span: Span) -> Span {
        Span {
            first: span.first - span.first % self.step,
            last: span.last - span.last % self.step + (self.step - 1),
        }
    }

    fn count(&self, span: Span) -> u64 {
        let count = (span.last - span.first) / self.step + 1;
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}
