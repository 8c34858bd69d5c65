// What is known of each country's registration numbers: the API's own table.

let loaded = null;

export function schemes() {
  loaded ??= fetch(new URL("../schemes.json", import.meta.url))
    .then((answer) => (answer.ok ? answer.json() : {}))
    .catch(() => {
      // Without it a form has no examples, but is a form; the next view asks again.
      loaded = null;
      return {};
    });
  return loaded;
}

export const countries = async () => Object.keys((await schemes()).countries ?? {});
