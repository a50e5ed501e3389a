use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::source::{Intake, lock};
use crate::Fatal;
use crate::batch::{Batch, Raw};

/// A further topic that a task reads beside its source: the same partition number of an internal topic. It is declared
/// when the pipeline is made and opened when its task starts.
#[derive(Clone)]
pub(crate) struct Inlet {
    name: &'static str,
    intake: Rc<RefCell<Option<Arc<Mutex<Intake>>>>>,
}

impl Inlet {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            intake: Rc::default(),
        }
    }

    /// The name that the pipeline gave it.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn open(&self, intake: Arc<Mutex<Intake>>) {
        *self.intake.borrow_mut() = Some(intake);
    }

    /// The next batch; none before the inlet is open.
    pub(crate) fn poll_batch(&self, cx: &mut Context<'_>) -> Poll<Result<Batch<Raw>, Fatal>> {
        match &*self.intake.borrow() {
            Some(intake) => lock(intake).poll_batch(cx),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for Inlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The topic behind a repartition step of an app.
pub(crate) fn repartition_topic(app: &str, name: &str) -> String {
    format!("{app}-{name}-repartition")
}
