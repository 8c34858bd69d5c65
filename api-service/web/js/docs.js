// Shows the OpenAPI document: every operation with its parameters, bodies, responses and errors, and every
// schema.
import { fill, h } from "./dom.js";

const main = document.getElementById("main");
const METHODS = ["get", "post", "put", "delete"];

/** Resolves a reference within the document. */
const resolve = (document, node) => (node?.$ref ? node.$ref.slice(2).split("/").reduce((tree, part) => tree[part], document) : node);

function typeOf(document, schema) {
  if (!schema) return "any";
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    return h("a", { href: `#schema-${name}` }, name);
  }
  const any = schema.oneOf ?? schema.anyOf;
  if (any) return any.map((one, index) => [index ? " or " : "", typeOf(document, one)]);
  const type = [schema.type].flat().filter(Boolean).join(" or ") || "any";
  if (schema.items) return ["array of ", typeOf(document, schema.items)];
  return schema.format ? `${type} (${schema.format})` : type;
}

function limits(schema) {
  const labels = { minimum: "from", maximum: "to", minLength: "at least", maxLength: "at most", minItems: "at least", maxItems: "at most", pattern: "pattern", default: "default" };
  const list = Object.entries(labels).filter(([name]) => schema?.[name] !== undefined).map(([name, label]) => `${label} ${schema[name]}`);
  if (schema?.enum) list.push(schema.enum.length > 12 ? `one of ${schema.enum.length} values, such as ${schema.enum.slice(0, 5).join(", ")}` : `one of ${schema.enum.join(", ")}`);
  return list.join("; ");
}

/** Returns text as paragraphs. Text in back quotes becomes a `code` element. */
const prose = (text) => (text ?? "").split("\n\n").map((paragraph) => h("p", {}, paragraph.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part))));

function properties(document, schema) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) =>
    h("tr", {},
      h("th", { scope: "row" }, h("code", {}, name), schema.required?.includes(name) ? null : h("span", { class: "quiet" }, " optional")),
      h("td", { "data-label": "Type" }, typeOf(document, property)),
      h("td", { "data-label": "Meaning" }, prose(property.description), h("span", { class: "quiet" }, limits(property)))));
  return rows.length ? h("table", {}, h("thead", {}, h("tr", {}, ["Field", "Type", "Meaning"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows)) : null;
}

const example = (value) => h("pre", { tabindex: "0" }, h("code", {}, typeof value === "string" ? value : JSON.stringify(value, null, 2)));

function examples(media) {
  const all = media.examples ? Object.entries(media.examples).map(([name, one]) => [one.summary ?? name, one.value]) : media.example !== undefined ? [["Example", media.example]] : [];
  return all.map(([name, value]) => h("details", {}, h("summary", {}, name), example(value)));
}

function operation(document, path, method, details) {
  const parameters = (details.parameters ?? []).map((one) => resolve(document, one));
  const body = resolve(document, details.requestBody);
  return h("section", { class: "card call", id: details.operationId, "aria-labelledby": `${details.operationId}-title` },
    h("h3", { id: `${details.operationId}-title` }, h("span", { class: `method ${method}` }, method.toUpperCase()), " ", h("code", {}, path)),
    prose(details.description ?? details.summary),
    parameters.length ? [h("h4", {}, "Parameters"), h("table", {}, h("thead", {}, h("tr", {}, ["Name", "In", "Meaning"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, parameters.map((one) =>
      h("tr", {}, h("th", { scope: "row" }, h("code", {}, one.name), one.required ? null : h("span", { class: "quiet" }, " optional")), h("td", { "data-label": "In" }, one.in), h("td", { "data-label": "Meaning" }, prose(one.description), h("span", { class: "quiet" }, limits(resolve(document, one.schema))))))))] : null,
    body ? [h("h4", {}, "Body"), Object.entries(body.content).map(([type, media]) => [h("p", {}, h("code", {}, type), ": ", typeOf(document, media.schema)), examples(media)])] : null,
    h("h4", {}, "Responses"),
    h("table", {}, h("thead", {}, h("tr", {}, ["Status", "Meaning", "Body"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, Object.entries(details.responses).map(([status, one]) => {
      const response = resolve(document, one);
      return h("tr", {}, h("th", { scope: "row" }, status),
        h("td", { "data-label": "Meaning" }, prose(response.description), Object.entries(response.headers ?? {}).map(([name, header]) => h("p", { class: "quiet" }, h("code", {}, name), ` ${resolve(document, header).description ?? ""}`))),
        h("td", { "data-label": "Body" }, Object.entries(response.content ?? {}).map(([type, media]) => [h("p", {}, typeOf(document, media.schema), " ", h("span", { class: "quiet" }, type)), examples(media)])));
    }))));
}

async function show() {
  const response = await fetch("/openapi.json");
  const document = await response.json();
  const calls = Object.entries(document.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => [path, method, item[method]]));
  const tags = document.tags ?? [];
  fill(
    main,
    h("h1", { tabindex: "-1" }, `${document.info.title} API ${document.info.version}`),
    prose(document.info.description),
    h("nav", { class: "card", "aria-label": "Operations" }, h("ul", { class: "plain" }, calls.map(([path, method, details]) => h("li", {}, h("a", { href: `#${details.operationId}` }, h("span", { class: `method ${method}` }, method.toUpperCase()), " ", path))))),
    tags.map((tag) => [h("h2", { id: `tag-${tag.name}` }, tag.name), prose(tag.description), calls.filter(([, , details]) => details.tags?.includes(tag.name)).map((call) => operation(document, ...call))]),
    h("h2", { id: "schemas" }, "Schemas"),
    Object.entries(document.components.schemas).map(([name, schema]) => h("section", { class: "card", id: `schema-${name}`, "aria-labelledby": `schema-${name}-title` }, h("h3", { id: `schema-${name}-title` }, name), prose(schema.description), properties(document, schema) ?? h("p", {}, typeOf(document, schema), " ", h("span", { class: "quiet" }, limits(schema))))),
  );
  if (location.hash) window.document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show().catch(() => {
  main.textContent = "The API document could not be loaded. Reload the page to try again.";
});
