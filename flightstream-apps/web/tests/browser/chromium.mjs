import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CANDIDATES = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

// Software WebGL, for machines without a graphics card, and none of the browser's own traffic.
const FLAGS = [
  "--no-sandbox",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchChromium() {
  const executablePath = CANDIDATES.find((candidate) => candidate && existsSync(candidate));
  if (!executablePath) throw new Error("no Chromium found; set CHROMIUM_PATH");
  return chromium.launch({ executablePath, headless: false, args: ["--headless=new", ...FLAGS] });
}

/** A page that keeps a list of everything it must not do. */
export async function openWatchedPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    const target = new URL(request.url());
    const leaves = target.protocol.startsWith("http") && target.origin !== new URL(url).origin;
    if (leaves) problems.push(`request left the origin: ${request.url()}`);
  });
  await page.goto(url);
  return { page, context, problems };
}

export async function mapReady(page, { timeout = 90_000 } = {}) {
  await page.waitForFunction(
    () => {
      const { dataset } = document.querySelector("#map");
      return dataset.idle === "true" && Number(dataset.aircraft) > 0;
    },
    undefined,
    { timeout },
  );
}
