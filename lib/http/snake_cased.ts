/** The types of JSON outside: the same values, keys in snake_case. */

/** `pciBusId` becomes `pci_bus_id`, as `snakeKey` does it. */
type SnakeKey<Key extends string> = Key extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeKey<Rest>}`
  : "";

/** Keys that the types know; those of a record, such as labels, are whatever they are. */
type OutsideKey<Key extends PropertyKey> = string extends Key ? Key
  : Key extends string ? SnakeKey<Key>
  : Key;

/** A value as JSON outside has it. */
export type SnakeCased<T> = T extends string | number | boolean | null | undefined ? T
  : T extends readonly (infer Item)[] ? SnakeCased<Item>[]
  : { -readonly [Key in keyof T as OutsideKey<Key>]: SnakeCased<T[Key]> };
