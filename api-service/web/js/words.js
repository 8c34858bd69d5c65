// The texts of the page in the user's language. The terms of reports come from the same files as in reports.

const BASE = new URL("..", import.meta.url);
let words = {};
let language = "en";

export const LANGUAGES = { en: "English", ja: "日本語" };

export function preferred() {
  const stored = localStorage.getItem("dossier.language");
  if (stored in LANGUAGES) return stored;
  return navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag in LANGUAGES) ?? "en";
}

export async function load(tag) {
  // The choice is stored first, so it counts even if the user leaves the page before the texts are loaded.
  localStorage.setItem("dossier.language", tag);
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

/** Returns the text at `key`, with the names in braces replaced by `values`. */
export function t(key, values = {}) {
  const text = key.split(".").reduce((tree, part) => tree?.[part], words);
  if (typeof text !== "string") return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Returns the text at `key`, or `fallback` if there is none, because a newer API may add codes. */
export function maybe(key, fallback) {
  const text = t(key);
  return text === key ? fallback : text;
}

export const date = (text) =>
  text === null || text === undefined
    ? "—"
    : new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));

export const day = (text) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${text}T00:00:00Z`));

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const money = (value) =>
  new Intl.NumberFormat(language, { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(value);

export const country = (code) => new Intl.DisplayNames([language], { type: "region" }).of(code) ?? code;

/** Returns a number of seconds as text. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return minutes === 0 ? t("time.seconds", { seconds: rest }) : t("time.minutes", { minutes, seconds: rest });
}
