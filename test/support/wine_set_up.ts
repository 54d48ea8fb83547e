/** Whether Windows programs run here, and where what they need is. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { repositoryFile, RUNTIME } from "./run_script.ts";

const inCi = process.env["HMN_CI"] === "1";
const NEEDED = ["unshare", "nsenter", "flock", "apt-get", "dpkg-deb", "npm"];
const SCRIPT = repositoryFile("test/windows/set_up.mjs");

/** Where `npm test` sets it up; else a folder that is kept for the next test. */
export const WINE_FOLDER = process.env["HMN_WINE_ROOT"] ?? keptFolder();

function keptFolder(): string {
  const hash = createHash("sha256").update(fs.readFileSync(SCRIPT)).digest("hex").slice(0, 12);
  return path.join(os.tmpdir(), `hypomnesis-test-native-wine-${hash}`);
}

/**
 * Why a test under Wine is skipped, for `test(name, { skip }, …)`; `false` where it runs. Sets Wine up where that is
 * not done yet. In CI of this project (`HMN_CI=1`) it throws on Linux where that fails.
 */
export async function skipWine(): Promise<string | false> {
  if (RUNTIME === "deno") return "both runtimes of Windows are run by this test under Bun";
  if (process.platform !== "linux" || process.arch !== "x64") {
    return "Wine is here for Linux on x86_64";
  }
  const missing = NEEDED.filter((name) => !isInPath(name));
  const reason = process.getuid?.() !== 0
    ? "only root can set Wine up"
    : missing.length > 0
    ? "unshare, nsenter, flock, apt-get, dpkg-deb or npm is missing"
    : await setUp() === null
    ? null
    : "Wine could not be set up, see what was said of it";
  if (reason !== null && inCi) refuse(reason);
  return reason ?? false;
}

function refuse(reason: string): never {
  throw new Error(`Cannot test on Windows: ${reason}`);
}

function isInPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) =>
    folder !== "" && fs.existsSync(path.join(folder, program))
  );
}

/** Sets Wine up, one at a time; what went wrong, or `null`. */
async function setUp(): Promise<string | null> {
  const isReady = () => fs.existsSync(path.join(WINE_FOLDER, "ready"));
  if (isReady()) return null;
  const inNpmTest = process.env["HMN_WINE_ROOT"] !== undefined;
  if (!inNpmTest) {
    const command = '[ -e "$1/ready" ] || exec "$2" "$3" "$1"';
    const args = [`${WINE_FOLDER}.lock`, "sh", "-c", command, "sh", WINE_FOLDER];
    await new Promise<void>((ended) => {
      execFile("flock", [...args, process.execPath, SCRIPT], () => ended());
    });
  }
  if (isReady()) return null;
  const file = path.join(WINE_FOLDER, "failed");
  const words = fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim() : "it was not finished";
  if (!inNpmTest) console.error(`Wine could not be set up: ${words}`);
  return words;
}
