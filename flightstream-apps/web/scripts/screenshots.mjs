// The pictures of the guides, of the page as it is: FLIGHTSTREAM_BIN=../../target/release/flightstream npm run screenshots
import path from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium, mapReady, openWatchedPage } from "../tests/browser/chromium.mjs";
import { pageServer } from "../tests/browser/server.mjs";

const FOLDER = fileURLToPath(new URL("../../../docs/screenshots/", import.meta.url));
const PICTURES = {
  airport: { link: "?view=airport" },
  flight: { link: "?view=flight" },
  aircraft: { link: "?view=aircraft" },
  stream: { link: "?view=stream" },
  dark: { link: "?view=flight", options: { colorScheme: "dark" } },
  phone: { link: "?view=airport", options: { viewport: { width: 390, height: 844 } } },
};

const server = await pageServer();
const browser = await launchChromium();
try {
  for (const [name, { link, options }] of Object.entries(PICTURES)) {
    const { page, context, problems } = await openWatchedPage(browser, new URL(link, server.url).href, options);
    await page.waitForFunction(() => Number(document.querySelector("#total")?.dataset.total) > 0);
    if (!/view=(aircraft|stream)/.test(link)) await mapReady(page);
    // Panels ask once a second, and the stream's figures are of the last seconds.
    await page.waitForTimeout(6_000);
    if (problems.length > 0) throw new Error(`${name}: ${problems.join("; ")}`);
    await page.screenshot({ path: path.join(FOLDER, `${name}.png`) });
    await context.close();
    console.log(`docs/screenshots/${name}.png`);
  }
} finally {
  await browser.close();
  await server.close();
}
