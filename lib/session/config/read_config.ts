/** Reads the text of a configuration file. Pure. Load it only where there is one: it brings the parsers along. */
import { HypomnesisError } from "../../errors.ts";
import { checkGroupNames, checkSettings } from "./check_settings.ts";
import { mergeSettings } from "./merge.ts";
import type { Problem } from "./problem.ts";
import { problemsOf } from "./issue_text.ts";
import { fileSchema } from "./schema.ts";
import { DEFAULT_SETTINGS, type SessionSettings, type SettingsPatch } from "./settings.ts";
import { ConfigSyntaxError, languageOf, readSyntax } from "./syntax.ts";

/** A configuration file that was read. */
export interface ConfigFile {
  /** What the file states. */
  readonly patch: SettingsPatch;
  /** The same over the defaults: complete, and checked as a whole. */
  readonly settings: SessionSettings;
}

/**
 * Reads and checks TOML or JSON, by the file's suffix.
 *
 * @throws {HypomnesisError} `invalid_request` naming the line of what can't be read, or every key with a wrong value
 */
export function parseConfig(text: string, fileName: string): ConfigFile {
  const value = syntaxOf(text, fileName);
  const { success, data: patch, error } = fileSchema.safeParse(value, { reportInput: true });
  if (!success) throw refused(fileName, error.issues.flatMap(problemsOf));
  const settings = mergeSettings(DEFAULT_SETTINGS, patch);
  // Of groups with the same name, merging leaves one.
  const problems = [...checkGroupNames(patch.groups ?? []), ...checkSettings(settings)];
  if (problems.length > 0) throw refused(fileName, problems);
  return { patch, settings };
}

function syntaxOf(text: string, fileName: string): unknown {
  const language = languageOf(fileName, text);
  try {
    return readSyntax(text, language);
  } catch (error) {
    if (!(error instanceof ConfigSyntaxError)) throw error;
    const { line, column, message } = error;
    const place = line === null ? "" : `, line ${line}, column ${column}`;
    throw new HypomnesisError(
      "invalid_request",
      `Cannot read the configuration ${fileName} as ${language}${place}: ${message}`,
      { cause: error },
    );
  }
}

function refused(fileName: string, problems: readonly Problem[]): HypomnesisError {
  const texts = problems.map(({ path, what }) => `${path === "" ? "the file" : path} ${what}`);
  const count = texts.length === 1 ? "" : ` (${texts.length} problems)`;
  return new HypomnesisError(
    "invalid_request",
    `Cannot use the configuration ${fileName}${count}: ${texts.join("; ")}`,
  );
}
