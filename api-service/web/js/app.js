// The page: signs the user in, shows the view that the address names, and updates header, title and focus to
// match it.
import * as api from "./api.js";
import { byId, fill, h } from "./dom.js";
import { errorBox } from "./parts.js";
import { LANGUAGES, current, load, preferred, t } from "./words.js";
import { batch } from "./batch.js";
import { overview } from "./overview.js";
import { reports } from "./reports.js";
import { report } from "./report.js";
import { submit } from "./submit.js";
import { usage } from "./usage.js";
import { webhooks } from "./webhooks.js";

const main = byId("main");
const header = byId("header");
let currentView = new AbortController();
/** Whether the next view keeps the focus where it is. */
let keepFocus = true;

/**
 * A view draws itself in `main` until `signal` ends it. `parts` are the capture groups of its address pattern, and
 * `query` is what follows the question mark in its address.
 * @typedef {(main: HTMLElement, signal: AbortSignal, query: URLSearchParams, ...parts: string[]) => void | Promise<void>} View
 */

/** @type {[RegExp, View, string][]} */
const VIEWS = [
  [/^\/$/, overview, "nav.overview"],
  [/^\/reports$/, reports, "nav.reports"],
  [/^\/reports\/([0-9a-f-]{36})$/, report, "nav.reports"],
  [/^\/new$/, submit, "nav.new"],
  [/^\/batch$/, batch, "nav.batch"],
  [/^\/webhooks$/, webhooks, "nav.webhooks"],
  [/^\/usage$/, usage, "nav.usage"],
];

/** @param {string} section */
function drawHeader(section) {
  /** @param {string} href @param {string} key */
  const link = (href, key) => {
    const attributes = { href, id: key.replace(".", "-"), "aria-current": key === section ? "page" : null };
    return h("a", attributes, t(key));
  };
  const languages = h(
    "select",
    {
      id: "language",
      "aria-label": t("nav.language"),
      change: async (event) => {
        await load(event.target.value);
        // The focus returns to the language selection.
        keepFocus = true;
        await show();
        document.getElementById("language")?.focus();
      },
    },
    Object.entries(LANGUAGES).map(([tag, name]) =>
      h("option", { value: tag, lang: tag, selected: tag === current() }, name),
    ),
  );
  byId("skip").textContent = t("nav.skip");
  const signedIn = [
    link("#/", "nav.overview"),
    link("#/reports", "nav.reports"),
    link("#/new", "nav.new"),
    link("#/batch", "nav.batch"),
    link("#/webhooks", "nav.webhooks"),
    link("#/usage", "nav.usage"),
  ];
  fill(
    header,
    h("a", { class: "brand", href: "#/", id: "brand" }, "Dossier"),
    h(
      "nav",
      { "aria-label": t("nav.main") },
      api.key() ? signedIn : null,
      h("a", { href: "/docs" }, t("nav.docs")),
    ),
    h(
      "div",
      { class: "tools" },
      languages,
      api.key() ? h("button", { type: "button", id: "sign-out", click: signOut }, t("nav.sign_out")) : null,
    ),
  );
  showSection();
}

/** Scrolls the sections, which are a row on a phone, to the current one. The page itself stays where it is. */
function showSection() {
  const link = /** @type {HTMLElement | null} */ (header.querySelector("[aria-current]"));
  const row = link?.parentElement;
  if (row) row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
}

function signOut() {
  api.forgetKey();
  show();
}

function signIn() {
  const input = h("input", {
    type: "password",
    id: "key",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "key-hint",
  });
  const note = h("div", {});
  const button = h("button", { class: "main", type: "submit" }, t("sign_in.button"));
  const form = h(
    "form",
    {
      class: "card narrow sign-in",
      submit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
          await api.check(input.value.trim());
          api.setKey(input.value.trim());
          show();
        } catch (problem) {
          fill(note, errorBox(problem));
          input.setAttribute("aria-invalid", "true");
          input.focus();
        } finally {
          button.disabled = false;
        }
      },
    },
    h("h1", { tabindex: "-1" }, t("sign_in.title")),
    h("p", {}, t("sign_in.about")),
    h(
      "div",
      { class: "field" },
      h("label", { for: "key" }, t("sign_in.key")),
      input,
      h("p", { class: "hint", id: "key-hint" }, t("sign_in.hint")),
    ),
    note,
    button,
  );
  fill(main, form);
}

async function show() {
  currentView.abort();
  currentView = new AbortController();
  const { signal } = currentView;
  const [path, query] = (location.hash.slice(1) || "/").split("?");
  const [pattern, view, section] = VIEWS.find(([pattern]) => pattern.test(path)) ?? VIEWS[0];
  drawHeader(section);
  if (api.key())
    await view(main, signal, new URLSearchParams(query), ...(path.match(pattern)?.slice(1) ?? []));
  else signIn();
  if (signal.aborted) return;
  const title = main.querySelector("h1");
  document.title = `${title?.textContent ?? "Dossier"} – Dossier`;
  // Moves keyboard and screen reader users to the new content, except for the first view after loading.
  if (!keepFocus) title?.focus();
  keepFocus = false;
}

addEventListener("hashchange", show);
addEventListener("resize", showSection);
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
load(preferred()).then(show, () => {
  main.textContent = "The page could not be loaded. Reload it to try again.";
});
