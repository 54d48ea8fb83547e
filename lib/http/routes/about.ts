/** About the process itself: is it there, what does it offer, and the page. */
import { PROTOCOL_VERSION } from "../../protocol.ts";
import { VERSION } from "../../version.ts";
import { livePage } from "../live_page.ts";
import { openApiDocument } from "../openapi.ts";
import { problemOf, Refusal } from "../refusal.ts";
import { respond } from "./respond.ts";
import type { Handlers } from "./route.ts";

/** What it needs. */
export interface AboutOptions {
  readonly ownPid: number;
  /** Questions are answered; `false`: never again. */
  readonly isOpen: () => boolean;
}

type Names = "GET /-/healthy" | "GET /-/ready" | "GET /openapi.json" | "GET /";

/** The handlers. */
export function aboutRoutes({ ownPid, isOpen }: AboutOptions): Handlers<Names> {
  const state = JSON.stringify({
    status: "ok",
    version: VERSION,
    protocol: PROTOCOL_VERSION,
    pid: ownPid,
  });
  const alive = () => respond(state, "application/json");
  // Both are made when they are first wanted.
  let document: string | null = null;
  let page: ReturnType<typeof livePage> | null = null;
  return {
    "GET /-/healthy": alive,
    "GET /-/ready": () =>
      isOpen() ? alive() : problemOf(
        new Refusal(503, "Cannot answer questions: the meter was closed", { code: "closed" }),
      ),
    "GET /openapi.json": () =>
      respond(document ??= JSON.stringify(openApiDocument()), "application/json"),
    "GET /": async () => {
      const { html, headers } = await (page ??= livePage());
      return respond(html, "text/html; charset=utf-8", headers);
    },
  };
}
