/**
 * Host and Origin of a request. A page from elsewhere, open in a browser on this machine, can send requests to a server
 * on it, directly or under a name of its own that leads here (DNS rebinding); the headers tell. Pure.
 */

/** Names that can only mean this machine. */
export const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** `name`, `name:80`, `[::1]:80`; two hosts in one line are none. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(:\d{1,5})?$/i;

/** The name of a `Host` header without its port, in small letters; `null`: it is none. */
export function parseHost(host: string): string | null {
  return HOST.exec(host)?.[1]?.toLowerCase() ?? null;
}

/** It is an address and no name: nobody else can make it lead here. */
export function isAddress(name: string): boolean {
  return name.startsWith("[") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name);
}

/** Host and port of an origin, in small letters; `null` for one that has none. */
export function originHost(origin: string): string | null {
  return /^https?:\/\/([^/@]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}
