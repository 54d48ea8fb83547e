/** Who may ask `hmn serve`, by its options. Pure but for the name of the machine. */
import { type AccessOptions, bearer } from "../http/access.ts";
import { LOOPBACK_HOSTS } from "../http/guard.ts";
import { hostName } from "../session/describe_session.ts";
import { UsageError } from "./usage_error.ts";

/** What the options say. */
export interface DoorOptions {
  readonly host: string;
  readonly token: string | undefined;
  readonly noAuth: boolean;
  readonly allowHosts: readonly string[];
}

/** It can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" ||
    /^127(?:\.\d{1,3}){3}$/.test(host);
}

/**
 * Who may ask.
 *
 * @throws {UsageError} for an address that everybody could ask without having been let in
 */
export function checkDoor({ host, token, noAuth, allowHosts }: DoorOptions): AccessOptions {
  if (token !== undefined && noAuth) {
    throw new UsageError("a token and --no-auth exclude each other: give one of them");
  }
  // Who has the token has it from us: no page from elsewhere does, whatever name it has led here.
  if (token !== undefined) return { allowedHosts: "any", authorize: bearer(token) };
  const own = isLoopback(host) ? LOOPBACK_HOSTS : [...LOOPBACK_HOSTS, hostName() ?? "localhost"];
  const allowedHosts = [...own, ...allowHosts];
  if (isLoopback(host)) return { allowedHosts };
  if (noAuth) return { allowedHosts, allowAddresses: true };
  throw new UsageError(
    `--host ${host} can be reached from other machines: give a token (HMN_TOKEN), ` +
      "or let everybody ask with --no-auth",
  );
}
