import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "./eventually.mjs";
import { usePage } from "./harness.mjs";

describe("the table of all aircraft", () => {
  const tools = usePage();
  const { open, search } = tools;
  const column = (page, index) =>
    page.$$eval(
      ".grid-canvas .grid-row",
      (rows, cell) =>
        rows
          .map((row) => [Number(row.dataset.index), row.children[cell].textContent])
          .sort(([a], [b]) => a - b)
          .map(([, text]) => text),
      index,
    );

  test("sorts, scrolls and opens rows, and draws only some of them", async () => {
    const page = await open("?view=aircraft");
    await eventually(async () => {
      const { hits } = await search({ size: 8, sort: [{ hex: "asc" }] });
      assert.deepEqual((await column(page, 0)).slice(0, 8), hits.hits.map(({ _id }) => _id));
    });
    const all = (await search({})).hits.total.value;
    const drawn = (await column(page, 0)).length;
    assert.ok(drawn < 60 && drawn < all, `${drawn} rows of ${all} are drawn`);

    const altitude = page.locator('[data-field="alt"]');
    await altitude.locator("button").click();
    assert.equal(await altitude.getAttribute("aria-sort"), "descending");
    await eventually(async () => {
      const { hits } = await search({ size: 4, sort: [{ alt: "desc" }, { hex: "asc" }] });
      assert.deepEqual((await column(page, 0)).slice(0, 4), hits.hits.map(({ _id }) => _id));
    });

    await page.$eval(".grid-scroller", (scroller) => scroller.scrollTo(0, 30 * 500));
    await eventually(async () => {
      const texts = await column(page, 0);
      assert.ok(texts.length > 0 && texts.every((text) => /^~?[0-9A-F]{6}$/.test(text)), texts.join());
    });
    await page.locator(".grid-canvas .grid-row").nth(8).click();
    await page.locator("#details .facts").waitFor();
  });

  test("is walked by arrow keys", async () => {
    const page = await open("?view=aircraft");
    await page.locator(".grid-canvas .grid-row").first().waitFor();
    await page.locator(".grid-scroller").focus();
    for (let presses = 0; presses < 3; presses++) await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.index), "2");
    await page.keyboard.press("Enter");
    await page.locator("#details .facts").waitFor();
  });

  test("is downloaded as it is filtered and sorted", async () => {
    const page = await open("?view=aircraft&type=Domestic");
    await page.locator(".grid-canvas .grid-row").first().waitFor();
    const links = await page.$$eval(".grid-tools a", (each) => each.map(({ href }) => href));
    const [csv, json] = await Promise.all(links.map(async (link) => (await fetch(link)).text()));
    const { total, flights } = JSON.parse(json);
    assert.equal(flights.length, total);
    assert.ok(flights.every(({ type }) => type === "Domestic"));
    if (process.env.FLIGHTSTREAM_URL) assert.ok(Math.abs(csv.trim().split("\n").length - 1 - total) <= 5);
  });
});
