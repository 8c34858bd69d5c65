// What the page says, in the reader's language; words of the report itself come from the same files as the report's.

const BASE = new URL("..", import.meta.url);
let words = {};
let language = "en";

export const LANGUAGES = { en: "English", ja: "日本語" };

export function preferred() {
  const kept = localStorage.getItem("dossier.language");
  if (kept in LANGUAGES) return kept;
  return navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag in LANGUAGES) ?? "en";
}

export async function load(tag) {
  // At once: who leaves the page before the words are there has chosen all the same.
  localStorage.setItem("dossier.language", tag);
  const get = async (path) => {
    const answer = await fetch(new URL(path, BASE));
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };
  const [page, report] = await Promise.all([get(`text/${tag}.json`), get(`words/${tag}.json`)]);
  words = { ...report, ...page };
  language = tag;
  document.documentElement.lang = tag;
}

export const current = () => language;

/** The text at `key`, with what stands in braces filled in. */
export function t(key, values = {}) {
  const text = key.split(".").reduce((tree, part) => tree?.[part], words);
  if (typeof text !== "string") return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The text at `key`, or `instead` where there is none: for codes that a newer API may add. */
export function maybe(key, instead) {
  const text = t(key);
  return text === key ? instead : text;
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

/** So many seconds, as people say it. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return minutes === 0 ? t("time.seconds", { seconds: rest }) : t("time.minutes", { minutes, seconds: rest });
}
