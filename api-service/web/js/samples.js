// Code that sends a request to the API, in the languages that integrators ask for. The key comes from the
// environment, so that it never stands in a program.

/** @typedef {{ method: string, address: string, body?: unknown, headers?: Record<string, string> }} Sample */

/** @type {{ id: string, label: string, lang: string, code: (sample: Sample) => string }[]} */
export const SAMPLES = [
  { id: "curl", label: "curl", lang: "shell", code: curl },
  { id: "python", label: "Python", lang: "python", code: python },
  { id: "typescript", label: "TypeScript", lang: "typescript", code: typescript },
];

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** @param {Sample} sample */
function curl({ method, address, body, headers = {} }) {
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}${quoted(address)}`,
    `-H "Authorization: Bearer $DOSSIER_KEY"`,
  ];
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) {
    lines.push(
      `-H 'Content-Type: application/json'`,
      `-d ${quoted(JSON.stringify(body, null, 2).replaceAll("\n", "\n  "))}`,
    );
  }
  return lines.join(" \\\n  ");
}

/** @param {Sample} sample */
function python({ method, address, body, headers = {} }) {
  const more = Object.entries(headers).map(
    ([name, value]) => `, ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  const lines = [
    "import os",
    "import requests",
    "",
    `response = requests.request(`,
    `    ${JSON.stringify(method)},`,
    `    ${JSON.stringify(address)},`,
    `    headers={"Authorization": f"Bearer {os.environ['DOSSIER_KEY']}"${more.join("")}},`,
  ];
  if (body !== undefined) lines.push(`    json=${pythonValue(body).replaceAll("\n", "\n    ")},`);
  return [...lines, "    timeout=30,", ")", "response.raise_for_status()", "print(response.json())"].join(
    "\n",
  );
}

/**
 * Returns a JSON value as Python writes it.
 * @param {unknown} value
 */
function pythonValue(value) {
  const names = { true: "True", false: "False", null: "None" };
  // Only values stand alone on a line or after a colon; texts are in quotes.
  return JSON.stringify(value, null, 4).replace(
    /^(\s*(?:"(?:[^"\\]|\\.)*": )?)(true|false|null)(,?)$/gm,
    (_, before, name, after) => `${before}${names[/** @type {keyof typeof names} */ (name)]}${after}`,
  );
}

/** @param {Sample} sample */
function typescript({ method, address, body, headers = {} }) {
  const more = Object.entries(headers).map(
    ([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`,
  );
  const lines = [
    `const response = await fetch(${JSON.stringify(address)}, {`,
    `  method: ${JSON.stringify(method)},`,
    "  headers: {",
    "    Authorization: `Bearer ${process.env.DOSSIER_KEY}`,",
    ...more,
  ];
  if (body !== undefined) lines.push(`    "Content-Type": "application/json",`);
  lines.push("  },");
  if (body !== undefined)
    lines.push(`  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll("\n", "\n  ")}),`);
  return [
    ...lines,
    "});",
    "if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);",
    "console.log(await response.json());",
  ].join("\n");
}
