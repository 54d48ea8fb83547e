/** Asks a server of ours instead of this machine. */
import { connect } from "../client/mod.ts";
import type { LocalRequest, ReplyTo, Request } from "../protocol.ts";
import type { Asker } from "./asker.ts";

/** The asker. Nothing is sent before it is first asked; then it finds out first whether the server is one of ours. */
export function remoteAsker(url: string, token: string | undefined): Asker {
  const meter = connect(url, { token });
  let about: ReturnType<typeof meter.about> | null = null;
  const met = async () => {
    about ??= meter.about();
    try {
      return await about;
    } catch (error) {
      // It may be there the next time.
      about = null;
      throw error;
    }
  };
  return {
    ask: async <R extends Request | LocalRequest>(
      request: R,
      options?: { readonly signal?: AbortSignal | undefined },
    ) => {
      await met();
      // What only this machine may ask is refused by the server, and no command sends it.
      return await meter.ask(request as Request, options) as ReplyTo<R["kind"]>;
    },
    allocators: async () => {
      await met();
      return (await meter.telemetry()).allocators;
    },
    subjectPid: async () => {
      const { pid } = await met();
      // What a server says of itself it says to everybody: a wrong token is found out here, and not by every sample.
      await meter.ask({ kind: "ping" });
      return pid;
    },
    workerPids: [],
    close: () => Promise.resolve(),
  };
}
