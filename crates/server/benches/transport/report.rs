//! Medians, ratios and goals, as tables.

use std::{fmt, time::Duration};

/// What one rival took, in milliseconds.
#[derive(Debug)]
pub(crate) struct Medians {
    name: &'static str,
    cycle: f64,
    list: f64,
    details: f64,
}

impl Medians {
    pub(crate) fn of(name: &'static str, times: [Vec<Duration>; 3]) -> Self {
        let [cycle, list, details] = times.map(median_ms);
        Self { name, cycle, list, details }
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

/// At most so many times the bare API, or at least so many times faster than a rival.
struct Goal {
    what: &'static str,
    bound: Bound,
    measured: f64,
    /// The same for the bare API in our place: nobody can do better.
    best: f64,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(&self, ratio: f64) -> bool {
        match self {
            Self::AtMost(most) => ratio <= *most,
            Self::AtLeast(least) => ratio >= *least,
        }
    }
}

impl Goal {
    fn verdict(&self) -> &'static str {
        match (self.bound.holds(self.measured), self.bound.holds(self.best)) {
            (true, _) => "met",
            (false, true) => "missed",
            (false, false) => "out of reach: the engine's own time",
        }
    }
}

impl Report {
    pub(crate) const fn new(measured: Vec<Medians>) -> Self {
        Self(measured)
    }

    fn goals(&self) -> Vec<Goal> {
        let [bare, ours, docker, alone, master] = &self.0[..] else { return Vec::new() };
        let (most, least) = (Bound::AtMost, Bound::AtLeast);
        let near = |what, bound, of: fn(&Medians) -> f64| Goal {
            what,
            bound,
            measured: of(ours) / of(bare),
            best: 1.0,
        };
        let faster = |what, bound, rival: &Medians, of: fn(&Medians) -> f64| Goal {
            what,
            bound,
            measured: of(rival) / of(ours),
            best: of(rival) / of(bare),
        };
        vec![
            near("cycle against the bare API", most(1.1), |m| m.cycle),
            faster("cycle, faster than ControlMaster", least(2.0), master, |m| m.cycle),
            faster("cycle, faster than `docker -H`", least(4.0), docker, |m| m.cycle),
            faster("cycle, faster than `ssh`", least(4.0), alone, |m| m.cycle),
            near("list against the bare API", most(2.0), |m| m.list),
            faster("list, faster than ControlMaster", least(100.0), master, |m| m.list),
            faster("details, faster than ControlMaster", least(100.0), master, |m| m.details),
        ]
    }

    /// Whether everything that can be met is met.
    pub(crate) fn goals_are_met(&self) -> bool {
        self.goals().iter().all(|goal| goal.verdict() != "missed")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = &self.0[0];
        writeln!(f, "| way | cycle | | list | | details | |")?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        for rival in &self.0 {
            let Medians { name, cycle, list, details } = rival;
            let (cycle_ratio, list_ratio) = (cycle / bare.cycle, list / bare.list);
            let details_ratio = details / bare.details;
            write!(f, "| {name} | {cycle:.0} ms | {cycle_ratio:.2}x | {list:.2} ms ")?;
            writeln!(f, "| {list_ratio:.1}x | {details:.2} ms | {details_ratio:.1}x |")?;
        }
        writeln!(f, "\n| goal | bound | measured | bare API itself | |")?;
        writeln!(f, "| --- | --- | ---: | ---: | --- |")?;
        for goal in self.goals() {
            let Goal { what, bound, measured, best } = &goal;
            let bound = match bound {
                Bound::AtMost(most) => format!("at most {most}x"),
                Bound::AtLeast(least) => format!("at least {least}x"),
            };
            let verdict = goal.verdict();
            writeln!(f, "| {what} | {bound} | {measured:.2}x | {best:.2}x | {verdict} |")?;
        }
        Ok(())
    }
}
