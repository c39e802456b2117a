//! The arguments: which question, with what.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

/// Longest that anything here may take.
const LONGEST: Duration = Duration::from_mins(15);

/// A question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// `hold SECONDS [PORT NONCE]`: is there for so long, and answers each connection with the nonce.
    Hold(Hold),
    /// `dial ADDRESS:PORT MILLISECONDS [NONCE]`: is anybody there, and is it the one with the nonce?
    Dial(Dial),
    /// `resolve NAME MILLISECONDS`: which addresses does the resolver of this container tell?
    Resolve(Resolve),
    /// `routes`: where do packets go?
    Routes,
    /// `listeners`: who listens here?
    Listeners,
    /// `xfrm`: for how many packets was there no key?
    Xfrm,
    /// `capture MILLISECONDS PEER NONCE`: how do packets to and from a machine travel?
    Capture(Capture),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) within: Duration,
    /// A port, and what is said there.
    pub(crate) answer: Option<(u16, String)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dial {
    pub(crate) to: SocketAddr,
    pub(crate) within: Duration,
    pub(crate) nonce: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resolve {
    pub(crate) name: String,
    pub(crate) within: Duration,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Capture {
    pub(crate) within: Duration,
    pub(crate) peer: IpAddr,
    pub(crate) nonce: String,
}

impl Ask {
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["hold", seconds] => Ok(Self::Hold(hold(seconds, None)?)),
            ["hold", seconds, port, nonce] => {
                let answer = (number(port)?, (*nonce).to_owned());
                Ok(Self::Hold(hold(seconds, Some(answer))?))
            }
            ["dial", to, millis] => Ok(Self::Dial(dial(to, millis, None)?)),
            ["dial", to, millis, nonce] => Ok(Self::Dial(dial(to, millis, Some(nonce))?)),
            ["resolve", name, millis] => Ok(Self::Resolve(Resolve {
                name: (*name).to_owned(),
                within: bounded(Duration::from_millis(number(millis)?))?,
            })),
            ["routes"] => Ok(Self::Routes),
            ["listeners"] => Ok(Self::Listeners),
            ["xfrm"] => Ok(Self::Xfrm),
            ["capture", millis, peer, nonce] => Ok(Self::Capture(Capture {
                within: bounded(Duration::from_millis(number(millis)?))?,
                peer: number(peer)?,
                nonce: (*nonce).to_owned(),
            })),
            _ => {
                Err("not a question: hold, dial, resolve, routes, listeners, xfrm or capture"
                    .into())
            }
        }
    }
}

fn hold(seconds: &str, answer: Option<(u16, String)>) -> Result<Hold, String> {
    Ok(Hold { within: bounded(Duration::from_secs(number(seconds)?))?, answer })
}

fn dial(to: &str, millis: &str, nonce: Option<&str>) -> Result<Dial, String> {
    let within = bounded(Duration::from_millis(number(millis)?))?;
    Ok(Dial { to: number(to)?, within, nonce: nonce.map(str::to_owned) })
}

fn number<T: FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("not understood: {word}"))
}

fn bounded(time: Duration) -> Result<Duration, String> {
    let right = !time.is_zero() && time <= LONGEST;
    right.then_some(time).ok_or_else(|| format!("not between 1 ms and {} s", LONGEST.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Ask, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Ask::parse(&words)
    }

    #[test]
    fn questions_are_understood() {
        let hold = |answer| Ok(Ask::Hold(Hold { within: Duration::from_secs(9), answer }));
        assert_eq!(parse("hold 9 7 n"), hold(Some((7, "n".into()))));
        assert_eq!(parse("hold 9"), hold(None));
        let within = Duration::from_millis(50);
        let to = "[fd12::1]:80".parse().expect("an address");
        assert_eq!(parse("dial [fd12::1]:80 50"), Ok(Ask::Dial(Dial { to, within, nonce: None })));
        assert_eq!(parse("routes"), Ok(Ask::Routes));
        assert_eq!(parse("listeners"), Ok(Ask::Listeners));
        assert_eq!(parse("xfrm"), Ok(Ask::Xfrm));
    }

    #[test]
    fn nothing_is_without_end() {
        for line in ["hold 0 7 n", "hold 901 7 n", "dial 10.0.0.1:80 900001", "resolve a 0"] {
            assert!(parse(line).is_err(), "{line}");
        }
        for line in ["", "sleep 1", "dial web:80 50", "hold 9 70000 n", "routes all"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
