// The states and stages of a report.

export const TERMINAL = ["COMPLETED", "FAILED", "CANCELLED"];
export const STATUSES = ["PENDING", "PROCESSING", ...TERMINAL];
export const LEVELS = ["LOW", "MEDIUM", "HIGH", "UNDETERMINED"];
export const STAGES = ["queued", "gather", "assess", "render", "publish"];

/** @param {Pick<Api.Report, "status">} report */
export const isTerminal = (report) => TERMINAL.includes(report.status);

/**
 * Returns the time since when a report waits for a worker: its submission, or the end of its last attempt.
 * @param {Api.Report} report
 */
export function waitsSince(report) {
  const ended = report.attemptHistory.map((attempt) => attempt.endedAt).filter((at) => at !== null);
  return Date.parse(ended.at(-1) ?? report.createdAt);
}
