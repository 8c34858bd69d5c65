// What the dashboard shows, read through the API.
import * as api from "./api.js";
import { lastDays } from "./chart.js";

/** Number of days that failures and spending are shown for. */
export const DAYS = 14;
/** Size of a page, which the API reads from the table with one request. */
const PAGE_SIZE = 100;
/** Maximum number of pages to read of reports that wait, of which the oldest come last. */
const WAITING_PAGES = 5;
/** Maximum number of pages to read of reports to review. */
const REVIEW_PAGES = 3;

/** Maximum number of pages to read of webhooks that failed: the API looks at as many reports for each. */
const WEBHOOK_PAGES = 3;
/** Number of webhooks that are enough. */
const WEBHOOKS = 5;

/** @typedef {{ deliveries: Api.Delivery[], more: boolean }} Missed webhooks that failed, and whether there may be more */
/** @typedef {{ reports: Api.Report[], more: boolean }} Found reports, and whether there are more of them */

/**
 * A part of the dashboard. `value` is null if it could not be read, for the reason in `problem`, or must not be read.
 * @template T
 * @typedef {{ value: T | null, problem: unknown }} Part
 */

/**
 * `isEmpty`: whether the tenant has no reports; null if that is not known.
 * @typedef {{ waiting: Part<Found>, processing: Part<Found>, isEmpty: boolean | null }} Progress
 */
/**
 * @typedef {{ review: Part<Found>, failed: Part<Found>, undelivered: Part<Missed>, usage: Part<Api.Usage> }} Results
 */

/**
 * Waits for a part, so that each part can fail alone. For example, an instance of 0.2, which may answer while a
 * deployment rolls, knows no reviews and no webhooks.
 * @template T
 * @param {Promise<T>} reading
 * @returns {Promise<Part<T>>}
 */
const part = (reading) =>
  reading.then(
    (value) => ({ value, problem: null }),
    (problem) => ({ value: null, problem }),
  );

/**
 * Reads the reports in progress, which change within seconds.
 * @param {boolean} mayBeEmpty whether the tenant may have no reports at all
 * @param {AbortSignal} signal
 * @returns {Promise<Progress>}
 */
export async function readProgress(mayBeEmpty, signal) {
  const [waiting, processing, any] = await Promise.all([
    part(find({ status: "PENDING" }, WAITING_PAGES, signal)),
    part(find({ status: "PROCESSING" }, 1, signal)),
    mayBeEmpty ? part(api.list({ pageSize: 1 }, null, signal)) : null,
  ]);
  signal.throwIfAborted();
  const isKnown = any === null || any.value !== null;
  return { waiting, processing, isEmpty: isKnown ? any?.value?.reports.length === 0 : null };
}

/**
 * Reads what came of the reports of the last days. Without the scope to read usage, it has no spending.
 * @param {AbortSignal} signal
 * @returns {Promise<Results>}
 */
export async function readResults(signal) {
  const days = lastDays(DAYS);
  const [review, failed, undelivered, usage] = await Promise.all([
    part(find({ review: "true", from: days[0] }, REVIEW_PAGES, signal)),
    part(find({ status: "FAILED", from: days[0] }, 1, signal)),
    part(missed(signal)),
    part(api.usage(days[0], days[DAYS - 1], signal)),
  ]);
  signal.throwIfAborted();
  if (usage.problem instanceof api.Problem && usage.problem.status === 403) usage.problem = null;
  return { review, failed, undelivered, usage };
}

/**
 * Returns the newest reports that match `filters`.
 * @param {Record<string, string>} filters
 * @param {number} pages maximum number of pages to read
 * @param {AbortSignal} signal
 * @returns {Promise<Found>}
 */
async function find(filters, pages, signal) {
  /** @type {Api.Report[]} */
  const reports = [];
  /** @type {string | null} */
  let token = null;
  for (let page = 0; page < pages; page += 1) {
    const answer = await api.list({ pageSize: PAGE_SIZE, ...filters }, token, signal);
    reports.push(...answer.reports);
    token = answer.nextPageToken;
    if (!token) break;
  }
  return { reports, more: token !== null };
}

/**
 * Returns webhooks that failed, of the newest reports.
 * @param {AbortSignal} signal
 * @returns {Promise<Missed>}
 */
async function missed(signal) {
  /** @type {Api.Delivery[]} */
  const deliveries = [];
  /** @type {string | null} */
  let pageToken = null;
  for (let page = 0; page < WEBHOOK_PAGES && deliveries.length < WEBHOOKS; page += 1) {
    const answer = await api.deliveries({ state: "failed", pageToken }, signal);
    deliveries.push(...answer.deliveries);
    pageToken = answer.nextPageToken;
    if (!pageToken) break;
  }
  return { deliveries, more: pageToken !== null };
}
