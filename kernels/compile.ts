/**
 * From a kernel's AssemblyScript source to the module that carries its bytes.
 * @module
 */
import asc from "assemblyscript/asc";
import { readFile } from "node:fs/promises";

/** A kernel: where its source is and where its bytes go, from the project's root. */
export interface Kernel {
  readonly source: string;
  readonly target: string;
  /** How many pages of 64 KiB its memory has; 13 without it. */
  readonly pages?: number;
}

/** Every kernel there is. */
export const KERNELS: readonly Kernel[] = [
  { source: "src/kernel/access_log.kernel.ts", target: "src/kernel/access_log_wasm.ts", pages: 48 },
  { source: "src/kernel/json.kernel.ts", target: "src/kernel/json_wasm.ts", pages: 16 },
  { source: "src/kernel/columns.kernel.ts", target: "src/kernel/columns_wasm.ts", pages: 32 },
  { source: "src/kernel/pairs.kernel.ts", target: "src/kernel/pairs_wasm.ts" },
];

const ROOT = new URL("../", import.meta.url);
const OUTPUT = "kernel.wasm";
const FEWEST_PAGES = 13;
const OPTIONS = [
  ...["--outFile", OUTPUT, "--runtime", "stub", "--enable", "simd", "--noAssert"],
  ...["--optimizeLevel", "3", "--shrinkLevel", "0", "--converge"],
  ...["--use", "abort="],
];
/** Of all names that the compiler tries, those that a source can have. */
const SOURCE = /^\w+\.kernel\.ts$/;
const LINE_CHARACTERS = 92;

/** The WebAssembly of `kernel`; throws with what the compiler said. The same bytes wherever this runs. */
export async function compileKernel(kernel: Kernel): Promise<Uint8Array> {
  const entry = new URL(kernel.source, ROOT);
  // Memory never grows, so that views of it stay valid.
  const pages = String(kernel.pages ?? FEWEST_PAGES);
  const options = [...OPTIONS, "--initialMemory", pages, "--maximumMemory", pages];
  let wasm: Uint8Array | null = null;
  const { error, stderr } = await asc.main(["kernel.ts", ...options], {
    // A kernel may be made of several sources that lie beside each other.
    readFile: (name) =>
      name === "kernel.ts"
        ? readFile(entry, "utf8")
        : SOURCE.test(name)
        ? readFile(new URL(name, entry), "utf8")
        : null,
    writeFile: (name, contents) => {
      if (name === OUTPUT && typeof contents !== "string") wasm = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || wasm === null) {
    throw new Error(`Compiling ${kernel.source} failed: ${stderr.toString() || error}`);
  }
  return wasm;
}

/** The text of the module `kernel.target` for these bytes. */
export function kernelModule(kernel: Kernel, wasm: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...wasm));
  const lines = base64.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, "g")) ?? [];
  return `/**
 * Generated from \`${kernel.source}\` by \`deno task kernels\`.
 * @module
 */

/** ${wasm.length} bytes of WebAssembly in base64, so that a kernel is one more module wherever modules load. */
export const WASM_BASE64: string =
${lines.map((line) => `  "${line}"`).join(" +\n")};
`;
}
