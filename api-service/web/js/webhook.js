// The webhook of one report: its state, the attempts to deliver it, and the button that sends it again.
import * as api from "./api.js";
import { announce, fill, h } from "./dom.js";
import { actionButton, card, poll, table } from "./parts.js";
import { date, maybe, number, t } from "./words.js";

/** The time between two reads of a webhook in milliseconds, while it is being delivered and otherwise. */
const ACTIVE_INTERVAL = 2000;
const IDLE_INTERVAL = 60_000;

/** @param {string} state */
export const webhookState = (state) =>
  h("span", { class: `badge webhook-${state}` }, maybe(`webhook.${state}`, state));

/**
 * Shows the deliveries of a report's webhook in `parent`, until `signal` is aborted.
 * @param {HTMLElement} parent
 * @param {AbortSignal} signal
 * @param {string} id of the report
 */
export function deliveries(parent, signal, id) {
  // What the user did may fail, and stays to be read when a later read succeeds.
  const note = h("div", {});
  const readNote = h("div", {});
  const body = h("div", {});
  let state = "";
  fill(parent, card("webhook", t("webhook.title"), note, readNote, body));

  /** @param {Api.Webhook} webhook */
  function draw(webhook) {
    if (state && state !== webhook.state)
      announce(`${t("webhook.title")}: ${maybe(`webhook.${webhook.state}`, webhook.state)}`);
    state = webhook.state;
    fill(body, content(webhook, resendButton(id, "resend", again, note)));
  }

  const again = poll(
    signal,
    async (current) => {
      draw(await api.webhook(id, current));
      return state === "pending" || state === "waiting" ? ACTIVE_INTERVAL : IDLE_INTERVAL;
    },
    { note: readNote, retry: IDLE_INTERVAL },
  );
}

/**
 * @param {Api.Webhook} webhook
 * @param {HTMLElement} resend
 */
function content(webhook, resend) {
  return [
    h(
      "div",
      { class: "head" },
      h("p", {}, webhookState(webhook.state), " ", h("code", {}, webhook.url)),
      webhook.attempts.length > 0 && h("div", { class: "actions" }, resend),
    ),
    webhook.attempts.length > 0 && attempts(webhook.attempts, "attempts"),
    webhook.eventId && h("p", { class: "quiet" }, "webhook-id: ", h("code", {}, webhook.eventId)),
  ];
}

/**
 * @param {Api.DeliveryAttempt[]} all oldest first
 * @param {string} id of the table
 */
export function attempts(all, id) {
  const columns = ["at", "answer", "took"].map((name) => t(`webhook.${name}`));
  const rows = [...all]
    .reverse()
    .map((attempt) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, date(attempt.at)),
        h("td", { "data-label": columns[1] }, [attempt.status, attempt.error].filter(Boolean).join(" – ")),
        h("td", { "data-label": columns[2], class: "nowrap" }, `${number(attempt.milliseconds)} ms`),
      ),
    );
  return table(t("webhook.attempts"), columns, rows, id);
}

/**
 * Returns a button that sends the webhook of a report again.
 * @param {string} report the id of the report
 * @param {string} id of the button
 * @param {() => void} sent is called when the webhook is about to be sent
 * @param {HTMLElement} note where an error is shown
 */
export function resendButton(report, id, sent, note) {
  const action = async () => {
    await api.resendWebhook(report);
    sent();
  };
  return actionButton(t("webhook.resend"), action, note, { id });
}
