//! The way of lines to a reader: who writes never waits, and what a slow reader misses is counted.
//!
//! Whoever does not read must not hold up the host (decision 0045), nor fill the memory.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::Stream;
use portolan_types::{ContainerStats, LeftOut, LogLine, ReadingEnd};
use tokio::sync::mpsc;

/// Most bytes that wait for a reader.
const MOST: usize = 1 << 20;
/// Most samples that wait for a reader.
const SAMPLES: usize = 4;
/// What a line weighs besides its text, and what a sample does.
const WEIGHT: usize = 64;

/// What a reader is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Line(LogLine),
    Stats(ContainerStats),
    /// So many lines were said before what follows.
    LeftOut(LeftOut),
    /// The last that is told.
    Ended(ReadingEnd),
}

/// Where lines are put.
#[derive(Debug)]
pub(crate) struct Spool {
    said: mpsc::UnboundedSender<Said>,
    waiting: Arc<AtomicUsize>,
    left_out: u64,
}

/// Where a reader gets them.
#[derive(Debug)]
pub(crate) struct Feed {
    said: mpsc::UnboundedReceiver<Said>,
    waiting: Arc<AtomicUsize>,
}

/// A way to one reader.
pub(crate) fn spool() -> (Spool, Feed) {
    let (told, heard) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let spool = Spool { said: told, waiting: waiting.clone(), left_out: 0 };
    (spool, Feed { said: heard, waiting })
}

impl Spool {
    /// Of samples the newest matters: who does not read them misses some.
    pub(crate) fn push_stats(&self, stats: ContainerStats) {
        if self.waiting.load(Ordering::Relaxed) < SAMPLES * WEIGHT {
            self.waiting.fetch_add(WEIGHT, Ordering::Relaxed);
            self.send(Said::Stats(stats));
        }
    }

    pub(crate) fn push(&mut self, line: LogLine) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        // A reader who fell behind gets a good piece again, not a line here and there.
        let room = if self.left_out == 0 { MOST } else { MOST / 2 };
        if waiting + weight(&line) > room {
            self.left_out += 1;
            return;
        }
        self.tell_left_out();
        self.waiting.fetch_add(weight(&line), Ordering::Relaxed);
        self.send(Said::Line(line));
    }

    /// Nothing follows.
    pub(crate) fn end(mut self, end: ReadingEnd) {
        self.tell_left_out();
        self.send(Said::Ended(end));
    }

    /// Completes when the reader has left.
    pub(crate) fn reader_left(&self) -> impl Future<Output = ()> + use<> {
        let said = self.said.clone();
        async move { said.closed().await }
    }

    fn tell_left_out(&mut self) {
        let lines = std::mem::take(&mut self.left_out);
        if lines > 0 {
            self.send(Said::LeftOut(LeftOut { lines }));
        }
    }

    fn send(&self, said: Said) {
        // A reader who left is told nothing more.
        drop(self.said.send(said));
    }
}

impl Stream for Feed {
    type Item = Said;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Said>> {
        let said = self.said.poll_recv(cx);
        let taken = match &said {
            Poll::Ready(Some(Said::Line(line))) => weight(line),
            Poll::Ready(Some(Said::Stats(_))) => WEIGHT,
            Poll::Ready(Some(Said::LeftOut(_) | Said::Ended(_)) | None) | Poll::Pending => 0,
        };
        self.waiting.fetch_sub(taken, Ordering::Relaxed);
        said
    }
}

const fn weight(line: &LogLine) -> usize {
    line.text.len() + WEIGHT
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use portolan_types::{LogStream, ReadingCause};

    use super::*;

    fn line(text: &str) -> LogLine {
        LogLine { stream: LogStream::Stdout, at: None, text: text.to_owned() }
    }

    fn end() -> ReadingEnd {
        let message = "the container ended".to_owned();
        ReadingEnd { cause: ReadingCause::Ended, message, remedy: None }
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_missed() {
        let (mut spool, mut feed) = spool();
        let long = "x".repeat((64 << 10) - WEIGHT);
        for _ in 0..20 {
            spool.push(line(&long));
        }
        // Sixteen fit. Half has to be read before more is taken.
        for _ in 0..8 {
            assert_eq!(feed.next().await, Some(Said::Line(line(&long))));
        }
        spool.push(line("missed"));
        assert_eq!(feed.next().await, Some(Said::Line(line(&long))));
        spool.push(line("seen"));
        spool.end(end());
        let rest: Vec<Said> = feed.collect().await;
        assert_eq!(rest.len(), 10);
        assert_eq!(rest[7], Said::LeftOut(LeftOut { lines: 5 }));
        assert_eq!(rest[8], Said::Line(line("seen")));
        assert_eq!(rest[9], Said::Ended(end()));
    }

    #[tokio::test]
    async fn samples_that_nobody_reads_are_not_kept() {
        let (spool, feed) = spool();
        let stats = crate::host::Counted::default().since(None);
        for _ in 0..100 {
            spool.push_stats(stats.clone());
        }
        spool.end(end());
        assert_eq!(feed.count().await, SAMPLES + 1);
    }

    #[tokio::test]
    async fn what_is_missed_at_the_end_is_told_too() {
        let (mut spool, feed) = spool();
        spool.push(line("one"));
        spool.push(line(&"x".repeat(MOST)));
        spool.end(end());
        let left_out = Said::LeftOut(LeftOut { lines: 1 });
        assert_eq!(
            feed.collect::<Vec<_>>().await,
            [Said::Line(line("one")), left_out, Said::Ended(end()),]
        );
    }

    #[tokio::test]
    async fn a_reader_who_leaves_is_noticed() {
        let (spool, feed) = spool();
        drop(feed);
        spool.reader_left().await;
    }
}
