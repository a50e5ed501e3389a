const MAGIC = 0x31505346; // "FSP1", little-endian
const HEADER_BYTES = 40;
const ROW_BYTES = 24;
const ADDRESS_BYTES = 4;
const FLAG_FULL_SNAPSHOT = 1;
const UNKNOWN_I16 = -32768;
const UNKNOWN_U16 = 65535;

export const FlightType = { Unknown: 0, Domestic: 1, International: 2 } as const;
export type FlightType = (typeof FlightType)[keyof typeof FlightType];

/** What kind of aircraft to draw, as byte 19 of a row numbers them. */
export const Category = {
  Unknown: 0,
  Light: 1,
  Turboprop: 2,
  BusinessJet: 3,
  NarrowBody: 4,
  WideBody: 5,
  Helicopter: 6,
} as const;
export type Category = (typeof Category)[keyof typeof Category];

/** One aircraft's last report. Unknown numbers are NaN. */
export interface PositionReport {
  /** ICAO 24-bit address; bit 31 marks an address that is not an ICAO one. */
  address: number;
  lat: number;
  lon: number;
  altitudeM: number;
  trackDeg: number;
  speedKmh: number;
  type: FlightType;
  onGround: boolean;
  category: Category;
  /** Unix seconds. */
  eventTime: number;
}

export interface PositionsMessage {
  version: number;
  newestEventMs: number;
  /** Aircraft that match the request, which may be more than the rows sent. */
  total: number;
  fullSnapshot: boolean;
  reports: PositionReport[];
  removed: Uint32Array;
}

export function decodePositions(buffer: ArrayBuffer): PositionsMessage {
  if (buffer.byteLength < HEADER_BYTES) throw new RangeError("positions: message is shorter than its header");
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError("positions: not an FSP1 message");
  const rows = view.getUint32(4, true);
  const removedCount = view.getUint32(28, true);
  const expected = HEADER_BYTES + rows * ROW_BYTES + removedCount * ADDRESS_BYTES;
  if (buffer.byteLength < expected) {
    throw new RangeError(`positions: ${buffer.byteLength} bytes, header promises ${expected}`);
  }

  const reports = new Array<PositionReport>(rows);
  for (let row = 0; row < rows; row++) reports[row] = decodeRow(view, HEADER_BYTES + row * ROW_BYTES);

  const removed = new Uint32Array(removedCount);
  const removedStart = HEADER_BYTES + rows * ROW_BYTES;
  for (let i = 0; i < removedCount; i++) removed[i] = view.getUint32(removedStart + i * ADDRESS_BYTES, true);

  return {
    version: Number(view.getBigUint64(8, true)),
    newestEventMs: Number(view.getBigInt64(16, true)),
    total: view.getUint32(24, true),
    fullSnapshot: (view.getUint32(32, true) & FLAG_FULL_SNAPSHOT) !== 0,
    reports,
    removed,
  };
}

function decodeRow(view: DataView, at: number): PositionReport {
  const altitude = view.getInt16(at + 12, true);
  const track = view.getUint16(at + 14, true);
  const speed = view.getUint16(at + 16, true);
  const flags = view.getUint8(at + 18);
  return {
    address: view.getUint32(at, true),
    lat: view.getFloat32(at + 4, true),
    lon: view.getFloat32(at + 8, true),
    altitudeM: altitude === UNKNOWN_I16 ? NaN : altitude,
    trackDeg: track === UNKNOWN_U16 ? NaN : track / 100,
    speedKmh: speed === UNKNOWN_U16 ? NaN : speed,
    type: flightTypeFrom(flags & 0b11),
    onGround: (flags & 0b100) !== 0,
    category: categoryFrom(view.getUint8(at + 19)),
    eventTime: view.getUint32(at + 20, true),
  };
}

function flightTypeFrom(bits: number): FlightType {
  return bits === FlightType.Domestic || bits === FlightType.International ? bits : FlightType.Unknown;
}

function categoryFrom(value: number): Category {
  return value <= Category.Helicopter ? (value as Category) : Category.Unknown;
}

const NON_ICAO_BIT = 0x8000_0000;

/** The address as people write it: six digits, with "~" before one that is not an ICAO address. */
export function hexOf(address: number): string {
  const digits = (address & 0xff_ffff).toString(16).toUpperCase().padStart(6, "0");
  return (address & NON_ICAO_BIT) === 0 ? digits : `~${digits}`;
}

/** The inverse of {@link hexOf}; null for anything else. */
export function addressOf(hex: string): number | null {
  const match = /^(~?)([0-9a-f]{6})$/i.exec(hex);
  if (!match) return null;
  const address = parseInt(match[2]!, 16);
  return match[1] ? (address | NON_ICAO_BIT) >>> 0 : address;
}
