use std::time::Duration;

use super::StopSignal;
use crate::log::{LogError, Writer};
use crate::runtime::backoff::Backoff;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Sends something and commits it. While the log cannot take it, because brokers are away, it is sent again with growing pauses:
/// a source that ends then would lose what comes meanwhile. What arrived although its answer did not is there twice. A writer
/// that was fenced is not tried again: the other one may be at work.
///
/// # Errors
/// What the log refuses for good; what it cannot take now, once `stop` is given.
pub(super) fn persistently(
    writer: &mut dyn Writer,
    stop: &StopSignal,
    mut send: impl FnMut(&mut dyn Writer) -> Result<(), LogError>,
) -> Result<(), LogError> {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        match send(writer) {
            Err(error @ LogError::Unavailable { .. }) => {
                writer.abort();
                tracing::warn!("{error}; sending again");
                if stop.wait(backoff.next_pause()) {
                    return Err(error);
                }
            }
            sent => return sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Raw, Record};
    use crate::log::memory::MemoryLog;
    use crate::log::{Isolation, Log, TopicSpec};
    use crate::time::Timestamp;

    fn away() -> LogError {
        LogError::Unavailable {
            action: "write records".to_owned(),
            reason: "brokers are away".to_owned(),
        }
    }

    #[test]
    fn what_cannot_be_taken_now_is_sent_again_and_is_there_once() {
        let log = MemoryLog::default();
        log.create_topic(&TopicSpec::new("flight", 1)).unwrap();
        let mut writer = log.writer(Isolation::Transactional).unwrap();
        let mut failures = 2;
        let records = [Record::new(Raw::from("{}"), Timestamp::default())];
        persistently(&mut *writer, &StopSignal::default(), |writer| {
            writer.append("flight", records.to_vec())?;
            if failures > 0 {
                failures -= 1;
                return Err(away());
            }
            writer.commit("group", &[])
        })
        .unwrap();
        assert_eq!(log.offsets("flight").unwrap()[0].end, 1);
    }

    #[test]
    fn it_ends_when_told_and_when_refused_for_good() {
        let log = MemoryLog::default();
        let mut writer = log.writer(Isolation::Immediate).unwrap();
        let stop = StopSignal::default();
        stop.stop();
        let stopped = persistently(&mut *writer, &stop, |_| Err(away()));
        assert!(matches!(stopped, Err(LogError::Unavailable { .. })));
        let record = vec![Record::new(Raw::from("{}"), Timestamp::default())];
        let refused = persistently(&mut *writer, &StopSignal::default(), |writer| {
            writer.append("none", record.clone())
        });
        assert!(matches!(refused, Err(LogError::UnknownTopic { .. })));
    }
}
