#!/usr/bin/env bun
/** `hmn`: the list of its commands, and one run of it. */
import type { CommandEntry } from "./lib/cli/command.ts";
import { exit, realContext } from "./lib/cli/real_context.ts";
import { runCli } from "./lib/cli/dispatch.ts";

/** The commands, in the order of the help. Each is loaded only when it is run. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: null,
    about: "free memory of each GPU, and RAM",
    load: () => import("./lib/cli/summary.ts"),
  },
  {
    name: "snapshot",
    about: "RAM of a process and the machine, GPUs and their processes at once",
    load: () => import("./lib/cli/snapshot.ts"),
  },
  {
    name: "ps",
    about: "the processes that use a GPU, with their GPU memory and RAM",
    load: () => import("./lib/cli/ps.ts"),
  },
  {
    name: "watch",
    about: "processes over time: GPU memory, RAM, changes, spilling",
    load: () => import("./lib/cli/watch.ts"),
  },
  {
    name: "run",
    about: "a command's peak RAM and GPU memory: time(1) for memory",
    load: () => import("./lib/cli/run.ts"),
  },
  {
    name: "spill",
    about: "does a command push a GPU's memory into the system's",
    load: () => import("./lib/cli/spill.ts"),
  },
  {
    name: "record",
    about: "a monitor beside a long job: CSV files, phases, alerts, a log",
    load: () => import("./lib/cli/record.ts"),
  },
  {
    name: "phase",
    about: "tells a running recorder what the job is doing",
    load: () => import("./lib/cli/phase.ts"),
  },
  {
    name: "analyze",
    about: "the report on a recording: phases, leaks, what to change, what still fits",
    load: () => import("./lib/cli/analyze.ts"),
  },
  {
    name: "check",
    about: "a memory gate for CI: a recording against limits and a baseline",
    load: () => import("./lib/cli/check.ts"),
  },
  {
    name: "serve",
    about: "the memory over HTTP: a live page, JSON, a stream, metrics",
    load: () => import("./lib/cli/serve.ts"),
  },
  {
    name: "banner",
    about: "[Mem:45%] for prompts, tmux and status lines",
    load: () => import("./lib/cli/banner.ts"),
  },
  {
    name: "doctor",
    about: "what each source of numbers answers, and what can be measured here",
    load: () => import("./lib/cli/doctor.ts"),
  },
];

if (import.meta.main) exit(await runCli(COMMANDS, realContext()));
