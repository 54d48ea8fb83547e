/** Alerts told by a command and a webhook: what arrives, and that nothing they do can hold up or break anything. */
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { type Answer, serveApp } from "../lib/http/serve.ts";
import type { Alert, AlertChange } from "../lib/session/alerts/alert.ts";
import type { NotifySettings } from "../lib/session/config/settings.ts";
import { Notifier, type NotifyOutcome } from "../lib/session/notify.ts";
import { alertEnv } from "../lib/session/notify/alert_env.ts";
import { parseWebhook } from "../lib/session/notify/webhook.ts";

const ALERT: Alert = {
  id: "1",
  kind: "gpu_zone",
  subject: "gpu 0",
  topic: "gpu 0 zone",
  severity: "critical",
  sinceMs: 4_000,
  value: 11,
  limit: 10,
  unit: "bytes",
  message: "GPU 0 is critical",
};

function change(alert: Partial<Alert> = {}, what: AlertChange["change"] = "begin"): AlertChange {
  return { change: what, alert: { ...ALERT, ...alert }, atMs: 5_000 };
}

/** A notifier and what it said. */
function notifier(settings: Partial<NotifySettings>) {
  const outcomes: NotifyOutcome[] = [];
  const told = new Notifier(
    { command: null, webhook: null, timeoutMs: 20_000, ...settings },
    "night run",
    (outcome) => outcomes.push(outcome),
  );
  return { told, outcomes };
}

async function inFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-notify-"));
  try {
    await action(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 10) {
    assert.ok(waited < 30_000, "it did not happen within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const skip = process.platform === "linux" ? false : "the commands are those of Linux";

describe("the command", { skip }, () => {
  it("gets the alert as environment variables, beside our own", async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, "env");
      const { told, outcomes } = notifier({ command: ["sh", "-c", `env -0 > '${file}'`] });
      const before = Date.now();
      told.tell(change({ subject: "group \0a\nb=c", message: "é".repeat(20_000) }, "worse"));
      await told.finish(20_000);
      const env = new Map(
        fs.readFileSync(file, "utf8").split("\0").map((line): [string, string] => {
          const at = line.indexOf("=");
          return [line.slice(0, at), line.slice(at + 1)];
        }),
      );
      const shown = (name: string) => env.get(`HMN_ALERT_${name}`);
      assert.deepEqual(
        ["CHANGE", "KIND", "SUBJECT", "SEVERITY", "VALUE", "LIMIT", "UNIT", "SESSION"].map(shown),
        ["worse", "gpu_zone", "group \ufffda\nb=c", "critical", "11", "10", "bytes", "night run"],
      );
      assert.equal(shown("MESSAGE"), "é".repeat(8_192));
      const at = Date.parse(shown("AT")!);
      assert.ok(at >= before - 1_000 && at <= Date.now() + 1_000, String(shown("AT")));
      assert.match(shown("AT")!, /^\d{4}-\d\d-\d\dT.*Z$/);
      assert.equal(env.get("PATH"), process.env.PATH);
      assert.deepEqual(outcomes, [{
        what: "command",
        ok: true,
        message: '"sh" was told the worse of group \\u{0}a\\u{a}b=c (gpu_zone)',
      }]);
    });
  });

  it("has empty texts for what is not known", async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, "env");
      const script = `echo "[$HMN_ALERT_VALUE][$HMN_ALERT_LIMIT][$HMN_ALERT_UNIT]" > '${file}'`;
      const { told } = notifier({ command: ["sh", "-c", script] });
      told.tell(change({ value: null, limit: null, unit: null }));
      await told.finish(20_000);
      assert.equal(fs.readFileSync(file, "utf8"), "[][][]\n");
    });
  });

  it("is begun after the tick, and has no terminal", async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, "out");
      const script = `echo lost; echo lost >&2; { readlink /proc/$$/fd/0; cat; } > '${file}'`;
      const { told, outcomes } = notifier({ command: ["sh", "-c", script] });
      told.tell(change());
      assert.equal(fs.existsSync(file), false);
      await told.finish(20_000);
      assert.equal(fs.readFileSync(file, "utf8"), "/dev/null\n");
      assert.deepEqual(outcomes.map(({ ok }) => ok), [true]);
    });
  });

  it("that fails, can't be found or can't be run is said, and nothing more", async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ["sh", "-c", "exit 3"],
        /^Cannot tell "sh" the begin of gpu 0 .*: it ended with exit code 3$/,
      ],
      [["sh", "-c", "kill -9 $$"], /: it was ended by SIGKILL$/],
      [
        ["/nonexistent/mail"],
        /^Cannot tell "\/nonexistent\/mail" .*: Cannot .*\/nonexistent\/mail/,
      ],
      [["/etc/passwd"], /: Cannot .*\/etc\/passwd/],
      [[], /^Cannot tell "" /],
    ];
    for (const [command, message] of cases) {
      const { told, outcomes } = notifier({ command });
      told.tell(change());
      await told.finish(20_000);
      assert.equal(outcomes.length, 1);
      assert.equal(outcomes[0]!.ok, false);
      assert.match(outcomes[0]!.message, message);
    }
  });

  it("that hangs is ended, by SIGKILL where it does not heed SIGTERM", async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, "pid");
      const scripts = [
        `echo $$ > '${file}'; exec sleep 600`,
        `trap '' TERM; echo $$ > '${file}'; exec sleep 600`,
      ];
      for (const script of scripts) {
        const { told, outcomes } = notifier({ command: ["sh", "-c", script], timeoutMs: 300 });
        told.tell(change());
        await told.finish(30_000);
        assert.deepEqual(outcomes.map(({ ok }) => ok), [false]);
        assert.match(outcomes[0]!.message, /: it did not end within 300 ms$/);
        const pid = Number(fs.readFileSync(file, "utf8"));
        assert.ok(pid > 0);
        assert.equal(isRunning(pid), false);
      }
    });
  });

  it("that is under way at the end is given the time there is, and then killed", async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, "pid");
      const script =
        `trap '' TERM; echo $$ > '${file}.new'; mv '${file}.new' '${file}'; exec sleep 600`;
      const { told, outcomes } = notifier({ command: ["sh", "-c", script], timeoutMs: 600_000 });
      told.tell(change());
      told.tell(change({}, "end"));
      await until(() => fs.existsSync(file));
      const startMs = performance.now();
      await told.finish(200);
      assert.ok(performance.now() - startMs < 20_000);
      assert.equal(isRunning(Number(fs.readFileSync(file, "utf8"))), false);
      assert.deepEqual(outcomes.map(({ message }) => message).sort(), [
        'Cannot tell "sh" the begin of gpu 0 (gpu_zone): the recording ended before it did',
        'Cannot tell 1 alerts to "sh": they came faster than it takes them',
      ]);
      told.tell(change());
      await told.finish(1_000);
      assert.equal(outcomes.length, 2);
    });
  });

  it("runs once at a time for an alert, in order, and four at a time for all", async () => {
    await inFolder(async (folder) => {
      const log = path.join(folder, "log");
      const script = `echo "+ $HMN_ALERT_SUBJECT $HMN_ALERT_CHANGE" >> '${log}'; sleep 0.05; ` +
        `echo "- $HMN_ALERT_SUBJECT $HMN_ALERT_CHANGE" >> '${log}'`;
      const { told } = notifier({ command: ["sh", "-c", script] });
      for (let i = 0; i < 7; i++) {
        for (const what of ["begin", "worse", "end"] as const) {
          told.tell(change({ id: `${i}`, subject: `s${i}` }, what));
        }
      }
      await told.finish(60_000);
      const lines = fs.readFileSync(log, "utf8").trimEnd().split("\n");
      assert.equal(lines.length, 42);
      for (let i = 0; i < 7; i++) {
        assert.deepEqual(lines.filter((line) => line.includes(`s${i} `)), [
          `+ s${i} begin`,
          `- s${i} begin`,
          `+ s${i} worse`,
          `- s${i} worse`,
          `+ s${i} end`,
          `- s${i} end`,
        ]);
      }
      let running = 0;
      let most = 0;
      for (const line of lines) {
        running += line.startsWith("+") ? 1 : -1;
        most = Math.max(most, running);
      }
      assert.ok(most >= 2 && most <= 4, `${most} at once`);
    });
  });
});

/** A webhook on this machine, and everything that was sent to it. */
async function hook(answer: Answer = () => new Response(null, { status: 204 })) {
  const bodies: string[] = [];
  const requests: { readonly method: string; readonly url: URL; readonly headers: Headers }[] = [];
  const server = await serveApp(async (request, env) => {
    const { method, url, headers } = request;
    requests.push({ method, url: new URL(url), headers: new Headers(headers) });
    bodies.push(await request.text());
    return answer(request, env);
  }, { port: 0 });
  return { server, bodies, requests };
}

describe("the webhook", () => {
  it("gets the alert as JSON", async () => {
    const { server, bodies, requests } = await hook();
    try {
      const webhook = `http://user:p%40ss@127.0.0.1:${server.port}/hooks/secret?token=hidden`;
      const { told, outcomes } = notifier({ webhook });
      told.tell(change());
      await told.finish(20_000);
      const { at, ...rest } = JSON.parse(bodies[0]!);
      assert.match(at, /^\d{4}-\d\d-\d\dT.*Z$/);
      const { sinceMs, ...alert } = ALERT;
      assert.deepEqual(rest, {
        session: "night run",
        change: "begin",
        elapsed_ms: 5_000,
        alert: { ...alert, since_ms: sinceMs },
      });
      const [request] = requests;
      assert.equal(request!.method, "POST");
      assert.equal(request!.url.pathname, "/hooks/secret");
      assert.equal(request!.url.search, "?token=hidden");
      assert.equal(request!.headers.get("content-type"), "application/json");
      assert.equal(request!.headers.get("authorization"), `Basic ${btoa("user:p@ss")}`);
      assert.deepEqual(outcomes, [{
        what: "webhook",
        ok: true,
        message: `http://127.0.0.1:${server.port} was told the begin of gpu 0 (gpu_zone)`,
      }]);
    } finally {
      await server.close();
    }
  });

  it("that refuses or redirects is said; a redirect is not followed", async () => {
    const elsewhere = await hook();
    const cases: readonly (readonly [Answer, RegExp])[] = [
      [() => new Response("no", { status: 500 }), /: it answered with status 500$/],
      [() => new Response("no", { status: 404 }), /: it answered with status 404$/],
      [
        () => new Response(null, { status: 307, headers: { location: elsewhere.server.url } }),
        /: it redirects, and redirects are not followed: /,
      ],
    ];
    try {
      for (const [answer, message] of cases) {
        const { server } = await hook(answer);
        try {
          const { told, outcomes } = notifier({ webhook: `${server.url}/?k=hidden` });
          told.tell(change());
          await told.finish(20_000);
          assert.deepEqual(outcomes.map(({ ok }) => ok), [false]);
          assert.match(outcomes[0]!.message, message);
          assert.doesNotMatch(outcomes[0]!.message, /hidden/);
        } finally {
          await server.close();
        }
      }
      assert.deepEqual(elsewhere.bodies, []);
    } finally {
      await elsewhere.server.close();
    }
  });

  it("that is not there is said without its secrets", async () => {
    const { server } = await hook();
    await server.close();
    const webhook = `http://user:password@127.0.0.1:${server.port}/secret-path?token=secret-query`;
    const { told, outcomes } = notifier({ webhook });
    told.tell(change());
    await told.finish(20_000);
    assert.deepEqual(outcomes.map(({ ok }) => ok), [false]);
    const { message } = outcomes[0]!;
    assert.ok(
      message.startsWith(`Cannot tell http://127.0.0.1:${server.port} the begin of`),
      message,
    );
    assert.doesNotMatch(message, /secret|password|user/);
  });

  it("that hangs is given up, and does not hold up the command", { skip }, async () => {
    const { server, bodies } = await hook(() => new Promise(() => {}));
    try {
      const { told, outcomes } = notifier({
        webhook: server.url,
        command: ["true"],
        timeoutMs: 1_000,
      });
      told.tell(change());
      await told.finish(20_000);
      assert.deepEqual(outcomes.map(({ what, ok }) => `${what} ${ok}`), [
        "command true",
        "webhook false",
      ]);
      assert.match(outcomes[1]!.message, /: it did not answer within 1000 ms$/);
      assert.equal(bodies.length, 1);
    } finally {
      await server.close();
    }
  });

  it("that hangs at the end is given the time there is", async () => {
    const { server, bodies } = await hook(() => new Promise(() => {}));
    try {
      const { told, outcomes } = notifier({ webhook: server.url, timeoutMs: 600_000 });
      told.tell(change());
      await until(() => bodies.length === 1);
      const startMs = performance.now();
      await told.finish(100);
      assert.ok(performance.now() - startMs < 20_000);
      assert.match(outcomes[0]!.message, /: the recording ended before it answered$/);
    } finally {
      await server.close();
    }
  });

  it("that floods is cut off", async () => {
    let written = 0;
    const cut = Promise.withResolvers<void>();
    const flood = net.createServer((socket) => {
      const piece = "x".repeat(1 << 16);
      const pour = () => {
        while (!socket.destroyed && written < 2 ** 30 && socket.write(piece)) {
          written += piece.length;
        }
      };
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n");
      socket.on("drain", pour).on("error", () => {}).on("close", () => cut.resolve());
      socket.once("data", pour);
    });
    await new Promise<void>((resolve) => flood.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = flood.address() as net.AddressInfo;
      const { told, outcomes } = notifier({ webhook: `http://127.0.0.1:${port}/` });
      told.tell(change());
      await told.finish(20_000);
      await cut.promise;
      assert.equal(outcomes.length, 1);
      assert.ok(written < 2 ** 28, `${written} bytes were taken`);
    } finally {
      await new Promise((resolve) => flood.close(resolve));
    }
  });

  it("gets the newest of a flood of alerts; the dropped are counted once", async () => {
    const gate = Promise.withResolvers<void>();
    const { server, bodies } = await hook(async () => {
      await gate.promise;
      return new Response(null, { status: 204 });
    });
    try {
      const { told, outcomes } = notifier({ webhook: server.url });
      for (let i = 0; i < 500; i++) told.tell(change({ id: `${i}`, subject: `s${i}` }));
      await until(() => bodies.length === 4);
      gate.resolve();
      await told.finish(30_000);
      const subjects = bodies.map((body) => JSON.parse(body).alert.subject);
      const newest = Array.from({ length: 64 }, (_, i) => `s${436 + i}`);
      assert.deepEqual(subjects.toSorted(), newest.toSorted());
      const refused = outcomes.filter(({ ok }) => !ok).map(({ message }) => message);
      assert.deepEqual(refused, [
        `Cannot tell 436 alerts to ${server.url}: they came faster than it takes them`,
      ]);
      assert.equal(outcomes.length, 65);
    } finally {
      await server.close();
    }
  });

  it("has to be http or https, and is not repeated in the error", () => {
    for (const webhook of ["ftp://host/x", "file:///etc/passwd", "no url?token=secret", ""]) {
      assert.throws(() => notifier({ webhook }), {
        name: "HypomnesisError",
        code: "invalid_request",
        message: "Cannot use the webhook: give a URL that begins with http:// or https://",
      });
    }
    assert.deepEqual(parseWebhook("https://h:8443/a?b#c"), {
      url: "https://h:8443/a?b",
      shown: "https://h:8443",
      authorization: null,
    });
  });
});

it("a listener that throws, and nobody to tell, change nothing", async () => {
  const { server, bodies } = await hook();
  try {
    const settings = { command: null, webhook: server.url, timeoutMs: 20_000 };
    const told = new Notifier(settings, "s", () => {
      throw new Error("the disk is full");
    });
    told.tell(change({ id: "1" }));
    told.tell(change({ id: "2" }));
    await told.finish(20_000);
    assert.equal(bodies.length, 2);
  } finally {
    await server.close();
  }
  const { told, outcomes } = notifier({});
  told.tell(change());
  await told.finish(20_000);
  assert.deepEqual(outcomes, []);
});

it("gives cmd.exe, which reads a line with its variables put in, nothing that it acts on", () => {
  const hostile = `a&b|c<d>e^f"g%PATH%!h(i)\r\nj é`;
  const told = {
    change: change({ subject: hostile, message: "x".repeat(3_000) }),
    session: "s",
    at: "now",
  };
  const env = alertEnv(told, true);
  assert.equal(env.HMN_ALERT_SUBJECT, "a_b_c_d_e_f_g_PATH__h_i___j é");
  assert.equal(env.HMN_ALERT_MESSAGE!.length, 1_024);
  assert.equal(alertEnv(told, false).HMN_ALERT_SUBJECT, hostile);
});
