/** The real world of `hmn`: the terminal or pipe, the environment, and a meter of its own. */
import { readEnv } from "../env.ts";
import { ownPid } from "../own_process.ts";
import { startCommand } from "../run/start_command.ts";
import { type SourceName, SOURCES } from "../sources.ts";
import { isWindows, sourcesHere } from "../system.ts";
import type { Asker, AskerOptions } from "./asker.ts";
import type { CliContext } from "./context.ts";
import { EXIT_OF } from "./ending.ts";
import { Stream } from "./real_output.ts";
import {
  ignoredSignals,
  inheritedDescriptors,
  isForeground,
  onSignals,
  suspend,
} from "./real_signals.ts";

/** The context of this program. Nothing is opened before it is used. */
export function realContext(): CliContext {
  return {
    args: "Deno" in globalThis ? Deno.args : process.argv.slice(2),
    stdout: new Stream(1),
    stderr: new Stream(2),
    stdin: readStdin,
    ownPid: ownPid(),
    env: readEnv,
    openAsker: openRealAsker,
    startCommand,
    inheritedDescriptors,
    get ignoredSignals() {
      return ignoredSignals();
    },
    onSignals,
    isForeground,
    suspend,
    quit: exit,
    beforeInterrupt,
  };
}

async function* readStdin(): AsyncGenerator<string> {
  const stream = "Deno" in globalThis ? Deno.stdin.readable : Bun.stdin.stream();
  const decoder = new TextDecoder();
  for await (const bytes of stream) yield decoder.decode(bytes, { stream: true });
}

/** Opens what answers the command line: a server, or a meter in child processes, so that it always ends. */
async function openRealAsker(options: AskerOptions): Promise<Asker> {
  const { onWait, url, token } = options;
  if (url !== undefined) {
    const { remoteAsker } = await import("./remote_asker.ts");
    return remoteAsker(url, token);
  }
  const { openMeter } = await import("../meter.ts");
  const sources = options.sources ?? unnamedSources();
  return openMeter({
    isolation: "process",
    ...(sources === undefined ? {} : { sources }),
    ...(onWait === undefined ? {} : { onWait }),
  });
}

/**
 * What is asked where nothing is named: all but what runs in this very process, where a driver's crash would leave
 * nobody to tell of it. `undefined`: the environment names them.
 */
function unnamedSources(): readonly SourceName[] | undefined {
  if (readEnv("HMN_SOURCES")) return undefined;
  return sourcesHere().filter((name) => SOURCES[name].lane !== "own");
}

/** Ends the program. What was written is out, and a child that hangs goes with its parent. */
export function exit(code: number): never {
  if ("Deno" in globalThis) Deno.exit(code);
  // Bun hands on the lowest 8 bits, and no failure of a command must become a success by that.
  process.exit((code & 0xff) === 0 && code !== 0 ? 1 : code);
}

function beforeInterrupt(cleanUp: () => void): void {
  for (const signal of ["SIGINT", isWindows() ? "SIGBREAK" : "SIGTERM"] as const) {
    process.once(signal, () => {
      cleanUp();
      // The clean-up's own writing goes out first, and is not waited for if it can't.
      setTimeout(() => exit(EXIT_OF[signal]), 20);
    });
  }
}
