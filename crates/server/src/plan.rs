//! The address plan as arithmetic: which subnet is free next, how many are left, and what took the
//! rest.
//!
//! Pure: knows neither rows nor hosts. What is occupied is gathered in `addresses`.

mod capacity;
mod exhausted;
mod grid;
mod occupied;
mod planner;
mod span;
mod taken;

pub use exhausted::Exhausted;
pub use occupied::{By, Occupied};
pub use planner::Planner;
pub(crate) use span::Span;
