/** Signals, the terminal's process group, and what we were started with: as the system tells it. */
import { isWindows } from "../system.ts";
import type { SignalName } from "./context.ts";

/** What a console of Windows tells: Ctrl+C, Ctrl+Break, its end and its new size. */
const CONSOLE_SIGNALS: readonly SignalName[] = ["SIGINT", "SIGBREAK", "SIGHUP", "SIGWINCH"];

/** Deno throws at a signal that the system does not have. */
function isHere(signal: SignalName): boolean {
  return isWindows() ? CONSOLE_SIGNALS.includes(signal) : signal !== "SIGBREAK";
}

/** See {@linkcode CliContext.onSignals}. */
export function onSignals(
  signals: readonly SignalName[],
  listener: (signal: SignalName) => void,
): () => void {
  const ignored = ignoredSignals();
  let isListening = true;
  for (const signal of signals) {
    if (ignored.includes(signal) || !isHere(signal)) continue;
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

/** Stops this process until it gets SIGCONT. Windows has no such thing, and no Ctrl+Z that asks for it. */
export function suspend(): void {
  if (isWindows()) return;
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

/**
 * Bun closes them to the commands it starts; Deno does not. What is no file, pipe or socket is the runtime's own. On
 * Windows nothing but the three streams goes to a program under a number.
 */
export function inheritedDescriptors(): readonly number[] {
  if ("Deno" in globalThis || isWindows()) return [];
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

/** A file of `/proc/self`; empty where there is none. */
function ownText(name: string): string {
  if (isWindows()) return "";
  try {
    const path = `/proc/self/${name}`;
    return "Deno" in globalThis
      ? Deno.readTextFileSync(path)
      : process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Our process group is the one that the terminal's keys reach; on Windows they reach every program of the console. */
export function isForeground(): boolean {
  if (isWindows()) return true;
  const stat = ownText("stat");
  if (stat === "") {
    return "Deno" in globalThis ? Deno.stdin.isTerminal() : process.stdin.isTTY === true;
  }
  // Behind the name: state, parent, process group, session, terminal, the terminal's process group.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[2] === fields[5];
}
