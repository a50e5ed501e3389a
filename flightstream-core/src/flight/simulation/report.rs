use super::dirt::{Defect, Dirt, Flaws};
use super::fleet::{Aircraft, Situation};
use super::json::{Digits, Object};
use super::network::Network;
use super::profile::Phase;
use super::random::Random;

/// Of the aircraft on the ground, the share whose altitude is unknown; the others send 0. A real feed had 211 and 483
/// of 5,338 rows in January 2024, 8.7 % unknown and 4.4 % zero over both snapshots.
const UNKNOWN_ON_GROUND: f64 = 0.66;
/// So that 1.0 % of all messages are `scheduled` and 0.4 % `landed`.
const SCHEDULED_BEFORE_FLIGHT: f64 = 0.102;
const LANDED_AFTER_FLIGHT: f64 = 0.115;
const ONE_IN_WITH_SQUAWK: usize = 53;

/// One message about to be written.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) network: &'a Network,
    pub(super) aircraft: &'a Aircraft,
    pub(super) situation: Situation<'a>,
    pub(super) hex: &'a str,
    /// Seconds since the epoch.
    pub(super) updated: i64,
    pub(super) flaws: Flaws,
    /// Fixed for this aircraft and flight.
    pub(super) flight: Random,
}

impl Report<'_> {
    pub(super) fn write(mut self, out: &mut Vec<u8>, random: &mut Random) {
        let start = out.len();
        let object = Object::new(out, random.chance(0.5));
        if self.flaws.has(Defect::ServiceVehicle) {
            self.write_vehicle(object);
        } else {
            self.write_flight(object, random);
        }
        if self.flaws.has(Defect::Truncated) {
            let length = out.len() - start;
            out.truncate(start + 1 + random.below(length.saturating_sub(1)));
        } else if self.flaws.has(Defect::Malformed)
            && let Some(colon) = out
                .get_mut(start..)
                .and_then(|json| json.iter_mut().find(|byte| **byte == b':'))
        {
            *colon = b'=';
        }
    }

    fn write_vehicle(&self, mut object: Object<'_>) {
        let point = self.situation.route.circle.at(0.0);
        object.text("hex", &[self.hex]);
        object.text("reg_number", &["SERV"]);
        object.decimal("lat", scaled(point.lat, 1e6), 6);
        object.decimal("lng", scaled(point.lon, 1e6), 6);
        object.unknown("alt");
        object.decimal("dir", scaled(point.course, 10.0) % 3_600, 1);
        object.integer("speed", 20);
        object.integer("v_speed", 0);
        object.text("aircraft_icao", &["SERV"]);
        object.integer("updated", self.updated);
        object.text("status", &["en-route"]);
        object.text("type", &["adsb"]);
        object.end();
    }

    fn write_flight(&mut self, mut object: Object<'_>, random: &mut Random) {
        let network = self.network;
        let Some(airline) = network.airlines.get(usize::from(self.aircraft.airline)) else {
            return;
        };
        object.text("hex", &[self.hex]);
        object.text("reg_number", &[self.aircraft.registration.as_str()]);
        let flaws = self.flaws;
        let flag = match airline.country.as_str() {
            _ if flaws.has(Defect::NoAirline) => None,
            _ if flaws.has(Defect::FlagUk) => Some("UK"),
            _ if flaws.has(Defect::FlagUs) => Some("Us"),
            flag => Some(flag),
        };
        match flag {
            Some(flag) => object.text("flag", &[flag]),
            None => object.unknown("flag"),
        }
        self.write_motion(&mut object, random);

        let leg = self.situation.leg;
        let number = Digits::new(leg.flight_number.into(), 10);
        let letter = [leg.flight_letter];
        let letter = str::from_utf8(&letter).unwrap_or_default();
        let letter = if leg.flight_letter == 0 { "" } else { letter };
        let [number, icao, iata] = [
            number.as_str(),
            airline.icao.as_str(),
            airline.iata.as_str(),
        ];
        let has_route = !flaws.has(Defect::NoRoute);
        let has_iata = !flaws.has(Defect::NoAirline) && !flaws.has(Defect::NoAirlineIata);
        let mut member = |name, parts: &[&str], known| {
            if known {
                object.text(name, parts);
            } else {
                object.unknown(name);
            }
        };
        member("flight_number", &[number, letter], has_route);
        member(
            "flight_icao",
            &[icao, number, letter],
            !flaws.has(Defect::NoFlightIcao),
        );
        member(
            "flight_iata",
            &[iata, number, letter],
            has_route && has_iata,
        );
        let route = self.situation.route;
        for (at, icao, iata) in [
            (route.from, "dep_icao", "dep_iata"),
            (route.to, "arr_icao", "arr_iata"),
        ] {
            let airport = network.airports.get(usize::from(at));
            let airport = airport.map(|served| &served.airport);
            let code = airport.and_then(|airport| airport.icao.as_ref());
            let code = code.map(crate::flight::AirportIcao::as_str);
            member(
                icao,
                &[code.unwrap_or_default()],
                has_route && code.is_some(),
            );
            let code = airport.and_then(|airport| airport.iata.as_ref());
            let code = code.map(crate::flight::AirportIata::as_str);
            member(
                iata,
                &[code.unwrap_or_default()],
                has_route && code.is_some(),
            );
        }
        member("airline_icao", &[icao], !flaws.has(Defect::NoAirline));
        member("airline_iata", &[iata], has_iata);

        let kind = network.types.get(usize::from(self.aircraft.kind));
        let kind = kind.map_or("", |kind| kind.code.as_str());
        let junk = ["0000", "TWR", "32Q"];
        let junk = junk.get(random.below(junk.len())).copied();
        let kind = if flaws.has(Defect::JunkType) {
            junk.unwrap_or(kind)
        } else {
            kind
        };
        object.text("aircraft_icao", &[kind]);
        object.integer("updated", self.updated);
        let status = self.status();
        object.text("status", &[status]);
        object.text("type", &["adsb"]);
        if flaws.has(Defect::UnknownFields) {
            object.raw("seats", "180");
            object.raw("engine", r#"{"type":"jet","count":2}"#);
        }
        object.end();
    }

    fn write_motion(&mut self, object: &mut Object<'_>, random: &mut Random) {
        let flaws = self.flaws;
        let moment = self.situation.moment;
        let point = self.situation.route.circle.at(moment.flown);
        if flaws.has(Defect::NoPosition) {
            object.unknown("lat");
            object.unknown("lng");
        } else {
            object.decimal("lat", scaled(point.lat, 1e6), 6);
            object.decimal("lng", scaled(point.lon, 1e6), 6);
        }
        let on_ground = !moment.phase.is_airborne();
        let altitude = altitude_in_metres(moment.altitude);
        if (on_ground && self.flight.chance(UNKNOWN_ON_GROUND)) || flaws.has(Defect::NoAltitude) {
            object.unknown("alt");
        } else {
            object.integer("alt", if on_ground { 0 } else { altitude });
        }
        if flaws.has(Defect::NoDirection) {
            object.unknown("dir");
        } else if flaws.has(Defect::Direction360) {
            object.integer("dir", 360);
        } else {
            object.decimal("dir", scaled(point.course, 10.0) % 3_600, 1);
        }
        let speed = scaled(moment.speed, 3.6);
        let known = !flaws.has(Defect::SpeedZeroAloft);
        object.integer("speed", if known { speed } else { 0 });
        object.decimal("v_speed", scaled(moment.vertical_speed, 10.0), 1);
        if random.below(ONE_IN_WITH_SQUAWK) == 0 {
            let code = Digits::new(self.situation.leg.squawk.into(), 8);
            object.text("squawk", &[code.as_str()]);
        }
    }

    fn status(&mut self) -> &'static str {
        let phase = self.situation.moment.phase;
        if phase.is_before_flight() && self.flight.chance(SCHEDULED_BEFORE_FLIGHT) {
            "scheduled"
        } else if phase == Phase::TaxiIn && self.flight.chance(LANDED_AFTER_FLIGHT) {
            "landed"
        } else {
            "en-route"
        }
    }
}

/// Draws the defects of a message, but for those of time, from where the aircraft is.
pub(super) fn draw_flaws(
    dirt: &Dirt,
    situation: &Situation<'_>,
    country: &str,
    random: &mut Random,
    flaws: &mut Flaws,
) {
    let airborne = situation.moment.phase.is_airborne();
    let high = airborne && altitude_in_metres(situation.moment.altitude) > 6_000;
    let mut draw = |defect, share, possible: bool| {
        let drawn = share > 0.0 && possible && random.chance(share);
        if drawn {
            flaws.add(defect);
        }
        drawn
    };
    draw(Defect::NonIcaoAddress, dirt.non_icao_address, true);
    draw(Defect::JunkType, dirt.junk_type, true);
    let no_airline = draw(Defect::NoAirline, dirt.no_airline, true);
    draw(Defect::FlagUk, dirt.flag_uk, country == "GB" && !no_airline);
    draw(Defect::FlagUs, dirt.flag_us, country == "US" && !no_airline);
    draw(Defect::NoAirlineIata, dirt.no_airline_iata, !no_airline);
    draw(Defect::NoRoute, dirt.no_route, true);
    draw(Defect::NoFlightIcao, dirt.no_flight_icao, true);
    draw(Defect::NoPosition, dirt.no_position, true);
    draw(Defect::NoAltitude, dirt.no_altitude, airborne);
    let no_direction = draw(Defect::NoDirection, dirt.no_direction, true);
    draw(Defect::Direction360, dirt.direction_360, !no_direction);
    draw(Defect::SpeedZeroAloft, dirt.speed_zero_aloft, high);
    draw(Defect::UnknownFields, dirt.unknown_fields, true);
    draw(Defect::Duplicate, dirt.duplicate, true);
}

/// Airlabs' altitude: metres with an offset that grows in steps.
fn altitude_in_metres(feet: f64) -> i64 {
    // Transponders send multiples of 25 feet.
    let metres = (feet / 25.0).round() * 25.0 * 0.3048;
    let raised = [3.0, 10.0, 20.0].map(|offset| (metres + offset).floor() as i64);
    match raised {
        [low, ..] if low <= 0 => metres.floor() as i64,
        [low, ..] if low <= 500 => low,
        [_, middle, _] if middle <= 5_000 => middle,
        [.., high] => high,
    }
}

fn scaled(value: f64, units: f64) -> i64 {
    (value * units).round() as i64
}
