use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Every field that Airlabs documents for a flight, in the order of the recordings there are, then the rarer ones.
const KNOWN: [&str; 23] = [
    "hex",
    "reg_number",
    "flag",
    "lat",
    "lng",
    "alt",
    "dir",
    "speed",
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
    "updated",
    "status",
    "v_speed",
    "squawk",
    "type",
];

/// A message with more names that are new than this allows is no flight, and would blow every row up.
const MOST: usize = 256;

/// The columns of a table: the known ones, and after them the others that turn up.
pub(super) struct Columns {
    names: Vec<String>,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            names: KNOWN.map(str::to_owned).to_vec(),
        }
    }
}

impl Columns {
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The cells of a message, in the columns' order; `None` if it is no object or has too many names. Cells beyond the
    /// last are empty.
    ///
    /// Numbers stay as they are written, and text is itself: a reader tells them apart by their columns.
    pub(super) fn row(&mut self, message: &[u8]) -> Option<Vec<String>> {
        let mut object: BTreeMap<String, &RawValue> = serde_json::from_slice(message).ok()?;
        let known = self.names.iter().filter(|name| object.contains_key(*name));
        if self.names.len() + object.len() - known.count() > MOST {
            return None;
        }
        let mut cells: Vec<String> = self
            .names
            .iter()
            .map(|name| object.remove(name).map_or_else(String::new, cell))
            .collect();
        for (name, value) in object {
            self.names.push(name);
            cells.push(cell(value));
        }
        Some(cells)
    }
}

fn cell(value: &RawValue) -> String {
    let json = value.get();
    if json == "null" {
        return String::new();
    }
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}
