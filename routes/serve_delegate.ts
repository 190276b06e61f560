/**
 * Light objects in place of heavy ones of the platform, which are made when more is asked for than the light ones know.
 * @module
 */

/**
 * Has `light` inherit from `heavy` and pass on to its real one whatever it has not of its own; `fields` are what its
 * constructor sets.
 */
export function delegate<T extends object>(
  light: { prototype: { readonly real: T } },
  heavy: T,
  fields: readonly PropertyKey[] = [],
): void {
  const { prototype } = light;
  const own = new Set<PropertyKey>(["constructor", ...Reflect.ownKeys(prototype)]);
  for (const key of Reflect.ownKeys(heavy)) {
    if (own.has(key) || fields.includes(key)) continue;
    Object.defineProperty(prototype, key, {
      configurable: true,
      get(this: { readonly real: T }) {
        const value: unknown = Reflect.get(this.real, key);
        return typeof value === "function" ? value.bind(this.real) : value;
      },
    });
  }
  Object.setPrototypeOf(prototype, heavy);
}
