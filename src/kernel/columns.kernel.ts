/**
 * The kernels of columns as one module, on one memory: the scan of separated values, keys of groups, hashes, instants, numbers, and their sums.
 * `deno task kernels` compiles it.
 * @module
 */
export * from "./csv.kernel";
export * from "./fold.kernel";
export * from "./hash.kernel";
export * from "./instant.kernel";
export * from "./key.kernel";
export * from "./layout.kernel";
export * from "./number.kernel";
