// What a tenant without reports sees: the first request, as a form and in three languages.
import { announce, byId, h, uniqueId } from "./dom.js";
import { SAMPLES } from "./samples.js";
import { t } from "./words.js";

/** A company of the tutorial, which the stand-ins of a local stack know. */
const COMPANY = { companyName: "Calder Vane Shipping Ltd", corporateNumber: "99104372", country: "GB" };

export function firstRequest() {
  const address = `${location.origin}/v1/reports`;
  const body = { ...COMPANY, purpose: "supplier onboarding" };
  return h(
    "section",
    { class: "card first", "aria-labelledby": "first" },
    h("h2", { id: "first" }, t("first.title")),
    h("p", {}, t("first.about")),
    h(
      "div",
      { class: "actions" },
      h("a", { class: "button main", href: "#/new" }, t("nav.new")),
      h("a", { class: "button", href: "#/batch" }, t("nav.batch")),
    ),
    h("p", {}, t("first.code")),
    tabs(
      t("first.languages"),
      SAMPLES.map(({ id, label, code }) => ({ id, label, text: code({ method: "POST", address, body }) })),
    ),
    h("p", { class: "quiet" }, t("first.more"), " ", h("a", { href: "/docs" }, t("first.docs"))),
  );
}

/**
 * Returns tabs that show one of several texts (WAI-ARIA Authoring Practices, "Tabs Pattern"): the arrow keys, Home and
 * End move between them.
 * @param {string} label
 * @param {{ id: string, label: string, text: string }[]} texts
 */
function tabs(label, texts) {
  const prefix = uniqueId("tabs");
  const code = h("code", {});
  const panel = h("pre", { role: "tabpanel", id: `${prefix}-panel`, tabindex: "0" }, code);
  let chosen = 0;
  const buttons = texts.map((text, index) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `${prefix}-${text.id}`,
        "aria-controls": `${prefix}-panel`,
        click: () => choose(index),
      },
      text.label,
    ),
  );

  /** @param {number} index */
  function choose(index) {
    chosen = index;
    for (const [position, button] of buttons.entries()) {
      button.setAttribute("aria-selected", String(position === index));
      button.tabIndex = position === index ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", buttons[index].id);
    code.textContent = texts[index].text;
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const last = texts.length - 1;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowRight: chosen === last ? 0 : chosen + 1,
      ArrowLeft: chosen === 0 ? last : chosen - 1,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    choose(target);
    byId(buttons[target].id).focus();
  }

  const copy = h(
    "button",
    {
      type: "button",
      class: "copy",
      click: async () => {
        await navigator.clipboard.writeText(texts[chosen].text);
        copy.textContent = t("first.copied");
        announce(t("first.copied"));
      },
    },
    t("first.copy"),
  );
  choose(0);
  const bar = h(
    "div",
    { class: "tabs" },
    h("div", { role: "tablist", "aria-label": label, keydown: move }, buttons),
    copy,
  );
  return h("div", { class: "sample" }, bar, panel);
}
