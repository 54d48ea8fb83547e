/**
 * Who may ask: only requests that were meant for this server. A page from elsewhere, open in a browser on this machine,
 * can send requests to it, directly or under a name of its own that leads here (DNS rebinding); the headers tell.
 */
import { Refusal } from "./refusal.ts";

/** Names that can only mean this machine. */
export const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** `name`, `name:80`, `[::1]:80`; two hosts in one line are none. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(:\d{1,5})?$/i;

/**
 * Refuses a request that was meant for another host, or that a page from elsewhere sent.
 *
 * @param allowedHosts host names without port, IPv6 addresses in brackets
 * @throws {Refusal} 400 without a usable `Host`, 403 where it or the `Origin` is from elsewhere
 */
export function checkSender(headers: Headers, allowedHosts: readonly string[]): void {
  const host = headers.get("host");
  const name = host === null ? undefined : HOST.exec(host)?.[1]?.toLowerCase();
  if (name === undefined) throw new Refusal(400, "Cannot take a request without one Host");
  if (!allowedHosts.some((allowed) => allowed.toLowerCase() === name)) {
    throw new Refusal(
      403,
      `Cannot answer for the host ${JSON.stringify(name)}: ask for ${allowedHosts.join(" or ")}`,
      { code: "permission_denied" },
    );
  }
  const origin = headers.get("origin");
  if (origin !== null && hostOf(origin) !== host!.toLowerCase()) {
    throw new Refusal(403, "Cannot take a request that a page from elsewhere sent", {
      code: "permission_denied",
    });
  }
}

/** Host and port of an origin; `null` for one that has none. */
function hostOf(origin: string): string | null {
  return /^https?:\/\/([^/@]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}
