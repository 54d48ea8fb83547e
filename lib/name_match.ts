/** Which process a written name means. Spoken on both sides of the border. */

/** Characters of a name that the kernel keeps (`TASK_COMM_LEN` less the final NUL). */
const KERNEL_NAME_LENGTH = 15;

/**
 * Tells whether a process's name fits `pattern`, in upper or lower case. A pattern with `*` or `?` must fit the whole
 * name; any other must stand somewhere in it. The kernel cuts names off after 15 characters, so a longer pattern
 * fits a name that ends there if it begins alike.
 */
export function fitsName(name: string, pattern: string): boolean {
  const [given, wanted] = [name.toLowerCase(), pattern.toLowerCase()];
  if (/[*?]/.test(wanted)) return asExpression(wanted).test(given);
  const cut = wanted.slice(0, KERNEL_NAME_LENGTH);
  return given.includes(wanted) || (cut !== wanted && given === cut);
}

function asExpression(pattern: string): RegExp {
  const body = pattern.replace(/[\\^$.+()[\]{}|]/g, "\\$&").replace(/\*+/g, "[^]*")
    .replaceAll("?", "[^]");
  return new RegExp(`^${body}$`, "u");
}
