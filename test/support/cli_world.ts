/** A world for one run of the command line: a scripted asker, and everything that was written. */
import { COMMANDS } from "../../cli.ts";
import type { Asker, AskerOptions } from "../../lib/cli/asker.ts";
import {
  type CliContext,
  type Output,
  OutputClosed,
  type SignalName,
} from "../../lib/cli/context.ts";
import { runCli } from "../../lib/cli/dispatch.ts";
import type { LocalRequest, Reply, ReplyTo, Request } from "../../lib/protocol.ts";
import type { SourceName } from "../../lib/sources.ts";
import type { AllocatorState } from "../../lib/telemetry/board.ts";
import type { RunningCommand } from "../../lib/run/start_command.ts";
import {
  aDevicesReply,
  aDoctorReply,
  aFindReply,
  aGpuReply,
  aMemoryReply,
  aProcessesReply,
  aRunCgroupReply,
  aSnapshotReply,
  aSystemMemory,
  aTreeReply,
} from "../../lib/testing.ts";

type Asked = Request | LocalRequest;

/** Answers by kind of question; an `Error` is thrown, a function is called. */
export type Answers = {
  readonly [K in Asked["kind"]]?: ReplyTo<K> | Error | ((request: Asked) => ReplyTo<K>);
};

/** How the world is, beside its answers. */
export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly color?: boolean;
  /** After so many characters nobody reads the output any more. */
  readonly closesAfter?: number;
  /** The command that is started; one that ends at once, well, by default. */
  readonly command?: RunningCommand;
  /** It runs in the foreground of a terminal. */
  readonly foreground?: boolean;
  /** Called with the means to send a signal when the command begins to listen to signals. */
  readonly onListen?: (send: (signal: SignalName) => void) => void;
  /** Pieces of standard input. */
  readonly stdin?: Iterable<string> | AsyncIterable<string>;
  /** Waits told before the first answer. */
  readonly waits?: readonly (readonly [SourceName, number])[];
  /** What allocators told; left out: the asker can't know. */
  readonly allocators?: () => Promise<readonly AllocatorState[]>;
}

/** What came of a run. */
export interface CliEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The questions asked, in order. */
  readonly asked: readonly Asked[];
  /** How the asker was opened; `null`: it was not. */
  readonly opened: AskerOptions | null;
  /** The asker was opened and closed again. */
  readonly closed: boolean;
  /** Clean-ups registered for Ctrl+C. */
  readonly cleanUps: readonly (() => void)[];
  /** `suspend` and `quit CODE`, where these were called. */
  readonly calls: readonly string[];
  /** The commands that were started. */
  readonly started: readonly (readonly string[])[];
  /** Listeners to signals that were left behind. */
  readonly listening: number;
}

const GIB = 2 ** 30;

/** A machine without GPUs, with 16 GiB of RAM. */
const DEFAULTS: Answers = {
  devices: aDevicesReply(),
  memory: aMemoryReply({
    system: aSystemMemory({ totalBytes: 16 * GIB, usedBytes: 6 * GIB, availableBytes: 10 * GIB }),
  }),
  processes: aProcessesReply(),
  snapshot: aSnapshotReply(),
  doctor: aDoctorReply(),
  gpu: aGpuReply(),
  tree: aTreeReply(),
  find: aFindReply(),
  run_cgroup: aRunCgroupReply(),
};

const endedCommand: RunningCommand = {
  pid: 777,
  kill: () => {},
  output: null,
  ended: Promise.resolve({ exitCode: 0, signal: null, maxRssBytes: null }),
};

class FakeOutput implements Output {
  text = "";
  readonly isTty: boolean;
  readonly columns: number | null;
  readonly rows: number | null;
  readonly color: boolean;
  readonly #closesAfter: number;

  constructor({ tty = false, columns, rows, color = false, closesAfter = Infinity }: WorldOptions) {
    this.isTty = tty;
    this.columns = columns ?? null;
    this.rows = rows ?? null;
    this.color = color;
    this.#closesAfter = closesAfter;
  }

  write(content: string | Uint8Array): Promise<void> {
    const text = typeof content === "string" ? content : new TextDecoder().decode(content);
    if (this.text.length + text.length > this.#closesAfter) {
      return Promise.reject(new OutputClosed());
    }
    this.text += text;
    return Promise.resolve();
  }
}

/** Runs `hmn` with `args` in a world of its own. */
export async function hmn(
  args: readonly string[],
  answers: Answers = {},
  options: WorldOptions = {},
): Promise<CliEnd> {
  const stdout = new FakeOutput(options);
  const stderr = new FakeOutput({ ...options, closesAfter: Infinity });
  const asked: Asked[] = [];
  const cleanUps: (() => void)[] = [];
  const calls: string[] = [];
  const started: (readonly string[])[] = [];
  const listeners: {
    signals: readonly SignalName[];
    listener: (signal: SignalName) => void;
  }[] = [];
  let opened: AskerOptions | null = null;
  let closed = false;
  const asker: Asker = {
    workerPids: [],
    ...(options.allocators === undefined ? {} : { allocators: options.allocators }),
    ask: <R extends Asked>(request: R) => {
      asked.push(request);
      return Promise.resolve().then(() => answer(request)) as Promise<ReplyTo<R["kind"]>>;
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
  function answer(request: Asked): Reply {
    if (asked.length === 1) {
      for (const [source, ms] of options.waits ?? []) opened?.onWait?.(source, ms);
    }
    const given = answers[request.kind] ?? DEFAULTS[request.kind];
    if (given === undefined) throw new Error(`The world has no answer to ${request.kind}`);
    if (given instanceof Error) throw given;
    return typeof given === "function" ? given(request) : given;
  }
  const context: CliContext = {
    args,
    stdout,
    stderr,
    stdin: async function* () {
      yield* options.stdin ?? [];
    },
    ownPid: 4242,
    env: (name) => options.env?.[name],
    openAsker: (how) => {
      opened = how;
      return Promise.resolve(asker);
    },
    onSignals: (signals, listener) => {
      const entry = { signals, listener };
      listeners.push(entry);
      options.onListen?.((signal) => {
        for (const { signals, listener } of [...listeners]) {
          if (signals.includes(signal)) listener(signal);
        }
      });
      return () => void listeners.splice(listeners.indexOf(entry), 1);
    },
    startCommand: (command) => {
      started.push(command);
      return options.command ?? endedCommand;
    },
    inheritedDescriptors: () => [],
    ignoredSignals: [],
    isForeground: () => options.foreground ?? false,
    suspend: () => void calls.push("suspend"),
    quit: (code) => void calls.push(`quit ${code}`),
    beforeInterrupt: (cleanUp) => void cleanUps.push(cleanUp),
  };
  const code = await runCli(COMMANDS, context);
  return {
    code,
    stdout: stdout.text,
    stderr: stderr.text,
    asked,
    opened,
    closed,
    cleanUps,
    calls,
    started,
    listening: listeners.length,
  };
}
