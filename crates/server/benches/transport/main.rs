//! `make bench-transport`: what it costs to reach an engine through the host layer, beside the
//! other ways, on one real host of the lab and in one run.
//!
//! Owns the work that is timed, the order of the rivals and the goals. The rivals are in `rivals`,
//! the numbers in `report`.

#![expect(clippy::print_stdout, reason = "the result of a benchmark is what it prints")]

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use portolan_types::NetworkName;

mod lab;
mod report;
mod rivals;

use report::{Medians, Report};
use rivals::{BareApi, Portolan, Programs, Rival};

/// Rounds that count, after one that does not; a number on the command line replaces it.
const ROUNDS: usize = 25;

/// Networks on the host while it is measured, besides Docker's own three.
const NETWORKS: usize = 10;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // `cargo test --all-targets` starts this too, without the lab.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let host = lab::host("charlie").context("is the lab up (`make lab-up`)?")?;
    let scratch = tempfile::tempdir()?;
    let mut rivals: Vec<Box<dyn Rival>> = vec![
        Box::new(BareApi::connect(&host.docker_socket).await?),
        Box::new(Portolan::connect(&host).await?),
        Box::new(Programs::docker_over_ssh(&host, scratch.path())?),
        Box::new(Programs::ssh_alone(&host, scratch.path())?),
        Box::new(Programs::ssh_with_master(&host, scratch.path())?),
    ];
    let names: Vec<String> = (0..NETWORKS).map(|_| NetworkName::generate().to_string()).collect();
    for name in &names {
        rivals[0].create(name).await?;
    }
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let measured = measure(&mut rivals, rounds).await;
    for name in &names {
        rivals[0].remove(name).await?;
    }
    let report = Report::new(measured?);
    print!("{report}");
    ensure!(report.goals_are_met(), "not every goal is met");
    Ok(())
}

/// The rivals take turns within each round, so that whatever else the machine does meets them all.
async fn measure(rivals: &mut [Box<dyn Rival>], rounds: usize) -> anyhow::Result<Vec<Medians>> {
    let mut times: Vec<[Vec<Duration>; 3]> = vec![Default::default(); rivals.len()];
    for round in 0..=rounds {
        for turn in 0..rivals.len() {
            let index = (round + turn) % rivals.len();
            let rival = &mut rivals[index];
            let taken = take_turn(&mut **rival).await.with_context(|| rival.name())?;
            if round > 0 {
                times[index].iter_mut().zip(taken).for_each(|(all, one)| all.push(one));
            }
        }
    }
    Ok(rivals.iter().zip(times).map(|(rival, times)| Medians::of(rival.name(), times)).collect())
}

async fn take_turn(rival: &mut dyn Rival) -> anyhow::Result<[Duration; 3]> {
    Ok([cycle(rival).await?, list(rival).await?, details(rival).await?])
}

/// A network is made, looked at and removed.
async fn cycle(rival: &mut dyn Rival) -> anyhow::Result<Duration> {
    let name = NetworkName::generate().to_string();
    let start = Instant::now();
    let id = rival.create(&name).await?;
    rival.inspect(&id).await?;
    rival.remove(&id).await?;
    Ok(start.elapsed())
}

/// All networks are listed. The fast ones do it several times, for a time above the clock's noise.
async fn list(rival: &mut dyn Rival) -> anyhow::Result<Duration> {
    let times = rival.lists_at_once();
    let start = Instant::now();
    for _ in 0..times {
        rival.list().await?;
    }
    Ok(start.elapsed() / times)
}

/// All networks with subnets, labels and options: what a reconciler compares.
async fn details(rival: &mut dyn Rival) -> anyhow::Result<Duration> {
    let times = rival.lists_at_once();
    let start = Instant::now();
    for _ in 0..times {
        rival.list_with_details().await?;
    }
    Ok(start.elapsed() / times)
}
