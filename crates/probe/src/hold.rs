//! Being there: answers whoever connects with a nonce, where asked to, and ends when the time is
//! over.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{ask::Hold, json::Object};

/// How long one that connected may take to read so few bytes.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn run(hold: &Hold) -> io::Result<String> {
    // Nothing is ever sent: it is a clock.
    let (_alive, clock) = mpsc::channel::<()>();
    if let Some((port, nonce)) = &hold.answer {
        let (listener, nonce) = (listen(*port)?, nonce.clone());
        thread::spawn(move || answer_all(&listener, &nonce));
    }
    // Nobody lets go of the other end, so it is the time that is over.
    let _over = clock.recv_timeout(hold.within);
    Ok(Object::new().number("held_seconds", hold.within.as_secs()).end())
}

/// Both families where the kernel has IPv6, or IPv4 alone.
fn listen(port: u16) -> io::Result<TcpListener> {
    let both = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    TcpListener::bind(both)
        .or_else(|_| TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))))
}

fn answer_all(listener: &TcpListener, nonce: &str) {
    for stream in listener.incoming().flatten() {
        // One that went away again misses nothing; the next one is answered.
        drop(answer(stream, nonce));
    }
}

fn answer(mut stream: TcpStream, nonce: &str) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(nonce.as_bytes())
}
