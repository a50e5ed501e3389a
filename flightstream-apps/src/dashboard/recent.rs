use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use flightstream_core::Fatal;
use flightstream_core::batch::Batch;
use flightstream_core::flight::EnrichedFlight;
use flightstream_core::flight::alerts::{Alert, Alerts};
use flightstream_core::flight::history::{History, Limits};
use flightstream_core::runtime::{MakeSink, Outputs, Sink, TaskContext};

/// Where aircraft were, and what somebody should look at.
#[derive(Debug)]
pub(crate) struct Recent {
    history: RwLock<History>,
    /// By partition: each holds all reports of its aircraft, and is somewhere else in time when it is read again.
    alerts: Mutex<BTreeMap<u32, Arc<Mutex<Alerts>>>>,
}

impl Recent {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            history: RwLock::new(History::new(limits)),
            alerts: Mutex::default(),
        }
    }

    pub(super) fn history(&self) -> RwLockReadGuard<'_, History> {
        self.history.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Alerts that last, and those that have ended.
    pub(super) fn alerts(&self) -> (Vec<Alert>, Vec<Alert>) {
        let (mut active, mut recent) = (Vec::new(), Vec::new());
        for alerts in self.by_partition() {
            let alerts = alerts.lock().unwrap_or_else(PoisonError::into_inner);
            active.extend(alerts.active().copied());
            recent.extend(alerts.recent().copied());
        }
        (active, recent)
    }

    /// How many alerts last, and a number that grows with every change.
    pub(super) fn alerts_state(&self) -> (usize, u64) {
        let each = self.by_partition().into_iter().map(|alerts| {
            let alerts = alerts.lock().unwrap_or_else(PoisonError::into_inner);
            (alerts.active_count(), alerts.version())
        });
        each.fold((0, 0), |(count, version), (more, other)| {
            (count + more, version + other)
        })
    }

    fn by_partition(&self) -> Vec<Arc<Mutex<Alerts>>> {
        let alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        alerts.values().cloned().collect()
    }
}

/// Hands flights to a [`Recent`].
#[derive(Clone, Debug)]
pub(super) struct RecentSink(pub(super) Arc<Recent>);

/// One partition's.
#[derive(Debug)]
pub(super) struct RecentTask {
    recent: Arc<Recent>,
    alerts: Arc<Mutex<Alerts>>,
}

impl MakeSink<EnrichedFlight> for RecentSink {
    type Sink = RecentTask;

    fn make(&self, cx: &TaskContext) -> RecentTask {
        let alerts: Arc<Mutex<Alerts>> = Arc::default();
        let mut all = self.0.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(cx.topic_partition().partition(), Arc::clone(&alerts));
        drop(all);
        RecentTask {
            recent: Arc::clone(&self.0),
            alerts,
        }
    }
}

impl Sink<EnrichedFlight> for RecentTask {
    fn send(&mut self, batch: Batch<EnrichedFlight>, _: &mut Outputs<'_>) -> Result<(), Fatal> {
        let (records, ack) = batch.into_parts();
        let mut history = self
            .recent
            .history
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let mut alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        for record in &records {
            let enriched = &record.value;
            history.add(&enriched.flight, enriched.flight_type);
            let arrival = enriched.arrival.as_ref().map(|airport| airport.position);
            alerts.observe(&enriched.flight, arrival);
        }
        ack.resolve();
        Ok(())
    }
}
