/**
 * Values that are JSON objects, whatever their keys are named.
 * @module
 */
import type { Value } from "./column.ts";

/** Whether `value` is a JSON object (not null, not an array, not an instant). */
export function isObject(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** The property of that name of an object, or the item of that number of an array; undefined when there is none. */
export function property(value: Value | undefined, name: string): Value | undefined {
  if (isObject(value)) return Object.hasOwn(value, name) ? value[name] : undefined;
  if (Array.isArray(value) && /^\d+$/.test(name)) return value[Number(name)];
  return undefined;
}

/** Sets an own property whatever its name: `__proto__` from a user's JSON stays plain data. */
export function define(target: Record<string, Value>, key: string, value: Value): void {
  if (key !== "__proto__") target[key] = value;
  else {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}
