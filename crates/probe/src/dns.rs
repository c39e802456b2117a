//! Asking the resolver that this container was given, over UDP and by hand: glibc cannot resolve
//! from a static program.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    process,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{ask::Resolve, json::Object};

const PORT: u16 = 53;
const A: u16 = 1;
const AAAA: u16 = 28;
/// Larger than what fits a UDP answer without extensions.
const ANSWER: usize = 4_096;

pub(crate) fn run(resolve: &Resolve) -> io::Result<String> {
    let resolver = resolver()?;
    let told = Object::new().text("name", &resolve.name).text("resolver", resolver);
    let Some(question) = Question::of(&resolve.name) else {
        return Ok(told.texts("addresses", []).text("why", "not a name that DNS can carry").end());
    };
    Ok(match ask(resolver, &question, resolve.within) {
        Ok(found) => told.texts("addresses", found.iter().map(ToString::to_string)).end(),
        Err(error) => told.texts("addresses", []).text("why", error).end(),
    })
}

fn resolver() -> io::Result<IpAddr> {
    let text = fs::read_to_string("/etc/resolv.conf")?;
    let none = || io::Error::other("/etc/resolv.conf names no resolver");
    first_resolver(&text).ok_or_else(none)
}

fn first_resolver(text: &str) -> Option<IpAddr> {
    let mut servers = text.lines().filter_map(|line| line.strip_prefix("nameserver"));
    servers.find_map(|address| address.trim().parse().ok())
}

fn ask(resolver: IpAddr, question: &Question, within: Duration) -> io::Result<Vec<IpAddr>> {
    let deadline = Instant::now() + within;
    let mut found = ask_for(resolver, question, A, deadline)?;
    // A resolver that has no answer for this family says so; one that says nothing is not asked
    // to death.
    found.extend(ask_for(resolver, question, AAAA, deadline).unwrap_or_default());
    Ok(found)
}

fn ask_for(
    resolver: IpAddr,
    question: &Question,
    kind: u16,
    deadline: Instant,
) -> io::Result<Vec<IpAddr>> {
    let here: IpAddr = match resolver {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((here, 0))?;
    socket.connect(SocketAddr::from((resolver, PORT)))?;
    socket.send(&question.packet(kind))?;
    let mut answer = [0; ANSWER];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut answer)?;
        match question.read(answer.get(..length).unwrap_or_default()) {
            Reply::Addresses(found) => return Ok(found),
            Reply::Refused(code) => return Err(io::Error::other(in_words(code))),
            Reply::NotOurs => {}
        }
    }
}

fn in_words(code: u8) -> String {
    match code {
        2 => "the resolver failed (SERVFAIL)".into(),
        3 => "there is no such name (NXDOMAIN)".into(),
        5 => "the resolver refused (REFUSED)".into(),
        other => format!("the resolver answered with code {other}"),
    }
}

/// What the resolver said.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Addresses(Vec<IpAddr>),
    Refused(u8),
    /// To another question, or nothing that can be read.
    NotOurs,
}

/// A name on its way to the resolver.
#[derive(Debug)]
struct Question {
    id: [u8; 2],
    name: Vec<u8>,
}

impl Question {
    fn of(name: &str) -> Option<Self> {
        let mut encoded = Vec::new();
        for label in name.split('.') {
            let length =
                u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
            encoded.push(length);
            encoded.extend(label.as_bytes());
        }
        encoded.push(0);
        (encoded.len() <= 255).then(|| Self { id: unlike_others(), name: encoded })
    }

    fn packet(&self, kind: u16) -> Vec<u8> {
        // Recursion desired, one question, nothing else.
        let mut packet = vec![self.id[0], self.id[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        packet.extend(&self.name);
        packet.extend(kind.to_be_bytes());
        packet.extend(1_u16.to_be_bytes());
        packet
    }

    fn read(&self, answer: &[u8]) -> Reply {
        let (Some(id), Some(flags)) = (answer.get(..2), answer.get(2..4)) else {
            return Reply::NotOurs;
        };
        let is_answer = flags.first().is_some_and(|byte| byte & 0x80 != 0);
        if id != self.id || !is_answer {
            return Reply::NotOurs;
        }
        match flags.get(1).map_or(0, |byte| byte & 0x0f) {
            0 => addresses(answer).map_or(Reply::NotOurs, Reply::Addresses),
            code => Reply::Refused(code),
        }
    }
}

fn unlike_others() -> [u8; 2] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let [low, high, ..] = (now.subsec_nanos() ^ process::id()).to_le_bytes();
    [low, high]
}

/// The addresses among the records; `None` when the packet ends too early.
fn addresses(packet: &[u8]) -> Option<Vec<IpAddr>> {
    let questions = word(packet, 4)?;
    let answers = word(packet, 6)?;
    let mut at = 12;
    for _ in 0..questions {
        at = after_name(packet, at)? + 4;
    }
    let mut found = Vec::new();
    for _ in 0..answers {
        at = after_name(packet, at)?;
        let (kind, length) = (word(packet, at)?, usize::from(word(packet, at + 8)?));
        let data = packet.get(at + 10..at + 10 + length)?;
        found.extend(address(kind, data));
        at += 10 + length;
    }
    Some(found)
}

fn address(kind: u16, data: &[u8]) -> Option<IpAddr> {
    match kind {
        A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        AAAA => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
        _ => None,
    }
}

/// Behind a name, which ends with an empty label or with a pointer to another place.
fn after_name(packet: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *packet.get(at)? {
            0 => return Some(at + 1),
            pointer if pointer & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

fn word(packet: &[u8], at: usize) -> Option<u16> {
    let bytes = packet.get(at..at + 2)?;
    bytes.try_into().ok().map(u16::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(question: &Question, records: &[u8], count: u8) -> Vec<u8> {
        let mut packet = question.packet(A);
        packet[2] |= 0x80;
        packet[7] = count;
        packet.extend(records);
        packet
    }

    #[test]
    fn addresses_are_found_among_the_records() {
        let question = Question::of("web.shop").expect("a name");
        let alias = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12];
        let web = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 1, 2, 3];
        let packet = reply(&question, &[alias.as_slice(), &web].concat(), 2);
        assert_eq!(question.read(&packet), Reply::Addresses(vec![[10, 1, 2, 3].into()]));
    }

    #[test]
    fn what_is_cut_or_of_another_is_no_answer() {
        let question = Question::of("web").expect("a name");
        let web = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 1, 2, 3];
        let whole = reply(&question, &web, 1);
        for end in 0..whole.len() {
            assert_eq!(question.read(&whole[..end]), Reply::NotOurs, "{end}");
        }
        let mut other = whole.clone();
        other[0] ^= 1;
        assert_eq!(question.read(&other), Reply::NotOurs);
        let mut none = whole;
        none[3] |= 3;
        assert_eq!(question.read(&none), Reply::Refused(3));
    }

    #[test]
    fn names_that_dns_cannot_carry_are_not_asked() {
        let long = "a".repeat(64);
        for name in ["", "a..b", &long, &[&long[..60]; 5].join(".")] {
            assert!(Question::of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_first_resolver_counts() {
        let text = "# nameserver 9.9.9.9\nsearch x\nnameserver 127.0.0.11\nnameserver ::1\n";
        assert_eq!(first_resolver(text), Some(IpAddr::from([127, 0, 0, 11])));
        assert_eq!(first_resolver("options ndots:0"), None);
    }
}
