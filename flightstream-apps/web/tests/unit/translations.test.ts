import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { FRENCH } from "../../src/i18n/french.js";

// Tables that hold English texts, to be translated where they are shown.
const TABLES = /(?:title|label): "([^"]+)"/g;
const TRANSLATED = /\bt\(\s*"((?:[^"\\]|\\.)+)"/g;
const IN_PAGE = /data-t(?:-label)?="([^"]+)"/g;

async function textsOfThePage(): Promise<Set<string>> {
  const texts = new Set<string>();
  for (const file of await readdir("src", { recursive: true })) {
    if (!/\.(ts|html)$/.test(file) || file.includes("i18n")) continue;
    const source = await readFile(`src/${file}`, "utf8");
    const patterns = [TRANSLATED, IN_PAGE, ...(/panels|facets|columns/.test(file) ? [TABLES] : [])];
    for (const pattern of patterns) for (const [, text] of source.matchAll(pattern)) texts.add(text!);
  }
  return texts;
}

test("every text has a French form", async () => {
  const texts = await textsOfThePage();
  assert.ok(texts.size > 150, `found ${texts.size} texts only`);
  assert.deepEqual([...texts].filter((text) => !(text in FRENCH)), []);
});

test("a translation keeps the places for values", () => {
  const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const [english, french] of Object.entries(FRENCH)) assert.deepEqual(places(french), places(english), english);
});
