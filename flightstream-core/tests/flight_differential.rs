//! The decoder against its slow reference, over generated dirt.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

mod flight_reference;

use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::operator::Decoder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn name() -> impl Strategy<Value = &'static str> {
    select(vec![
        "hex",
        "hex",
        "updated",
        "updated",
        "reg_number",
        "flag",
        "lat",
        "lng",
        "alt",
        "alt",
        "dir",
        "speed",
        "speed",
        "v_speed",
        "squawk",
        "flight_number",
        "flight_icao",
        "flight_iata",
        "dep_icao",
        "dep_iata",
        "arr_icao",
        "arr_iata",
        "airline_icao",
        "airline_iata",
        "aircraft_icao",
        "status",
        "type",
        "brand_new",
        "\\u0068ex",
        "",
        "HEX",
        "he\\u0000x",
        "Łódź",
    ])
}

/// JSON text of a value, plausible for some field or for none.
fn value() -> impl Strategy<Value = String> {
    let known = select(vec![
        "null",
        "true",
        "false",
        "\"\"",
        "\"  \"",
        "0",
        "-0",
        "0.0",
        "-0.0",
        "\"48AE23\"",
        "\"~48ae23\"",
        "\"48AE2\"",
        "\"48AE2G\"",
        "484823",
        "1706705158",
        "\"1706705158\"",
        "1706705158.5",
        "1706705158000",
        "-1",
        "253402300800",
        "360",
        "360.0",
        "359.99999999",
        "\"NaN\"",
        "\"Infinity\"",
        "\"-inf\"",
        "\"1e999\"",
        "\" 12.5 \"",
        "\"+5\"",
        "1e5",
        "1E-7",
        "\"1e3\"",
        "\"UK\"",
        "\"Us\"",
        "\"AN\"",
        "\"PL\"",
        "\"P1\"",
        "\"SERV\"",
        "\"twr\"",
        "\"0000\"",
        "\"B38M\"",
        "\"en-route\"",
        "\"En-Route\"",
        "\"landed\"",
        "\"parked\"",
        "\"19T\"",
        "281",
        "281.5",
        "\"LOT281\"",
        "\"LO 281\"",
        "\"LO\\u0032\"",
        "\"\\ud83d\\ude00\"",
        "\"SP-LRA\"",
        "\"a\\\"b\"",
        "\"7700\"",
        "7700",
        "\"7780\"",
        "[]",
        "{}",
        "[1,[2,[3]]]",
        "{\"hex\":\"ABCDEF\",\"a\":[{}]}",
        "52.1657",
        "20.9671",
        "90",
        "-90",
        "90.000001",
        "180",
        "-180",
        "180.5",
        "3",
        "500",
        "503",
        "504",
        "510",
        "5010",
        "5015",
        "5020",
        "10688",
        "-30",
        "-3000",
        "70000",
        "300",
        "301",
        "149",
        "150",
        "828",
        "6000",
        "123456789012345678901234567890",
        "9223372036854775808",
        "-9223372036854775809",
        "0.1e-400",
        "4.9e-324",
        "2.2250738585072011e-308",
    ]);
    prop_oneof![
        12 => known.prop_map(str::to_owned),
        2 => any::<f64>().prop_filter("JSON has no other", |f| f.is_finite()).prop_map(|f| format!("{f:?}")),
        2 => any::<i64>().prop_map(|i| i.to_string()),
        2 => (-200.0..400.0_f64).prop_map(|f| format!("{f}")),
        1 => any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        1 => "[A-Za-z0-9 ~-]{0,12}".prop_map(|text| format!("\"{text}\"")),
    ]
}

fn object() -> impl Strategy<Value = String> {
    let blank = || select(vec!["", "", "", " ", "\n\t", "\r "]);
    let field = (name(), value(), blank(), blank(), blank());
    let good = prop::bool::weighted(0.8);
    (vec(field, 0..24), good).prop_map(|(fields, good)| {
        let mut json = String::from("{");
        if good {
            json.push_str("\"hex\":\"48AE23\",\"updated\":1706705158");
        }
        for (name, value, a, b, c) in fields {
            if good && matches!(name, "hex" | "updated" | "\\u0068ex") {
                continue;
            }
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&format!("{a}\"{name}\"{b}:{c}{value}{a}"));
        }
        json.push('}');
        json
    })
}

fn compare(decoder: &mut AirlabsJson, raw: &[u8]) -> Result<(), TestCaseError> {
    let fast = decoder.decode(raw);
    let slow = flight_reference::decode(raw);
    prop_assert!(
        flight_reference::alike(&fast, &slow),
        "{}\nfast {fast:?}\nslow {slow:?}",
        String::from_utf8_lossy(raw)
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4096) })]

    #[test]
    fn dirty_objects(objects in vec(object(), 1..4)) {
        // One decoder for all, so that nothing may stay behind in its buffers.
        let mut decoder = AirlabsJson::default();
        for object in objects {
            compare(&mut decoder, object.as_bytes())?;
        }
    }

    #[test]
    fn damaged_objects(object in object(), at in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..3) {
        let mut raw = object.into_bytes();
        let at = at.index(raw.len());
        match how {
            0 => raw[at] = byte,
            1 => raw.truncate(at),
            _ => raw.insert(at, byte),
        }
        compare(&mut AirlabsJson::default(), &raw)?;
    }

    #[test]
    fn any_bytes(raw in vec(any::<u8>(), 0..200)) {
        compare(&mut AirlabsJson::default(), &raw)?;
    }
}
