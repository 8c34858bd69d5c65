// Renders Mermaid diagrams without a browser or a network: reads a JSON array of sources from standard input, and
// writes the array of their SVG documents. TOOLS is the folder with beautiful-mermaid.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = `${process.env.TOOLS}/node_modules/beautiful-mermaid`;
const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
const { renderMermaidSVG } = await import(pathToFileURL(`${folder}/${exports["."].import}`));
const sources = JSON.parse(readFileSync(0, "utf8"));
const documents = sources.map((source) => {
  const svg = renderMermaidSVG(source);
  // The style sheet loads a font from the network. The fonts of the reader's system do.
  return svg.replace(/^\s*@import[^\n]*\n/gm, "").replaceAll("'Inter', system-ui", "system-ui");
});
process.stdout.write(JSON.stringify(documents));
