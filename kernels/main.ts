/**
 * `kernels`: compiles every kernel and writes the modules that carry them.
 * @module
 */
import { writeFile } from "node:fs/promises";
import { compileKernel, kernelModule, KERNELS } from "./compile.ts";

for (const kernel of KERNELS) {
  const wasm = await compileKernel(kernel);
  await writeFile(new URL(`../${kernel.target}`, import.meta.url), kernelModule(kernel, wasm));
  console.log(`${kernel.target}: ${wasm.length} bytes`);
}
