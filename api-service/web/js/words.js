// The texts of the page in the user's language. The terms of reports come from the same files as in reports.

const BASE = new URL("..", import.meta.url);
/** @type {Record<string, any>} */
let words = {};
let language = "en";

/** @type {Record<string, string>} */
export const LANGUAGES = { en: "English", ja: "日本語" };

export function preferred() {
  const stored = localStorage.getItem("dossier.language");
  if (stored !== null && stored in LANGUAGES) return stored;
  return navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag in LANGUAGES) ?? "en";
}

/** @param {string} tag */
export async function load(tag) {
  // The choice is stored first, so it counts even if the user leaves the page before the texts are loaded.
  localStorage.setItem("dossier.language", tag);
  /** @param {string} path */
  const get = async (path) => {
    const response = await fetch(new URL(path, BASE));
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  };
  const [page, report] = await Promise.all([get(`text/${tag}.json`), get(`words/${tag}.json`)]);
  words = { ...report, ...page };
  language = tag;
  document.documentElement.lang = tag;
}

export const current = () => language;

/** Returns the user's own variant of the language, which decides how dates and numbers are written. */
const locale = () => navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

/**
 * Returns the text at `key`, with the names in braces replaced by `values`.
 * @param {string} key
 * @param {Record<string, unknown>} values
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = key.split(".").reduce((/** @type {any} */ tree, part) => tree?.[part], words);
  if (typeof text !== "string") return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * Returns the text at `key` for `count` things: English has a word for one of them.
 * @param {string} key
 * @param {number} count
 */
export const plural = (key, count) => t(count === 1 ? `${key}_one` : key, { count: number(count) });

/**
 * Returns the text at `key`, or `fallback` if there is none, because a newer API may add codes.
 * @param {string} key
 * @param {string} fallback
 */
export function maybe(key, fallback) {
  const text = t(key);
  return text === key ? fallback : text;
}

/** @param {string | null | undefined} text */
export const date = (text) =>
  text === null || text === undefined
    ? "—"
    : new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));

/** @param {string} text */
export const clockTime = (text) =>
  new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(new Date(text));

/** @param {string} text */
export const day = (text) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeZone: "UTC" }).format(
    new Date(`${text}T00:00:00Z`),
  );

/** @param {number} value */
export const number = (value, digits = 0) =>
  new Intl.NumberFormat(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    value,
  );

/** @param {number} value */
export const money = (value) =>
  new Intl.NumberFormat(locale(), {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: 2,
    // Small amounts would otherwise all be shown as a cent.
    maximumFractionDigits: value > 0 && value < 1 ? 4 : 2,
  }).format(value);

/** @param {string} code */
export const country = (code) => new Intl.DisplayNames([language], { type: "region" }).of(code) ?? code;

/**
 * Returns a number of seconds as text: with the two largest units, or with a fraction if it is below ten seconds.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 0.0995)
    return t("time.milliseconds", { milliseconds: Math.max(0, Math.round(seconds * 1000)) });
  if (seconds < 9.95) return t("time.seconds", { seconds: number(Math.max(0, seconds), 1) });
  const whole = Math.round(seconds);
  if (whole < 60) return t("time.seconds", { seconds: whole });
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return t("time.minutes", { minutes, seconds: whole % 60 });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return t("time.hours", { hours, minutes: minutes % 60 });
  return t("time.days", { days: Math.floor(hours / 24), hours: hours % 24 });
}
