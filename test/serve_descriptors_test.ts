/** A server with few descriptors and many clients: it may be slow for a moment, and is there afterwards. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import net from "node:net";
import process from "node:process";
import { test } from "node:test";
import { repositoryFile, SCRIPT_ENV, scriptCommand } from "./support/run_script.ts";
import { until } from "./support/serve_run.ts";

const DESCRIPTORS = 256;
const CLIENTS = 700;

test("clients that take every descriptor end no server", async () => {
  const command = scriptCommand(repositoryFile("cli.ts"), {
    args: ["serve", "--port", "0", "--json", "--sources", "proc"],
  });
  const child = spawn("sh", ["-c", `ulimit -n ${DESCRIPTORS} && exec "$@"`, "sh", ...command], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...SCRIPT_ENV, HMN_URL: "", HMN_TOKEN: "" },
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const clients: net.Socket[] = [];
  try {
    await until("its first line", () => stdout.includes("\n"));
    const { url, port } = JSON.parse(stdout) as { url: string; port: number };
    let connected = 0;
    for (let i = 0; i < CLIENTS; i++) {
      const client = net.connect(port, "127.0.0.1", () => {
        connected += 1;
        // Half a head, so that no server can be done with it.
        client.write("GET / HTTP/1.1\r\nhost: 127.");
      });
      clients.push(client.on("error", () => {}));
    }
    await until("everybody is in", () => connected === CLIENTS);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const isWell = async () => {
      const signal = AbortSignal.timeout(2_000);
      const answer = await fetch(`${url}/-/healthy`, { signal }).catch(() => null);
      await answer?.body?.cancel();
      return answer?.ok === true;
    };
    // The clients are still there: the server has to get rid of them by itself.
    await until("it answers", isWell, 60_000);
    assert.equal(child.exitCode, null);
  } finally {
    for (const client of clients) client.destroy();
    process.kill(child.pid!, "SIGTERM");
    await ended;
  }
  assert.equal(child.exitCode, 0);
});
