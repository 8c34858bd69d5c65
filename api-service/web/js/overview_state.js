// What the dashboard shows, read through the API.
import * as api from "./api.js";
import { lastDays } from "./chart.js";

/** Number of days that failures and spending are shown for. */
export const DAYS = 14;
/** Size of a page: with one report more, which shows whether there are more, the API reads the table once. */
const PAGE_SIZE = 99;
/** Maximum number of pages to read of reports that wait, of which the oldest come last. */
const WAITING_PAGES = 5;
/** Maximum number of pages to read of reports to review: the API looks at a part of all reports for each. */
const REVIEW_PAGES = 3;

/** @typedef {{ reports: Api.Report[], more: boolean }} Found reports, and whether there are more of them */

/** @typedef {{ waiting: Found, processing: Found, isEmpty: boolean }} Progress */
/** @typedef {{ review: Found, failed: Found, undelivered: Api.Delivery[], usage: Api.Usage | null }} Results */

/**
 * Reads the reports in progress, which change within seconds.
 * @param {boolean} mayBeEmpty whether the tenant may have no reports at all
 * @param {AbortSignal} signal
 * @returns {Promise<Progress>}
 */
export async function readProgress(mayBeEmpty, signal) {
  const [waiting, processing, any] = await Promise.all([
    find({ status: "PENDING" }, WAITING_PAGES, signal),
    find({ status: "PROCESSING" }, 1, signal),
    mayBeEmpty ? api.list({ pageSize: 1 }, null, signal) : null,
  ]);
  return { waiting, processing, isEmpty: any?.reports.length === 0 };
}

/**
 * Reads what came of the reports of the last days. Without the scope to read usage, it has no spending.
 * @param {AbortSignal} signal
 * @returns {Promise<Results>}
 */
export async function readResults(signal) {
  const days = lastDays(DAYS);
  const [review, failed, deliveries, usage] = await Promise.all([
    find({ review: "true", from: days[0] }, REVIEW_PAGES, signal),
    find({ status: "FAILED", from: days[0] }, 1, signal),
    api.deliveries(null, signal),
    api.usage(days[0], days[DAYS - 1], signal).catch((problem) => {
      if (problem instanceof api.Problem && problem.status === 403) return null;
      throw problem;
    }),
  ]);
  const undelivered = deliveries.deliveries.filter(({ state }) => state === "failed");
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
