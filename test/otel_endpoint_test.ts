/** Where OTLP goes: URLs and headers as users write them, and messages that hold nothing of what may be secret. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HypomnesisError } from "../lib/errors.ts";
import { parseEndpoint, parseOtlpHeaders } from "../lib/otel/endpoint.ts";

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof HypomnesisError, String(error));
    assert.equal(error.code, "invalid_request");
    return error.message;
  }
  throw new Error("it was taken");
}

describe("the URL", () => {
  it("gets the path of metrics where it has none", () => {
    const url = (text: string) => parseEndpoint(text).url;
    assert.equal(url("http://localhost:4318"), "http://localhost:4318/v1/metrics");
    assert.equal(url("https://h/"), "https://h/v1/metrics");
    assert.equal(url("https://h?key=1"), "https://h/v1/metrics?key=1");
    assert.equal(url("http://h/v1/metrics"), "http://h/v1/metrics");
    assert.equal(url("http://h/api/v1/otlp/"), "http://h/api/v1/otlp/");
    assert.equal(url("http://[::1]:4318/x?y#z"), "http://[::1]:4318/x?y");
  });

  it("is shown without what may be secret", () => {
    const endpoint = parseEndpoint("https://user:pass@h:1/secret?token=1");
    assert.equal(endpoint.url, "https://h:1/secret?token=1");
    assert.equal(endpoint.shown, "https://h:1");
    assert.equal(endpoint.headers.authorization, `Basic ${btoa("user:pass")}`);
    const wanted = [`Basic ${btoa("user:pass")}`, "pass"];
    assert.deepEqual(endpoint.secrets, wanted);
    const other = parseEndpoint("http://a%:%@h");
    assert.equal(other.headers.authorization, `Basic ${btoa("a%:%")}`);
  });

  it("is refused where it is none, without being shown", () => {
    for (const text of ["", "localhost:4318", "grpc://h:4317", "http://", "file:///secret"]) {
      const message = refusal(() => parseEndpoint(text));
      assert.match(
        message,
        /^Cannot send OTLP: give a URL that begins with http:\/\/ or https:\/\//,
      );
      assert.doesNotMatch(message, /secret|4317/);
    }
  });
});

describe("headers", () => {
  it("are read as the variable of OpenTelemetry holds them", () => {
    assert.deepEqual(parseOtlpHeaders(""), {});
    assert.deepEqual(parseOtlpHeaders(" , ,"), {});
    assert.deepEqual(
      parseOtlpHeaders("Api-Key=a%2Cb%3D, x-tenant = 7 ,authorization=Bearer%20t==,empty="),
      { "api-key": "a,b=", "x-tenant": "7", authorization: "Bearer t==", empty: "" },
    );
    assert.deepEqual(parseOtlpHeaders("a=50%"), { a: "50%" });
  });

  it("are refused without their values", () => {
    const refused = (text: string) => refusal(() => parseOtlpHeaders(text));
    assert.equal(
      refused("a=1,hunter22"),
      "Cannot send these OTLP headers: part 2 has no name: give name=value",
    );
    assert.match(refused("a b=hunter22"), /"a b" is no name of a header/);
    assert.match(refused("=hunter22"), /part 1 has no name/);
    assert.match(refused("\u001b[31m=hunter22"), /"\\u001b\[31m" is no name/);
    assert.match(refused("a=hunter22%0d%0aevil: 1"), /value of a has a character/);
    assert.match(refused("a=hunter22%00"), /value of a has a character/);
    assert.match(refused("a=hunter22€"), /value of a has a character/);
    assert.match(refused("Content-Type=hunter22"), /content-type is set by hypomnesis/);
    assert.match(refused("host=hunter22"), /host is set by hypomnesis/);
    for (const text of ["a=hunter22%00", "hunter22", "Host=hunter22"]) {
      assert.doesNotMatch(refused(text), /hunter22/);
    }
    assert.match(refusal(() => parseEndpoint("http://h", { "a\n": "1" })), /no name of a header/);
    assert.match(refusal(() => parseEndpoint("http://h", { a: "1\n2" })), /value of a has/);
  });

  it("that are given come before the password of the URL", () => {
    const { headers } = parseEndpoint("http://u:p@h", { Authorization: "Bearer t" });
    assert.equal(headers.authorization, "Bearer t");
  });
});
