/**
 * Making instances of kernels.
 * @module
 */

/** A constant of a kernel, as WebAssembly.Global gives it. */
export interface Address {
  readonly value: number;
}

/**
 * The exports of a new instance of the kernel with these bytes in base64; null where WebAssembly or its SIMD is missing.
 * The caller says which exports there are: each kernel's source and its loader stand side by side.
 */
export function kernelExports<Exports>(base64: string): Exports | null {
  const wasm = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(wasm)) return null;
  return new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports as Exports;
}
