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
        if line.starts_with("Step ") {
            told.say(crate::host::clean(&line));
        }
        // Who writes them down may have ended: the build goes on.
        drop(say.send(line));
    });
    (listener, heard)
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
