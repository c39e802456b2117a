//! The probe: a static program that runs in short-lived containers, answers one question about the
//! network that it finds itself on, prints one JSON document and ends.
//!
//! Owns how a question is put to the kernel. What is asked, from where, and what an answer means is
//! the control plane's affair. No question is open-ended: each has its own limit of time, so that a
//! probe that was forgotten ends by itself.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

mod ask;
mod capture;
mod dial;
mod dns;
mod hold;
mod json;
mod listeners;
mod routes;
mod xfrm;

use ask::Ask;

/// The arguments were not understood.
const USAGE: u8 = 2;
/// The question could not be put, or its answer not printed.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let answer = match Ask::parse(&words) {
        Ok(Ask::Hold(hold)) => hold::run(&hold),
        Ok(Ask::Dial(dial)) => Ok(dial::run(&dial)),
        Ok(Ask::Resolve(resolve)) => dns::run(&resolve),
        Ok(Ask::Routes) => routes::run(),
        Ok(Ask::Listeners) => listeners::run(),
        Ok(Ask::Xfrm) => xfrm::run(),
        Ok(Ask::Capture(capture)) => capture::run(&capture),
        Err(why) => return say(&json::error(&why), USAGE),
    };
    match answer {
        Ok(answer) => say(&answer, 0),
        Err(error) => say(&json::error(&error.to_string()), FAILED),
    }
}

fn say(document: &str, code: u8) -> ExitCode {
    let told = writeln!(io::stdout().lock(), "{document}");
    ExitCode::from(if told.is_ok() { code } else { FAILED })
}
