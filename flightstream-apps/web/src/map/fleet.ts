import type { PositionReport, PositionsMessage } from "../api/positions-codec.js";
import { extrapolationSeconds, mercatorVelocity } from "./dead-reckoning.js";
import { mercatorX, mercatorY } from "./mercator.js";

const INITIAL_CAPACITY = 4096;

/**
 * Every aircraft's last report, column by column: tens of thousands of rows are packed for the GPU
 * and searched for the one under the mouse, which objects would make slow.
 */
export class Fleet {
  count = 0;
  version: number | null = null;
  /** Grows with every change, so that whoever copies the fleet knows when to do so again. */
  revision = 0;

  address = new Uint32Array(INITIAL_CAPACITY);
  x = new Float64Array(INITIAL_CAPACITY);
  y = new Float64Array(INITIAL_CAPACITY);
  velocityX = new Float32Array(INITIAL_CAPACITY);
  velocityY = new Float32Array(INITIAL_CAPACITY);
  altitudeM = new Float32Array(INITIAL_CAPACITY);
  speedKmh = new Float32Array(INITIAL_CAPACITY);
  trackDeg = new Float32Array(INITIAL_CAPACITY);
  eventTime = new Float64Array(INITIAL_CAPACITY);
  type = new Uint8Array(INITIAL_CAPACITY);
  onGround = new Uint8Array(INITIAL_CAPACITY);
  category = new Uint8Array(INITIAL_CAPACITY);

  readonly #rowOf = new Map<number, number>();

  apply(message: PositionsMessage): void {
    if (message.fullSnapshot) this.#clear();
    for (const report of message.reports) this.#upsert(report);
    for (const address of message.removed) this.#remove(address);
    this.version = message.version;
    this.revision++;
  }

  /** Drops everything; what comes next has other filters or another time. */
  clear(): void {
    this.#clear();
    this.version = null;
    this.revision++;
  }

  rowOf(address: number): number | undefined {
    return this.#rowOf.get(address);
  }

  /** Where the aircraft should be by now, in Mercator units. */
  positionAt(row: number, dataSeconds: number): { x: number; y: number } {
    const seconds = extrapolationSeconds(dataSeconds - this.eventTime[row]!);
    return {
      x: this.x[row]! + this.velocityX[row]! * seconds,
      y: this.y[row]! + this.velocityY[row]! * seconds,
    };
  }

  #clear(): void {
    this.count = 0;
    this.#rowOf.clear();
  }

  #upsert(report: PositionReport): void {
    if (!Number.isFinite(report.lat) || !Number.isFinite(report.lon)) return;
    let row = this.#rowOf.get(report.address);
    if (row === undefined) {
      row = this.count++;
      if (row >= this.address.length) this.#grow();
      this.#rowOf.set(report.address, row);
    }
    const velocity = mercatorVelocity(report.lat, report.speedKmh, report.trackDeg);
    this.address[row] = report.address;
    this.x[row] = mercatorX(report.lon);
    this.y[row] = mercatorY(report.lat);
    this.velocityX[row] = velocity.x;
    this.velocityY[row] = velocity.y;
    this.altitudeM[row] = report.altitudeM;
    this.speedKmh[row] = report.speedKmh;
    this.trackDeg[row] = Number.isFinite(report.trackDeg) ? report.trackDeg : 0;
    this.eventTime[row] = report.eventTime;
    this.type[row] = report.type;
    this.onGround[row] = report.onGround ? 1 : 0;
    this.category[row] = report.category;
  }

  #remove(address: number): void {
    const row = this.#rowOf.get(address);
    if (row === undefined) return;
    this.#rowOf.delete(address);
    const last = --this.count;
    if (row === last) return;
    for (const column of this.#columns()) column[row] = column[last]!;
    this.#rowOf.set(this.address[row]!, row);
  }

  #columns() {
    return [
      this.address,
      this.x,
      this.y,
      this.velocityX,
      this.velocityY,
      this.altitudeM,
      this.speedKmh,
      this.trackDeg,
      this.eventTime,
      this.type,
      this.onGround,
      this.category,
    ];
  }

  #grow(): void {
    const capacity = this.address.length * 2;
    this.address = grown(this.address, new Uint32Array(capacity));
    this.x = grown(this.x, new Float64Array(capacity));
    this.y = grown(this.y, new Float64Array(capacity));
    this.velocityX = grown(this.velocityX, new Float32Array(capacity));
    this.velocityY = grown(this.velocityY, new Float32Array(capacity));
    this.altitudeM = grown(this.altitudeM, new Float32Array(capacity));
    this.speedKmh = grown(this.speedKmh, new Float32Array(capacity));
    this.trackDeg = grown(this.trackDeg, new Float32Array(capacity));
    this.eventTime = grown(this.eventTime, new Float64Array(capacity));
    this.type = grown(this.type, new Uint8Array(capacity));
    this.onGround = grown(this.onGround, new Uint8Array(capacity));
    this.category = grown(this.category, new Uint8Array(capacity));
  }
}

function grown<Column extends Uint8Array | Uint32Array | Float32Array | Float64Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
