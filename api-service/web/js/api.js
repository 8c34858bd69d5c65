// The client of the API. The key is kept until the tab is closed, and is sent to the API only.
import { isTerminal } from "./states.js";

const KEY = "dossier.key";
/** Size of a page of webhooks, which the API reads from the table with one request. */
const PAGE_SIZE = 100;

export const key = () => sessionStorage.getItem(KEY);
/** @param {string} value */
export const setKey = (value) => sessionStorage.setItem(KEY, value);
export const forgetKey = () => sessionStorage.removeItem(KEY);

/** An error response of the API (RFC 9457), or, with status 0, a request that got no response. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {Partial<Api.Problem>} body
   * @param {number | null} retryAfter in seconds
   */
  constructor(status, body, retryAfter) {
    super(body.detail ?? body.title ?? "");
    this.status = status;
    this.code = body.code ?? "no_answer";
    this.errors = body.errors ?? [];
    this.retryAfter = retryAfter;
    this.instance = body.instance ?? null;
  }
}

/**
 * Sends a request, and returns its response if it is a success.
 * @param {string} path
 * @param {RequestInit & { headers?: Record<string, string> }} options
 * @param {string | null} bearer
 */
async function send(path, options = {}, bearer = key()) {
  const headers = { ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...options.headers };
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers,
      cache: "no-store",
      redirect: "error",
      credentials: "omit",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
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

/**
 * Returns the seconds that a Retry-After header asks for, as a number or as a date; null if there is none.
 * @param {string | null} value
 */
function secondsUntil(value) {
  if (!value) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

/**
 * @param {string} path
 * @param {RequestInit & { headers?: Record<string, string> }} [options]
 * @returns {Promise<any>}
 */
const json = async (path, options) => (await send(path, options)).json();

/** @param {Record<string, string | number | null | undefined>} values */
const query = (values) => {
  const given = Object.entries(values).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
};

/**
 * Returns a report with every member that the page reads: while a deployment rolls, an instance of 0.2 may answer, which
 * knows neither metadata, nor checks of numbers, nor the history of attempts.
 * @param {Api.Report} report
 * @returns {Api.Report}
 */
const complete = (report) => ({
  ...report,
  metadata: report.metadata ?? {},
  numberCheck: report.numberCheck ?? /** @type {any} */ ({ status: "", message: "" }),
  attemptHistory: report.attemptHistory ?? [],
});

/**
 * Checks that `bearer` is a valid key. It may lack the scope to read reports.
 * @param {string} bearer
 */
export async function check(bearer) {
  try {
    await send("/v1/reports?pageSize=1", {}, bearer);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 403) throw problem;
  }
}

/** @param {string} id @param {AbortSignal} [signal] @returns {Promise<Api.Report>} */
export const report = async (id, signal) => complete(await json(`/v1/reports/${id}`, { signal }));

/** @param {string} id @returns {Promise<Api.Document>} */
export const contents = (id) => json(`/v1/reports/${id}/document`);

/** @param {string} id @param {"cancel" | "resubmit"} name @returns {Promise<Api.Report>} */
export const command = async (id, name) =>
  complete(await json(`/v1/reports/${id}/${name}`, { method: "POST" }));

/** @param {string} id @param {AbortSignal} [signal] @returns {Promise<Api.Webhook>} */
export const webhook = (id, signal) => json(`/v1/reports/${id}/callback`, { signal });

/** @param {string} id @returns {Promise<Api.Webhook>} */
export const resendWebhook = (id) => json(`/v1/reports/${id}/callback/resend`, { method: "POST" });

/**
 * @param {{ state: string, pageToken: string | null }} filters
 * @param {AbortSignal} signal
 * @returns {Promise<Api.DeliveryList>}
 */
export const deliveries = (filters, signal) =>
  json(`/v1/deliveries?${query({ pageSize: PAGE_SIZE, ...filters })}`, { signal });

/** @param {string} from @param {string} to @param {AbortSignal} [signal] @returns {Promise<Api.Usage>} */
export const usage = (from, to, signal) => json(`/v1/usage?${query({ from, to })}`, { signal });

/**
 * @param {Record<string, string | number>} filters
 * @param {string | null} pageToken
 * @param {AbortSignal} signal
 * @returns {Promise<Api.ReportList>}
 */
export const list = async (filters, pageToken, signal) => {
  const page = await json(`/v1/reports?${query({ ...filters, pageToken })}`, { signal });
  return { ...page, reports: page.reports.map(complete) };
};

/** @param {unknown} body @param {string} idempotencyKey */
const post = (body, idempotencyKey) => ({
  method: "POST",
  headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
  body: JSON.stringify(body),
});

/** @param {object} request @param {string} idempotencyKey @returns {Promise<Api.Report>} */
export const submit = (request, idempotencyKey) => json("/v1/reports", post(request, idempotencyKey));

/** @param {object[]} reports @param {string} idempotencyKey @returns {Promise<Api.BatchResults>} */
export const submitAll = (reports, idempotencyKey) =>
  json("/v1/reports/batch", post({ reports }, idempotencyKey));

/**
 * Returns the reports that match `filters` as a CSV file.
 * @param {Record<string, string>} filters
 */
export const exportCsv = async (filters) => (await send(`/v1/reports.csv?${query(filters)}`)).blob();

/**
 * Connects to the event stream of a report. Yields null when it is connected, and then each state with its id. Returns
 * whether the report had ended with the state of `lastId`.
 * @param {string} id
 * @param {string | null} lastId
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{ eventId: string | null, state: Api.Report } | null, boolean, void>}
 */
async function* events(id, lastId, signal) {
  /** @type {Record<string, string>} */
  const headers = { accept: "text/event-stream" };
  if (lastId !== null) headers["last-event-id"] = lastId;
  const response = await send(`/v1/reports/${id}/events`, { headers, signal });
  yield null;
  if (response.status === 204 || !response.body) return true;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return false;
    const received = (rest + value).split("\n\n");
    rest = received.pop() ?? "";
    for (const event of received) {
      /** @param {string} name */
      const field = (name) =>
        event
          .split("\n")
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const data = field("data");
      if (data !== undefined) yield { eventId: field("id") ?? null, state: complete(JSON.parse(data)) };
    }
  }
}

/**
 * Follows a report: calls `changed` with each state, and `connection` with whether the stream is connected.
 * Reconnects and resumes an interrupted stream, until the report has ended or `signal` is aborted. Throws what `changed`
 * throws: only a failed read is a lost connection.
 * @param {string} id
 * @param {{ changed: (report: Api.Report) => void, connection: (connected: boolean) => void, signal: AbortSignal }} options
 */
export async function follow(id, { changed, connection, signal }) {
  /** @type {string | null} */
  let lastId = null;
  let pause = 1000;
  while (!signal.aborted) {
    const stream = events(id, lastId, signal);
    for (;;) {
      let next;
      try {
        next = await stream.next();
      } catch (problem) {
        if (signal.aborted) return;
        if (problem instanceof Problem) {
          if ([401, 403, 404].includes(problem.status)) throw problem;
          pause = Math.max(pause, Math.min(problem.retryAfter ?? 0, 60) * 1000);
        }
        break;
      }
      if (next.done) {
        if (next.value) return;
        break;
      }
      if (next.value === null) {
        connection(true);
        pause = 1000;
        continue;
      }
      const { eventId, state } = next.value;
      lastId = eventId ?? lastId;
      changed(state);
      if (isTerminal(state)) return;
    }
    connection(false);
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, 10_000);
  }
}
