/** A headless Chromium for the tests of pages; it and its profile are gone at the end. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

const PROGRAM = "/usr/bin/chromium";

/** Why the tests of pages can't run here; `false`: they can. In CI nothing is skipped, so there they fail. */
export const skipPages: string | false = existsSync(PROGRAM) || process.env.HMN_CI === "1"
  ? false
  : "there is no Chromium: apt-get install chromium";

/** A browser, to be closed. */
export interface Chromium {
  /** A page that remembers what went wrong on it, and what it asked the network for. */
  open(url: string, how?: OpenOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

/** How a page is looked at. */
export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** An open page. */
export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of its console, and errors nobody caught. */
  readonly complaints: readonly string[];
  /** Everything that was asked for, the page itself first. */
  readonly requests: readonly string[];
}

/** Starts Chromium. */
export async function startChromium(): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), "hmn-chromium-"));
  const browser = await puppeteer.launch({
    executablePath: PROGRAM,
    headless: true,
    userDataDir: profile,
    // What it puts aside goes with the profile.
    env: { ...process.env, TMPDIR: profile },
    // It must not be able to reach a network even where a page wants to.
    args: [
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--proxy-server=127.0.0.1:9",
      ...process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    ],
  });
  return {
    open: (url, how) => open(browser, url, how),
    close: async () => {
      await end(browser);
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** One that does not close is killed, with what it started: the program is a script around it. */
async function end(browser: Browser): Promise<void> {
  const program = browser.process();
  const ended = new Promise<void>((resolve) => {
    if (program === null || program.exitCode !== null || program.signalCode !== null) resolve();
    else program.once("exit", () => resolve());
  });
  const patience = setTimeout(() => program?.kill("SIGKILL"), 10_000);
  await browser.close().catch(() => program?.kill("SIGKILL"));
  await ended;
  clearTimeout(patience);
}

async function open(
  browser: Browser,
  url: string,
  { width = 1280, height = 900, dark = false }: OpenOptions = {},
): Promise<OpenPage> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
  ]);
  await page.goto(url, { waitUntil: "load" });
  return { page, complaints, requests };
}
