// Compiles the contracts to the JSON files beside them, the same bytes every time.
// node compile.mjs [folder of node_modules [folder for the output]]
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(process.argv[2] ?? join(here, "node_modules"));
const output = resolve(process.argv[3] ?? here);
const solc = createRequire(join(modules, "here.js"))("solc");
const names = ["CreatorToken", "CreatorNft"];
const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "cancun",
  metadata: { bytecodeHash: "none" }, // else the bytes would depend on comments and paths
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
};

function sourceOf(path) {
  try {
    return { contents: readFileSync(join(modules, path), "utf8") };
  } catch (error) {
    return { error: String(error) };
  }
}

const sources = Object.fromEntries(
  names.map((name) => [`${name}.sol`, { content: readFileSync(join(here, `${name}.sol`), "utf8") }]),
);
const input = { language: "Solidity", sources, settings };
const built = JSON.parse(solc.compile(JSON.stringify(input), { import: sourceOf }));
const problems = (built.errors ?? []).filter((it) => it.severity === "error");
if (problems.length > 0) {
  console.error(problems.map((it) => it.formattedMessage).join("\n"));
  process.exit(1);
}
for (const name of names) {
  const { abi, evm } = built.contracts[`${name}.sol`][name];
  const made = { name, compiler: `solc ${solc.version()}`, abi, bytecode: `0x${evm.bytecode.object}` };
  writeFileSync(join(output, `${name}.json`), `${JSON.stringify(made, null, 1)}\n`);
}
