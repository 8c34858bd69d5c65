// The page: signs the user in, shows the view that the address names, and updates header, title and focus to
// match it.
import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { errorBox } from "./parts.js";
import { LANGUAGES, current, load, preferred, t } from "./words.js";
import { batch } from "./batch.js";
import { reports } from "./reports.js";
import { report } from "./report.js";
import { submit } from "./submit.js";
import { usage } from "./usage.js";

const main = document.getElementById("main");
const header = document.getElementById("header");
let currentView = new AbortController();
/** Whether the next view keeps the focus where it is. */
let keepFocus = true;

/**
 * The views by address. Each is called with the element to draw in, a signal that ends it, and the capture
 * groups of its address pattern.
 */
const VIEWS = [
  [/^#\/reports$/, reports, "nav.reports"],
  [/^#\/reports\/([0-9a-f-]{36})$/, report, "nav.reports"],
  [/^#\/new$/, submit, "nav.new"],
  [/^#\/batch$/, batch, "nav.batch"],
  [/^#\/usage$/, usage, "nav.usage"],
];

function drawHeader(section) {
  const link = (href, key) => h("a", { href, id: `nav-${key}`, "aria-current": key === section ? "page" : null }, t(key));
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
    Object.entries(LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag, selected: tag === current() }, name)),
  );
  document.getElementById("skip").textContent = t("nav.skip");
  fill(
    header,
    h("a", { class: "brand", href: "#/reports", id: "brand" }, "Dossier"),
    api.key()
      ? h(
          "nav",
          { "aria-label": t("nav.main") },
          link("#/reports", "nav.reports"),
          link("#/new", "nav.new"),
          link("#/batch", "nav.batch"),
          link("#/usage", "nav.usage"),
          h("a", { href: "/docs" }, t("nav.docs")),
        )
      : h("nav", { "aria-label": t("nav.main") }, h("a", { href: "/docs" }, t("nav.docs"))),
    h(
      "div",
      { class: "tools" },
      languages,
      api.key() ? h("button", { type: "button", id: "sign-out", click: signOut }, t("nav.sign_out")) : null,
    ),
  );
}

function signOut() {
  api.forgetKey();
  show();
}

function signIn() {
  const input = h("input", { type: "password", id: "key", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "key-hint" });
  const note = h("div", {});
  const button = h("button", { class: "main", type: "submit" }, t("sign_in.button"));
  const form = h(
    "form",
    {
      class: "card narrow",
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
    h("div", { class: "field" }, h("label", { for: "key" }, t("sign_in.key")), input, h("p", { class: "hint", id: "key-hint" }, t("sign_in.hint"))),
    note,
    button,
  );
  fill(main, form);
}

async function show() {
  currentView.abort();
  currentView = new AbortController();
  const { signal } = currentView;
  const address = location.hash || "#/reports";
  const [pattern, view, section] = VIEWS.find(([pattern]) => pattern.test(address)) ?? VIEWS[0];
  drawHeader(section);
  if (!api.key()) signIn();
  else await view(main, signal, ...(address.match(pattern)?.slice(1) ?? []));
  if (signal.aborted) return;
  document.title = `${main.querySelector("h1")?.textContent ?? "Dossier"} – Dossier`;
  // Moves keyboard and screen reader users to the new content, except for the first view after loading.
  if (!keepFocus) main.querySelector("h1")?.focus();
  keepFocus = false;
}

addEventListener("hashchange", show);
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
load(preferred()).then(show, () => {
  main.textContent = "The page could not be loaded. Reload it to try again.";
});
