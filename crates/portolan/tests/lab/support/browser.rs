//! Chromium, as the stories of the pages drive it; here it visits the built program.

#[expect(dead_code, reason = "the stories of the pages use all of it")]
#[path = "../../../../server/tests/it/support/chromium.rs"]
mod chromium;
#[path = "../../../../server/tests/it/support/eventually.rs"]
mod eventually;

pub(crate) use chromium::Chromium;
use eventually::eventually;

use super::PATIENCE;
