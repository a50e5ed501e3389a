import assert from "node:assert/strict";
import { test } from "node:test";
import { type Linked, readLink, writeLink } from "../../src/state/url-state.js";

test("a bare address is the beginning, and the beginning is a bare address", () => {
  const linked = readLink("");
  assert.equal(linked.view, "airport");
  assert.equal(writeLink(linked), "");
});

test("every state comes back from its address", () => {
  const linked: Linked = {
    view: "flight",
    filters: {
      values: { flight: ["LO*"], departure: ["WAW", "unknown"], type: ["Domestic"], altitude: ["9000..11000"], registration: ["SP-LVA"] },
      heardWithinMin: 5,
    },
    densityLayer: "grid",
    flightLayer: "speed",
    selectedHex: "~48AE23",
    airport: "WAW",
    replayAt: 1_706_705_158_000,
    mapPosition: { zoom: 4.25, lat: 52.165, lon: -20.967 },
  };
  assert.deepEqual(readLink(writeLink(linked)), linked);
});

test("other parameters stay", () => {
  assert.equal(writeLink({ ...readLink(""), view: "stream" }, "?lang=fr"), "?lang=fr&view=stream");
});

test("nonsense in an address is no state", () => {
  const linked = readLink("?view=x&hex=<b>&airport=../..&map=1/2/x&at=-5&within=abc&layer=&density=none&type=,");
  assert.deepEqual(linked, readLink(""));
});
