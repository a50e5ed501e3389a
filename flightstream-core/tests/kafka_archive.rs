//! A restore drill on a real cluster: a topic is saved, lost, and brought back.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod kafka_cluster;

use flightstream_core::batch::Raw;
use flightstream_core::log::archive::{Archive, Compression, Export};
use flightstream_core::log::kafka::KafkaLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use kafka_cluster::{name, open, read_all, record};

#[test]
fn a_topic_that_was_lost_comes_back_as_it_was() {
    let log = open();
    let topic = name("drill");
    let spec = TopicSpec::new(&topic, 3).compacted();
    log.create_topic(&spec).unwrap();
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    for transaction in 0..3 {
        let mut records: Vec<_> = (0..1_500)
            .map(|n| record(&format!("{n}"), &format!("{transaction} {n}"), n))
            .collect();
        records[0].value = Raw(None);
        records[1].key = Some(vec![0xff, 0x00].into());
        records[2].headers.push("reason", "late");
        writer.append(&topic, records).unwrap();
        writer.commit(&topic, &[]).unwrap();
    }
    // What is not committed is in no backup.
    writer
        .append(&topic, vec![record("open", "open", 1)])
        .unwrap();
    writer.abort();
    let contents = |log: &KafkaLog| {
        let partitions = (0..3).map(|partition| read_all(log, &topic, partition));
        let without_offsets = partitions.map(|mut records| {
            records.iter_mut().for_each(|record| record.origin = 0);
            records
        });
        without_offsets.collect::<Vec<_>>()
    };
    let before = contents(&log);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drill.ndjson.zst");
    let file = std::fs::File::create(&path).unwrap();
    let saved = Export::of(&topic).write(&log, file, Compression::of(&path), |_| {});
    assert_eq!(saved.unwrap(), 4_500);

    log.delete_topic(&topic).unwrap();
    let deadline = std::time::Instant::now() + kafka_cluster::DEADLINE;
    while log.create_topic(&spec).is_err() {
        // A cluster forgets a name a moment after its topic.
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
    let restored = Archive::open(&path).unwrap().import(&log, &topic, |_| {});
    assert_eq!(restored.unwrap(), 4_500);
    // A client that knew the lost topic has no use for its successor for a while.
    assert_eq!(contents(&open()), before);
}
