// Parses CSV (RFC 4180) as spreadsheets write it: separated by commas, semicolons or tabs, with quotes and a
// byte order mark.

/**
 * Returns the rows of `text`, each with its line number, without empty lines.
 * @param {string} text
 */
export function parse(text) {
  const content = text.replace(/^\uFEFF/, "");
  const firstLine = content.split(/\r?\n/, 1)[0];
  const separator = [",", ";", "\t"].reduce((best, one) =>
    firstLine.split(one).length > firstLine.split(best).length ? one : best,
  );
  /** @type {{ line: number, cells: string[] }[]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  let [cell, quoted, line, begin] = ["", false, 1, 1];
  const endRow = () => {
    row.push(cell);
    if (row.some((one) => one.trim())) rows.push({ line: begin, cells: row.map((one) => one.trim()) });
    [row, cell] = [[], ""];
  };
  for (let at = 0; at < content.length; at += 1) {
    const c = content[at];
    if (c === "\n") line += 1;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (content[at + 1] === '"') {
        cell += c;
        at += 1;
      } else quoted = false;
    } else if (c === '"' && !cell) quoted = true;
    else if (c === separator) {
      row.push(cell);
      cell = "";
    } else if (c === "\n") {
      endRow();
      begin = line;
    } else if (c !== "\r") cell += c;
  }
  endRow();
  return rows;
}

const NAMES = [
  "customId",
  "companyName",
  "corporateNumber",
  "country",
  "language",
  "purpose",
  "callbackUrl",
  "formats",
];

/** @param {string} name */
const normalized = (name) => name.toLowerCase().replace(/[^a-z]/g, "");

/**
 * A request in a file, and the line that it begins in.
 * @typedef {{ line: number, request: Record<string, string | string[]> & { customId: string } }} Item
 */

/**
 * Returns the requests in `text`, whose first line names the columns, and the columns that are missing or
 * unknown. Without a column for it, the `customId` of a request is its line.
 * @param {string} text
 */
export function requests(text) {
  const [head, ...rows] = parse(text);
  const columns = (head?.cells ?? []).map(
    (cell) => NAMES.find((name) => normalized(name) === normalized(cell)) ?? null,
  );
  const missing = ["companyName", "country"].filter((name) => !columns.includes(name));
  const unknown = (head?.cells ?? []).filter((_, index) => columns[index] === null);
  const items = rows.map(({ line, cells }) => {
    /** @type {Item["request"]} */
    const request = { customId: `line-${line}` };
    columns.forEach((name, index) => {
      if (name && cells[index])
        request[name] = name === "formats" ? cells[index].split(/[\s,;]+/) : cells[index];
    });
    return { line, request };
  });
  return { items, missing, unknown };
}
