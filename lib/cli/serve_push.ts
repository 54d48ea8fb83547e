/** `hmn serve --otlp`: the same numbers, pushed to a collector. */
import type { AppMeter } from "../http/create_app.ts";
import { SourceStates } from "../reading/source_states.ts";
import { takeReading } from "../reading/take_reading.ts";
import { hostName } from "../session/describe_session.ts";
import { escapeText } from "../text.ts";
import type { CliContext } from "./context.ts";

/** Where OpenTelemetry's own programs look for headers. */
const HEADERS_VARIABLE = "OTEL_EXPORTER_OTLP_HEADERS";

/**
 * Starts pushing; `null` without a URL. Whatever goes wrong later is said on stderr, and nothing ends by it.
 *
 * @throws {HypomnesisError} where the URL or a header can't be used
 */
export async function startPush(
  context: CliContext,
  { ask, telemetry }: Pick<AppMeter, "ask" | "telemetry">,
  url: string | undefined,
  intervalMs: number | undefined,
): Promise<{ close(): Promise<void> } | null> {
  if (url === undefined) return null;
  const [{ OtlpPush }, { parseOtlpHeaders }, { ownResource }] = await Promise.all([
    import("../otel/push.ts"),
    import("../otel/endpoint.ts"),
    import("../otel/resource.ts"),
  ]);
  const states = new SourceStates();
  return new OtlpPush({
    url,
    headers: parseOtlpHeaders(context.env(HEADERS_VARIABLE) ?? ""),
    resource: ownResource(hostName()),
    read: () => takeReading({ ask, telemetry, states }),
    onTrouble: ({ message }) => {
      void context.stderr.write(`hmn serve: ${escapeText(message)}\n`).catch(() => {});
    },
    ...intervalMs === undefined ? {} : { intervalMs },
  });
}
