/** What a handler gets and gives. */
import type { Rights } from "../access.ts";
import type { EndpointName } from "../endpoints.ts";

/** One request, checked: who sent it may ask, and what stands behind the `?` has the accepted form. */
export interface Call {
  readonly request: Request;
  readonly rights: Rights;
  /** What stands behind the `?`, read. */
  readonly query: Readonly<Record<string, unknown>>;
  /** What the runtime gives beside a request; on Bun its server. */
  readonly env: unknown;
}

/** Answers one request; what it throws becomes a problem document. */
export type Handler = (call: Call) => Response | Promise<Response>;

/** Handlers by method and path. */
export type Handlers<Name extends EndpointName = EndpointName> = Readonly<Record<Name, Handler>>;
