/** The address of a server, as people write it. Pure. */

/**
 * The address with a `/` at its end: `http://host:9700` becomes `http://host:9700/`.
 *
 * @throws {TypeError} for what is no http or https address, or has a user, a query or a fragment
 */
export function baseUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`Cannot use ${JSON.stringify(url)}: give ${URL_ACCEPTS}`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError("Cannot use a URL with a user or password: give the token by itself");
  }
  // An empty query or fragment is in the address alone.
  if (/[?#]/.test(parsed.href)) {
    throw new TypeError(`Cannot use a URL with ? or #: give ${URL_ACCEPTS}`);
  }
  return parsed.href.endsWith("/") ? parsed.href : `${parsed.href}/`;
}

/** What is accepted. */
export const URL_ACCEPTS = "an address such as http://127.0.0.1:9700";
