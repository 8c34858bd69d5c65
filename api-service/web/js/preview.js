// Checks the requests of a file before they are sent, as far as the page can: the API has the last word.
import { LANGUAGES, t } from "./words.js";

const FORMATS = ["html", "pdf", "md"];
/** The maximum lengths of the API. */
const NAME_MAX = 200;
const NUMBER_MAX = 80;
const PURPOSE_MAX = 500;

/** @typedef {{ item: import("./csv.js").Item, errors: string[] }} Checked */

/**
 * Returns each request with what is wrong with it.
 * @param {import("./csv.js").Item[]} items
 * @param {import("./schemes.js").Schemes} schemes
 * @returns {Checked[]}
 */
export function check(items, schemes) {
  const seen = { ids: new Map(), companies: new Map() };
  return items.map((item) => ({ item, errors: [...invalid(item, schemes), ...repeated(item, seen)] }));
}

/**
 * @param {import("./csv.js").Item} item
 * @param {import("./schemes.js").Schemes} schemes
 */
function invalid({ request }, schemes) {
  /** @param {string} name */
  const text = (name) => String(request[name] ?? "");
  const errors = [];
  const [name, number, country, language] = ["companyName", "corporateNumber", "country", "language"].map(
    text,
  );
  if (!name) errors.push(t("preview.name_missing"));
  if (name.length > NAME_MAX) errors.push(t("preview.too_long", { name: "companyName", max: NAME_MAX }));
  if (!country) errors.push(t("preview.country_missing"));
  else if (schemes.countries && !(country in schemes.countries))
    errors.push(t("preview.country_unknown", { country }));
  else if (!number && !(schemes.withoutNumbers ?? []).includes(country))
    errors.push(t("preview.number_missing"));
  if (number.length > NUMBER_MAX)
    errors.push(t("preview.too_long", { name: "corporateNumber", max: NUMBER_MAX }));
  if (language && !(language.toLowerCase() in LANGUAGES)) {
    errors.push(t("preview.language_unknown", { language, known: Object.keys(LANGUAGES).join(", ") }));
  }
  if (text("purpose").length > PURPOSE_MAX)
    errors.push(t("preview.too_long", { name: "purpose", max: PURPOSE_MAX }));
  const url = text("callbackUrl");
  if (url && !(url.startsWith("https://") && URL.canParse(url))) errors.push(t("preview.url_invalid"));
  for (const format of [request.formats ?? []].flat()) {
    if (!FORMATS.includes(format))
      errors.push(t("preview.format_unknown", { format, known: FORMATS.join(", ") }));
  }
  return errors;
}

/**
 * Returns an error for a `customId` or a company that an earlier line has.
 * @param {import("./csv.js").Item} item
 * @param {{ ids: Map<string, number>, companies: Map<string, number> }} seen
 */
function repeated({ line, request }, { ids, companies }) {
  const errors = [];
  if (ids.has(request.customId)) errors.push(t("preview.id_repeated", { line: ids.get(request.customId) }));
  else ids.set(request.customId, line);
  const company = JSON.stringify([
    request.companyName,
    request.corporateNumber,
    request.country,
    request.language,
  ]);
  if (companies.has(company)) errors.push(t("preview.company_repeated", { line: companies.get(company) }));
  else companies.set(company, line);
  return errors;
}
