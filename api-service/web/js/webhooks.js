// The webhooks of the tenant's reports: the state of each, the attempts to deliver it, and a button that sends it again.
import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { field, poll, select } from "./parts.js";
import { attempts, resendButton, webhookState } from "./webhook.js";
import { date, plural, t } from "./words.js";

/** The time between two reads in milliseconds. */
const INTERVAL = 10_000;
/** Number of webhooks to look for, and the maximum number of pages to look in: most reports may have none. */
const WANTED = 20;
const PAGES_MAX = 5;
const STATES = ["pending", "delivered", "failed"];

/** @type {import("./app.js").View} */
export function webhooks(main, signal, query) {
  let state = query.get("state") ?? "";
  // What the user did may fail, and stays to be read when a later read succeeds.
  const note = h("div", {});
  const readNote = h("div", {});
  const list = h("div", {});
  const more = h("div", { class: "actions" });
  let wanted = WANTED;
  /** The webhooks whose attempts are shown. */
  const open = new Set();
  const choice = select(
    { id: "filter-state" },
    [
      ["", t("list.any")],
      ...STATES.map((one) => /** @type {[string, string]} */ ([one, t(`webhook.${one}`)])),
    ],
    state,
  );
  choice.addEventListener("change", () => {
    state = choice.value;
    history.replaceState(null, "", `#/webhooks${state ? `?${new URLSearchParams({ state })}` : ""}`);
    again();
  });

  /** Reads pages until they hold as many webhooks as are wanted. @param {AbortSignal} current */
  async function read(current) {
    /** @type {Api.Delivery[]} */
    let found = [];
    /** @type {string | null} */
    let pageToken = null;
    for (let page = 0; page < PAGES_MAX * Math.ceil(wanted / WANTED); page += 1) {
      const answer = await api.deliveries({ state, pageToken }, current);
      found = [...found, ...answer.deliveries];
      pageToken = answer.nextPageToken;
      if (!pageToken || found.length >= wanted) break;
    }
    draw(found, pageToken !== null);
    return INTERVAL;
  }

  /** @param {Api.Delivery[]} found @param {boolean} hasMore */
  function draw(found, hasMore) {
    fill(
      list,
      found.length
        ? h("ul", { class: "plain rows" }, found.map(item))
        : h("p", { class: "empty" }, t("webhook.none")),
    );
    const next = () => {
      wanted += WANTED;
      again();
    };
    fill(more, hasMore ? h("button", { type: "button", id: "more", click: next }, t("list.more")) : null);
  }

  /** @param {Api.Delivery} delivery */
  function item(delivery) {
    const { reportId, attempts: made } = delivery;
    return h(
      "li",
      {},
      h(
        "p",
        { class: "row-head" },
        h("a", { href: `#/reports/${reportId}`, id: `report-${reportId}` }, delivery.companyName),
        webhookState(delivery.state),
        h("span", { class: "quiet" }, date(delivery.endedAt)),
      ),
      h("p", { class: "quiet" }, h("code", {}, delivery.url)),
      h(
        "details",
        {
          open: open.has(reportId),
          toggle: (event) => (event.target.open ? open.add(reportId) : open.delete(reportId)),
        },
        h("summary", { id: `attempts-${reportId}` }, plural("webhook.attempts_count", made.length)),
        made.length > 0 && attempts(made, `table-${reportId}`),
      ),
      made.length > 0 && resendButton(reportId, `resend-${reportId}`, again, note),
    );
  }

  fill(
    main,
    h("h1", { tabindex: "-1" }, t("webhook.all")),
    h("p", { class: "quiet" }, t("webhook.about")),
    h(
      "form",
      { class: "filters", "aria-label": t("list.filters"), submit: (event) => event.preventDefault() },
      field("state", t("list.status"), choice, { plain: true }),
    ),
    note,
    readNote,
    h("div", { class: "card" }, list),
    more,
  );
  const again = poll(signal, read, { note: readNote, retry: INTERVAL });
}
