import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_FILTERS, hasFilters, parametersFor, queryFor, toggled } from "../../src/state/filters.js";

const NOW = 1_706_705_158_000;

test("filters become a query only when there are any", () => {
  assert.equal(queryFor(NO_FILTERS, NOW), undefined);
  assert.ok(!hasFilters(NO_FILTERS));
  assert.deepEqual(queryFor(toggled(NO_FILTERS, "type", "Domestic"), NOW), { terms: { type: ["Domestic"] } });
});

test("values of one facet are alternatives, facets narrow each other down", () => {
  let filters = toggled(NO_FILTERS, "country", "PL");
  filters = toggled(filters, "country", "FR");
  filters = toggled(filters, "status", "en-route");
  assert.deepEqual(queryFor(filters, NOW), {
    bool: { filter: [{ terms: { status: ["en-route"] } }, { terms: { flag: ["PL", "FR"] } }] },
  });
  assert.deepEqual(parametersFor(filters), { status: "en-route", country: "PL,FR" });
  assert.deepEqual(parametersFor(filters, "country"), { status: "en-route" });
});

test("a value toggled twice is no filter", () => {
  const filters = toggled(toggled(NO_FILTERS, "airline", "LOT"), "airline", "LOT");
  assert.deepEqual(filters, NO_FILTERS);
});

test("a code may be of either organisation, and an asterisk stands for any rest", () => {
  const query = queryFor(toggled(NO_FILTERS, "flight", "LO*"), NOW);
  assert.deepEqual(query, { bool: { should: [{ prefix: { flight_iata: "LO" } }, { prefix: { flight_icao: "LO" } }] } });
});

test("what is not known can be asked for", () => {
  assert.deepEqual(queryFor(toggled(NO_FILTERS, "country", "unknown"), NOW), { bool: { must_not: [{ exists: { field: "flag" } }] } });
});

test("there is one altitude band at a time", () => {
  const filters = toggled(toggled(NO_FILTERS, "altitude", "..3000"), "altitude", "9000..11000");
  assert.deepEqual(queryFor(filters, NOW), { range: { alt: { gte: 9_000, lt: 11_000 } } });
  assert.deepEqual(parametersFor(filters), { altitude: "9000..11000" });
  const ground = toggled(NO_FILTERS, "altitude", "ground");
  assert.deepEqual(queryFor(ground, NOW), { term: { on_ground: true } });
  assert.deepEqual(parametersFor(ground), { on_ground: "true" });
});

test("the time range goes by the data's clock", () => {
  const filters = { ...NO_FILTERS, heardWithinMin: 5 };
  assert.deepEqual(queryFor(filters, NOW), { range: { updated: { gte: NOW - 300_000 } } });
  assert.equal(queryFor(filters, null), undefined);
});
