/** The questions of the protocol. */
import { toCamelCase } from "../../json_case.ts";
import type { Request as Question } from "../../protocol.ts";
import type { AskQuestion } from "../../watch/sample.ts";
import type { Rights } from "../access.ts";
import { readJson } from "../read_json.ts";
import { Refusal } from "../refusal.ts";
import { parseBy } from "../schema/parse_by.ts";
import { request as questionSchema } from "../schema/messages.ts";
import type { Shared, SharedAnswers } from "../shared_answers.ts";
import { respondShared } from "./respond.ts";
import type { Handlers } from "./route.ts";

/** What the questions need. */
export interface QuestionsOptions {
  readonly ask: AskQuestion;
  readonly shared: SharedAnswers;
  /** The process whose RAM a snapshot tells where none is named. */
  readonly ownPid: number;
}

type Names =
  | "GET /v1/devices"
  | "GET /v1/snapshot"
  | "GET /v1/processes"
  | "GET /v1/doctor"
  | "POST /v1/ask";

/** An answer is given to everybody who asks the same within this time. */
const SHARED_MS = 1_000;
/** Who speaks the protocol may look several times a second, and wants to see what changes. */
const ASKED_SHARED_MS = 200;
/** Trying every call of every source is dearer than all other questions. */
const DOCTOR_SHARED_MS = 5_000;

/** The handlers. */
export function questionRoutes({ ask, shared, ownPid }: QuestionsOptions): Handlers<Names> {
  const answer = (
    request: Request,
    rights: Rights,
    question: Question,
    { key = JSON.stringify(question), sharedMs = SHARED_MS } = {},
  ) => {
    checkRights(question, rights);
    const maxAgeMs = question.kind === "doctor" ? DOCTOR_SHARED_MS : sharedMs;
    const probe = () => ask(question);
    const ready = shared.ready<unknown>(key, maxAgeMs, probe);
    if (ready !== null) return respondShared(request, ready);
    return shared.get<unknown>(key, maxAgeMs, probe)
      .then((found: Shared<unknown>) => respondShared(request, found));
  };
  const own: Question = { kind: "snapshot", pid: ownPid };
  const kept = { key: JSON.stringify(own) };
  return {
    "GET /v1/devices": ({ request, rights }) => answer(request, rights, { kind: "devices" }),
    "GET /v1/snapshot": ({ request, rights, query }) =>
      query.pid === undefined
        ? answer(request, rights, own, kept)
        : answer(request, rights, { kind: "snapshot", pid: query.pid as number }),
    "GET /v1/processes": ({ request, rights, query }) =>
      answer(request, rights, { kind: "processes", details: query.details === true }),
    "GET /v1/doctor": ({ request, rights }) => answer(request, rights, { kind: "doctor" }),
    "POST /v1/ask": async ({ request, rights }) => {
      const value = toCamelCase(await readJson(request));
      const question = parseBy(questionSchema, value, "take the question");
      return answer(request, rights, question, { sharedMs: ASKED_SHARED_MS });
    },
  };
}

/** Command lines and users are nobody's business by default, and reading them holds up the process they are of. */
function checkRights(question: Question, { isAuthorized }: Rights): void {
  if (isAuthorized) return;
  const details = "details" in question && question.details;
  const pss = "pss" in question && question.pss;
  if (!details && !pss) return;
  const wanted = [...(details ? ["details"] : []), ...(pss ? ["pss"] : [])];
  throw new Refusal(
    403,
    `Cannot tell ${wanted.join(" and ")} to everybody: start the server with a token, and send it`,
    { code: "permission_denied" },
  );
}
