/** The types of JSON outside: the same values, keys in snake_case. */

/** `pciBusId` becomes `pci_bus_id`, as `snakeKey` does it. */
type SnakeKey<Key extends string> = Key extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeKey<Rest>}`
  : "";

/** A value as JSON outside has it. */
export type SnakeCased<T> = T extends string | number | boolean | null | undefined ? T
  : T extends readonly (infer Item)[] ? SnakeCased<Item>[]
  : { -readonly [Key in keyof T as Key extends string ? SnakeKey<Key> : Key]: SnakeCased<T[Key]> };
