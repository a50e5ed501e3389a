import { AIRPORTS } from "./mock-airports.mjs";

const RADIANS = Math.PI / 180;
export const EARTH_RADIUS_KM = 6371;
const REPLAY_START_MS = Date.UTC(2024, 0, 31, 12, 43, 0);
const REMOVED_KEPT = 5_000;
const AIRLINES = [
  ["BA", "BAW", "GB"], ["LH", "DLH", "DE"], ["AF", "AFR", "FR"], ["UA", "UAL", "US"], ["AA", "AAL", "US"],
  ["DL", "DAL", "US"], ["EK", "UAE", "AE"], ["SQ", "SIA", "SG"], ["NH", "ANA", "JP"], ["QF", "QFA", "AU"],
  ["CA", "CCA", "CN"], ["6E", "IGO", "IN"], ["LA", "LAN", "CL"], ["ET", "ETH", "ET"],
];
const TYPES = ["A20N", "A320", "A321", "A359", "B738", "B77W", "B789", "E190", "AT76"];

/** Aircraft on great circles between airports; each reports every few seconds, as receivers see them. */
export class MockFleet {
  version = 1;
  /** Aircraft that landed, with the version in which they went; the oldest are forgotten. */
  removed = [];
  #random;
  #steps = 0;
  #replayOffsetMs;

  constructor({ aircraft, seed, replay, reportEvery = 5 }) {
    this.reportEvery = reportEvery;
    this.#random = randomFrom(seed);
    this.replay = replay;
    this.#replayOffsetMs = replay ? REPLAY_START_MS - Date.now() : 0;
    this.aircraft = [];
    for (let i = 0; i < aircraft; i++) this.aircraft.push(this.#newAircraft(i, this.#random()));
    this.newestEventMs = this.clockMs();
  }

  clockMs() {
    return Date.now() + this.#replayOffsetMs;
  }

  step() {
    this.#steps++;
    this.version++;
    this.aircraft.forEach((each, index) => {
      if (index % this.reportEvery !== this.#steps % this.reportEvery) return;
      if (this.#fly(each)) return;
      this.removed.push({ address: each.address, version: this.version });
      if (this.removed.length > REMOVED_KEPT) this.removed.shift();
      this.aircraft[index] = this.#newAircraft(this.#nextSerial++, 0);
    });
    this.newestEventMs = this.clockMs();
  }

  tick() {
    const tick = {
      version: this.version,
      as_of: this.newestEventMs,
      now: Date.now(),
      total: this.aircraft.length,
      alerts: 3,
      alerts_version: 1,
      clients: 1,
      pipeline: {
        records_per_second: Math.round(this.aircraft.length / this.reportEvery),
        lag: this.#steps % 3,
        read: this.#steps * this.aircraft.length,
        enriched: this.#steps * this.aircraft.length,
        indexed: this.#steps * this.aircraft.length,
        rejected: { missing_position: Math.floor(this.#steps / 4), bad_altitude: Math.floor(this.#steps / 9) },
        late: Math.floor(this.#steps / 7),
        state: "running",
      },
    };
    return this.replay ? { ...tick, replay: true, clock: this.clockMs() } : tick;
  }

  /** All aircraft as documents of the index. */
  documents() {
    return this.aircraft.map(documentOf);
  }

  flight(hex) {
    const found = this.aircraft.find((each) => each.hex === hex);
    return found ? documentOf(found) : null;
  }

  #nextSerial = 1_000_000;

  #newAircraft(serial, progress) {
    const from = this.#pick(AIRPORTS);
    const to = this.#pickDestination(from);
    const unknown = this.#random() < 0.06;
    const address = (0x400000 + serial * 37) & 0xffffff;
    const aircraft = {
      address,
      hex: address.toString(16).toUpperCase().padStart(6, "0"),
      from,
      to,
      progress,
      angle: centralAngle(from, to),
      airline: this.#pick(AIRLINES),
      number: String(1 + Math.floor(this.#random() * 2999)),
      registration: `G-${Math.floor(this.#random() * 1e6).toString(36).toUpperCase().padStart(4, "A")}`,
      aircraftType: this.#pick(TYPES),
      cruiseM: 9_000 + Math.floor(this.#random() * 10) * 305,
      type: unknown ? "Unknown" : from.country === to.country ? "Domestic" : "International",
      Departure: unknown ? undefined : from.name,
      Arrival: to.name,
      hidesAltitude: this.#random() < 0.02,
      squawk: serial === 3 ? "7700" : undefined,
    };
    this.#report(aircraft);
    return aircraft;
  }

  // Real traffic is mostly short, so the second airport is usually near the first.
  #pickDestination(from) {
    const reachKm = [1_000, 2_500, 5_000, 20_100][Math.floor(this.#random() * 4)];
    const others = AIRPORTS.filter((each) => each !== from);
    const near = others.filter((each) => centralAngle(from, each) * EARTH_RADIUS_KM < reachKm);
    return this.#pick(near.length > 0 ? near : others);
  }

  #pick(list) {
    return list[Math.floor(this.#random() * list.length)];
  }

  #fly(aircraft) {
    const elapsedHours = (this.clockMs() - aircraft.reportedMs) / 3_600_000;
    aircraft.progress += (elapsedHours * aircraft.speedKmh) / (aircraft.angle * EARTH_RADIUS_KM);
    if (aircraft.progress >= 1) return false;
    this.#report(aircraft);
    return true;
  }

  #report(aircraft) {
    const { from, to, angle, progress } = aircraft;
    const distanceKm = angle * EARTH_RADIUS_KM;
    const nearestEndKm = Math.min(progress, 1 - progress) * distanceKm;
    const climb = Math.min(1, nearestEndKm / 180);
    aircraft.position = alongGreatCircle(from, to, angle, progress);
    aircraft.trackDeg = bearing(aircraft.position, to);
    aircraft.onGround = nearestEndKm < 3;
    aircraft.altitudeM = aircraft.onGround || aircraft.hidesAltitude ? null : Math.round(aircraft.cruiseM * climb);
    aircraft.speedKmh = aircraft.onGround ? 30 : 280 + 580 * climb;
    aircraft.reportedMs = this.clockMs();
    aircraft.version = this.version;
  }
}

function documentOf(found) {
  const { from, to } = found;
  const unknown = found.type === "Unknown";
  const document = {
    hex: found.hex,
    reg_number: found.registration,
    flag: found.airline[2],
    position: found.position,
    alt: found.onGround ? 0 : (found.altitudeM ?? undefined),
    dir: found.trackDeg,
    speed: Math.round(found.speedKmh),
    v_speed: found.progress < 0.1 ? 9 : found.progress > 0.9 ? -8 : 0,
    flight_number: found.number,
    flight_icao: `${found.airline[1]}${found.number}`,
    flight_iata: `${found.airline[0]}${found.number}`,
    dep_icao: unknown ? undefined : from.icao,
    dep_iata: unknown ? undefined : from.iata,
    arr_icao: to.icao,
    arr_iata: to.iata,
    airline_icao: found.airline[1],
    airline_iata: found.airline[0],
    aircraft_icao: found.aircraftType,
    squawk: found.squawk,
    status: "en-route",
    type: found.type,
    on_ground: found.onGround || !found.hidesAltitude ? found.onGround : undefined,
    dep_pos: unknown ? undefined : { lat: from.lat, lon: from.lon },
    arr_pos: { lat: to.lat, lon: to.lon },
    Departure: found.Departure,
    Arrival: found.Arrival,
    updated: found.reportedMs,
  };
  return JSON.parse(JSON.stringify(document));
}

export function centralAngle(a, b) {
  const halfLat = ((b.lat - a.lat) * RADIANS) / 2;
  const halfLon = ((b.lon - a.lon) * RADIANS) / 2;
  const h = Math.sin(halfLat) ** 2 + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * Math.sin(halfLon) ** 2;
  return 2 * Math.asin(Math.sqrt(h));
}

export function alongGreatCircle(from, to, angle, share) {
  const a = Math.sin((1 - share) * angle) / Math.sin(angle);
  const b = Math.sin(share * angle) / Math.sin(angle);
  const vector = ({ lat, lon }) => [
    Math.cos(lat * RADIANS) * Math.cos(lon * RADIANS),
    Math.cos(lat * RADIANS) * Math.sin(lon * RADIANS),
    Math.sin(lat * RADIANS),
  ];
  const start = vector(from);
  const end = vector(to);
  const [x, y, z] = start.map((value, axis) => a * value + b * end[axis]);
  return { lat: Math.atan2(z, Math.hypot(x, y)) / RADIANS, lon: Math.atan2(y, x) / RADIANS };
}

function bearing(from, to) {
  const dLon = (to.lon - from.lon) * RADIANS;
  const y = Math.sin(dLon) * Math.cos(to.lat * RADIANS);
  const x =
    Math.cos(from.lat * RADIANS) * Math.sin(to.lat * RADIANS) -
    Math.sin(from.lat * RADIANS) * Math.cos(to.lat * RADIANS) * Math.cos(dLon);
  return (Math.atan2(y, x) / RADIANS + 360) % 360;
}

// Mulberry32: small, seeded, good enough for a fleet.
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
