use std::time::Duration;

use flightstream_core::search::SearchError;
use flightstream_core::search::elastic::ElasticStore;
use flightstream_core::time::{Clock, SystemClock, Timestamp};
use futures::executor::block_on;

use super::repeating::Repeating;
use crate::error::CommandError;

const INTERVAL: Duration = Duration::from_secs(10);

/// What documents of an index grow old by, and when they go.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) index: String,
    pub(super) field: &'static str,
    pub(super) after: Duration,
}

/// Removes old documents again and again, until what it returns is dropped.
pub(super) fn start(store: ElasticStore, rules: Vec<Rule>) -> Result<Repeating, CommandError> {
    Repeating::start("expiry", INTERVAL, move || expire(&store, &rules))
}

/// Removes what is old now.
pub(super) fn expire(store: &ElasticStore, rules: &[Rule]) {
    for rule in rules {
        match block_on(expire_by(store, rule)) {
            Ok(0) => {}
            Ok(gone) => tracing::debug!(index = rule.index, gone, "removed old documents"),
            // Documents wait as well then, which is told.
            Err(error) => {
                tracing::debug!(index = rule.index, %error, "cannot remove old documents");
            }
        }
    }
}

/// By the data's own clock, so that a recording does not vanish because it is old.
async fn expire_by(store: &ElasticStore, rule: &Rule) -> Result<u64, SearchError> {
    let Some(newest) = store.newest(&rule.index, rule.field).await? else {
        return Ok(0);
    };
    // One report from the future must not make all others old.
    let newest = Timestamp::from_millis(newest).min(SystemClock.now());
    let before = newest.minus(rule.after).as_millis();
    store.expire_before(&rule.index, rule.field, before).await
}
