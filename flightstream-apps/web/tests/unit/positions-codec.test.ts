import assert from "node:assert/strict";
import { test } from "node:test";
import { Category, FlightType, addressOf, decodePositions, hexOf } from "../../src/api/positions-codec.js";

interface Row {
  address: number;
  lat: number;
  lon: number;
  altitude: number;
  track: number;
  speed: number;
  flags: number;
  category: number;
  time: number;
}

const ROW: Row = {
  address: 0x4ca7b4,
  lat: 51.5,
  lon: -0.25,
  altitude: 10_345,
  track: 27_260,
  speed: 818,
  flags: 0b010_0_10,
  category: 6,
  time: 1_706_705_158,
};

function message({ rows = [ROW], removed = [] as number[], flags = 1, magic = "FSP1" } = {}): ArrayBuffer {
  const bytes = Buffer.alloc(40 + rows.length * 24 + removed.length * 4);
  bytes.write(magic, 0, "ascii");
  bytes.writeUInt32LE(rows.length, 4);
  bytes.writeBigUInt64LE(9_007_199_254_740_991n, 8);
  bytes.writeBigInt64LE(1_706_705_158_500n, 16);
  bytes.writeUInt32LE(5_338, 24);
  bytes.writeUInt32LE(removed.length, 28);
  bytes.writeUInt32LE(flags, 32);
  rows.forEach((row, index) => {
    const at = 40 + index * 24;
    bytes.writeUInt32LE(row.address, at);
    bytes.writeFloatLE(row.lat, at + 4);
    bytes.writeFloatLE(row.lon, at + 8);
    bytes.writeInt16LE(row.altitude, at + 12);
    bytes.writeUInt16LE(row.track, at + 14);
    bytes.writeUInt16LE(row.speed, at + 16);
    bytes.writeUInt8(row.flags, at + 18);
    bytes.writeUInt8(row.category, at + 19);
    bytes.writeUInt32LE(row.time, at + 20);
  });
  removed.forEach((address, index) => bytes.writeUInt32LE(address, 40 + rows.length * 24 + index * 4));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

test("reads the header", () => {
  const decoded = decodePositions(message());
  assert.equal(decoded.version, Number.MAX_SAFE_INTEGER);
  assert.equal(decoded.newestEventMs, 1_706_705_158_500);
  assert.equal(decoded.total, 5_338);
  assert.equal(decoded.fullSnapshot, true);
  assert.equal(decodePositions(message({ flags: 0 })).fullSnapshot, false);
});

test("a category of a later version is not known", () => {
  assert.equal(decodePositions(message({ rows: [{ ...ROW, category: 7 }] })).reports[0]!.category, Category.Unknown);
});

test("reads a row", () => {
  const [report] = decodePositions(message()).reports;
  assert.deepEqual(report, {
    address: 0x4ca7b4,
    lat: 51.5,
    lon: -0.25,
    altitudeM: 10_345,
    trackDeg: 272.6,
    speedKmh: 818,
    type: FlightType.International,
    onGround: false,
    category: Category.Helicopter,
    eventTime: 1_706_705_158,
  });
});

test("reads unknown numbers as NaN, and zero as zero", () => {
  const unknown = { ...ROW, altitude: -32_768, track: 65_535, speed: 65_535, flags: 0b100 };
  const zero = { ...ROW, altitude: 0, track: 0, speed: 0 };
  const [first, second] = decodePositions(message({ rows: [unknown, zero] })).reports;
  assert.ok(Number.isNaN(first!.altitudeM) && Number.isNaN(first!.trackDeg) && Number.isNaN(first!.speedKmh));
  assert.equal(first!.onGround, true);
  assert.deepEqual([second!.altitudeM, second!.trackDeg, second!.speedKmh], [0, 0, 0]);
});

test("reads a type that is not defined yet as unknown", () => {
  assert.equal(decodePositions(message({ rows: [{ ...ROW, flags: 0b11 }] })).reports[0]!.type, FlightType.Unknown);
});

test("reads what was removed, after the rows", () => {
  const decoded = decodePositions(message({ rows: [ROW, ROW], removed: [1, 0x8000_0002] }));
  assert.deepEqual([...decoded.removed], [1, 0x8000_0002]);
});

test("refuses what is not such a message", () => {
  assert.throws(() => decodePositions(new ArrayBuffer(39)), /shorter than its header/);
  assert.throws(() => decodePositions(message({ magic: "FSP2" })), /not an FSP1 message/);
  assert.throws(() => decodePositions(message().slice(0, 63)), /63 bytes, header promises 64/);
});

test("writes and reads addresses", () => {
  assert.equal(hexOf(0x00a1b2), "00A1B2");
  assert.equal(hexOf(0x8000_0abc), "~000ABC");
  assert.equal(addressOf("00a1b2"), 0x00a1b2);
  assert.equal(addressOf("~000ABC"), 0x8000_0abc);
  assert.equal(addressOf("nonsense"), null);
});
