//! The bytes of a terminal: from a person to the shell, and back, each as fast as the slower end
//! takes them. Nothing is kept: who does not read holds up who writes.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use portolan_types::{TerminalCause, TerminalEnd, TerminalFlow, TerminalMessage, TerminalRequest};
use tokio::{
    sync::watch,
    time::{Instant, interval, timeout},
};

use super::of_host;
use crate::{
    host::{Shell, ShellEnd, ShellSaid},
    terminals::{Line, Shown, Typed},
};

/// A shell that nobody uses stands open for whoever comes by that screen: what counts is what a
/// person does, not what the host goes on saying.
const IDLE: Duration = Duration::from_mins(30);
/// Proxies give up on a connection that is silent for a minute.
const PULSE: Duration = Duration::from_secs(25);
/// A shell that ended so soon never was one.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Carries until the shell ends, its person leaves, or nobody uses it. The shell ends with this.
pub(super) async fn carry(line: &mut Line, shell: Shell) -> TerminalEnd {
    let began = Instant::now();
    let Shell { mut output, mut input } = shell;
    let Line { typed, shown } = line;
    // A browser takes whatever comes, so it says by itself when that is too much.
    let (flow, mut flows) = watch::channel(TerminalFlow::Go);
    let to_host = async {
        loop {
            let Ok(next) = timeout(IDLE, typed.next()).await else { return idle() };
            let taken = match next {
                Some(Typed::Bytes(bytes)) => input.write(bytes).await,
                Some(Typed::Asked(TerminalRequest::Size(size))) => input.resize(size).await,
                Some(Typed::Asked(TerminalRequest::Flow { flow: wanted })) => {
                    flow.send_replace(wanted);
                    Ok(())
                }
                Some(Typed::Misused(why)) => return end(TerminalCause::Misused, why),
                None => return end(TerminalCause::Closed, "it was closed"),
            };
            if let Err(error) = taken {
                return of_host(TerminalCause::Lost, &error);
            }
        }
    };
    let to_person = async {
        let mut pulse = interval(PULSE);
        let mut next = Shown::Said(TerminalMessage::Opened {});
        loop {
            if shown.send(next).await.is_err() {
                return end(TerminalCause::Closed, "the connection to its person broke off");
            }
            let saying = async {
                // Its sender lives as long as this.
                drop(flows.wait_for(|flow| *flow == TerminalFlow::Go).await);
                output.next().await
            };
            next = tokio::select! {
                said = saying => match said {
                    Some(Ok(ShellSaid::Bytes(bytes))) => Shown::Bytes(bytes),
                    Some(Ok(ShellSaid::Ended(how))) => return exited(&how, began.elapsed()),
                    Some(Err(error)) => return of_host(TerminalCause::Lost, &error),
                    None => return exited(&ShellEnd::default(), began.elapsed()),
                },
                _ = pulse.tick() => Shown::Pulse,
            };
        }
    };
    tokio::select! {
        end = to_person => end,
        end = to_host => end,
    }
}

fn end(cause: TerminalCause, message: impl Into<String>) -> TerminalEnd {
    TerminalEnd { cause, exit_status: None, message: message.into(), remedy: None }
}

fn idle() -> TerminalEnd {
    let minutes = IDLE.as_secs() / 60;
    end(TerminalCause::Idle, format!("nobody used it for {minutes} minutes"))
}

fn exited(how: &ShellEnd, open: Duration) -> TerminalEnd {
    let message = match (how.exit_status, &how.signal) {
        (Some(status), _) => format!("the shell ended with exit status {status}"),
        (None, Some(signal)) => format!("the shell was ended by the signal {signal}"),
        (None, None) => "the shell ended".to_owned(),
    };
    // A login that leads to a command of its own, or to nothing, looks the same from here.
    let remedy = (open < AT_ONCE).then(|| {
        "if you did not end it: sshd may run another command in its place (`ForceCommand`, or \
         `command=` beside the key), or the user has no login shell"
            .to_owned()
    });
    TerminalEnd { cause: TerminalCause::Exited, exit_status: how.exit_status, message, remedy }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use async_trait::async_trait;
    use bytes::Bytes;
    use futures_util::{sink, stream};
    use portolan_types::TerminalSize;

    use super::*;
    use crate::{
        host::{HostError, ShellInput},
        terminals::Gone,
    };

    #[derive(Debug)]
    struct Nowhere;

    #[async_trait]
    impl ShellInput for Nowhere {
        async fn write(&mut self, _: Bytes) -> Result<(), HostError> {
            Ok(())
        }

        async fn resize(&mut self, _: TerminalSize) -> Result<(), HostError> {
            Ok(())
        }
    }

    /// A shell that never stops, and how often it was listened to.
    fn flood() -> (Shell, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let output = stream::repeat_with(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(ShellSaid::Bytes(Bytes::from_static(b"x")))
        });
        (Shell { output: output.boxed(), input: Box::new(Nowhere) }, count)
    }

    /// A person who reads nothing.
    fn asleep(typed: stream::BoxStream<'static, Typed>) -> Line {
        let shown = sink::unfold((), |(), _: Shown| async {
            std::future::pending::<Result<(), Gone>>().await
        });
        Line { typed, shown: Box::pin(shown) }
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_stops_the_reading_and_is_idle_at_last() {
        let (shell, count) = flood();
        let began = Instant::now();
        let end = carry(&mut asleep(stream::pending().boxed()), shell).await;
        assert_eq!((end.cause, began.elapsed()), (TerminalCause::Idle, IDLE));
        assert!(count.load(Ordering::Relaxed) <= 2, "{count:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_who_leaves_ends_it_whatever_the_host_says() {
        let (shell, _) = flood();
        let end = carry(&mut asleep(stream::empty().boxed()), shell).await;
        assert_eq!(end.cause, TerminalCause::Closed);
        let (shell, _) = flood();
        let typed = stream::iter([Typed::Misused("no size".to_owned())]).chain(stream::pending());
        let end = carry(&mut asleep(typed.boxed()), shell).await;
        assert_eq!((end.cause, end.message.as_str()), (TerminalCause::Misused, "no size"));
    }

    #[test]
    fn a_shell_that_never_was_one_is_explained() {
        let zero = ShellEnd { exit_status: Some(0), signal: None };
        let at_once = exited(&zero, Duration::from_millis(10));
        assert!(at_once.remedy.is_some_and(|remedy| remedy.contains("ForceCommand")));
        assert!(exited(&zero, AT_ONCE).remedy.is_none());
        let signal = ShellEnd { exit_status: None, signal: Some("HUP".to_owned()) };
        assert!(exited(&signal, AT_ONCE).message.contains("HUP"));
    }
}
