/** Who may ask what. Checked for every request, so what it found out about a host is remembered. */
import { isAddress, LOOPBACK_HOSTS, originHost, parseHost } from "./guard.ts";
import { Refusal } from "./refusal.ts";
import { TOKEN_ACCEPTS, TOKEN_FORM } from "./token.ts";

/** Whether a request may be answered; then it may also see command lines, users and what costs others something. */
export type Authorize = (request: Request) => boolean | Promise<boolean>;

/** Who may ask. */
export interface AccessOptions {
  /**
   * Hosts that requests may be meant for, without port, IPv6 addresses in brackets; `"any"`: whatever leads here, for
   * applications that check it themselves.
   * @default ["localhost", "127.0.0.1", "[::1]"]
   */
  readonly allowedHosts?: readonly string[] | "any" | undefined;
  /** An address as host is fine: only a name can be made to lead here by somebody else. */
  readonly allowAddresses?: boolean | undefined;
  /** Left out: everybody may ask, and nobody sees command lines and users. */
  readonly authorize?: Authorize | undefined;
  /**
   * Origins whose pages may ask, such as `https://board.example`.
   * @default none
   */
  readonly cors?: readonly string[] | undefined;
}

/** What a request may see. */
export interface Rights {
  /** Command lines, users, and questions that hold up the process they are about. */
  readonly isAuthorized: boolean;
}

const ANYBODY: Rights = { isAuthorized: false };
const AUTHORIZED: Rights = { isAuthorized: true };
/** Hosts found good; a client chooses them freely. */
const MOST_HOSTS = 100;

/** Checks requests. */
export class Access {
  readonly #hosts: ReadonlySet<string> | null;
  readonly #allowAddresses: boolean;
  readonly #authorize: Authorize | null;
  readonly #origins: ReadonlySet<string>;
  readonly #goodHosts = new Set<string>();

  constructor(
    { allowedHosts = LOOPBACK_HOSTS, allowAddresses = false, authorize, cors = [] }: AccessOptions,
  ) {
    this.#hosts = allowedHosts === "any"
      ? null
      : new Set(allowedHosts.map((host) => host.toLowerCase()));
    this.#allowAddresses = allowAddresses;
    this.#authorize = authorize ?? null;
    this.#origins = new Set(cors.map((origin) => origin.toLowerCase()));
  }

  /**
   * Refuses a request that was meant for another host, or that a page from elsewhere sent.
   *
   * @throws {Refusal} 400 without a usable `Host`, 403 where it or the `Origin` is from elsewhere
   */
  checkSender({ headers }: Request): void {
    const host = headers.get("host");
    if (host === null || !this.#goodHosts.has(host)) this.#checkHost(host);
    const origin = headers.get("origin");
    if (origin !== null) this.#checkOrigin(origin, host!);
    // An image of a page from elsewhere comes without an origin, and is not read; but it would be made.
    else if (isEmbeddedElsewhere(headers)) throw fromElsewhere();
  }

  #checkHost(host: string | null): void {
    const name = host === null ? null : parseHost(host);
    if (name === null) throw new Refusal(400, "Cannot take a request without one Host");
    const isGood = this.#hosts === null || this.#hosts.has(name) ||
      this.#allowAddresses && isAddress(name);
    if (!isGood) {
      throw new Refusal(
        403,
        `Cannot answer for the host ${JSON.stringify(name)}: ask for ${
          [...this.#hosts!].join(" or ")
        }`,
        { code: "permission_denied" },
      );
    }
    if (this.#goodHosts.size < MOST_HOSTS) this.#goodHosts.add(host!);
  }

  #checkOrigin(origin: string, host: string): void {
    if (this.allowsOrigin(origin)) return;
    if (originHost(origin) === host.toLowerCase()) return;
    throw fromElsewhere();
  }

  /** Pages of this origin were invited. */
  allowsOrigin(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase());
  }

  /** Some origin was invited. */
  get hasCors(): boolean {
    return this.#origins.size > 0;
  }

  /**
   * What the request may see; not a promise where nobody has to be asked.
   *
   * @throws {Refusal} 401 where it may not be answered
   */
  rightsOf(request: Request): Rights | Promise<Rights> {
    if (this.#authorize === null) return ANYBODY;
    const answer = this.#authorize(request);
    return answer instanceof Promise ? answer.then(rights) : rights(answer);
  }
}

function fromElsewhere(): Refusal {
  return new Refusal(403, "Cannot take a request that a page from elsewhere sent", {
    code: "permission_denied",
  });
}

/** The browser says that another site's page wants it, and not as a page of its own (W3C Fetch Metadata). */
function isEmbeddedElsewhere(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  const isElsewhere = site === "cross-site" || site === "same-site";
  return isElsewhere && headers.get("sec-fetch-mode") !== "navigate";
}

function rights(isAuthorized: boolean): Rights {
  // Whatever is true for the application that was asked is no yes: `true` is.
  if (isAuthorized === true) return AUTHORIZED;
  throw new Refusal(401, "Cannot answer: send the token as authorization: Bearer TOKEN", {
    code: "permission_denied",
    headers: { "www-authenticate": 'Bearer realm="hypomnesis"' },
  });
}

/**
 * Lets requests through that have a token as `Authorization: Bearer TOKEN`. It takes the same time whatever was sent.
 *
 * @throws {TypeError} for a token that can't be sent in a header
 */
export function bearer(token: string): Authorize {
  if (!TOKEN_FORM.test(token)) {
    throw new TypeError(`Cannot use this token: give ${TOKEN_ACCEPTS}`);
  }
  const wanted = new TextEncoder().encode(token);
  return ({ headers }) => {
    const given = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1] ?? "";
    return equals(new TextEncoder().encode(given), wanted);
  };
}

/** The same steps for every `given`, so that time tells nothing about `wanted`. */
function equals(given: Uint8Array, wanted: Uint8Array): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i++) difference |= wanted[i]! ^ (given[i] ?? 0);
  return difference === 0;
}
