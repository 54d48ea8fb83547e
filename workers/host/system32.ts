/** Where the libraries of Windows are. */
import type { Host } from "./host.ts";

/** The full path of a library of Windows: a bare name would also be looked for where anybody may put a file. */
export function inSystem32(host: Host, file: string): string {
  return `${host.variable("SystemRoot") ?? "C:\\Windows"}\\System32\\${file}`;
}
