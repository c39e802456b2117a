//! Connecting: whether somebody is at an address, and whether it is the one who was meant.

use std::{
    io::{self, ErrorKind, Read},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::{ask::Dial, json::Object};

/// A listener that has just been started refuses at first, and an overlay does not know at once
/// where a new address is.
const PAUSE: Duration = Duration::from_millis(50);

/// What came back.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The connection stands; the nonce came, where one was expected.
    Answered,
    /// The connection stands, and whoever is there is another.
    Stranger,
    /// The machine is there, and nobody listens at the port.
    Refused,
    /// Nothing at all.
    Silent,
    /// A router, or this kernel, says that there is no way.
    Unreachable,
}

impl Answer {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Stranger => "stranger",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Unreachable => "unreachable",
        }
    }
}

pub(crate) fn run(dial: &Dial) -> String {
    let began = Instant::now();
    let (answer, why) = try_until(dial, began + dial.within);
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let told = Object::new()
        .text("to", dial.to)
        .text("answer", answer.as_str())
        .number("milliseconds", millis);
    match why {
        Some(why) => told.text("why", why).end(),
        None => told.end(),
    }
}

fn try_until(dial: &Dial, deadline: Instant) -> (Answer, Option<String>) {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let (answer, why) = try_once(dial, left.max(Duration::from_millis(1)));
        let may_come = matches!(answer, Answer::Refused | Answer::Unreachable);
        let waits = dial.nonce.is_some() && may_come;
        if !waits || Instant::now() + PAUSE >= deadline {
            return (answer, why);
        }
        thread::park_timeout(PAUSE);
    }
}

fn try_once(dial: &Dial, within: Duration) -> (Answer, Option<String>) {
    match connect(dial.to, within, dial.nonce.as_deref()) {
        Ok(answer) => (answer, None),
        Err(error) => (judge(&error), Some(error.to_string())),
    }
}

fn connect(to: SocketAddr, within: Duration, nonce: Option<&str>) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&to, within)?;
    let Some(nonce) = nonce else { return Ok(Answer::Answered) };
    stream.set_read_timeout(Some(within))?;
    let mut heard = vec![0; nonce.len()];
    // Whoever says something else, or nothing, is not who was meant.
    let same = stream.read_exact(&mut heard).is_ok() && heard == nonce.as_bytes();
    Ok(if same { Answer::Answered } else { Answer::Stranger })
}

fn judge(error: &io::Error) -> Answer {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Answer::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Answer::Silent,
        _ => Answer::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, net::TcpListener};

    use super::*;

    fn ask(to: SocketAddr, nonce: Option<&str>) -> String {
        let within = Duration::from_millis(300);
        run(&Dial { to, within, nonce: nonce.map(str::to_owned) })
    }

    #[test]
    fn who_is_there_is_told_from_who_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let to = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for stream in listener.incoming() {
                stream.expect("a connection").write_all(b"right").expect("a reader");
            }
        });
        assert!(ask(to, None).contains(r#""answer":"answered""#));
        assert!(ask(to, Some("right")).contains(r#""answer":"answered""#));
        assert!(ask(to, Some("wrong")).contains(r#""answer":"stranger""#));
    }

    #[test]
    fn a_closed_port_refuses() {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
        let told = ask(free.expect("a port"), Some("n"));
        assert!(told.contains(r#""answer":"refused""#), "{told}");
    }
}
