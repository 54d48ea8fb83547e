/** `hmn serve`: the endpoint, the page and the metrics, alone in a process. */
import { TelemetryBoard } from "../telemetry/board.ts";
import { toJsonLine } from "../json_case.ts";
import { escapeText } from "../text.ts";
import { parseDuration } from "../amounts.ts";
import type { Served } from "../http/serve.ts";
import type { CliContext, SignalName } from "./context.ts";
import { defineCommand, type Valued } from "./command.ts";
import { ENDING } from "./ending.ts";
import { pathOption, SOURCES_OPTION, textOption, tokenOption } from "./options.ts";
import { readToken } from "./read_token.ts";
import { checkDoor, isLoopback } from "./serve_door.ts";
import { startPush } from "./serve_push.ts";
import { UsageError } from "./usage_error.ts";
import { withSilentAsker } from "./wait_line.ts";

const DEFAULT_PORT = 9700;
/** Signals so close together are one wish: a terminal that goes away sends several. */
const IMPATIENT_MS = 500;

const PORT: Valued<number> = {
  about: `TCP port; ${DEFAULT_PORT} by default, 0: any that is free`,
  value: "PORT",
  accepts: "a whole number from 0 to 65535",
  parse: (text) => /^\d{1,5}$/.test(text) && Number(text) < 65_536 ? Number(text) : undefined,
};
const HOST: Valued<string> = {
  about: "address to listen on; 127.0.0.1 by default, 0.0.0.0 or :: for every one of the machine",
  value: "ADDRESS",
  accepts: "an address of this machine, or a name such as localhost",
  parse: (text) => {
    const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
    return /^[a-z0-9_.:-]{1,255}$/i.test(bare) ? bare : undefined;
  },
};
const ALLOW_HOST: Valued<readonly string[]> = {
  about:
    "a name under which it may be asked, beside its addresses and localhost; may be given several times",
  value: "NAME",
  accepts: "a host name without port",
  repeats: true,
  parse: (text) => /^[a-z0-9_.-]{1,255}$|^\[[0-9a-f:.]+\]$/i.test(text) ? [text] : undefined,
};
const CORS: Valued<readonly string[]> = {
  about: "an origin whose pages may ask it; may be given several times",
  value: "ORIGIN",
  accepts: "an origin such as https://board.example",
  repeats: true,
  parse: (text) => /^https?:\/\/[^/@?#]+$/i.test(text) ? [text] : undefined,
};
const PROCESS_METRICS: Valued<number> = {
  about: "series for so many processes in the metrics, those that hold most; none by default",
  value: "N",
  accepts: "a whole number from 1 to 10000",
  parse: (text) =>
    /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 10_000
      ? Number(text)
      : undefined,
};

const OTLP_INTERVAL: Valued<number> = {
  about: "time from one push to the next; 15s by default",
  value: "TIME",
  accepts: "a time from 1s to 24h such as 10s or 1m (a number alone is seconds)",
  parse: (text) => {
    const ms = parseDuration(text, "s");
    return ms !== undefined && ms >= 1_000 && ms <= 86_400_000 ? ms : undefined;
  },
};

/** The command. */
export const command = defineCommand({
  about:
    "Serves this machine's memory over HTTP: a live page, JSON, a stream, and metrics for Prometheus and OpenTelemetry.",
  options: {
    port: PORT,
    host: HOST,
    token: tokenOption("what askers have to send, as authorization: Bearer TOKEN"),
    "token-file": pathOption("a file that has the token in it"),
    "no-auth": { about: "let everybody ask who reaches it, on whatever address" },
    "allow-host": ALLOW_HOST,
    cors: CORS,
    "process-metrics": PROCESS_METRICS,
    "no-history": { about: "take samples only while somebody looks at the page or the stream" },
    otlp: textOption(
      "push metrics to this OpenTelemetry collector, by OTLP over HTTP; OTEL_EXPORTER_OTLP_HEADERS is sent along",
      "URL",
      "an http or https URL such as http://127.0.0.1:4318",
    ),
    "otlp-interval": OTLP_INTERVAL,
    json: { about: "print where it listens as JSON, on one line" },
    sources: SOURCES_OPTION,
  },
  notes: [
    "It listens on this machine alone. Another address needs a token, or --no-auth; command lines and users of " +
    "processes are told only to who sends the token. There is no TLS: put a proxy in front where the network is not " +
    "yours.",
    "GET / is the page, /metrics is for Prometheus, /v1/… is JSON, /v1/stream a stream of events, and /openapi.json " +
    "describes them all. hmn --url http://HOST:PORT and every other asking command show what it tells. Programs " +
    "report their allocators and phases to it.",
    "While a driver hangs it goes on answering: the numbers of that driver are missing then, with the reason. Ctrl+C " +
    "and SIGTERM end it with exit code 0.",
  ],
  examples: [
    ["hmn serve", `a page at http://127.0.0.1:${DEFAULT_PORT}`],
    ["hmn serve --host 0.0.0.0 --token-file /etc/hypomnesis/token", "for a fleet, with a token"],
    ["hmn serve --otlp http://127.0.0.1:4318", "metrics to a collector too"],
    [`hmn --url http://127.0.0.1:${DEFAULT_PORT} ps`, "asks it, from anywhere"],
  ],
  async run(values, context) {
    const { port = DEFAULT_PORT, host = "127.0.0.1", json, sources, cors } = values;
    const token = readToken(values.token, values["token-file"]);
    if (values["otlp-interval"] !== undefined && values.otlp === undefined) {
      throw new UsageError("--otlp-interval is about --otlp: give its URL");
    }
    const door = checkDoor({
      host,
      token,
      noAuth: values["no-auth"],
      allowHosts: values["allow-host"] ?? [],
    });
    const [{ createApp }, { serveApp }] = await Promise.all([
      import("../http/create_app.ts"),
      import("../http/serve.ts"),
    ]);
    return await withSilentAsker(context, { sources }, async (asker) => {
      const over = new AbortController();
      const telemetry = new TelemetryBoard();
      const meter = { ask: asker.ask.bind(asker), telemetry, isClosed: false };
      const app = createApp(meter, {
        ...door,
        cors,
        history: !values["no-history"],
        processMetrics: values["process-metrics"],
        signal: over.signal,
      });
      const push = await startPush(context, meter, values.otlp, values["otlp-interval"]);
      const ended = endOf(context);
      // A service goes on where nobody reads what it says of itself.
      const say = (text: string) => context.stderr.write(text).catch(() => {});
      let server: Served | null = null;
      try {
        server = await serveApp((request, env) => app.fetch(request, env as never), { port, host });
        if (json) {
          const { url, port } = server;
          await context.stdout.write(toJsonLine({ url, port, pid: context.ownPid }));
        }
        await say(greeting(server.url, { host, token, noAuth: values["no-auth"] }));
        await ended;
      } finally {
        over.abort();
        await server?.close();
        await push?.close();
      }
      await say(`hmn serve: ended by ${await ended}\n`);
      return 0;
    });
  },
});

/** Resolves with the signal that ends it. Who sends another one later does not want to wait. */
function endOf(context: CliContext): Promise<SignalName> {
  return new Promise((resolve) => {
    let endingMs: number | null = null;
    context.onSignals(ENDING, (signal) => {
      const nowMs = performance.now();
      if (endingMs === null) {
        endingMs = nowMs;
        resolve(signal);
      } else if (nowMs - endingMs > IMPATIENT_MS) context.quit(130);
    });
  });
}

function greeting(
  url: string,
  { host, token, noAuth }: {
    readonly host: string;
    readonly token: string | undefined;
    readonly noAuth: boolean;
  },
): string {
  const who = token !== undefined
    ? "asks for the token"
    : isLoopback(host)
    ? "this machine alone may ask"
    : noAuth
    ? "everybody who reaches it may ask"
    : "";
  return `hmn serve: ${escapeText(url)} (${who}; Ctrl+C ends it)\n`;
}
