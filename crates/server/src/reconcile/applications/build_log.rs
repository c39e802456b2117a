//! What a build says, on its way into the database: some lines at a time, and no more than is read.

use std::time::Duration;

use portolan_types::{Deployment, Timestamp};
use tokio::{sync::mpsc, time::sleep};

use super::workshop::Told;
use crate::{App, db, host::BuildListener};

/// How long lines are gathered before they are written.
const GATHER: Duration = Duration::from_millis(250);
/// Lines that are taken at once.
const AT_ONCE: usize = 1_000;
/// Most bytes of a line, and of all that is kept.
const LINE: usize = 4 << 10;
const MOST: usize = 4 << 20;
const LEFT_OUT: &str = "[Portolan left the rest out: it is more than 4 MiB]";

/// Takes lines from a host that must not wait.
pub(super) fn channel(told: Told) -> (BuildListener, mpsc::UnboundedReceiver<String>) {
    let (say, heard) = mpsc::unbounded_channel();
    let listener = BuildListener::new(move |line| {
        let line = cut(line);
        if is_step(&line) {
            told.say(crate::host::clean(&line));
        }
        // Who writes them down may have ended: the build goes on.
        drop(say.send(line));
    });
    (listener, heard)
}

/// Whether a step of the Dockerfile begins, as `Step 2/3 : COPY` and `#7 [build 2/3] COPY`.
fn is_step(line: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let kit = || {
        let (vertex, rest) = line.strip_prefix('#')?.split_once(" [")?;
        let (step, _) = rest.split_once("] ")?;
        let (first, all) = step.rsplit(' ').next()?.split_once('/')?;
        Some(number(vertex) && number(first) && number(all))
    };
    line.starts_with("Step ") || kit().unwrap_or(false)
}

fn cut(line: &str) -> String {
    let mut end = line.len().min(LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    // PostgreSQL keeps no NUL.
    line[..end].replace('\0', "")
}

/// Writes down what comes until nothing does.
pub(super) async fn write(
    app: &App,
    deployment: &Deployment,
    mut lines: mpsc::UnboundedReceiver<String>,
) -> Result<(), sqlx::Error> {
    let (mut some, mut written) = (Vec::new(), 0);
    while lines.recv_many(&mut some, AT_ONCE).await > 0 {
        let mut text = String::new();
        for line in some.drain(..) {
            if written > MOST {
                break;
            }
            written += line.len();
            text.push_str(if written > MOST { LEFT_OUT } else { &line });
            text.push('\n');
        }
        if !text.is_empty() {
            let mut conn = app.db.acquire().await?;
            db::build_log::append(&mut conn, &deployment.id, &text, Timestamp::now()).await?;
            app.changed(&deployment.operation_id);
        }
        sleep(GATHER).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_the_recipe_are_told_from_the_rest() {
        for step in ["Step 1/2 : FROM x", "#5 [2/3] RUN make", "#12 [build 10/11] COPY . /"] {
            assert!(is_step(step), "{step}");
        }
        for other in [
            "#1 [internal] load metadata for docker.io/library/x",
            "#5 [INFO] 1/2 of all",
            "#5 DONE 0.3s",
            "# [1/2] x",
            "[1/2] x",
            "",
        ] {
            assert!(!is_step(other), "{other}");
        }
    }
}
