// Shows the OpenAPI document in the viewer, which a script before this one has loaded: with samples in the languages of
// samples.js, and with the key of the page, if the user is signed in there in this tab.
import { key } from "./api.js";
import { byId } from "./dom.js";
import { SAMPLES } from "./samples.js";

const METHODS = ["get", "post", "put", "delete"];

/**
 * Returns the name of an operation as a title: `submitReport` becomes "Submit report".
 * @param {string} id
 */
const title = (id) => {
  const words = id.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/**
 * Prepares the document for readers: gives operations short titles, adds samples to each, and shortens a long list.
 * @param {any} document
 */
function prepared(document) {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const operation = item[method];
      operation.description = [operation.summary, operation.description].filter(Boolean).join("\n\n");
      operation.summary = title(operation.operationId);
      const body = operation.requestBody?.content?.["application/json"]?.example;
      const address = location.origin + path.replace("{id}", "REPORT_ID").replace("{kind}", "pdf");
      operation["x-codeSamples"] = SAMPLES.map(({ label, lang, code }) => ({
        label,
        lang,
        source: code({ method: method.toUpperCase(), address, body }),
      }));
    }
  }
  // A list of all countries would hide what follows it.
  delete document.components.schemas.Country.enum;
  return { ...document, servers: [{ url: location.origin }] };
}

async function show() {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`/openapi.json: ${response.status}`);
  const document = prepared(await response.json());
  const bearer = key();
  window.Scalar.createApiReference("#viewer", {
    content: document,
    // Nothing is loaded from another host, nothing is sent to one, and nothing but this API is offered.
    withDefaultFonts: false,
    telemetry: false,
    proxyUrl: "",
    hideClientButton: true,
    showDeveloperTools: "never",
    agent: { disabled: true },
    mcp: { disabled: true },
    persistAuth: false,
    hiddenClients: true,
    theme: "none",
    documentDownloadType: "none",
    defaultOpenFirstTag: true,
    metaData: { title: "API reference – Dossier" },
    authentication: {
      preferredSecurityScheme: "key",
      ...(bearer ? { securitySchemes: { key: { token: bearer } } } : {}),
    },
  });
}

show().catch(() => {
  byId("viewer").textContent = "The API document could not be loaded. Reload the page to try again.";
});
