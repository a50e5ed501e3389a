const HEADER_BYTES = 40;
const ROW_BYTES = 24;
const FLAG_FULL_SNAPSHOT = 1;
const TYPE_BITS = { Unknown: 0, Domestic: 1, International: 2 };
const CATEGORIES = { AT76: 2, A20N: 4, A320: 4, A321: 4, B738: 4, E190: 4, A359: 5, B77W: 5, B789: 5 };
const STATUS_EN_ROUTE = 2;
const FLAG_ON_GROUND = 1 << 2;

/** One FSP1 message, or null when nothing changed since that version. */
export function encodePositions(fleet, since, box, accepts = () => true) {
  const full = since === null || since > fleet.version;
  const rows = fleet.aircraft.filter((each) => (full || each.version > since) && inBox(each, box) && accepts(each.hex));
  const removed = full ? [] : fleet.removed.filter((each) => each.version > since);
  if (!full && rows.length === 0 && removed.length === 0) return null;

  const bytes = Buffer.alloc(HEADER_BYTES + rows.length * ROW_BYTES + removed.length * 4);
  bytes.write("FSP1", 0, "ascii");
  bytes.writeUInt32LE(rows.length, 4);
  bytes.writeBigUInt64LE(BigInt(fleet.version), 8);
  bytes.writeBigInt64LE(BigInt(fleet.newestEventMs), 16);
  bytes.writeUInt32LE(fleet.aircraft.length, 24);
  bytes.writeUInt32LE(removed.length, 28);
  bytes.writeUInt32LE(full ? FLAG_FULL_SNAPSHOT : 0, 32);
  rows.forEach((each, index) => writeRow(bytes, HEADER_BYTES + index * ROW_BYTES, each));
  const removedStart = HEADER_BYTES + rows.length * ROW_BYTES;
  removed.forEach((each, index) => bytes.writeUInt32LE(each.address, removedStart + index * 4));
  return bytes;
}

function inBox({ position }, box) {
  if (!box) return true;
  const [south, west, north, east] = box;
  return position.lat >= south && position.lat <= north && position.lon >= west && position.lon <= east;
}

function writeRow(bytes, at, aircraft) {
  bytes.writeUInt32LE(aircraft.address, at);
  bytes.writeFloatLE(aircraft.position.lat, at + 4);
  bytes.writeFloatLE(aircraft.position.lon, at + 8);
  bytes.writeInt16LE(aircraft.altitudeM ?? -32768, at + 12);
  bytes.writeUInt16LE(Math.round(aircraft.trackDeg * 100) % 36000, at + 14);
  bytes.writeUInt16LE(Math.round(aircraft.speedKmh), at + 16);
  bytes.writeUInt8(
    TYPE_BITS[aircraft.type] | (aircraft.onGround ? FLAG_ON_GROUND : 0) | (STATUS_EN_ROUTE << 3),
    at + 18,
  );
  bytes.writeUInt8(CATEGORIES[aircraft.aircraftType] ?? 0, at + 19);
  bytes.writeUInt32LE(Math.floor(aircraft.reportedMs / 1000), at + 20);
}
