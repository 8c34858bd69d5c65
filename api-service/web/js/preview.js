// Checks the requests of a file before they are sent, as far as the page can: the API has the last word.
import { LANGUAGES, t } from "./words.js";

const FORMATS = ["html", "pdf", "md"];
/** The maximum lengths of the API. */
const NAME_MAX = 200;
const NUMBER_MAX = 80;
const PURPOSE_MAX = 500;

/**
 * A request with errors is not sent. One with warnings is: the API accepts it.
 * @typedef {{ item: import("./csv.js").Item, errors: string[], warnings: string[] }} Checked
 */

/**
 * Returns each request with what is wrong with it.
 * @param {import("./csv.js").Item[]} items
 * @param {import("./schemes.js").Schemes} schemes
 * @returns {Checked[]}
 */
export function check(items, schemes) {
  const seen = { ids: new Map(), companies: new Map() };
  return items.map((item) => {
    const wrong = invalid(item, schemes);
    // Only a request that is sent can be repeated by a later one.
    const errors = wrong.length ? wrong : repeatedId(item, seen.ids);
    return { item, errors, warnings: errors.length ? [] : repeatedCompany(item, seen.companies) };
  });
}

/**
 * Returns the number of characters as the API counts them: in Unicode's composed form (NFC), and by code point.
 * @param {string} text
 */
const length = (text) => [...text.normalize("NFC")].length;

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
  if (length(name) > NAME_MAX) errors.push(t("preview.too_long", { name: "companyName", max: NAME_MAX }));
  if (!country) errors.push(t("preview.country_missing"));
  else if (schemes.countries && !Object.hasOwn(schemes.countries, country))
    errors.push(t("preview.country_unknown", { country }));
  else if (!number && !(schemes.withoutNumbers ?? []).includes(country))
    errors.push(t("preview.number_missing"));
  if (length(number) > NUMBER_MAX)
    errors.push(t("preview.too_long", { name: "corporateNumber", max: NUMBER_MAX }));
  if (language && !Object.hasOwn(LANGUAGES, language.toLowerCase())) {
    errors.push(t("preview.language_unknown", { language, known: Object.keys(LANGUAGES).join(", ") }));
  }
  if (length(text("purpose")) > PURPOSE_MAX)
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
 * Returns an error for a `customId` that an earlier line has: the API refuses it.
 * @param {import("./csv.js").Item} item
 * @param {Map<string, number>} seen
 */
function repeatedId({ line, request: { customId } }, seen) {
  const before = seen.get(customId);
  if (before !== undefined) return [t("preview.id_repeated", { line: before })];
  seen.set(customId, line);
  return [];
}

/**
 * Returns a warning for a company that an earlier line has. It may be meant, for example for another purpose.
 * @param {import("./csv.js").Item} item
 * @param {Map<string, number>} seen
 */
function repeatedCompany({ line, request }, seen) {
  const { companyName, corporateNumber, country, language } = request;
  const company = JSON.stringify([companyName, corporateNumber, country, language]);
  const before = seen.get(company);
  if (before !== undefined) return [t("preview.company_repeated", { line: before })];
  seen.set(company, line);
  return [];
}
