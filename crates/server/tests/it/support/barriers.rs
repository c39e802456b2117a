//! What keeps people from a page who cannot see it well, or use no mouse.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Chromium;

impl Chromium {
    /// What axe finds wrong with the page for people who cannot see it well, or use no mouse. All of
    /// it in light; in dark what depends on colours, which is all that is another there.
    pub(crate) async fn barriers(&self) -> Result<Vec<String>> {
        let axe =
            include_str!(concat!(env!("OUT_DIR"), "/pages/web/node_modules/axe-core/axe.min.js"));
        self.ask(axe, json!([])).await?;
        let tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        let mut found = self.found("light", json!(tags)).await?;
        let colours = json!({ "type": "rule", "values": ["color-contrast", "link-in-text-block"] });
        found.extend(self.found("dark", colours).await?);
        Ok(found)
    }

    /// What axe finds by some rules in one theme; the page wears its own again afterwards.
    async fn found(&self, theme: &str, rules: Value) -> Result<Vec<String>> {
        let script = "const [theme, runOnly, done] = arguments;
            const root = document.documentElement;
            const worn = root.dataset.theme;
            root.dataset.theme = `portolan-${theme}`;
            axe.run({ runOnly, resultTypes: ['violations'] }).then((found) => {
                if (worn) root.dataset.theme = worn; else delete root.dataset.theme;
                done(found.violations.map((one) => `${theme}: ${one.id}: ${one.nodes.map(
                    (node) => `${node.html} (${node.failureSummary})`).join(' ')}`));
            });";
        let ask = json!({ "script": script, "args": [theme, rules] });
        let found = self.post("execute/async", ask).await?;
        let found = found.as_array().context("a list")?;
        Ok(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}
