import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { usePage } from "./harness.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];

describe("accessibility", () => {
  const { open, get } = usePage();

  async function assertAccessible(page, what) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)}\n    ${failureSummary.replaceAll("\n", " ")}`).join("\n  ")}`);
    assert.deepEqual(found, [], what);
  }

  for (const colorScheme of ["dark", "light"]) {
    test(`of every view, ${colorScheme}`, async () => {
      const [{ code }] = (await get("airports?limit=1")).airports;
      const page = await open("", { colorScheme });
      for (const view of ["airport", "flight", "aircraft", "stream"]) {
        await page.locator(`.view-tab[data-view="${view}"]`).click();
        await page.locator(`[data-group="${view}"] .panel-body > *`).first().waitFor();
        for (const summary of await page.locator(`[data-group="${view}"] summary`).all()) await summary.click();
        await assertAccessible(page, view);
      }
      await page.goto(`${new URL(page.url()).origin}/?airport=${code}`);
      await page.locator(".board-table").waitFor();
      await page.locator("#alerts-toggle").click();
      await assertAccessible(page, "airport's page and alerts");
      await page.keyboard.press("Escape");
      await page.locator("#filter-departure").click();
      await page.locator(".facet-list li").first().waitFor();
      await assertAccessible(page, "an open filter");
    });
  }

  test("of a flight's page, on a phone", async () => {
    const [{ hex }] = (await get("flights?limit=1&status=en-route")).flights;
    const page = await open(`?view=flight&hex=${hex}`, { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });
    await page.locator("#details .facts").waitFor();
    await assertAccessible(page, "flight");
  });
});
