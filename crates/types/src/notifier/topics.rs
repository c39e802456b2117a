//! Of what a notifier tells: some topics, each once.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Invalid, Topic};

/// One topic or several, in the order of their declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Topic>", into = "Vec<Topic>")]
pub struct Topics(Vec<Topic>);

impl Topics {
    pub fn has(&self, topic: Topic) -> bool {
        self.0.contains(&topic)
    }
}

/// Everything but what people did themselves, and what followed.
impl Default for Topics {
    fn default() -> Self {
        Self(Topic::ALL.iter().copied().filter(|topic| *topic != Topic::Change).collect())
    }
}

impl TryFrom<Vec<Topic>> for Topics {
    type Error = Invalid;

    fn try_from(mut topics: Vec<Topic>) -> Result<Self, Self::Error> {
        topics.sort_unstable();
        topics.dedup();
        if topics.is_empty() {
            return Err(Invalid::new("name one topic at least; pause it to be told nothing"));
        }
        Ok(Self(topics))
    }
}

impl From<Topics> for Vec<Topic> {
    fn from(topics: Topics) -> Self {
        topics.0
    }
}

/// As it is written in a row: `drift,repair`.
impl FromStr for Topics {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let topics: Result<Vec<Topic>, Invalid> = text.split(',').map(str::parse).collect();
        topics?.try_into()
    }
}

impl std::fmt::Display for Topics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|topic| topic.as_str()).collect();
        f.pad(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_read_and_write_as_words() {
        assert_eq!(Topics::default().to_string(), "drift,repair,failure,unreachable,back");
        let topics: Topics = "back,drift,back".parse().expect("topics");
        assert_eq!(topics.to_string(), "drift,back");
        assert!("".parse::<Topics>().is_err() && "drift,".parse::<Topics>().is_err());
        assert!(Topics::try_from(Vec::new()).is_err());
    }
}
