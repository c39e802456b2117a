//! Medians, ratios and goals, as a table.

use std::{fmt, time::Duration};

/// What one rival took.
#[derive(Debug)]
pub(crate) struct Medians {
    name: &'static str,
    cycle: f64,
    list: f64,
}

impl Medians {
    pub(crate) fn of(name: &'static str, cycle: Vec<Duration>, list: Vec<Duration>) -> Self {
        Self { name, cycle: median_ms(cycle), list: median_ms(list) }
    }
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

/// All rivals, in the order in which they were given: the bare API, Portolan, `docker -H ssh://`,
/// `ssh` alone, `ssh` with a master.
#[derive(Debug)]
pub(crate) struct Report(Vec<Medians>);

/// What must hold: a number and its bound.
struct Goal {
    what: &'static str,
    ratio: f64,
    bound: Bound,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.ratio <= most,
            Bound::AtLeast(least) => self.ratio >= least,
        }
    }
}

impl Report {
    pub(crate) const fn new(measured: Vec<Medians>) -> Self {
        Self(measured)
    }

    fn goals(&self) -> Vec<Goal> {
        let [bare, ours, docker, alone, master] = &self.0[..] else { return Vec::new() };
        let goal = |what, ratio, bound| Goal { what, ratio, bound };
        vec![
            goal("cycle against the bare API", ours.cycle / bare.cycle, Bound::AtMost(1.1)),
            goal("cycle, ControlMaster against it", master.cycle / ours.cycle, Bound::AtLeast(2.0)),
            goal("cycle, `docker -H` against it", docker.cycle / ours.cycle, Bound::AtLeast(4.0)),
            goal("cycle, `ssh` against it", alone.cycle / ours.cycle, Bound::AtLeast(4.0)),
            goal("list against the bare API", ours.list / bare.list, Bound::AtMost(2.0)),
            goal("list, ControlMaster against it", master.list / ours.list, Bound::AtLeast(100.0)),
        ]
    }

    pub(crate) fn goals_are_met(&self) -> bool {
        self.goals().iter().all(Goal::is_met)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| way | cycle | ratio | list | ratio |")?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: |")?;
        for rival in &self.0 {
            let (cycle, list) = (rival.cycle / self.0[0].cycle, rival.list / self.0[0].list);
            writeln!(
                f,
                "| {} | {:.1} ms | {cycle:.2} | {:.2} ms | {list:.1} |",
                rival.name, rival.cycle, rival.list
            )?;
        }
        writeln!(f, "\n| goal | bound | measured | |\n| --- | --- | ---: | --- |")?;
        for goal in self.goals() {
            let bound = match goal.bound {
                Bound::AtMost(most) => format!("at most {most}x"),
                Bound::AtLeast(least) => format!("at least {least}x"),
            };
            let verdict = if goal.is_met() { "met" } else { "missed" };
            writeln!(f, "| {} | {bound} | {:.2}x | {verdict} |", goal.what, goal.ratio)?;
        }
        Ok(())
    }
}
