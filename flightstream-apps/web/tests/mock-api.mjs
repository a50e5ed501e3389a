// The HTTP API's other answers, made up from the simulated fleet: enough to develop the page on.
import { AIRPORTS } from "./mock-airports.mjs";
import { grouped } from "./mock-search.mjs";
import { EARTH_RADIUS_KM, alongGreatCircle, centralAngle } from "./mock-fleet.mjs";

const QUARTER_MS = 900_000;
const FILTER_FIELDS = {
  flight: ["flight_iata", "flight_icao"],
  hex: ["hex"],
  registration: ["reg_number"],
  departure: ["dep_iata", "dep_icao"],
  arrival: ["arr_iata", "arr_icao"],
  airline: ["airline_icao", "airline_iata"],
  aircraft: ["aircraft_icao"],
  status: ["status"],
  type: ["type"],
  country: ["flag"],
};
const LABELS = { departure: "Departure", arrival: "Arrival" };

/** Whether a document passes the filters among the parameters. */
export function passes(document, parameters) {
  for (const [name, fields] of Object.entries(FILTER_FIELDS)) {
    const wanted = parameters.get(name)?.split(",");
    if (!wanted) continue;
    const values = fields.map((field) => document[field]).filter(Boolean);
    const hit = wanted.some((each) => {
      if (each === "unknown") return values.length === 0;
      return each.endsWith("*") ? values.some((value) => value.startsWith(each.slice(0, -1))) : values.includes(each);
    });
    if (!hit) return false;
  }
  const ground = parameters.get("on_ground");
  if (ground !== null && document.on_ground !== (ground === "true")) return false;
  const [low, high] = (parameters.get("altitude") ?? "..").split("..");
  if (low && !(document.alt >= Number(low))) return false;
  return !high || document.alt < Number(high);
}

/** The answer, undefined for an unknown path, null for an unknown thing. */
export function answer(fleet, path, parameters) {
  const matching = () => fleet.documents().filter((document) => passes(document, parameters));
  const [head, id, rest] = path.split("/");
  if (head === "flights" && !id) return listFlights(matching(), parameters);
  if (head === "flights" && !rest) return flightDetail(fleet, id.toUpperCase());
  if (head === "flights" && rest === "track") return track(fleet, id.toUpperCase());
  if (head === "aircraft") return aircraft(fleet, id.toUpperCase());
  if (head === "clusters") return clusters(matching(), Number(parameters.get("zoom") ?? 4));
  if (head === "airports" && !id) return { as_of: fleet.newestEventMs, ...airports(matching()) };
  if (head === "airports") return airportPage(fleet, id.toUpperCase());
  if (path === "stats/summary") return summary(matching());
  if (path === "stats/speeds") return speeds(matching());
  if (path === "stats/treemap") return treemap(matching(), parameters);
  if (path === "stats/throughput") return throughput(fleet, fleet.aircraft.length);
  if (head === "suggest") return { suggestions: suggestions(matching(), parameters) };
  if (head === "alerts") return alerts(fleet);
  if (path === "history") return { from: fleet.clockMs() - 7_200_000, until: fleet.newestEventMs, aircraft: fleet.aircraft.length, points: 9 };
  if (head === "pipeline") return pipeline(fleet);
  return undefined;
}

function listFlights(documents, parameters) {
  return { total: documents.length, flights: documents.slice(0, Number(parameters.get("limit") ?? 100)) };
}

function airportOf(code) {
  const found = AIRPORTS.find(({ iata, icao }) => iata === code || icao === code);
  if (!found) return undefined;
  const { iata, icao, name, country, lat, lon } = found;
  return { code: iata, iata, icao, name, country, position: { lat, lon } };
}

function routeOf({ dep_pos, arr_pos, position, speed, updated }) {
  if (!arr_pos) return {};
  const remaining_km = centralAngle(position, arr_pos) * EARTH_RADIUS_KM;
  const eta = Math.round(updated + (remaining_km / Math.max(speed, 100)) * 3_600_000);
  if (!dep_pos) return { remaining_km, eta };
  const flown_km = centralAngle(dep_pos, position) * EARTH_RADIUS_KM;
  return { remaining_km, flown_km, eta, progress: flown_km / (flown_km + remaining_km) };
}

function phaseOf({ on_ground, v_speed }) {
  if (on_ground) return "ground";
  return v_speed > 0 ? "climb" : v_speed < 0 ? "descent" : "cruise";
}

function flightDetail(fleet, hex) {
  const document = fleet.flight(hex);
  return document && { ...document, phase: phaseOf(document), age_ms: fleet.clockMs() - document.updated, route: routeOf(document) };
}

function track(fleet, hex) {
  const found = fleet.aircraft.find((each) => each.hex === hex);
  if (!found) return null;
  const steps = 60;
  const points = { time: [], lat: [], lon: [], alt: [], speed: [], dir: [], on_ground: [] };
  for (let step = 0; step <= steps; step++) {
    const progress = (found.progress * step) / steps;
    const { lat, lon } = alongGreatCircle(found.from, found.to, found.angle, progress);
    const climb = Math.min(1, (Math.min(progress, 1 - progress) * found.angle * EARTH_RADIUS_KM) / 180);
    points.time.push(found.reportedMs - (steps - step) * 60_000);
    points.lat.push(lat);
    points.lon.push(lon);
    points.alt.push(Math.round(found.cruiseM * climb));
    points.speed.push(Math.round(280 + 580 * climb));
    points.dir.push(found.trackDeg);
    points.on_ground.push(false);
  }
  const [from, until] = [points.time[0], points.time.at(-1)];
  const phases = [{ phase: "climb", from, until: from + 600_000 }, { phase: "cruise", from: from + 600_000, until }];
  return { hex, from, until, points, phases };
}

function aircraft(fleet, hex) {
  const document = fleet.flight(hex);
  if (!document) return null;
  const leg = { flight: document.flight_iata, departure: document.dep_iata, arrival: document.arr_iata, reports: 60, distance_km: 812 };
  const first_seen = document.updated - 3_600_000;
  return { ...document, first_seen, last_seen: document.updated, is_live: true, legs: [{ ...leg, from: first_seen, until: document.updated, is_open: true }] };
}

function clusters(documents, zoom) {
  const cells = new Map();
  for (const { position } of documents) {
    const tiles = 2 ** zoom;
    const radians = (Math.max(-85, Math.min(85, position.lat)) * Math.PI) / 180;
    const x = Math.floor((position.lon / 360 + 0.5) * tiles);
    const y = Math.floor((0.5 - Math.log(Math.tan(Math.PI / 4 + radians / 2)) / (2 * Math.PI)) * tiles);
    const cell = cells.get(`${x}/${y}`) ?? { x, y, count: 0, lat: 0, lon: 0 };
    cell.count++;
    cell.lat += (position.lat - cell.lat) / cell.count;
    cell.lon += (position.lon - cell.lon) / cell.count;
    cells.set(`${x}/${y}`, cell);
  }
  return { zoom, total: documents.length, cells: [...cells.values()] };
}

function airports(documents) {
  const found = new Map();
  for (const { dep_iata, arr_iata } of documents) {
    for (const [code, side] of [[dep_iata, "departures"], [arr_iata, "arrivals"]]) {
      if (!code) continue;
      const airport = found.get(code) ?? { ...airportOf(code), arrivals: 0, departures: 0 };
      airport[side]++;
      found.set(code, airport);
    }
  }
  const sorted = [...found.values()].sort((a, b) => b.arrivals + b.departures - a.arrivals - a.departures);
  return { total: sorted.length, airports: sorted };
}

function countBy(documents, keyOf) {
  const counts = {};
  for (const document of documents) {
    const key = keyOf(document);
    if (key !== undefined) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function summary(documents) {
  const by_type = { Domestic: 0, International: 0, Unknown: 0, ...countBy(documents, ({ type }) => type) };
  return { total: documents.length, by_type, by_status: countBy(documents, ({ status }) => status ?? "unknown") };
}

function speedsOf(documents) {
  const values = documents.map(({ speed }) => speed);
  return { count: values.length, mean: values.reduce((a, b) => a + b, 0) / values.length, max: Math.max(...values) };
}

function speeds(documents) {
  const airborne = documents.filter(({ on_ground, speed }) => on_ground === false && speed !== undefined);
  const groups = (keyOf) => [...grouped(airborne, keyOf)];
  return {
    airborne: speedsOf(airborne),
    fastest_types: groups(({ aircraft_icao }) => aircraft_icao)
      .map(([key, group]) => ({ key, ...speedsOf(group) }))
      .sort((a, b) => b.mean - a.mean || (a.key < b.key ? -1 : 1))
      .slice(0, 10),
    by_altitude: groups(({ alt }) => (alt === undefined ? undefined : Math.floor(alt / 1000) * 1000))
      .map(([from, group]) => ({ from, until: from + 1000, ...speedsOf(group) }))
      .sort((a, b) => a.from - b.from),
  };
}

function treemap(documents, parameters) {
  const [field] = FILTER_FIELDS[parameters.get("by") ?? "aircraft"];
  const counts = Object.entries(countBy(documents, (document) => document[field]));
  counts.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return { groups: counts.slice(0, Number(parameters.get("groups") ?? 30)).map(([key, count]) => ({ key, count, children: [] })) };
}

function airportPage(fleet, code) {
  const airport = airportOf(code);
  if (!airport) return null;
  const documents = fleet.documents();
  const board = (field, other, distance) => {
    const rows = documents
      .filter((document) => document[field] === airport.iata)
      .map((document) => {
        const route = routeOf(document);
        const { hex, flight_iata: flight, reg_number, aircraft_icao, status, type, updated } = document;
        const { eta, progress } = route;
        const far = document[other] && airportOf(document[other]);
        return { hex, flight, reg_number, aircraft_icao, status, type, updated, phase: phaseOf(document), eta, progress, distance_km: route[distance], other: far };
      })
      .sort((a, b) => a.eta - b.eta);
    return { total: rows.length, rows: rows.slice(0, 200) };
  };
  const start = Math.floor(fleet.clockMs() / QUARTER_MS) * QUARTER_MS;
  const inbound = board("arr_iata", "dep_iata", "remaining_km");
  const expected = Array.from({ length: 8 }, (_, index) => {
    const from = start + index * QUARTER_MS;
    return { from, until: from + QUARTER_MS, arrivals: inbound.rows.filter(({ eta }) => eta >= from && eta < from + QUARTER_MS).length };
  });
  return {
    as_of: fleet.newestEventMs,
    airport,
    inbound,
    outbound: board("dep_iata", "arr_iata", "flown_km"),
    arrivals_by_type: { Domestic: 0, International: 0, Unknown: 0 },
    departures_by_type: { Domestic: 0, International: 0, Unknown: 0 },
    expected,
    throughput: throughput(fleet, 40),
  };
}

function throughput(fleet, scale) {
  const start = Math.floor(fleet.clockMs() / QUARTER_MS) * QUARTER_MS;
  const windows = Array.from({ length: 16 }, (_, index) => ({
    from: start - (15 - index) * QUARTER_MS,
    until: start - (14 - index) * QUARTER_MS,
    arrivals: Math.round(scale * (0.5 + 0.3 * Math.sin(index / 3))),
    departures: Math.round(scale * (0.45 + 0.3 * Math.cos(index / 4))),
    airborne: scale,
    complete: index < 15,
  }));
  return {
    available: true,
    window_ms: QUARTER_MS,
    windows,
    arrivals_trend: { direction: "rising", change: 0.12 },
    departures_trend: { direction: "falling", change: -0.08 },
  };
}

function suggestions(documents, parameters) {
  const q = (parameters.get("q") ?? "").toUpperCase();
  const kinds = parameters.get("for")?.split(",") ?? Object.keys(FILTER_FIELDS);
  const found = kinds.flatMap((filter) => {
    const counts = new Map();
    for (const document of documents) {
      const value = FILTER_FIELDS[filter].map((field) => document[field]).find(Boolean) ?? "unknown";
      const label = document[LABELS[filter]];
      const text = `${value} ${label ?? ""}`.toUpperCase();
      if (q && !text.startsWith(q) && !text.includes(` ${q}`)) continue;
      const entry = counts.get(value) ?? { filter, value, ...(label && { label }), count: 0 };
      entry.count++;
      counts.set(value, entry);
    }
    return [...counts.values()];
  });
  return found.sort((a, b) => b.count - a.count).slice(0, Number(parameters.get("limit") ?? 20));
}

function alerts(fleet) {
  const [first, second, , emergency] = fleet.documents();
  const base = ({ hex, flight_iata, position, updated }) => ({ hex, flight: flight_iata, position, since: updated - 300_000, last: updated, count: 3, message: "" });
  return {
    as_of: fleet.newestEventMs,
    version: 1,
    active: [
      { id: "e1", kind: "emergency", severity: "critical", squawk: "7700", meaning: "general emergency", ...base(emergency) },
      { id: "l1", kind: "lost_signal", severity: "warning", silent_ms: 240_000, ...base(first) },
      { id: "j1", kind: "implausible_jump", severity: "info", distance_km: 210, implied_speed: 9_000, ...base(second) },
    ],
    recent: [],
  };
}

function pipeline(fleet) {
  const { pipeline: status, clock, now } = fleet.tick();
  const stage = (name, topic, sink, operators, state = []) => ({
    name,
    topic,
    health: "ready",
    read: status.read,
    emitted: status.enriched,
    rejected: name === "process" ? status.rejected : {},
    counts: {},
    per_second: status.records_per_second,
    lag: status.lag,
    partitions: [0, 1].map((partition) => ({ topic, partition, position: 100, end: 101, lag: 1 })),
    state,
    commits: 12,
    restarts: 0,
    last_failure: null,
    topology: {
      source: topic,
      pipeline: operators.reduce((input, operator) => ({ name: operator, types: [], inputs: input ? [input] : [] }), null),
      sink,
      dead_letters: "flight-dlq",
    },
  });
  const throughputOf = (_, index) => ({
    time: now - (599 - index) * 1000,
    records_per_second: status.records_per_second * (1 + 0.2 * Math.sin(index / 20)),
    lag: index % 7,
  });
  return {
    now,
    as_of: clock ?? now,
    records_per_second: status.records_per_second,
    latency: { count: 500, p50_ms: 180, p99_ms: 910, max_ms: 1400 },
    late: status.late,
    rejected: Object.entries(status.rejected).map(([reason, count]) => ({
      reason,
      count,
      samples: [{ time: now, stage: "process", message: `the record has ${reason}`, topic: "flight", offset: 42, value: '{"hex":"ABCDEF"}' }],
    })),
    unresolved_airports: { departures: 4, arrivals: 7, codes: [{ key: "XQZ", count: 6 }, { key: "QQA", count: 5 }] },
    windows_open: 120,
    throughput: Array.from({ length: 600 }, throughputOf),
    stages: [
      stage("process", "flight", { kind: "topic", topic: "flight-enriched" }, ["decode", "event_time", "enrich"]),
      stage("index", "flight-enriched", { kind: "index esflight", topic: null }, ["documents"]),
      stage("statistics-airport", "flight-enriched", { kind: "topic", topic: "flight-stats" }, ["key_by", "windowed", "aggregate"], [
        { store: "airport-traffic", entries: 120, bytes: 48_000 },
      ]),
    ],
    clients: 1,
  };
}
