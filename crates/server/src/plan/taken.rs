//! A set of addresses as sorted spans that neither overlap nor touch.

use std::collections::BTreeMap;

use super::span::Span;

/// First address to last address of each span.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken(BTreeMap<u128, u128>);

impl Taken {
    /// Adds a span; what it overlaps or touches becomes one with it. So a pool that is given out
    /// from below stays one span however many subnets were taken, and looking on costs nothing.
    pub(super) fn insert(&mut self, span: Span) {
        let (mut first, mut last) = (span.first, span.last);
        let reach = last.saturating_add(1);
        while let Some((&begin, &end)) = self.0.range(..=reach).next_back() {
            if end.saturating_add(1) < first {
                break;
            }
            first = first.min(begin);
            last = last.max(end);
            self.0.remove(&begin);
        }
        self.0.insert(first, last);
    }

    /// The spans that lie in a range, wholly or in part, in order.
    pub(super) fn within(&self, range: Span) -> impl Iterator<Item = Span> {
        let before = self.0.range(..range.first).next_back();
        let after = self.0.range(range.first..=range.last);
        before
            .into_iter()
            .chain(after)
            .filter_map(move |(&first, &last)| Span { first, last }.common(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(taken: &Taken) -> Vec<(u128, u128)> {
        taken.0.iter().map(|(&first, &last)| (first, last)).collect()
    }

    #[test]
    fn what_touches_becomes_one() {
        let mut taken = Taken::default();
        for (first, last) in [(10, 19), (30, 39), (50, 59), (20, 29), (5, 5), (0, 2), (12, 13)] {
            taken.insert(Span { first, last });
        }
        assert_eq!(spans(&taken), [(0, 2), (5, 5), (10, 39), (50, 59)]);
        taken.insert(Span { first: 1, last: 100 });
        assert_eq!(spans(&taken), [(0, 100)]);
        taken.insert(Span { first: u128::MAX, last: u128::MAX });
        assert_eq!(spans(&taken), [(0, 100), (u128::MAX, u128::MAX)]);
    }

    #[test]
    fn a_range_sees_its_parts_only() {
        let mut taken = Taken::default();
        for first in [0, 10, 20, 30] {
            taken.insert(Span { first, last: first + 5 });
        }
        let seen: Vec<(u128, u128)> = taken
            .within(Span { first: 13, last: 31 })
            .map(|span| (span.first, span.last))
            .collect();
        assert_eq!(seen, [(13, 15), (20, 25), (30, 31)]);
    }
}
