/** Signals, the terminal's process group, and what we were started with: as the system tells it. */
import type { SignalName } from "./context.ts";

/** See {@linkcode CliContext.onSignals}. */
export function onSignals(
  signals: readonly SignalName[],
  listener: (signal: SignalName) => void,
): () => void {
  const ignored = ignoredSignals();
  let isListening = true;
  for (const signal of signals.filter((signal) => !ignored.includes(signal))) {
    const onSignal = () => {
      if (isListening) listener(signal);
    };
    if ("Deno" in globalThis) Deno.addSignalListener(signal, onSignal);
    else process.on(signal, onSignal);
  }
  // They stay without effect until the program ends, which is soon: a second one must not cut off its last words.
  return () => {
    isListening = false;
  };
}

/** Stops this process until it gets SIGCONT. */
export function suspend(): void {
  if ("Deno" in globalThis) Deno.kill(Deno.pid, "SIGSTOP");
  else process.kill(process.pid, "SIGSTOP");
}

/** Bits of the mask in `/proc/PID/status`; nohup and shells ignore no others. */
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3 } as const;
let ignored: readonly SignalName[] | null = null;

/** Read before the first listener, which ends the ignoring. */
export function ignoredSignals(): readonly SignalName[] {
  if (ignored !== null) return ignored;
  const mask = BigInt(`0x${/^SigIgn:\t([0-9a-f]+)$/m.exec(ownText("status"))?.[1] ?? "0"}`);
  ignored = (Object.keys(SIGNAL_NUMBERS) as (keyof typeof SIGNAL_NUMBERS)[]).filter((name) =>
    (mask >> BigInt(SIGNAL_NUMBERS[name] - 1)) & 1n
  );
  return ignored;
}

/** Bun closes them to the commands it starts; Deno does not. What is no file, pipe or socket is the runtime's own. */
export function inheritedDescriptors(): readonly number[] {
  if ("Deno" in globalThis) return [];
  const fs = process.getBuiltinModule("node:fs");
  const isFromOutside = (descriptor: number) => {
    try {
      return descriptor > 2 &&
        !fs.readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("anon_inode:");
    } catch {
      return false; // The one by which the folder was listed.
    }
  };
  try {
    return fs.readdirSync("/proc/self/fd").map(Number).filter(isFromOutside).sort((a, b) => a - b);
  } catch {
    return [];
  }
}

/** A file of `/proc/self`; empty where it can't be read. */
function ownText(name: string): string {
  try {
    const path = `/proc/self/${name}`;
    return "Deno" in globalThis
      ? Deno.readTextFileSync(path)
      : process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Our process group is the one that the terminal's keys reach. */
export function isForeground(): boolean {
  const stat = ownText("stat");
  if (stat === "") {
    return "Deno" in globalThis ? Deno.stdin.isTerminal() : process.stdin.isTTY === true;
  }
  // Behind the name: state, parent, process group, session, terminal, the terminal's process group.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[2] === fields[5];
}
