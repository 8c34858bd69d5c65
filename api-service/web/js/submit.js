// Submits a request for a report. Errors of the API are shown next to their fields.
import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { errorBox, field, newIdempotencyKey, select } from "./parts.js";
import { countries, schemes } from "./schemes.js";
import { LANGUAGES, country, current, plural, t } from "./words.js";

const FIELDS = ["companyName", "country", "corporateNumber", "language", "purpose", "callbackUrl"];
const REQUIRED = ["companyName", "country"];

/** @type {import("./app.js").View} */
export async function submit(main, signal) {
  const known = await schemes();
  const named = (await countries()).map((code) => /** @type {[string, string]} */ ([code, country(code)]));
  const codes = named.sort((a, b) => a[1].localeCompare(b[1], current()));
  if (signal.aborted) return;
  /** @type {Record<string, string>} */
  let errors = {};
  // The idempotency key changes only with the request, so submitting again after a lost response creates no
  // second report.
  let idempotencyKey = newIdempotencyKey();

  /** @param {string} name @param {Page.Attributes} attributes */
  const input = (name, attributes) => h("input", { id: name, name, ...attributes });
  /** @type {[string, string]} */
  const choose = ["", t("form.choose")];
  /** @type {Record<string, HTMLInputElement | HTMLSelectElement>} */
  const controls = {
    companyName: input("companyName", { autocomplete: "organization" }),
    country: select({ id: "country", name: "country" }, [choose, ...codes], current() === "ja" ? "JP" : ""),
    corporateNumber: input("corporateNumber", { autocomplete: "off", spellcheck: "false" }),
    language: select({ id: "form-language", name: "language" }, Object.entries(LANGUAGES), current()),
    purpose: input("purpose", {}),
    callbackUrl: input("callbackUrl", { type: "url", placeholder: "https://" }),
  };
  const numberIsOptional = () => (known.withoutNumbers ?? []).includes(controls.country.value);
  /** @param {string} name */
  const isRequired = (name) => REQUIRED.includes(name) || (name === "corporateNumber" && !numberIsOptional());
  const numberHint = () => {
    const code = controls.country.value;
    if (!code) return t("form.number_hint");
    if (numberIsOptional()) return t("form.number_optional");
    const schemesOfCountry = known.countries?.[code] ?? [];
    if (!schemesOfCountry.length) return t("form.number_unknown");
    return schemesOfCountry
      .map(({ name, example }) => t("form.number_example", { name, example }))
      .join(" · ");
  };
  const note = h("div", {});
  const body = h("div", {});
  const button = h("button", { class: "main", type: "submit", id: "submit" }, t("form.submit"));

  function draw() {
    for (const control of Object.values(controls)) {
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-describedby");
      control.removeAttribute("aria-required");
    }
    /** @type {Record<string, string>} */
    const hints = {
      corporateNumber: numberHint(),
      purpose: t("form.purpose_hint"),
      callbackUrl: t("form.callback_hint"),
    };
    fill(
      body,
      FIELDS.map((name) =>
        field(name, t(`form.${name}`), controls[name], {
          hint: hints[name],
          error: errors[name],
          required: isRequired(name),
        }),
      ),
    );
  }

  controls.country.addEventListener("change", draw);
  const form = h(
    "form",
    {
      class: "card narrow",
      novalidate: true,
      input: () => {
        idempotencyKey = newIdempotencyKey();
      },
      submit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        fill(note);
        const values = FIELDS.map((name) => [name, controls[name].value.trim()]);
        const request = Object.fromEntries(values.filter(([, value]) => value));
        try {
          const report = await api.submit(request, idempotencyKey);
          location.hash = `#/reports/${report.reportId}`;
        } catch (problem) {
          showErrors(problem);
        } finally {
          button.disabled = false;
        }
      },
    },
    h("h1", { tabindex: "-1" }, t("form.title")),
    note,
    body,
    button,
  );

  /** @param {unknown} problem */
  function showErrors(problem) {
    errors = {};
    const others = [];
    for (const error of problem instanceof api.Problem ? problem.errors : []) {
      const name = error.pointer.slice(1);
      // The message begins with the name of the member.
      if (FIELDS.includes(name)) errors[name] ??= error.message.replace(name, t(`form.${name}`));
      else others.push(error);
    }
    draw();
    const firstInvalid = FIELDS.find((name) => errors[name]);
    if (!firstInvalid) return fill(note, errorBox(problem));
    const about = h("p", {}, plural("form.some_invalid", Object.keys(errors).length));
    fill(
      note,
      h(
        "div",
        { class: "trouble", role: "alert" },
        about,
        others.length > 0 &&
          h(
            "ul",
            {},
            others.map(({ message }) => h("li", {}, message)),
          ),
      ),
    );
    controls[firstInvalid].focus();
  }

  draw();
  fill(main, form);
}
