// Submits a request for a report. Errors of the API are shown next to their fields.
import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { errorBox, field, newIdempotencyKey, select } from "./parts.js";
import { countries, schemes } from "./schemes.js";
import { LANGUAGES, country, current, t } from "./words.js";

const FIELDS = ["companyName", "corporateNumber", "country", "language", "purpose", "callbackUrl"];
const REQUIRED = ["companyName", "country"];

export async function submit(main, signal) {
  const known = await schemes();
  const codes = (await countries()).map((code) => [code, country(code)]).sort((a, b) => a[1].localeCompare(b[1], current()));
  if (signal.aborted) return;
  const values = { language: current(), country: current() === "ja" ? "JP" : "" };
  let errors = {};
  // The idempotency key changes only with the request, so submitting again after a lost response creates no
  // second report.
  let idempotencyKey = newIdempotencyKey();

  const controls = {
    companyName: h("input", { id: "companyName", name: "companyName", autocomplete: "organization" }),
    country: select({ id: "country", name: "country" }, [["", t("form.choose")], ...codes], values.country),
    corporateNumber: h("input", { id: "corporateNumber", name: "corporateNumber", autocomplete: "off", spellcheck: "false" }),
    language: select({ id: "form-language", name: "language" }, Object.entries(LANGUAGES), values.language),
    purpose: h("input", { id: "purpose", name: "purpose" }),
    callbackUrl: h("input", { id: "callbackUrl", name: "callbackUrl", type: "url", placeholder: "https://" }),
  };
  const numberIsOptional = () => (known.withoutNumbers ?? []).includes(controls.country.value);
  const isRequired = (name) => REQUIRED.includes(name) || (name === "corporateNumber" && !numberIsOptional());
  const numberHint = () => {
    const code = controls.country.value;
    if (!code) return t("form.number_hint");
    if (numberIsOptional()) return t("form.number_optional");
    const schemesOfCountry = known.countries?.[code] ?? [];
    if (!schemesOfCountry.length) return t("form.number_unknown");
    return schemesOfCountry.map((scheme) => t("form.number_example", { name: scheme.name, example: scheme.example })).join(" · ");
  };
  const note = h("div", {});
  const body = h("div", {});
  const button = h("button", { class: "main", type: "submit", id: "submit" }, t("form.submit"));

  function draw() {
    for (const control of Object.values(controls)) {
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-describedby");
    }
    const hints = { corporateNumber: numberHint(), purpose: t("form.purpose_hint"), callbackUrl: t("form.callback_hint") };
    fill(
      body,
      ["companyName", "country", "corporateNumber", "language", "purpose", "callbackUrl"].map((name) =>
        field(name, t(`form.${name}`), controls[name], { hint: hints[name], error: errors[name], required: isRequired(name) }),
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
        const request = Object.fromEntries(FIELDS.map((name) => [name, controls[name].value.trim()]).filter(([, value]) => value));
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

  function showErrors(problem) {
    errors = {};
    const others = [];
    for (const error of problem.errors) {
      const name = error.pointer.slice(1);
      if (FIELDS.includes(name)) errors[name] ??= error.message;
      else others.push(error);
    }
    draw();
    const firstInvalid = FIELDS.find((name) => errors[name]);
    const count = Object.keys(errors).length;
    if (firstInvalid) {
      fill(note, h("div", { class: "trouble", role: "alert" }, h("p", {}, t(count === 1 ? "form.one_invalid" : "form.some_invalid", { count })), h("ul", {}, others.map((error) => h("li", {}, error.message)))));
      controls[firstInvalid].focus();
    } else {
      fill(note, errorBox(problem));
    }
  }

  draw();
  fill(main, form);
  document.title = `${t("form.title")} – Dossier`;
}
