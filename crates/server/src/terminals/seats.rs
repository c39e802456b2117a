//! How many terminals there may be: of one person, on one server, and in all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portolan_types::{ServerId, UserId};

use crate::Error;

/// A few windows beside each other; a script that opens more has lost count.
const MOST_OF_ONE: usize = 4;
/// Each is a connection and a login of its own on the host.
const MOST_ON_ONE: usize = 8;
/// Each may hold about a megabyte on its way.
const MOST: usize = 64;

/// Who has a terminal where.
#[derive(Debug, Clone, Default)]
pub(super) struct Seats(Arc<Mutex<Vec<(UserId, ServerId)>>>);

/// The place of one terminal. It is given back by being dropped.
#[derive(Debug)]
pub(super) struct Seat {
    whose: (UserId, ServerId),
    taken: Seats,
}

impl Seats {
    pub(super) fn take(&self, user: &UserId, server: &ServerId) -> Result<Seat, Error> {
        let mut taken = self.lock();
        let theirs = taken.iter().filter(|(other, _)| other == user).count();
        let there = taken.iter().filter(|(_, other)| other == server).count();
        if theirs >= MOST_OF_ONE {
            return Err(too_many(&format!("you have {MOST_OF_ONE} terminals open")));
        }
        if there >= MOST_ON_ONE || taken.len() >= MOST {
            return Err(too_many("too many terminals are open"));
        }
        taken.push((user.clone(), server.clone()));
        Ok(Seat { whose: (user.clone(), server.clone()), taken: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(UserId, ServerId)>> {
        // Nothing panics while it holds this lock, so a poisoned one is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

fn too_many(why: &str) -> Error {
    Error::refused("too-many-terminals", why, "close one that nobody needs, and try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_all_and_places_come_back() {
        let (seats, server) = (Seats::default(), ServerId::generate());
        let one = UserId::generate();
        let held: Vec<Seat> = std::iter::from_fn(|| seats.take(&one, &server).ok()).collect();
        assert_eq!(held.len(), MOST_OF_ONE);
        let others = std::iter::from_fn(|| seats.take(&UserId::generate(), &server).ok())
            .collect::<Vec<_>>();
        assert_eq!(held.len() + others.len(), MOST_ON_ONE);
        let elsewhere = || seats.take(&UserId::generate(), &ServerId::generate()).ok();
        let all = std::iter::from_fn(elsewhere).collect::<Vec<_>>();
        assert_eq!(held.len() + others.len() + all.len(), MOST);
        drop((held, others, all));
        assert!(seats.lock().is_empty());
        assert!(seats.take(&one, &server).is_ok());
    }
}
