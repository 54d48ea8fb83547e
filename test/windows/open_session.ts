/** Opens a session with a program in it and waits to be killed. Prints the id of its namespace of processes. */
import fs from "node:fs";
import { WineSession } from "../support/wine.ts";

const session = await WineSession.open();
const script = session.write("wait.js", "setInterval(() => {}, 1000);");
session.spawn(session.script("bun", script));
for (let all = session.processes(/wait\.js/);; all = session.processes(/wait\.js/)) {
  if (all.length > 0) {
    console.log(fs.readlinkSync(`/proc/${all[0]!.pid}/ns/pid`));
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await new Promise((resolve) => setTimeout(resolve, 60_000));
