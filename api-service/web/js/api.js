// Talks to the API. The key lives as long as the tab does and goes nowhere but to the API.

const KEY = "dossier.key";

export const key = () => sessionStorage.getItem(KEY);
export const keep = (value) => sessionStorage.setItem(KEY, value);
export const forget = () => sessionStorage.removeItem(KEY);

/** What the API says when it refuses (RFC 9457), or that it does not answer. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail ?? body.title ?? "");
    this.status = status;
    this.code = body.code ?? "no_answer";
    this.errors = body.errors ?? [];
    this.retryAfter = retryAfter;
    this.instance = body.instance ?? null;
  }
}

async function send(path, options = {}, bearer = key()) {
  const headers = { ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...options.headers };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, cache: "no-store", redirect: "error", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, {}, null);
  }
  if (answer.ok || answer.status === 304) return answer;
  let body = {};
  try {
    body = await answer.json();
  } catch {
    // A proxy in between may answer in its own words.
  }
  throw new Problem(answer.status, body, Number(answer.headers.get("retry-after")) || null);
}

const json = async (path, options, bearer) => (await send(path, options, bearer)).json();

/** Sees whether `bearer` is good. A key without the right to read reports is good, too. */
export async function check(bearer) {
  try {
    await send("/v1/reports?pageSize=1", {}, bearer);
  } catch (problem) {
    if (problem.status !== 403) throw problem;
  }
}

export const report = (id, signal) => json(`/v1/reports/${id}`, { signal });
export const contents = (id) => json(`/v1/reports/${id}/document`);
export const act = (id, what) => json(`/v1/reports/${id}/${what}`, { method: "POST" });
export const usage = (from, to) => json(`/v1/usage?${new URLSearchParams({ from, to })}`);

export function list(filters, pageToken, signal) {
  const query = new URLSearchParams(Object.entries({ ...filters, pageToken }).filter(([, value]) => value));
  return json(`/v1/reports?${query}`, { signal });
}

const written = (body, idempotencyKey) => ({
  method: "POST",
  headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
  body: JSON.stringify(body),
});

export const submit = (request, idempotencyKey) => json("/v1/reports", written(request, idempotencyKey));
export const submitAll = (reports, idempotencyKey) => json("/v1/reports/batch", written({ reports }, idempotencyKey));

/** The reports as a CSV file, handed to the browser to save. */
export async function exported(filters) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  return (await send(`/v1/reports.csv?${query}`)).blob();
}

/**
 * Follows a report: calls `changed` with each state, and `connection` with whether there is one. A stream that breaks off
 * is begun again where it ended, until the report has ended or `signal` says that nobody looks any more.
 */
export async function follow(id, { changed, connection, signal }) {
  let last = null;
  let pause = 1000;
  while (!signal.aborted) {
    try {
      const headers = { accept: "text/event-stream", ...(last === null ? {} : { "last-event-id": last }) };
      const answer = await send(`/v1/reports/${id}/events`, { headers, signal });
      connection(true);
      pause = 1000;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const events = (rest + value).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          const field = (name) => event.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
          const data = field("data");
          if (data === undefined) continue;
          last = field("id") ?? last;
          const state = JSON.parse(data);
          changed(state);
          if (["COMPLETED", "FAILED", "CANCELLED"].includes(state.status)) return;
        }
      }
    } catch (problem) {
      if (signal.aborted) return;
      if ([401, 403, 404].includes(problem.status)) throw problem;
    }
    connection(false);
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, 10_000);
  }
}
