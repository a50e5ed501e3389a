//! What a running app measures, by the `metrics` facade: install any recorder of that crate, before apps are started,
//! to have it.
//!
//! Everything is recorded once in a batch or a commit, never once in a record. All have the label `app`, all but
//! [`COMMIT_SECONDS`] the label `partition`.
//!
//! | metric | kind | |
//! | --- | --- | --- |
//! | [`RECORDS_IN`] | counter | records read, as far as committed |
//! | [`RECORDS_OUT`] | counter | records that came out of the pipeline, as far as committed |
//! | [`REJECTED`] | counter, by `reason` | refused records, as far as committed |
//! | [`LATE_DROPPED`] | counter | refused records whose windows had closed |
//! | [`SINK`] | counter, by `outcome` | records by what the sink made of them, as far as committed |
//! | [`RESTARTS`] | counter | failures after which the task is started again |
//! | [`BATCH_LEN`] | histogram | records read in a batch |
//! | [`PROCESS_SECONDS`] | histogram | time that the pipeline and the sink took for a batch |
//! | [`E2E_LATENCY_SECONDS`] | histogram | age of a batch's last record, by its event time, when it came out |
//! | [`LAG`] | gauge | messages in the source that are not committed |
//! | [`INFLIGHT_BATCHES`] | gauge | batches that are read and not delivered |
//! | [`COMMIT_SECONDS`] | histogram | time that a commit took, with the wait for what was in flight |
//! | [`STATE_ENTRIES`] | gauge, by `store` | entries of a store |
//! | [`STATE_BYTES`] | gauge, by `store` | bytes of memory that a store takes |
//! | [`RESTORE_REMAINING`] | gauge | changelog entries that a starting task has still to read |
//! | [`TASK_STATE`] | gauge | 0 no task, 1 waiting for its restart, 2 restoring, 3 running |
//! | [`BULK_SECONDS`] | histogram | time that a search store took to answer a bulk |
//! | [`BULK_DOCUMENTS`], [`BULK_BYTES`] | histogram | documents of a bulk, and their bytes |
//! | [`BULK_RETRIED`] | counter | documents that a search store could not take at once and that are sent again |

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Records read, as far as committed.
pub const RECORDS_IN: &str = "flightstream_records_in_total";
/// Records that came out of the pipeline, as far as committed.
pub const RECORDS_OUT: &str = "flightstream_records_out_total";
/// Refused records by `reason`, as far as committed.
pub const REJECTED: &str = "flightstream_rejected_total";
/// Refused records whose windows had closed; they are among [`REJECTED`] too.
pub const LATE_DROPPED: &str = "flightstream_late_dropped_total";
/// Records by what the sink made of them, its `outcome`, as far as committed: `indexed` and `late` of an index, or the
/// labels of a sink's tally.
pub const SINK: &str = "flightstream_sink_total";
/// Failures of a task after which it is started again.
pub const RESTARTS: &str = "flightstream_restarts_total";
/// Records read in a batch.
pub const BATCH_LEN: &str = "flightstream_batch_len";
/// Time that the pipeline and the sink took for a batch.
pub const PROCESS_SECONDS: &str = "flightstream_process_seconds";
/// Age of a batch's last record, by its event time, when it came out.
pub const E2E_LATENCY_SECONDS: &str = "flightstream_e2e_latency_seconds";
/// Messages in the source that are not committed; looked at every second in which the task does something.
pub const LAG: &str = "flightstream_lag";
/// Batches that are read and not delivered.
pub const INFLIGHT_BATCHES: &str = "flightstream_inflight_batches";
/// Time that a commit took, with the wait for what was in flight.
pub const COMMIT_SECONDS: &str = "flightstream_commit_seconds";
/// Entries of a store, as of the last commit.
pub const STATE_ENTRIES: &str = "flightstream_state_entries";
/// Bytes of memory that a store takes, as of the last commit.
pub const STATE_BYTES: &str = "flightstream_state_bytes";
/// Changelog entries that a starting task has still to read.
pub const RESTORE_REMAINING: &str = "flightstream_restore_remaining";
/// What a task does: 0 there is none, 1 it waits for its restart, 2 it restores, 3 it runs.
pub const TASK_STATE: &str = "flightstream_task_state";

/// Time that a search store took to answer a bulk.
pub const BULK_SECONDS: &str = "flightstream_bulk_seconds";
/// Documents of a bulk.
pub const BULK_DOCUMENTS: &str = "flightstream_bulk_documents";
/// Bytes of a bulk's documents.
pub const BULK_BYTES: &str = "flightstream_bulk_bytes";
/// Documents that a search store could not take at once and that are sent again.
pub const BULK_RETRIED: &str = "flightstream_bulk_retried_total";

/// Tells the recorder what each metric means.
pub(super) fn describe() {
    let count = Unit::Count;
    describe_counter!(RECORDS_IN, count, "Records read, as far as committed.");
    describe_counter!(
        RECORDS_OUT,
        count,
        "Records that came out of the pipeline, as far as committed."
    );
    describe_counter!(
        REJECTED,
        count,
        "Refused records by reason, as far as committed."
    );
    describe_counter!(
        LATE_DROPPED,
        count,
        "Refused records whose windows had closed."
    );
    describe_counter!(
        SINK,
        count,
        "Records by what the sink made of them, as far as committed."
    );
    describe_counter!(
        RESTARTS,
        count,
        "Failures of a task after which it is started again."
    );
    describe_histogram!(BATCH_LEN, count, "Records read in a batch.");
    describe_histogram!(
        PROCESS_SECONDS,
        Unit::Seconds,
        "Time that the pipeline and the sink took for a batch."
    );
    describe_histogram!(
        E2E_LATENCY_SECONDS,
        Unit::Seconds,
        "Age of a batch's last record, by its event time, when it came out."
    );
    describe_gauge!(LAG, count, "Messages in the source that are not committed.");
    describe_gauge!(
        INFLIGHT_BATCHES,
        count,
        "Batches that are read and not delivered."
    );
    describe_histogram!(
        COMMIT_SECONDS,
        Unit::Seconds,
        "Time that a commit took, with the wait for what was in flight."
    );
    describe_gauge!(STATE_ENTRIES, count, "Entries of a store.");
    describe_gauge!(
        STATE_BYTES,
        Unit::Bytes,
        "Bytes of memory that a store takes."
    );
    describe_gauge!(
        RESTORE_REMAINING,
        count,
        "Changelog entries that a starting task has still to read."
    );
    describe_histogram!(
        BULK_SECONDS,
        Unit::Seconds,
        "Time that a search store took to answer a bulk."
    );
    describe_histogram!(BULK_DOCUMENTS, count, "Documents of a bulk.");
    describe_histogram!(BULK_BYTES, Unit::Bytes, "Bytes of a bulk's documents.");
    describe_counter!(
        BULK_RETRIED,
        count,
        "Documents that a search store could not take at once and that are sent again."
    );
    describe_gauge!(
        TASK_STATE,
        "What a task does: 0 there is none, 1 it waits for its restart, 2 it restores, 3 it runs."
    );
}
