use portolan_types::{DestinationId, EventId, KindPrefix, NotificationKind, ServerId, event::Told};
use proptest::prelude::*;

use super::*;

const WINDOW: i64 = 300;

fn rules() -> Rules {
    Rules {
        topics: Topics::default(),
        min_severity: Severity::Info,
        quiet_seconds: 300,
        grace_seconds: 60,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus_seconds(seconds)
}

/// Subjects by number: the same number is the same thing.
fn thing(number: usize, kind: &str) -> Subject {
    let id = format!("a{number:023}");
    if kind.starts_with("server.") {
        Subject::Server(id.parse::<ServerId>().expect("an id"))
    } else {
        Subject::Destination(id.parse::<DestinationId>().expect("an id"))
    }
}

fn event(kind: &str, number: usize, seconds: i64) -> Event {
    let _: KindPrefix = kind.parse().expect("a kind");
    let Told { topic, severity } = Told::of(kind);
    Event {
        sequence: u64::try_from(seconds).expect("a number") + 1,
        id: EventId::generate(),
        at: at(seconds),
        kind: kind.to_owned(),
        topic,
        severity,
        subject: thing(number, kind),
        subject_name: format!("thing-{number}"),
        message: format!("{kind} at {seconds}"),
        by: None,
        server_id: None,
        destination_id: None,
        operation_id: None,
        before: None,
        after: None,
    }
}

fn kinds(said: &[Heap]) -> Vec<(NotificationKind, u64)> {
    said.iter().map(|heap| (heap.kind(), heap.events())).collect()
}

const ONE: (NotificationKind, u64) = (NotificationKind::Event, 1);

#[test]
fn the_first_goes_at_once_and_the_rest_at_the_end() {
    let mut held = Held::default();
    let drift = |seconds| vec![event("destination.drifted", 1, seconds)];
    assert_eq!(kinds(&held.pass(&rules(), drift(0), at(0))), [ONE]);
    assert_eq!(held.due(), None);
    for second in 1..15 {
        assert_eq!(held.pass(&rules(), drift(second), at(second)), []);
    }
    assert_eq!(held.due(), Some(at(WINDOW)));
    // Another thing, and another topic of the same thing, are news.
    assert_eq!(kinds(&held.pass(&rules(), vec![event("proxy.drifted", 2, 20)], at(20))), [ONE]);
    let repaired = vec![event("destination.repaired", 1, 21)];
    assert_eq!(kinds(&held.pass(&rules(), repaired, at(21))), [ONE]);
    let said = held.pass(&rules(), Vec::new(), at(WINDOW));
    assert_eq!(kinds(&said), [(NotificationKind::Repeated, 14)]);
    assert_eq!(said[0].words, "destination.drifted at 14");
    // What goes on is told once a window.
    assert_eq!(held.pass(&rules(), drift(WINDOW + 1), at(WINDOW + 1)), []);
    assert_eq!(kinds(&held.pass(&rules(), Vec::new(), at(2 * WINDOW))), [ONE]);
    // After a quiet window it is the first again.
    assert_eq!(held.pass(&rules(), Vec::new(), at(3 * WINDOW)), []);
    assert_eq!(kinds(&held.pass(&rules(), drift(3 * WINDOW + 1), at(3 * WINDOW + 1))), [ONE]);
}

#[test]
fn away_and_back_is_one_message() {
    let mut held = Held::default();
    let lost = |seconds| vec![event("server.unreachable", 1, seconds)];
    let back = |seconds| vec![event("server.reachable", 1, seconds)];
    assert_eq!(held.pass(&rules(), lost(0), at(0)), []);
    assert_eq!(held.due(), Some(at(60)));
    let said = held.pass(&rules(), back(40), at(40));
    assert_eq!(kinds(&said), [(NotificationKind::Away, 2)]);
    assert_eq!((said[0].away_ms, held.due()), (Some(40_000), None));
    // Again and again: one message at the end of the window.
    assert_eq!(held.pass(&rules(), lost(50), at(50)), []);
    assert_eq!(held.pass(&rules(), back(60), at(60)), []);
    assert_eq!(held.pass(&rules(), lost(70), at(70)), []);
    assert_eq!(held.pass(&rules(), back(80), at(80)), []);
    let said = held.pass(&rules(), Vec::new(), at(40 + WINDOW));
    assert_eq!(kinds(&said), [(NotificationKind::Repeated, 4)]);
}

#[test]
fn a_server_that_stays_away_is_told_when_the_grace_is_over() {
    let mut held = Held::default();
    assert_eq!(held.pass(&rules(), vec![event("server.unreachable", 1, 0)], at(0)), []);
    assert_eq!(held.pass(&rules(), Vec::new(), at(59)), []);
    assert_eq!(kinds(&held.pass(&rules(), Vec::new(), at(60))), [ONE]);
    let said = held.pass(&rules(), vec![event("server.reachable", 1, 100)], at(100));
    assert_eq!(kinds(&said), [ONE]);
    let at_once = Rules { grace_seconds: 0, ..rules() };
    let said = held.pass(&at_once, vec![event("server.unreachable", 2, 110)], at(110));
    assert_eq!(kinds(&said), [ONE]);
}

#[test]
fn the_return_of_what_was_not_away_is_no_news() {
    let mut first = event("server.reachable", 1, 0);
    first.before = Some(serde_json::json!({ "reachability": "unknown" }));
    assert_eq!(Held::default().pass(&rules(), vec![first], at(0)), []);
}

#[test]
fn much_at_once_is_one_message() {
    let mut held = Held::default();
    let fleet = (0..100).map(|number| event("server.unreachable", number, 0)).collect();
    assert_eq!(held.pass(&rules(), fleet, at(0)), []);
    let said = held.pass(&rules(), Vec::new(), at(60));
    assert_eq!(kinds(&said), [(NotificationKind::Summary, 100)]);
    assert_eq!((said[0].subjects.len(), said[0].others), (10, true));
    let back = (0..100).map(|number| event("server.reachable", number, 90)).collect();
    assert_eq!(held.pass(&rules(), back, at(90)), []);
    let said = held.pass(&rules(), Vec::new(), at(60 + WINDOW));
    assert_eq!(kinds(&said), [(NotificationKind::Summary, 100)]);
    assert_eq!(said[0].topic(), Some(Topic::Back));
    // It was still much: the storm goes on for a window, then what comes is news again.
    let drift = |seconds| vec![event("destination.drifted", 1, seconds)];
    assert_eq!(held.pass(&rules(), drift(400), at(400)), []);
    assert_eq!(kinds(&held.pass(&rules(), Vec::new(), at(60 + 2 * WINDOW))), [ONE]);
    assert_eq!(kinds(&held.pass(&rules(), drift(700), at(700))), [ONE]);
}

#[test]
fn one_more_than_few_begins_a_storm() {
    let mut held = Held::default();
    for number in 0..MOST {
        let drift = vec![event("destination.drifted", number, 0)];
        assert_eq!(kinds(&held.pass(&rules(), drift, at(0))), [ONE]);
    }
    let drift = |number| vec![event("destination.drifted", number, 1)];
    assert_eq!(kinds(&held.pass(&rules(), drift(MOST), at(1))), [ONE]);
    for number in MOST + 1..20 {
        assert_eq!(held.pass(&rules(), drift(number), at(2)), []);
    }
    assert_eq!(
        kinds(&held.pass(&rules(), Vec::new(), at(1 + WINDOW))),
        [(NotificationKind::Summary, 9)]
    );
}

#[test]
fn without_a_window_nothing_is_collected() {
    let rules = Rules { quiet_seconds: 0, grace_seconds: 0, ..rules() };
    let mut held = Held::default();
    let many = (0..50).map(|_| event("destination.drifted", 1, 0)).collect();
    assert_eq!(held.pass(&rules, many, at(0)).len(), 50);
    assert_eq!(held, Held::default());
}

#[test]
fn shorter_rules_and_a_clock_set_back_hold_nothing_longer() {
    let mut held = Held::default();
    let drift = |seconds| vec![event("destination.drifted", 1, seconds)];
    held.pass(&rules(), drift(5_000), at(5_000));
    held.pass(&rules(), drift(5_001), at(5_001));
    assert_eq!(held.pass(&rules(), Vec::new(), at(0)), []);
    assert_eq!(held.due(), Some(at(WINDOW)));
    let shorter = Rules { quiet_seconds: 10, ..rules() };
    assert_eq!(held.pass(&shorter, Vec::new(), at(1)), []);
    assert_eq!(kinds(&held.pass(&shorter, Vec::new(), at(11))), [ONE]);
}

#[test]
fn only_what_is_wanted_is_told() {
    let topics = "failure".parse().expect("topics");
    let picky = Rules { topics, min_severity: Severity::Error, ..rules() };
    let kinds_of = ["destination.drifted", "destination.failed", "destination.not-removed"];
    let events = kinds_of.iter().enumerate().map(|(number, kind)| event(kind, number, 0));
    let said = Held::default().pass(&picky, events.collect(), at(0));
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].words, "destination.failed at 0");
}

/// What may happen, to few enough things that they meet.
fn happening() -> impl Strategy<Value = (usize, usize, i64)> {
    (0_usize..6, 0_usize..30, prop_oneof![4 => 0_i64..3, 1 => 0_i64..200])
}

const KINDS: [&str; 6] = [
    "server.unreachable",
    "server.reachable",
    "destination.drifted",
    "destination.repaired",
    "destination.failed",
    "server.edited",
];

proptest! {
    #[test]
    fn every_event_is_told_once_and_few_messages_are(
        story in prop::collection::vec(happening(), 0..300),
    ) {
        let (mut held, mut now, mut wanted) = (Held::default(), 0, 0);
        let (mut told, mut moments) = (0, Vec::new());
        let mut steps: Vec<(i64, Vec<Event>)> = Vec::new();
        for (kind, number, pause) in story {
            now += pause;
            wanted += u64::from(KINDS[kind] != "server.edited");
            steps.push((now, vec![event(KINDS[kind], number, now)]));
        }
        steps.push((now + 2 * WINDOW, Vec::new()));
        for (then, events) in steps {
            // As the courier does: whatever is due is said when it is due.
            while let Some(due) = held.due().filter(|due| *due < at(then)) {
                let said = held.pass(&rules(), Vec::new(), due);
                prop_assert!(!said.is_empty() || held.due() != Some(due), "it would be asked for ever");
                told += said.iter().map(Heap::events).sum::<u64>();
                moments.extend(said.iter().map(|_| due));
            }
            let said = held.pass(&rules(), events, at(then));
            told += said.iter().map(Heap::events).sum::<u64>();
            moments.extend(said.iter().map(|_| at(then)));
            let text = serde_json::to_string(&held).expect("JSON");
            prop_assert_eq!(&serde_json::from_str::<Held>(&text).expect("read"), &held);
        }
        while let Some(due) = held.due() {
            told += held.pass(&rules(), Vec::new(), due).iter().map(Heap::events).sum::<u64>();
        }
        prop_assert_eq!(told, wanted);
        for start in &moments {
            let end = start.plus_seconds(WINDOW);
            let within = moments.iter().filter(|one| *start <= **one && **one < end).count();
            // Those before a storm, its beginning and the end of the one before.
            prop_assert!(within <= MOST + 2, "{} messages in a window", within);
        }
    }
}
