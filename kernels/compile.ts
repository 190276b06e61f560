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
}

/** Every kernel there is. */
export const KERNELS: readonly Kernel[] = [
  { source: "src/kernel/access_log.kernel.ts", target: "src/kernel/access_log_wasm.ts" },
  { source: "src/kernel/json.kernel.ts", target: "src/kernel/json_wasm.ts" },
  { source: "src/kernel/csv.kernel.ts", target: "src/kernel/csv_wasm.ts" },
  { source: "src/kernel/pairs.kernel.ts", target: "src/kernel/pairs_wasm.ts" },
  { source: "src/kernel/number.kernel.ts", target: "src/kernel/number_wasm.ts" },
  { source: "src/kernel/key.kernel.ts", target: "src/kernel/key_wasm.ts" },
];

const ROOT = new URL("../", import.meta.url);
const OUTPUT = "kernel.wasm";
/** Memory never grows, so that views of it stay valid. */
const PAGES = "13";
const OPTIONS = [
  ...["--outFile", OUTPUT, "--runtime", "stub", "--enable", "simd", "--noAssert"],
  ...["--optimizeLevel", "3", "--shrinkLevel", "0", "--converge"],
  ...["--use", "abort=", "--initialMemory", PAGES, "--maximumMemory", PAGES],
];
const LINE_CHARACTERS = 92;

/** The WebAssembly of `kernel`; throws with what the compiler said. The same bytes wherever this runs. */
export async function compileKernel(kernel: Kernel): Promise<Uint8Array> {
  const source = await readFile(new URL(kernel.source, ROOT), "utf8");
  let wasm: Uint8Array | null = null;
  const { error, stderr } = await asc.main(["kernel.ts", ...OPTIONS], {
    readFile: (name) => name === "kernel.ts" ? source : null,
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
