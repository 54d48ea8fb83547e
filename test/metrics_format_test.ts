/** Which format a scraper gets. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseFormat } from "../lib/metrics/choose_format.ts";

const TEXT = {
  format: "prometheus",
  contentType: "text/plain; version=0.0.4; charset=utf-8",
};
const OPEN = {
  format: "openmetrics",
  contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

const CASES: readonly [what: string, accept: string | null, expected: typeof TEXT][] = [
  ["no header", null, TEXT],
  ["an empty header", "", TEXT],
  ["anything", "*/*", TEXT],
  [
    "a browser",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    TEXT,
  ],
  [
    "Prometheus 2.42",
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    OPEN,
  ],
  [
    "Prometheus 3",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    OPEN,
  ],
  [
    "protobuf first, which we don't have",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5",
    OPEN,
  ],
  [
    "an older Prometheus, which knows only the draft",
    "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    TEXT,
  ],
  ["OpenMetrics of any version", "application/openmetrics-text", OPEN],
  ["OpenMetrics of another version alone", "application/openmetrics-text;version=2.0.0", TEXT],
  ["the text format of another version", "text/plain;version=1.0.0, application/*;q=0.1", OPEN],
  ["any application type", "application/*", OPEN],
  ["any text type, more", "application/openmetrics-text;q=0.5, text/*;q=0.6", TEXT],
  ["both alike", "application/openmetrics-text;version=1.0.0, text/plain;version=0.0.4", TEXT],
  ["text refused", "text/plain;q=0, */*;q=0.5", OPEN],
  ["OpenMetrics refused", "application/openmetrics-text;q=0, */*;q=0.5", TEXT],
  ["everything refused", "*/*;q=0", TEXT],
  ["what we don't have", "application/json", TEXT],
  [
    "the closer range counts",
    "*/*;q=1, text/plain;q=0.1, application/openmetrics-text;q=0.2",
    OPEN,
  ],
  [
    "the version counts more than the type",
    "application/openmetrics-text;q=0.1, application/openmetrics-text;version=1.0.0;q=0.9, text/plain;q=0.5",
    OPEN,
  ],
  ["capital letters", "Application/OpenMetrics-Text; Version=1.0.0; Q=0.9, TEXT/PLAIN;q=0.5", OPEN],
  ["a version in quotes", 'application/openmetrics-text; version="1.0.0", */*;q=0.1', OPEN],
  ["a charset", "application/openmetrics-text; charset=utf-8, text/plain;q=0.9", OPEN],
  ["spaces and tabs", " application/openmetrics-text \t;\tversion = 1.0.0 ; q=1.000 ,, ", OPEN],
  ["a quality that is none", "application/openmetrics-text;q=high, text/plain;q=0.1", TEXT],
  ["a quality above 1", "application/openmetrics-text;q=1.5, text/plain;q=0.1", TEXT],
  ["a negative quality", "application/openmetrics-text;q=-1", TEXT],
  ["an empty quality", "application/openmetrics-text;q=, text/plain;q=0.1", TEXT],
  ["too exact a quality", "application/openmetrics-text;q=0.9999, text/plain;q=0.1", TEXT],
  ["no type", ";q=1, /, text, =, application/openmetrics-text", OPEN],
  ["nonsense", '\u0000"\\;;;,,,q=1;*/', TEXT],
];

describe("the format by Accept", () => {
  for (const [what, accept, expected] of CASES) {
    it(what, () => assert.deepEqual(chooseFormat(accept), expected));
  }

  it("takes no longer than its length for a hostile header", () => {
    const startMs = performance.now();
    for (const piece of [",", ";", "a/", "q=0.", '"', " "]) chooseFormat(piece.repeat(50_000));
    assert.ok(performance.now() - startMs < 5_000);
  });
});
