//! Rules of a host's firewall that a test plants, and takes away again.

use anyhow::Result;

use crate::support::Host;

/// A rule that is in force.
pub(crate) struct Rule {
    host: Host,
    table: String,
    /// The chain first.
    words: Vec<String>,
}

impl Host {
    /// Puts a rule before all others of its chain until the guard goes.
    pub(crate) fn rule(&self, table: &str, rule: &[&str]) -> Result<Rule> {
        let words = rule.iter().map(|&word| word.to_owned()).collect();
        let rule = Rule { host: self.clone(), table: table.to_owned(), words };
        rule.act("-I")?;
        Ok(rule)
    }
}

impl Rule {
    fn act(&self, act: &str) -> Result<String> {
        let rule = self.words.iter().map(String::as_str);
        let words: Vec<&str> =
            ["iptables", "-t", &self.table, act].into_iter().chain(rule).collect();
        self.host.as_root(&words)
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        self.act("-D").expect("the rule goes");
    }
}
