// Lists what ends up in dist/, with the licences' texts, as they ask for.
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const TYPES_ONLY = /^@types\//;
// Not a dependency of the page, but its data are.
const DATA_PACKAGES = ["world-atlas"];

async function lockedPackages() {
  const lock = JSON.parse(await readFile(path.join(ROOT, "package-lock.json"), "utf8"));
  const bundled = Object.entries(lock.packages).filter(([location, entry]) => {
    const name = location.replace(/^.*node_modules\//, "");
    if (location === "" || TYPES_ONLY.test(name)) return false;
    return !entry.dev || DATA_PACKAGES.includes(name);
  });
  return bundled.map(([location]) => location).sort();
}

async function describe(location) {
  const folder = path.join(ROOT, location);
  const manifest = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder)).sort();
  const licenceFile = files.find((file) => /^licen[cs]e/i.test(file));
  const text = licenceFile ? await readFile(path.join(folder, licenceFile), "utf8") : null;
  return { name: manifest.name, version: manifest.version, licence: manifest.license ?? "see text", text };
}

export async function thirdPartyNotices() {
  const packages = await Promise.all((await lockedPackages()).map(describe));
  const rows = packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  const texts = packages
    .filter(({ text }) => text)
    .map(({ name, version, text }) => `## ${name} ${version}\n\n\`\`\`text\n${text.replaceAll("\r\n", "\n").trim()}\n\`\`\`\n`);
  return [
    "# Third-party software and data in the dashboard",
    "",
    "Written by `npm run build`. Map data: Natural Earth, public domain.",
    "",
    "| package | version | licence |",
    "| --- | --- | --- |",
    ...rows,
    "",
    ...texts,
  ].join("\n");
}
