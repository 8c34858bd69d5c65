// The registration number schemes of each country, from the API's own table.

/** @typedef {{ name: string, form: string, example: string }} Scheme */
/** @typedef {{ countries?: Record<string, Scheme[]>, withoutNumbers?: string[] }} Schemes */

/** @type {Promise<Schemes> | null} */
let loaded = null;

export function schemes() {
  loaded ??= fetch(new URL("../schemes.json", import.meta.url))
    .then((response) => (response.ok ? response.json() : {}))
    .catch(() => {
      // Without the table, forms lack examples but work. The next view tries again.
      loaded = null;
      return {};
    });
  return loaded;
}

export const countries = async () => Object.keys((await schemes()).countries ?? {});
