//! What a message says, for people and for programs. Pure.
//!
//! Names come from Docker and from users, and go to terminals, mail and chats: they are made one
//! line of text without anything that acts.

use portolan_types::{
    Event, Notification, NotificationData, NotificationKind, NotifiedSubject, Severity, Subject,
    TeamId, Timestamp, TopicCount,
};
use serde::Serialize;

use super::heap::Heap;
use crate::host::clean;

/// Characters of a title: subjects of mail are cut at about this.
const LONGEST_TITLE: usize = 150;

/// The message that tells of some events.
pub(crate) fn of(team: &TeamId, heap: Heap) -> Notification {
    let kind = heap.kind();
    Notification {
        kind,
        timestamp: heap.last.at,
        data: NotificationData {
            team_id: team.clone(),
            title: cut(&title(&heap)),
            text: text(&heap),
            severity: heap.severity,
            events: heap.events(),
            counts: counts(&heap),
            subjects: heap.subjects.iter().map(safe).collect(),
            since: heap.first.at,
            away_ms: heap.away_ms,
            event: heap.only.map(|event| *event),
        },
    }
}

/// A message that tells nothing.
pub(crate) fn test(team: &TeamId, subject: Subject, name: &str, now: Timestamp) -> Notification {
    let name = clean(name);
    Notification {
        kind: NotificationKind::Test,
        timestamp: now,
        data: NotificationData {
            team_id: team.clone(),
            title: cut(&format!("test of notifier `{name}`")),
            text: format!("Notifier `{name}` was tested, and this arrived. Nothing happened."),
            severity: Severity::Info,
            events: 0,
            counts: Vec::new(),
            subjects: vec![NotifiedSubject { subject, name }],
            since: now,
            away_ms: None,
            event: None,
        },
    }
}

fn safe(named: &NotifiedSubject) -> NotifiedSubject {
    NotifiedSubject { subject: named.subject.clone(), name: clean(&named.name) }
}

fn counts(heap: &Heap) -> Vec<TopicCount> {
    let count = |(topic, events): (&_, &_)| TopicCount { topic: *topic, events: *events };
    heap.counts.iter().map(count).collect()
}

fn title(heap: &Heap) -> String {
    let (events, named) = (heap.events(), heap.subject().map(words));
    match (heap.away_ms, heap.only.as_deref(), named) {
        (Some(millis), _, Some(named)) => format!("{named} was away for {}", span(millis)),
        (None, Some(Event { topic, .. }), Some(named)) => format!("{topic}: {named}"),
        (_, _, Some(named)) => match heap.topic() {
            Some(topic) => format!("{topic} {events} times: {named}"),
            None => format!("{} times: {named}", list_counts(heap)),
        },
        (_, _, None) => format!("{events} events: {}", list_counts(heap)),
    }
}

fn list_counts(heap: &Heap) -> String {
    let each: Vec<String> =
        heap.counts.iter().map(|(topic, events)| format!("{topic} {events}")).collect();
    each.join(", ")
}

fn words(named: &NotifiedSubject) -> String {
    format!("{} `{}`", named.subject.type_word(), clean(&named.name))
}

fn text(heap: &Heap) -> String {
    let said = clean(&heap.words);
    match (heap.kind(), heap.subject()) {
        (NotificationKind::Event, _) | (_, None) if heap.events() == 1 => said,
        (NotificationKind::Away, Some(named)) => format!(
            "{} did not answer from {} to {}. It does again.",
            words(named),
            heap.first.at,
            heap.last.at
        ),
        (_, Some(named)) => format!(
            "{}: {} times from {} to {}. The last one: {said}",
            words(named),
            list_counts(heap),
            heap.first.at,
            heap.last.at
        ),
        (_, None) => summary(heap, &said),
    }
}

fn summary(heap: &Heap, last: &str) -> String {
    let mut lines =
        vec![format!("{} events from {} to {}.", heap.events(), heap.first.at, heap.last.at)];
    lines.extend(heap.counts.iter().map(|(topic, events)| format!("{topic}: {events}")));
    let named: Vec<String> = heap.subjects.iter().map(words).collect();
    let others = if heap.others { ", and others" } else { "" };
    lines.push(format!("About {}{others}.", named.join(", ")));
    lines.push(format!("The last one: {last}"));
    lines.join("\n")
}

/// `40 s`, `4 min`: as somebody says it.
fn span(millis: u64) -> String {
    match millis / 1_000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

fn cut(title: &str) -> String {
    match title.char_indices().nth(LONGEST_TITLE) {
        Some((end, _)) => format!("{}...", &title[..end]),
        None => title.to_owned(),
    }
}

/// The plain text of a mail.
pub(crate) fn mail(notification: &Notification, notifier: &str) -> String {
    let data = &notification.data;
    format!(
        "{}\n\nSeverity: {}\nWhen: {}\nNotifier: {}\n\nMore: portolan event list --since {}\n",
        data.text,
        data.severity,
        notification.timestamp,
        clean(notifier),
        data.since,
    )
}

/// The bytes that are sent and signed. Once made they stay the same, however often it is tried.
pub(crate) fn to_json(notification: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(notification).map_err(|source| sqlx::Error::Encode(source.into()))
}

#[cfg(test)]
mod tests {
    use portolan_types::{DestinationId, EventId, ServerId, event::Told};

    use super::*;

    fn event(kind: &str, name: &str, seconds: i64) -> Event {
        let Told { topic, severity } = Told::of(kind);
        let subject = if kind.starts_with("server") {
            Subject::Server("a".repeat(24).parse::<ServerId>().expect("an id"))
        } else {
            Subject::Destination(DestinationId::generate())
        };
        Event {
            sequence: u64::try_from(seconds).expect("a number"),
            id: EventId::generate(),
            at: Timestamp::from_millis(1_700_000_000_000).plus_seconds(seconds),
            kind: kind.to_owned(),
            topic,
            severity,
            subject,
            subject_name: name.to_owned(),
            message: format!("`{name}` has {kind}"),
            by: None,
            server_id: None,
            destination_id: None,
            operation_id: None,
            before: None,
            after: None,
        }
    }

    fn said(heap: Heap) -> (String, String) {
        let NotificationData { title, text, .. } = of(&TeamId::generate(), heap).data;
        (title, text)
    }

    #[test]
    fn each_kind_has_its_words() {
        let drift = event("destination.drifted", "shop", 1);
        assert_eq!(said(drift.clone().into()).0, "drift: destination `shop`");
        let mut repeated = Heap::from(drift.clone());
        for second in 2..15 {
            let next = Event { sequence: second, ..drift.clone() };
            repeated.absorb(next.into());
        }
        assert_eq!(said(repeated).0, "drift 14 times: destination `shop`");
        let lost = Heap::from(event("server.unreachable", "web-1", 0));
        let (title, text) = said(lost.back(event("server.reachable", "web-1", 40)));
        assert_eq!(title, "server `web-1` was away for 40 s");
        assert!(text.contains("did not answer from 2023-11-14T22:13:20.000Z to"), "{text}");
    }

    #[test]
    fn a_summary_counts_and_names_the_first() {
        let mut heap = Heap::from(event("destination.drifted", "d-0", 1));
        for number in 1..12 {
            let kind = if number % 2 == 0 { "destination.drifted" } else { "destination.failed" };
            heap.absorb(event(kind, &format!("d-{number}"), number + 1).into());
        }
        let (title, text) = said(heap);
        assert_eq!(title, "12 events: drift 6, failure 6");
        assert!(text.contains("`d-9`, and others.") && !text.contains("`d-10`,"), "{text}");
    }

    #[test]
    fn hostile_names_stay_on_their_line() {
        let name = "x\r\nBcc: a@example.com\u{1b}[2J\u{202e}";
        for heap in [Heap::from(event("destination.drifted", name, 1)), {
            let mut heap = Heap::from(event("destination.drifted", name, 1));
            heap.absorb(event("destination.failed", "y", 2).into());
            heap
        }] {
            let message = of(&TeamId::generate(), heap);
            let NotificationData { title, text, subjects, .. } = &message.data;
            assert!(!title.contains(char::is_control), "{title:?}");
            assert!(!text.contains(['\r', '\u{1b}', '\u{202e}']), "{text:?}");
            assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
            assert!(!subjects[0].name.contains(char::is_control), "{subjects:?}");
            let mail = mail(&message, name);
            assert!(!mail.lines().any(|line| line.starts_with("Bcc:")), "{mail}");
        }
    }

    #[test]
    fn a_title_is_bounded() {
        let (title, _) = said(event("destination.drifted", &"x".repeat(900), 1).into());
        assert_eq!(title.chars().count(), LONGEST_TITLE + 3);
    }
}
