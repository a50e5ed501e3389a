//! The real Elasticsearch that a test script has started.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Place;

fn variable(name: &str) -> Option<String> {
    std::env::var(format!("FLIGHTSTREAM_TEST_ELASTICSEARCH{name}")).ok()
}

/// A name that no other test has, in no other run.
pub fn index_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("stage-{:x}-{number}", since_epoch.as_nanos())
}

/// The options that connect to the node, and name an index there.
pub fn options(place: &Place, index: &str) -> Vec<String> {
    let url = variable("").unwrap_or_else(|| {
        panic!(
            "FLIGHTSTREAM_TEST_ELASTICSEARCH is not set; run these tests by `.ci/run elastic`, which starts a node"
        )
    });
    let mut options = vec!["--elastic".to_owned(), url];
    options.extend(["--elastic-index".to_owned(), index.to_owned()]);
    if let (Some(user), Some(password)) = (variable("_USER"), variable("_PASSWORD")) {
        let file = place.file("elastic-password", password);
        options.extend(["--elastic-user".to_owned(), user]);
        options.push("--elastic-password-file".to_owned());
        options.push(file.display().to_string());
    }
    if let Some(path) = variable("_CA") {
        options.extend(["--elastic-ca".to_owned(), path]);
    }
    options
}
