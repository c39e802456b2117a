//! A visitor who asks the proxy again and again, and counts what is not answered.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::proxies::{HTTP, Stage};

/// As patient as a browser is with a slow link, and far less than a person.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(25);

/// What a visitor saw.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) asked: u64,
    pub(super) unanswered: u64,
}

/// A visitor who is there until they leave.
pub(super) struct Visitor {
    leaving: Arc<AtomicBool>,
    seen: JoinHandle<Seen>,
}

impl Visitor {
    pub(super) fn come(stage: &Stage, host: &'static str) -> Self {
        let leaving = Arc::new(AtomicBool::new(false));
        let address = format!("{}:{HTTP}", stage.host.address);
        let until = Arc::clone(&leaving);
        let seen = thread::spawn(move || visit(&address, host, &until));
        Self { leaving, seen }
    }

    pub(super) fn leave(self) -> Seen {
        self.leaving.store(true, Ordering::Relaxed);
        self.seen.join().expect("a visitor does not panic")
    }
}

#[expect(clippy::disallowed_methods, reason = "the pace of a visitor, not a wait for something")]
fn visit(address: &str, host: &str, until: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    while !until.load(Ordering::Relaxed) {
        seen.asked += 1;
        seen.unanswered += u64::from(!answers(address, host));
        thread::sleep(PAUSE);
    }
    seen
}

fn answers(address: &str, host: &str) -> bool {
    let Ok(address) = address.parse::<SocketAddr>() else { return false };
    let asked = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    asked().is_ok_and(|answer| answer == b"HTTP/1.1 200")
}
