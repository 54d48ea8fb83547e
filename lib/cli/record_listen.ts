/** Takes telemetry and phases by HTTP while a recording runs. */
import type { Served } from "../http/serve.ts";
import type { Recorder } from "../session/recorder.ts";

/**
 * Listens on a port of this machine alone.
 *
 * @throws {HypomnesisError} where the port can't be had
 */
export async function listenForReports(port: number, recorder: Recorder): Promise<Served> {
  const [{ createIngest }, { serveApp }] = await Promise.all([
    import("../http/ingest.ts"),
    import("../http/serve.ts"),
  ]);
  const app = createIngest({
    onTelemetry: (report) => recorder.telemetry(report),
    onPhase: ({ phase, ...options }) => {
      if (phase === null) recorder.endPhase();
      else recorder.phase(phase, options);
    },
  });
  return await serveApp((request, env) => app.fetch(request, env as never), { port });
}
