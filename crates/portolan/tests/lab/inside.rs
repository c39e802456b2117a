//! What goes on in a container of a real engine, over SSH: what it says, what it uses, a program run in
//! it, and a terminal with somebody at it.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdout, Stdio},
};

use anyhow::{Context, Result, ensure};
use rustix::{
    fs::{Mode, OFlags, open},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use serde_json::Value;

use crate::support::{Host, Portolan, create, eventually, unique};

/// It says something five times a second.
const COUNTS: &str = "sh -c 'n=0; while :; do n=$((n+1)); echo \"line $n\"; sleep 0.2; done'";

const fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// A command that goes on, and its lines as they come.
struct Going {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Going {
    fn start(portolan: &Portolan, args: &[&str]) -> Result<Self> {
        let mut command = portolan.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("its lines")?);
        Ok(Self { child, lines })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.lines.read_line(&mut line)? > 0, "it ended");
        Ok(line)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Somebody at a terminal in which the command line runs.
struct Seat {
    ours: File,
    seen: String,
    child: Child,
}

impl Seat {
    fn take(portolan: &Portolan, args: &[&str]) -> Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        tcsetwinsize(&ours, size(40, 100))?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = open(ptsname(&ours, Vec::new())?, flags, Mode::empty())?;
        let mut command = portolan.command(args);
        command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
        let child = command.env("TERM", "xterm").spawn()?;
        Ok(Self { ours: ours.into(), seen: String::new(), child })
    }

    /// Reads until this is seen; it and what came before it count no more.
    fn sees(&mut self, text: &str) -> Result<()> {
        let mut buffer = [0; 4_096];
        loop {
            if let Some(place) = self.seen.find(text) {
                self.seen.drain(..place + text.len());
                return Ok(());
            }
            let length = self.ours.read(&mut buffer).unwrap_or_default();
            ensure!(length > 0, "no {text:?} in {:?}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }

    fn types(&mut self, text: &str) -> Result<()> {
        Ok(self.ours.write_all(text.as_bytes())?)
    }

    fn resize(&self, rows: u16, columns: u16) -> Result<()> {
        tcsetwinsize(&self.ours, size(rows, columns))?;
        // The kernel tells the foreground of a terminal; here the process is told by hand.
        Ok(kill_process(Pid::from_child(&self.child), Signal::WINCH)?)
    }

    /// The exit code, and what was seen to the end.
    fn ends(mut self) -> Result<(i32, String)> {
        let mut buffer = [0; 4_096];
        // Reading fails when the last one of the other end is closed.
        while let Ok(length @ 1..) = self.ours.read(&mut buffer) {
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        let seen = std::mem::take(&mut self.seen);
        Ok((self.child.wait()?.code().context("a code")?, seen))
    }
}

/// Somebody who only leaves, as when their connection breaks off.
impl Drop for Seat {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
#[ignore = "needs the lab"]
fn a_container_is_looked_into() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    portolan.add_server(&host, "deploy")?;
    let (network, project, name) = (unique("in"), unique("in"), unique("web"));
    portolan.run(&create("alpha", &network))?;
    portolan.run(&["project", "create", &project])?;
    let environment = format!("{project}/production");
    let add = ["app", "add", &name, "--environment", &environment, "--destination", &network];
    let what = ["--image", "echo:1", "--command", COUNTS, "--stop-within", "1", "--deploy"];
    portolan.run(&[&add[..], &what].concat())?;
    let shown = portolan.json(&["app", "show", &name])?;
    let container = shown["container"].as_str().context("a container")?.to_owned();

    logs_move(&portolan, &name)?;
    stats_move(&portolan, &name)?;
    programs_run(&portolan, &name)?;
    a_terminal_is_used(&portolan, &name)?;
    what_is_left_is_ended(&portolan, &host, (&name, &container))?;

    let mut last = Seat::take(&portolan, &["app", "terminal", &name])?;
    last.sees("# ")?;
    portolan.run(&["app", "stop", &name])?;
    let (code, seen) = last.ends()?;
    ensure!(code != 0, "{code}: {seen}");
    portolan.run(&["app", "remove", &name, "--yes"])?;
    portolan.remove(&network)
}

fn logs_move(portolan: &Portolan, name: &str) -> Result<()> {
    let mut logs = Going::start(portolan, &["app", "logs", name, "--follow", "--lines", "2"])?;
    let count = |line: String| -> Result<u32> {
        Ok(line.trim().strip_prefix("line ").with_context(|| line.clone())?.parse()?)
    };
    let first = count(logs.line()?)?;
    for later in 1..=12 {
        assert_eq!(count(logs.line()?)?, first + later);
    }
    Ok(())
}

fn stats_move(portolan: &Portolan, name: &str) -> Result<()> {
    let mut stats = Going::start(portolan, &["app", "stats", name, "--json"])?;
    let mut samples = Vec::new();
    for _ in 0..3 {
        samples.push(serde_json::from_str::<Value>(&stats.line()?)?);
    }
    ensure!(samples[0]["cpu_thousandths"].is_null(), "{samples:?}");
    ensure!(samples[1]["cpu_thousandths"].is_u64(), "{samples:?}");
    ensure!(samples[0]["at"].as_str() < samples[2]["at"].as_str(), "{samples:?}");
    let number = |name: &str| samples[2][name].as_u64().unwrap_or_default();
    ensure!(number("memory_bytes") > 0 && number("memory_limit_bytes") > 0, "{samples:?}");
    ensure!(number("processes") > 0 && number("cpus") > 0, "{samples:?}");
    Ok(())
}

fn programs_run(portolan: &Portolan, name: &str) -> Result<()> {
    let script = "echo said; echo bad >&2; exit 7";
    let ran = portolan.try_run(&["app", "exec", name, "--", "sh", "-c", script])?;
    ensure!(ran.code == 7 && ran.out == "said\n" && ran.err.contains("bad"), "{ran:?}");
    let as_nobody = ["app", "exec", name, "--user", "nobody", "--", "id", "-un"];
    assert_eq!(portolan.run(&as_nobody)?, "nobody\n");
    let none = portolan.try_run(&["app", "exec", name, "--", "no-such-program", "hunter2"])?;
    ensure!(none.code != 0 && format!("{none:?}").contains("no-such-program"), "{none:?}");
    ensure!(!format!("{none:?}").contains("hunter2"), "{none:?}");
    let slow = ["app", "exec", name, "--within", "1", "--", "sleep", "5"];
    let slow = portolan.refuse(&slow)?;
    ensure!(slow.contains("had not ended after 1 s"), "{slow}");
    Ok(())
}

fn a_terminal_is_used(portolan: &Portolan, name: &str) -> Result<()> {
    let mut seat = Seat::take(portolan, &["app", "terminal", name])?;
    seat.sees("# ")?;
    seat.types("stty size; echo $((40+2))\r")?;
    seat.sees("40 100")?;
    seat.sees("42")?;
    seat.resize(50, 132)?;
    // The program is told a moment after the size was sent.
    seat.types("until [ \"$(stty size)\" = '50 132' ]; do sleep 0.1; done; echo wi''de\r")?;
    seat.sees("wide")?;
    seat.types("exit 4\r")?;
    let (code, seen) = seat.ends()?;
    ensure!(code == 4, "{code}: {seen}");
    let program = ["app", "terminal", name, "--", "echo", "two words"];
    let (code, seen) = Seat::take(portolan, &program)?.ends()?;
    ensure!(code == 0 && seen.contains("two words"), "{code}: {seen}");
    Ok(())
}

/// Docker would let it run on.
fn what_is_left_is_ended(
    portolan: &Portolan,
    host: &Host,
    (name, container): (&str, &str),
) -> Result<()> {
    let runs = || -> Result<bool> { Ok(host.docker(&["top", container])?.contains("sleep 4321")) };
    let mut seat = Seat::take(portolan, &["app", "terminal", name])?;
    seat.sees("# ")?;
    seat.types("sleep 4321\r")?;
    eventually("it runs", || Ok(runs()?.then_some(())))?;
    drop(seat);
    eventually("it is ended", || Ok((!runs()?).then_some(())))
}
