//! A table follows its file, and is never worse off for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what goes wrong in a test should end it"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flightstream_core::batch::Raw;
use flightstream_core::flight::pipelines::{self, AIRPORTS};
use flightstream_core::flight::{AirportIata, EnrichedFlight};
use flightstream_core::table::{Airports, Change, TableError, TableFile};
use flightstream_core::testing::TestDriver;
use flightstream_core::time::Timestamp;

const HEADER: &str = "iata,icao,country,lat,lon\n";
const WARSAW: &str = "WAW,EPWA,PL,52.1657,20.9671\n";
const LONDON: &str = "LHR,EGLL,GB,51.4706,-0.4619\n";

type AirportsFile = TableFile<Airports, TableError>;

struct Place {
    path: PathBuf,
    _directory: tempfile::TempDir,
}

fn place(content: &str) -> Place {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("airports.csv");
    fs::write(&path, content).unwrap();
    Place {
        path,
        _directory: directory,
    }
}

fn open(path: &Path) -> AirportsFile {
    TableFile::open(path, |path| Airports::from_path(path)).unwrap()
}

fn has(file: &AirportsFile, code: &str) -> bool {
    let code = AirportIata::new(code).unwrap();
    file.table().load().by_iata(code).is_some()
}

/// Looks until the change has settled.
fn settle(file: &mut AirportsFile) -> Change<TableError> {
    assert!(matches!(file.check(), Change::Unsettled));
    file.check()
}

#[test]
fn a_new_version_takes_the_old_ones_place_whole() {
    let place = place(&[HEADER, WARSAW].concat());
    let mut file = open(&place.path);
    assert!(matches!(file.check(), Change::Unchanged));
    fs::write(&place.path, [HEADER, LONDON].concat()).unwrap();
    assert!(matches!(settle(&mut file), Change::Reloaded));
    assert!(has(&file, "LHR") && !has(&file, "WAW"));
    assert!(matches!(file.check(), Change::Unchanged));
    assert_eq!((file.table().version(), file.refused()), (1, 0));
}

#[test]
fn a_file_that_is_replaced_is_noticed_though_it_is_as_long_and_as_old() {
    let place = place(&[HEADER, WARSAW].concat());
    let mut file = open(&place.path);
    let metadata = fs::metadata(&place.path).unwrap();
    let next = place.path.with_extension("next");
    fs::write(&next, [HEADER, WARSAW].concat().replace("WAW", "WMI")).unwrap();
    let as_old = fs::File::options().append(true).open(&next).unwrap();
    as_old.set_modified(metadata.modified().unwrap()).unwrap();
    fs::rename(&next, &place.path).unwrap();
    assert_eq!(
        metadata.len(),
        fs::metadata(&place.path).unwrap().len(),
        "the test needs files of one length"
    );
    assert!(matches!(settle(&mut file), Change::Reloaded));
    assert!(has(&file, "WMI"));
}

#[test]
fn a_file_is_left_alone_while_it_is_written() {
    let place = place(&[HEADER, WARSAW].concat());
    let mut file = open(&place.path);
    for rows in 1..4 {
        fs::write(&place.path, HEADER.to_owned() + &LONDON.repeat(rows)).unwrap();
        assert!(matches!(file.check(), Change::Unsettled), "{rows}");
    }
    fs::write(&place.path, [HEADER, LONDON, WARSAW].concat()).unwrap();
    assert!(matches!(settle(&mut file), Change::Reloaded));
    assert_eq!((file.table().version(), file.refused()), (1, 0));
}

#[test]
fn what_changes_while_it_is_read_does_not_count() {
    let place = place("1");
    let mut file = TableFile::open(&place.path, |path| {
        let read = fs::read_to_string(path)?;
        if read == "22" {
            fs::write(path, "333")?;
        }
        Ok::<_, std::io::Error>(read)
    })
    .unwrap();
    fs::write(&place.path, "22").unwrap();
    assert!(matches!(file.check(), Change::Unsettled));
    assert!(matches!(file.check(), Change::Unsettled));
    assert_eq!(*file.table().load(), "1");
    assert!(matches!(file.check(), Change::Reloaded));
    assert_eq!(*file.table().load(), "333");
}

#[test]
fn a_broken_version_is_refused_once_and_the_old_table_stays() {
    let place = place(&[HEADER, WARSAW].concat());
    let mut file = open(&place.path);
    let broken: [&[u8]; 5] = [
        b"",
        b"iata,icao,country,lat\nWAW,EPWA,PL,52\n",
        b"iata,icao,country,lat,lon\nWAW,EPWA,PL,NaN,20\n",
        b"iata,icao,country,lat,lon\nWAW,EPWA,PL,52,20\nWAW,EPWB,PL,52,20,1\n",
        b"iata,icao,country,lat,lon\nWAW,EPWA,PL,\xff52,20\n",
    ];
    for (index, content) in broken.iter().enumerate() {
        fs::write(&place.path, content).unwrap();
        assert!(matches!(settle(&mut file), Change::Refused(_)), "{index}");
        assert!(matches!(file.check(), Change::Unchanged), "{index}");
        assert!(has(&file, "WAW"), "{index}");
        assert_eq!(file.refused(), index as u64 + 1);
    }
    fs::write(&place.path, [HEADER, LONDON].concat()).unwrap();
    assert!(matches!(settle(&mut file), Change::Reloaded));
    assert!(has(&file, "LHR"));
}

#[test]
fn a_file_that_is_gone_leaves_the_table_and_may_come_back() {
    let place = place(&[HEADER, WARSAW].concat());
    let mut file = open(&place.path);
    fs::remove_file(&place.path).unwrap();
    assert!(matches!(
        settle(&mut file),
        Change::Refused(TableError::Open { .. })
    ));
    assert!(matches!(file.check(), Change::Unchanged));
    assert!(has(&file, "WAW"));
    fs::write(&place.path, [HEADER, LONDON].concat()).unwrap();
    assert!(matches!(settle(&mut file), Change::Reloaded));
    assert!(has(&file, "LHR"));
}

#[test]
fn a_change_that_is_taken_back_is_none() {
    let place = place(&[HEADER, WARSAW].concat());
    let mut file = open(&place.path);
    let away = place.path.with_extension("away");
    fs::rename(&place.path, &away).unwrap();
    assert!(matches!(file.check(), Change::Unsettled));
    fs::rename(&away, &place.path).unwrap();
    assert!(matches!(file.check(), Change::Unchanged));
    assert_eq!(file.refused(), 0);
}

#[test]
fn a_table_that_cannot_be_read_at_first_is_an_error() {
    let place = place("");
    let opened = AirportsFile::open(&place.path, |path| Airports::from_path(path));
    assert!(matches!(opened, Err(TableError::Empty)));
}

#[test]
fn the_watch_reads_what_changes_and_ends_when_it_is_dropped() {
    let place = place(&[HEADER, WARSAW].concat());
    let file = open(&place.path);
    let table = file.table().clone();
    let watch = file.watch(Duration::from_millis(1)).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let wait_for = |condition: &dyn Fn() -> bool| {
        while !condition() {
            assert!(Instant::now() < deadline, "the change was not noticed");
            std::thread::yield_now();
        }
    };
    fs::write(&place.path, [HEADER, WARSAW, LONDON].concat()).unwrap();
    wait_for(&|| table.version() == 1);
    assert_eq!(table.load().len(), 2);
    fs::write(&place.path, "nothing of use").unwrap();
    wait_for(&|| watch.refused() == 1);
    drop(watch);
    fs::write(&place.path, [HEADER, WARSAW].concat()).unwrap();
    assert_eq!(table.load().len(), 2);
}

#[test]
fn a_running_pipeline_goes_on_with_the_new_table() {
    let place = place(&[HEADER, WARSAW].concat());
    let mut file = open(&place.path);
    let mut driver = TestDriver::<EnrichedFlight>::new(pipelines::enriched)
        .table(AIRPORTS, file.table().clone())
        .starts_at(Timestamp::from_seconds(1_706_720_000));
    let message = r#"{"hex":"48AE23","lat":52.1,"lng":20.9,"dep_iata":"WAW","arr_iata":"LHR","updated":1706705158}"#;
    let send = |driver: &mut TestDriver<EnrichedFlight>| {
        let raw = Raw::from(message);
        let record = flightstream_core::batch::Record::new(raw, Timestamp::default());
        driver.send_record(0, record).unwrap();
        driver.run().unwrap();
    };
    send(&mut driver);
    fs::write(&place.path, [HEADER, WARSAW, LONDON].concat()).unwrap();
    assert!(matches!(settle(&mut file), Change::Reloaded));
    send(&mut driver);
    let arrivals = driver
        .output()
        .unwrap()
        .into_iter()
        .map(|flight| flight.arrival.is_some());
    assert_eq!(arrivals.collect::<Vec<_>>(), [false, true]);
}
