/** The options that several commands share, and the forms of their values. */
import { parseSources } from "../options.ts";
import type { DeviceSelector } from "../select_device.ts";
import type { SourceName } from "../sources.ts";
import { sourcesHere } from "../system.ts";
import { TOKEN_ACCEPTS, TOKEN_FORM } from "../http/token.ts";
import { baseUrl, URL_ACCEPTS } from "../client/base_url.ts";
import type { AskerOptions } from "./asker.ts";
import type { Flag, Valued, Values } from "./command.ts";
import { quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** The largest PID the protocol takes. */
const MAX_PID = 0x7fffffff;

/** `--json` */
export const JSON_OPTION: Flag = { about: "print JSON, on one line" };

/** `--pid`; what it does depends on the command. */
export function pidOption(about: string): Valued<number> {
  return {
    about,
    value: "PID",
    accepts: `a whole number from 1 to ${MAX_PID}`,
    parse: (text) => {
      const pid = /^\d{1,10}$/.test(text) ? Number(text) : 0;
      return pid >= 1 && pid <= MAX_PID ? pid : undefined;
    },
  };
}

/** `--device`; what it does depends on the command. */
export function deviceOption(about: string): Valued<DeviceSelector> {
  return {
    about,
    value: "DEVICE",
    accepts: "an index, a UUID or its first 8 or more characters, a PCI bus id, or a LUID",
    parse: (text) => {
      if (/^\d{1,9}$/.test(text)) return Number(text);
      const isPci = /^(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(text);
      const isUuid = /^(?=.*[a-z])[a-z0-9-]{8,64}$/i.test(text);
      const isLuid = /^0x[0-9a-f]{8}_0x[0-9a-f]{8}$/i.test(text);
      return isPci || isUuid || isLuid ? text : undefined;
    },
  };
}

/** `--sources` and `HMN_SOURCES` */
export const SOURCES_OPTION: Valued<readonly SourceName[]> = {
  about: "ask only these sources",
  value: "LIST",
  accepts: `names separated by commas, out of ${sourcesHere().join(", ")}`,
  env: "HMN_SOURCES",
  parse: (text) => {
    try {
      const sources = parseSources(text);
      return sources.length > 0 ? sources : undefined;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  },
};

/** `--url` and `HMN_URL` */
const URL_OPTION: Valued<string> = {
  about: "ask the hmn serve at this address, about its machine",
  value: "URL",
  accepts: `${URL_ACCEPTS}, the token by itself (HMN_TOKEN)`,
  // What stands before the @ and behind the ? or # may be a secret.
  shown: (text) => quote(text.replace(/\/\/[^/]*@/, "//…@").replace(/[?#].*/s, "…")),
  env: "HMN_URL",
  parse: (text) => {
    try {
      return baseUrl(text);
    } catch {
      return undefined;
    }
  },
};

/** `--token` and `HMN_TOKEN`; what it does depends on the command. */
export function tokenOption(about: string): Valued<string> {
  return {
    about: `${about}; in HMN_TOKEN it is not seen by others`,
    value: "TOKEN",
    accepts: TOKEN_ACCEPTS,
    shown: (text) => `of ${text.length} characters`,
    env: "HMN_TOKEN",
    parse: (text) => TOKEN_FORM.test(text) ? text : undefined,
  };
}

/** Which server is meant. */
export const SERVER_OPTIONS = {
  url: URL_OPTION,
  token: tokenOption("the token of that server"),
} as const;

/** Who is asked: the options of every command that asks. */
export const ASKED_OPTIONS = { ...SERVER_OPTIONS, sources: SOURCES_OPTION } as const;

/**
 * How the asker is opened that the options mean.
 *
 * @throws {UsageError} where they contradict each other
 */
export function askedBy({ url, token, sources }: Values<typeof ASKED_OPTIONS>): AskerOptions {
  if (url === undefined) return { sources };
  if (sources !== undefined) {
    throw new UsageError(
      "--sources is about this machine, and --url (or HMN_URL) about another: give one of them",
    );
  }
  return { url, token };
}

/** An option whose value is one of a few words; each word stands for a value. */
export function choiceOption<T>(
  about: string,
  value: string,
  choices: Readonly<Record<string, T>>,
): Valued<T> {
  return {
    about,
    value,
    accepts: Object.keys(choices).join(", "),
    parse: (text) => Object.hasOwn(choices, text) ? choices[text] : undefined,
  };
}

/** Controls but tab and line feed, which a shell command may have. */
const NO_TEXT = /(?![\t\n])\p{Cc}/u;

/** An option whose value is a text: a path, a command, a URL. */
export function textOption(about: string, value: string, accepts: string): Valued<string> {
  return {
    about,
    value,
    accepts,
    parse: (text) => text.trim() === "" || NO_TEXT.test(text) ? undefined : text,
  };
}

/** An option whose value is the path of a file or folder. */
export function pathOption(about: string, value = "FILE"): Valued<string> {
  return textOption(about, value, "a path without control characters");
}
