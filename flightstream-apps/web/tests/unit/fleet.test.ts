import assert from "node:assert/strict";
import { test } from "node:test";
import { Category, FlightType, type PositionReport, type PositionsMessage } from "../../src/api/positions-codec.js";
import {
  COLOUR_OFFSET,
  type ColourBy,
  INSTANCE_BYTES,
  SHAPE_OFFSET,
  TRACK_AND_SCALE_OFFSET,
  fixedPoint,
  packAircraft,
} from "../../src/map/aircraft-buffer.js";
import { Fleet } from "../../src/map/fleet.js";
import { mercatorX, mercatorY } from "../../src/map/mercator.js";
import { pickAircraft } from "../../src/map/picking.js";
import { regionOf } from "../../src/map/region.js";

function report(address: number, change: Partial<PositionReport> = {}): PositionReport {
  return {
    address,
    lat: 50,
    lon: 8,
    altitudeM: 10_000,
    trackDeg: 90,
    speedKmh: 800,
    type: FlightType.International,
    onGround: false,
    category: Category.NarrowBody,
    eventTime: 1_000,
    ...change,
  };
}

function message(reports: PositionReport[], change: Partial<PositionsMessage> = {}): PositionsMessage {
  return {
    version: 1,
    newestEventMs: 1_000_000,
    total: reports.length,
    fullSnapshot: false,
    reports,
    removed: new Uint32Array(),
    ...change,
  };
}

function fleetOf(...reports: PositionReport[]): Fleet {
  const fleet = new Fleet();
  fleet.apply(message(reports, { fullSnapshot: true }));
  return fleet;
}

const PICK = { radius: 1e-4, dataSeconds: 1_000, notBefore: 0 };
const PACK = { theme: "dark", colourBy: "altitude", notBefore: 0, selectedAddress: null, baseTime: 0 } as const;

test("a delta adds, updates and removes", () => {
  const fleet = fleetOf(report(1), report(2), report(3));
  fleet.apply(message([report(2, { altitudeM: 5_000 }), report(4)], { version: 2, removed: Uint32Array.of(1, 99) }));
  assert.equal(fleet.count, 3);
  assert.equal(fleet.version, 2);
  assert.equal(fleet.rowOf(1), undefined);
  assert.equal(fleet.altitudeM[fleet.rowOf(2)!], 5_000);
  for (const address of [2, 3, 4]) assert.equal(fleet.address[fleet.rowOf(address)!], address);
});

test("a full snapshot replaces everything", () => {
  const fleet = fleetOf(report(1), report(2));
  fleet.apply(message([report(3)], { fullSnapshot: true }));
  assert.equal(fleet.count, 1);
  assert.equal(fleet.rowOf(1), undefined);
});

test("grows beyond its first capacity", () => {
  const fleet = fleetOf(...Array.from({ length: 10_000 }, (_, address) => report(address, { altitudeM: address })));
  assert.equal(fleet.count, 10_000);
  assert.equal(fleet.altitudeM[fleet.rowOf(9_999)!], 9_999);
});

test("the nearest aircraft is picked where it is by now", () => {
  const fleet = fleetOf(report(1, { eventTime: 940 }), report(2, { lat: 51 }));
  const now = fleet.positionAt(fleet.rowOf(1)!, 1_000);
  assert.ok(now.x > mercatorX(8));
  assert.equal(pickAircraft(fleet, { ...PICK, ...now, radius: 1e-6 }), 1);
  assert.equal(pickAircraft(fleet, { ...PICK, x: mercatorX(8), y: mercatorY(51) }), 2);
  assert.equal(pickAircraft(fleet, { ...PICK, x: 0.1, y: 0.1 }), null);
});

test("an aircraft is picked on a copy of the world", () => {
  const fleet = fleetOf(report(1));
  assert.equal(pickAircraft(fleet, { ...PICK, x: mercatorX(8) + 1, y: mercatorY(50) }), 1);
  assert.equal(pickAircraft(fleet, { ...PICK, x: mercatorX(8) - 1, y: mercatorY(50) }), 1);
});

test("an aircraft not heard of lately is neither drawn nor picked, if so wished", () => {
  const fleet = fleetOf(report(1), report(2, { lat: 51, eventTime: 400 }));
  assert.equal(packAircraft(fleet, { ...PACK, notBefore: 940 }).count, 1);
  assert.equal(pickAircraft(fleet, { ...PICK, notBefore: 940, x: mercatorX(8), y: mercatorY(51) }), null);
});

test("the selected aircraft is drawn last, once, even when it is old", () => {
  const fleet = fleetOf(report(1, { lon: 1 }), report(2, { lon: 2 }));
  const packed = packAircraft(fleet, { ...PACK, selectedAddress: 1, notBefore: 2_000 });
  assert.equal(packed.count, 1);
  const both = packAircraft(fleet, { ...PACK, selectedAddress: 1 });
  assert.equal(both.count, 2);
  assert.equal(new DataView(both.bytes).getInt32(INSTANCE_BYTES, true), fixedPoint(mercatorX(1)));
});

test("each category of aircraft has its own shape, and size", () => {
  const view = (category: Category) => new DataView(packAircraft(fleetOf(report(1, { category })), PACK).bytes);
  const scaleOf = (category: Category) => view(category).getUint16(TRACK_AND_SCALE_OFFSET + 2, true);
  assert.equal(view(Category.Helicopter).getUint8(SHAPE_OFFSET), Category.Helicopter);
  assert.ok(scaleOf(Category.WideBody) > scaleOf(Category.NarrowBody));
  assert.ok(scaleOf(Category.NarrowBody) > scaleOf(Category.Light));
});

test("colours tell altitude, or speed, or nothing", () => {
  const colour = (colourBy: ColourBy, change: Partial<PositionReport>) => {
    const { bytes } = packAircraft(fleetOf(report(1, change)), { ...PACK, colourBy });
    return [...new Uint8Array(bytes, COLOUR_OFFSET, 3)].join();
  };
  assert.notEqual(colour("altitude", { altitudeM: 1_000 }), colour("altitude", { altitudeM: 11_000 }));
  assert.equal(colour("altitude", { speedKmh: 200 }), colour("altitude", { speedKmh: 900 }));
  assert.notEqual(colour("speed", { speedKmh: 200 }), colour("speed", { speedKmh: 900 }));
  assert.notEqual(colour("speed", { speedKmh: NaN }), colour("speed", { speedKmh: 0 }));
  assert.equal(colour("plain", { altitudeM: 1_000 }), colour("plain", { altitudeM: 11_000 }));
});

test("fixed-point positions wrap around the world", () => {
  assert.equal(fixedPoint(0.5), 0);
  assert.equal(fixedPoint(0.75), fixedPoint(1.75));
  assert.equal(fixedPoint(0.25), fixedPoint(-0.75));
  assert.equal((fixedPoint(1.01) - fixedPoint(0.99)) | 0, Math.round(0.02 * 2 ** 32));
});

test("regional data have a region, the world's have none", () => {
  const region = regionOf(fleetOf(report(1, { lat: 50, lon: 5 }), report(2, { lat: 52, lon: 9 })));
  assert.deepEqual(region?.map(Math.round), [5, 50, 9, 52]);
  assert.equal(regionOf(fleetOf(report(1, { lon: -100 }), report(2, { lon: 100 }))), null);
});
