//! What keeps people from a page who cannot see it well, or use no mouse.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Chromium;

impl Chromium {
    /// What axe finds wrong with the page for people who cannot see it well, or use no mouse.
    pub(crate) async fn barriers(&self) -> Result<Vec<String>> {
        let script = concat!(
            include_str!(concat!(env!("OUT_DIR"), "/pages/web/node_modules/axe-core/axe.min.js")),
            "; const done = arguments[0];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
            axe.run({ runOnly: tags, resultTypes: ['violations'] }).then((found) => done(
                found.violations.map((one) => `${one.id}: ${one.nodes.map(
                    (node) => `${node.html} (${node.failureSummary})`).join(' ')}`)));"
        );
        let found = self.post("execute/async", json!({ "script": script, "args": [] })).await?;
        let found = found.as_array().context("a list")?;
        Ok(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}
