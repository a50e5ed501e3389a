import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mapReady } from "./chromium.mjs";
import { eventually } from "./eventually.mjs";
import { usePage } from "./harness.mjs";

describe("the page", () => {
  const { open, get, search } = usePage();
  const parameter = (page, name) => new URL(page.url()).searchParams.get(name);

  test("can be worked with the keyboard alone", async () => {
    const page = await open("?view=flight");
    const reached = [];
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const node = document.activeElement;
        if (node === document.body) return null;
        const shown = node.matches("[type=radio]") ? node.nextElementSibling : node;
        return { name: node.id || node.className || node.textContent, visible: getComputedStyle(shown).outlineStyle !== "none" };
      });
      if (!focused || reached.includes(focused.name)) continue;
      assert.ok(focused.visible, `${focused.name} shows no focus`);
      reached.push(focused.name);
    }
    for (const name of ["skip-link", "view-tab", "finder-input", "alerts-toggle", "theme-toggle", "filter-flight", "zoom-in", "layer-altitude", "bar-label"]) {
      assert.ok(reached.includes(name), `Tab never reaches ${name}, only ${reached.join(", ")}`);
    }
    await page.locator("#map canvas").focus();
    await page.keyboard.press("Enter");
    await page.locator("#details .facts").waitFor();
    assert.match(parameter(page, "hex"), /^~?[0-9A-F]{6}$/);
    await page.keyboard.press("Escape");
    await page.locator("#details").waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "CANVAS");
  });

  test("holds its state in the address, and goes back", async () => {
    const page = await open();
    await page.locator('.view-tab[data-view="flight"]').click();
    await page.locator("label[for=layer-speed]").click();
    assert.equal(parameter(page, "view"), "flight");
    assert.equal(parameter(page, "layer"), "speed");
    await page.locator('.view-tab[data-view="stream"]').click();
    await page.locator("#panel-topology svg").waitFor();
    await page.goBack();
    await page.locator("#panel-aircraft-treemap").waitFor();
    assert.equal(await page.locator("#layer-speed").isChecked(), true);
    await page.reload();
    await mapReady(page);
    assert.equal(await page.locator("#layer-speed").isChecked(), true);
    assert.equal(await page.locator('.view-tab[aria-current="page"]').innerText(), "Flight");
  });

  test("changes theme, units and language, and remembers them", async () => {
    const page = await open("?view=aircraft", { colorScheme: "dark" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.locator("#theme-toggle").click();
    const light = await ground();
    assert.notEqual(light, dark);
    await page.locator("#settings-toggle").click();
    await page.locator("#units").selectOption("aviation");
    await eventually(async () => assert.match(await page.locator("#panel-speeds .gauge-unit").first().textContent(), /kt/));
    await page.locator("#language").selectOption("fr");
    await page.waitForURL(/lang=fr/);
    await page.locator("#panel-speeds .gauge-unit").first().waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "fr");
    assert.match(await page.locator("#views").innerText(), /Aéroport/);
    assert.match(await page.locator("#panel-speeds .gauge-unit").first().textContent(), /kt/);
    assert.equal(await ground(), light);
  });

  test("replays what was, and comes back", async () => {
    const page = await open();
    await eventually(async () => {
      const { from, until } = await get("history");
      assert.ok(from !== null && until > from);
    }, { timeout: 60_000 });
    await page.locator("#replay-toggle").click();
    await page.locator("#replay .replay-time", { hasText: "UTC" }).waitFor();
    assert.equal(parameter(page, "view"), "flight");
    assert.ok(Number(parameter(page, "at")) > 0);
    await page.locator(".replay-play", { hasText: "Pause" }).click();
    const at = await page.$eval(".replay-slider", (slider) => Number(slider.value));
    await page.waitForTimeout(1_500);
    assert.equal(await page.$eval(".replay-slider", (slider) => Number(slider.value)), at);
    await page.locator("#replay .button", { hasText: "Back to live" }).click();
    await page.locator("#replay").waitFor({ state: "hidden" });
    assert.equal(parameter(page, "at"), null);
    const version = () => page.$eval("#map", (map) => Number(map.dataset.version));
    await eventually(async () => assert.ok((await version()) > 0));
  });

  test("tells of alerts and of what is watched", async () => {
    const page = await open();
    await page.locator("#alerts-toggle").click();
    await eventually(async () => {
      const { active } = await get("alerts");
      assert.equal(await page.$eval("#alerts-count", (node) => Number(node.dataset.count)), active.length);
    });
    const { hits } = await search({ size: 1, sort: [{ updated: "desc" }] });
    const hex = hits.hits[0]._id;
    await page.locator("#watch-input").fill(`${hex.toLowerCase()}, NOSUCH`);
    await page.keyboard.press("Enter");
    await page.locator(`#watched [data-entry="${hex}"][data-live="true"]`).waitFor();
    assert.equal(await page.locator('#watched [data-entry="NOSUCH"]').getAttribute("data-live"), "false");
    await page.locator(`#watched [data-entry="${hex}"] .link`).click();
    await page.locator(`#details[data-hex="${hex}"]`).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#alerts-drawer").waitFor({ state: "hidden" });
  });

  for (const width of [320, 390]) {
    test(`fits a phone ${width} pixels wide`, async () => {
      const page = await open("", { viewport: { width, height: 720 }, hasTouch: true, isMobile: true });
      for (const view of ["airport", "flight", "aircraft", "stream"]) {
        await page.locator(`.view-tab[data-view="${view}"]`).tap();
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, view);
      }
      await page.locator('.view-tab[data-view="airport"]').tap();
      for (const selector of [".top-bar", "#theme-toggle", "#zoom-in", "#legend", "#panels", "#total", "#views"]) {
        const box = await page.locator(selector).boundingBox();
        assert.ok(box && box.x >= 0 && box.x + box.width <= width + 0.5, `${selector} is off the screen`);
      }
      const sheet = page.locator("#panels");
      const closed = (await sheet.boundingBox()).height;
      const toggle = page.locator("#sheet-toggle");
      await toggle.tap();
      assert.equal(await toggle.getAttribute("aria-expanded"), "true");
      await eventually(async () => assert.ok((await sheet.boundingBox()).height > closed * 1.5));
      await toggle.tap();
      await eventually(async () => assert.equal((await sheet.boundingBox()).height, closed));
    });
  }
});
