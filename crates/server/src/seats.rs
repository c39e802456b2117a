//! How many of a thing that goes on there may be: of one person, on one server, and in all. What they
//! are, and how many, is said by who has them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portolan_types::{ServerId, UserId};

use crate::Error;

/// How many there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub of_one: usize,
    pub on_one: usize,
    pub all: usize,
    /// What is refused, for programs.
    pub code: &'static str,
    /// What they are, for people.
    pub what: &'static str,
}

/// Who has one where.
#[derive(Debug, Clone)]
pub(crate) struct Seats {
    bounds: Bounds,
    taken: Arc<Mutex<Vec<(UserId, ServerId)>>>,
}

/// A place. It is given back by being dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    whose: (UserId, ServerId),
    taken: Seats,
}

impl Seats {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, taken: Arc::default() }
    }

    pub(crate) fn take(&self, user: &UserId, server: &ServerId) -> Result<Seat, Error> {
        self.take_of(self.bounds.on_one, user, server)
    }

    /// Where a server has fewer of them to give than others.
    pub(crate) fn take_of(
        &self,
        on_one: usize,
        user: &UserId,
        server: &ServerId,
    ) -> Result<Seat, Error> {
        let Bounds { of_one, all, what, .. } = self.bounds;
        let mut taken = self.lock();
        let theirs = taken.iter().filter(|(other, _)| other == user).count();
        let there = taken.iter().filter(|(_, other)| other == server).count();
        if theirs >= of_one {
            return Err(self.too_many(&format!("you have {of_one} {what} open")));
        }
        if there >= on_one || taken.len() >= all {
            return Err(self.too_many(&format!("too many {what} are open")));
        }
        taken.push((user.clone(), server.clone()));
        Ok(Seat { whose: (user.clone(), server.clone()), taken: self.clone() })
    }

    fn too_many(&self, why: &str) -> Error {
        Error::refused(self.bounds.code, why, "close one that nobody needs, and try again")
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(UserId, ServerId)>> {
        // Nothing panics while it holds this lock, so a poisoned one is still whole.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        if let Some(place) = taken.iter().position(|one| *one == self.whose) {
            taken.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds =
        Bounds { of_one: 2, on_one: 3, all: 5, code: "too-many-things", what: "things" };

    #[test]
    fn nobody_has_all_and_places_come_back() {
        let (seats, server) = (Seats::new(BOUNDS), ServerId::generate());
        let one = UserId::generate();
        let held: Vec<Seat> = std::iter::from_fn(|| seats.take(&one, &server).ok()).collect();
        assert_eq!(held.len(), BOUNDS.of_one);
        let others = std::iter::from_fn(|| seats.take(&UserId::generate(), &server).ok())
            .collect::<Vec<_>>();
        assert_eq!(held.len() + others.len(), BOUNDS.on_one);
        let elsewhere = || seats.take(&UserId::generate(), &ServerId::generate()).ok();
        let all = std::iter::from_fn(elsewhere).collect::<Vec<_>>();
        assert_eq!(held.len() + others.len() + all.len(), BOUNDS.all);
        drop((held, others, all));
        assert!(seats.lock().is_empty());
        drop(seats.take_of(1, &one, &server).expect("a place"));
        let _held = seats.take(&one, &server).expect("a place");
        assert!(seats.take_of(1, &UserId::generate(), &server).is_err());
    }
}
