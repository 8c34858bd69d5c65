// What is known of each country's registration numbers: the API's own table.

let loaded = null;

export function schemes() {
  loaded ??= fetch(new URL("../schemes.json", import.meta.url)).then((answer) => (answer.ok ? answer.json() : {}));
  return loaded;
}

export const countries = async () => Object.keys((await schemes()).countries ?? {});
