/** Takes telemetry and phases by HTTP while a recording runs. */
import { HypomnesisError } from "../errors.ts";
import type { Served } from "../http/serve.ts";
import type { Recorder } from "../session/recorder.ts";

/**
 * Listens on a port of this machine alone.
 *
 * `recorder`: the recording, as soon as it is open.
 *
 * @throws {HypomnesisError} where the port can't be had
 */
export async function listenForReports(
  port: number,
  recorder: () => Recorder | undefined,
): Promise<Served> {
  const [{ createIngest }, { serveApp }] = await Promise.all([
    import("../http/ingest.ts"),
    import("../http/serve.ts"),
  ]);
  const opened = () => {
    const found = recorder();
    if (found !== undefined) return found;
    throw new HypomnesisError("closed", "Cannot take this yet: the recording has not begun");
  };
  const app = createIngest({
    onTelemetry: (report) => opened().telemetry(report),
    onPhase: ({ phase, ...options }) => {
      if (phase === null) opened().endPhase();
      else opened().phase(phase, options);
    },
  });
  return await serveApp((request, env) => app.fetch(request, env as never), { port });
}
