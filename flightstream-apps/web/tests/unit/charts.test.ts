import assert from "node:assert/strict";
import { test } from "node:test";
import { axisSteps } from "../../src/charts/axis.js";
import { squarify } from "../../src/charts/treemap.js";

const AREA = { x: 0, y: 0, width: 100, height: 72 };

test("an axis has round steps from 0 to above the largest value", () => {
  assert.deepEqual(axisSteps(31), [0, 20, 40]);
  assert.deepEqual(axisSteps(3), [0, 1, 2, 3]);
  assert.deepEqual(axisSteps(0), [0, 1]);
  for (const top of [0.7, 1, 9, 99, 1_234, 5e6]) {
    const steps = axisSteps(top);
    assert.ok(steps.at(-1)! >= top * 0.999 && steps.length <= 6, `${top}: ${steps.join()}`);
  }
});

test("the tiles of a treemap fill it in proportion, without overlap", () => {
  const values = [277, 103, 102, 101, 97, 95, 94, 60, 31, 8, 3, 1, 1];
  const tiles = squarify(values.map((value) => ({ value })), AREA);
  const total = values.reduce((a, b) => a + b, 0);
  tiles.forEach((tile, index) => {
    const share = (tile.width * tile.height) / (AREA.width * AREA.height);
    assert.ok(Math.abs(share - values[index]! / total) < 1e-9);
    assert.ok(tile.x >= -1e-9 && tile.y >= -1e-9 && tile.x + tile.width <= 100 + 1e-9 && tile.y + tile.height <= 72 + 1e-9);
    for (const other of tiles.slice(0, index)) {
      const apart = [
        other.x + other.width <= tile.x + 1e-9,
        tile.x + tile.width <= other.x + 1e-9,
        other.y + other.height <= tile.y + 1e-9,
        tile.y + tile.height <= other.y + 1e-9,
      ];
      assert.ok(apart.some(Boolean));
    }
  });
});

test("a treemap of nothing is empty", () => {
  assert.deepEqual(squarify([], AREA), []);
  assert.deepEqual(squarify([{ value: 0 }], AREA), [{ x: 0, y: 0, width: 0, height: 0 }]);
});
