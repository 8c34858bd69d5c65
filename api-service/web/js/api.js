// The client of the API. The key is kept until the tab is closed, and is sent to the API only.

const KEY = "dossier.key";

export const key = () => sessionStorage.getItem(KEY);
export const setKey = (value) => sessionStorage.setItem(KEY, value);
export const forgetKey = () => sessionStorage.removeItem(KEY);

/** An error response of the API (RFC 9457), or, with status 0, a request that got no response. */
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
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store", redirect: "error", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, {}, null);
  }
  if (response.ok || response.status === 304) return response;
  let body = {};
  try {
    body = await response.json();
  } catch {
    // The response of a proxy may not be JSON.
  }
  throw new Problem(response.status, body, secondsUntil(response.headers.get("retry-after")));
}

/** Returns the seconds that a Retry-After header asks for, as a number or as a date; null if there is none. */
function secondsUntil(value) {
  if (!value) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

const json = async (path, options, bearer) => (await send(path, options, bearer)).json();

/** Checks that `bearer` is a valid key. It may lack the scope to read reports. */
export async function check(bearer) {
  try {
    await send("/v1/reports?pageSize=1", {}, bearer);
  } catch (problem) {
    if (problem.status !== 403) throw problem;
  }
}

export const report = (id, signal) => json(`/v1/reports/${id}`, { signal });
export const contents = (id) => json(`/v1/reports/${id}/document`);
export const command = (id, name) => json(`/v1/reports/${id}/${name}`, { method: "POST" });
export const usage = (from, to) => json(`/v1/usage?${new URLSearchParams({ from, to })}`);

export function list(filters, pageToken, signal) {
  const query = new URLSearchParams(Object.entries({ ...filters, pageToken }).filter(([, value]) => value));
  return json(`/v1/reports?${query}`, { signal });
}

const post = (body, idempotencyKey) => ({
  method: "POST",
  headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
  body: JSON.stringify(body),
});

export const submit = (request, idempotencyKey) => json("/v1/reports", post(request, idempotencyKey));
export const submitAll = (reports, idempotencyKey) => json("/v1/reports/batch", post({ reports }, idempotencyKey));

/** Returns the reports that match `filters` as a CSV file. */
export async function exportCsv(filters) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  return (await send(`/v1/reports.csv?${query}`)).blob();
}

/**
 * Follows a report: calls `changed` with each state, and `connection` with whether the stream is connected.
 * Reconnects and resumes an interrupted stream, until the report has ended or `signal` is aborted.
 */
export async function follow(id, { changed, connection, signal }) {
  let lastId = null;
  let pause = 1000;
  while (!signal.aborted) {
    try {
      const headers = { accept: "text/event-stream", ...(lastId === null ? {} : { "last-event-id": lastId }) };
      const response = await send(`/v1/reports/${id}/events`, { headers, signal });
      connection(true);
      // The report has ended, and its last state was received.
      if (response.status === 204) return;
      pause = 1000;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
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
          lastId = field("id") ?? lastId;
          const state = JSON.parse(data);
          changed(state);
          if (["COMPLETED", "FAILED", "CANCELLED"].includes(state.status)) return;
        }
      }
    } catch (problem) {
      if (signal.aborted) return;
      if ([401, 403, 404].includes(problem.status)) throw problem;
      pause = Math.max(pause, Math.min(problem.retryAfter ?? 0, 60) * 1000);
    }
    connection(false);
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, 10_000);
  }
}
