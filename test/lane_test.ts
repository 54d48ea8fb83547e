import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link, LinkEvents } from "../lib/isolation/link.ts";
import { Lane, type Starters } from "../lib/isolation/lane.ts";
import { type MeterOptions, settle } from "../lib/options.ts";
import type { ElementaryRequest, FromWorker, ToWorker } from "../lib/protocol.ts";
import { aGpuReply } from "../lib/testing.ts";
import type { SourceName } from "../lib/sources.ts";

const ASK: ElementaryRequest = { kind: "gpu", processes: true, telemetry: false };

/** What a scripted worker does with its n-th question. */
type Act = (link: ScriptedLink, id: number, without: readonly SourceName[]) => void;

class ScriptedLink implements Link {
  readonly pid = null;
  readonly kind: "worker" | "process";
  readonly events: LinkEvents;
  readonly act: Act;
  held = false;
  retired = false;
  abandoned = false;
  readonly asked: (readonly SourceName[])[] = [];

  constructor(kind: "worker" | "process", events: LinkEvents, act: Act) {
    this.kind = kind;
    this.events = events;
    this.act = act;
  }
  tell(message: FromWorker): void {
    queueMicrotask(() => this.events.message(message));
  }
  send(message: ToWorker): void {
    if ("config" in message) return this.tell({ ready: message.config.protocol });
    if ("close" in message) return;
    this.asked.push(message.without);
    this.act(this, message.id, message.without);
  }
  hold(on: boolean): void {
    this.held = on;
  }
  retire(): void {
    this.retired = true;
  }
  abandon(): void {
    this.abandoned = true;
  }
}

const reply: Act = (link, id) => link.tell({ id, reply: aGpuReply() });
const hang: Act = () => {};
const crash: Act = (link) =>
  queueMicrotask(() =>
    link.events.lost({ how: "gone", code: "crashed", detail: "signal SIGSEGV" })
  );

function scripted(acts: Act[], options: MeterOptions = {}, mayStartChild = true) {
  const links: ScriptedLink[] = [];
  const start = (kind: "worker" | "process") => (events: LinkEvents) => {
    const link = new ScriptedLink(kind, events, acts[links.length] ?? reply);
    links.push(link);
    return link;
  };
  const starters: Starters = {
    worker: start("worker"),
    process: start("process"),
    mayStartChild: () => mayStartChild,
  };
  const settings = settle({
    sources: ["proc", "proc_mm", "nvml", "nvidia_smi"],
    softBudgetMs: 60,
    hardBudgetMs: 150,
    quarantine: { firstMs: 200, maxMs: 1000 },
    ...options,
  });
  return {
    links,
    lane: (isolation: "worker" | "process") => new Lane("driver", isolation, settings, starters),
  };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const codes = (failures: readonly { source: unknown; code: string }[]) =>
  failures.map(({ source, code }) => `${source} ${code}`);

test("a healthy worker answers and is not kept waiting for", async () => {
  const { links, lane } = scripted([]);
  const answer = await lane("process").ask(ASK);
  assert.equal(answer.reply?.kind, "gpu");
  assert.deepEqual(answer.failures, []);
  assert.equal(links.length, 1);
  assert.equal(links[0]?.held, false);
});

test("a crash is answered from the next source by the next worker", async () => {
  const { links, lane } = scripted([crash]);
  const answer = await lane("process").ask(ASK);
  assert.equal(answer.reply?.kind, "gpu");
  assert.deepEqual(codes(answer.failures), ["nvml crashed"]);
  assert.deepEqual(links[1]?.asked, [["nvml"]]);
});

test("a crash in the later source is blamed on that one", async () => {
  const { links, lane } = scripted([(link, id, without) => {
    link.tell({ id, begin: "nvidia_smi" });
    setTimeout(() => crash(link, id, without), 1);
  }]);
  const answer = await lane("process").ask(ASK);
  assert.deepEqual(codes(answer.failures), ["nvidia_smi crashed"]);
  assert.deepEqual(links[1]?.asked, [["nvidia_smi"]]);
});

test("past the soft budget the answer comes without the source, and the call may still finish", async () => {
  let slowId = 0;
  const { links, lane } = scripted([(link, id, without) => {
    if (slowId > 0) return reply(link, id, without);
    slowId = id;
  }]);
  const driver = lane("process");
  const answer = await driver.ask(ASK);
  assert.deepEqual(codes(answer.failures), ["nvml slow"]);
  assert.equal(answer.reply?.kind, "gpu");
  assert.equal(links[0]?.abandoned, false);
  links[0]?.tell({ id: slowId, reply: aGpuReply() });
  await sleep(5);
  const next = await driver.ask(ASK);
  assert.deepEqual(next.failures, [], "it answered after all, so nothing is wrong with it");
  assert.equal(links[0]?.asked.length, 2, "the worker with the driver open is kept");
  assert.equal(links[1]?.retired, true);
});

test("past the hard budget the worker is given up and the source left alone for a while", async () => {
  const { links, lane } = scripted([hang]);
  const driver = lane("process");
  await driver.ask(ASK);
  await sleep(150);
  assert.equal(links[0]?.abandoned, true);
  const during = await driver.ask(ASK);
  assert.deepEqual(codes(during.failures), ["nvml hung"]);
  const retryInMs = during.failures[0]?.retryInMs;
  assert.ok(retryInMs !== null && retryInMs !== undefined && retryInMs > 0 && retryInMs <= 200);
  await sleep(250);
  assert.deepEqual((await driver.ask(ASK)).failures, [], "and then tried again");
});

test("when every source is lost the answer is the list of reasons", async () => {
  const { lane } = scripted([crash, crash]);
  const answer = await lane("process").ask(ASK);
  assert.equal(answer.reply, null);
  assert.deepEqual(codes(answer.failures), ["nvml crashed", "nvidia_smi crashed"]);
});

test("a thread that hung is followed by a child, never by another thread", async () => {
  const { links, lane } = scripted([hang]);
  const driver = lane("worker");
  await driver.ask(ASK);
  await sleep(400);
  await driver.ask(ASK);
  assert.deepEqual(links.map(({ kind }) => kind), ["worker", "worker", "process"]);
  assert.deepEqual(links[1]?.asked, [["nvml"]], "the second thread must not touch the library");
  assert.deepEqual(links[2]?.asked, [[]]);
});

test("where no child may be started a source that hung in a thread stays out for good", async () => {
  const { lane } = scripted([hang], {}, false);
  const driver = lane("worker");
  await driver.ask(ASK);
  await sleep(500);
  const answer = await driver.ask(ASK);
  assert.deepEqual(codes(answer.failures), ["nvml hung"]);
  assert.equal(answer.failures[0]?.retryInMs, null);
  assert.match(answer.failures[0]?.message ?? "", /no child process may be started/);
});

test("a worker that can't be started is reported, and not started again in a loop", async () => {
  let starts = 0;
  const refuse = (events: LinkEvents): Link => {
    starts++;
    queueMicrotask(() =>
      events.lost({ how: "start", code: "permission_denied", detail: "needs --allow-run" })
    );
    return new ScriptedLink("process", events, hang);
  };
  const settings = settle({});
  const lane = new Lane("driver", "process", settings, {
    worker: refuse,
    process: refuse,
    mayStartChild: () => false,
  });
  for (let question = 0; question < 20; question++) {
    const answer = await lane.ask(ASK);
    assert.equal(answer.reply, null);
    assert.equal(answer.failures[0]?.code, "permission_denied");
  }
  assert.ok(starts <= 2, `${starts} starts`);
});

test("everybody who waits behind a hung call is answered", async () => {
  const { lane } = scripted([hang]);
  const driver = lane("process");
  const answers = await Promise.all(Array.from({ length: 20 }, () => driver.ask(ASK)));
  for (const answer of answers) assert.equal(answer.reply?.kind, "gpu");
});

test("a closed lane answers what is still open", async () => {
  const { lane } = scripted([hang]);
  const driver = lane("process");
  const open = driver.ask(ASK);
  await sleep(5);
  driver.close();
  const answer = await open;
  assert.equal(answer.reply, null);
  assert.equal(answer.failures.at(-1)?.code, "closed");
});
