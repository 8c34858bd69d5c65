// The test that `page` in this folder runs and describes.
const { chromium } = require("playwright-core");
const { spawn } = require("child_process");
const fs = require("fs");
const assert = require("assert");

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const READY = "target/page/ready.json";
const OUT = "target/page";
const children = [];

function start(program, args, env) {
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
  return child;
}

async function until(what, condition, timeout = 60_000) {
  for (const end = Date.now() + timeout; Date.now() < end; ) {
    const seen = await condition().catch(() => null);
    if (seen) return seen;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`timed out waiting for ${what}`);
}

async function main() {
  start("target/debug/local-stack", ["--port", process.env.PORT ?? "18080", "--without", "api", "--ready-file", READY], { ...process.env, DOSSIER_LOG: "error" });
  const ready = await until("the stack", async () => JSON.parse(fs.readFileSync(READY, "utf8")));
  const environment = { PATH: process.env.PATH, ...ready.env, DOSSIER_API_DRAIN_NOTICE_SECONDS: "0", DOSSIER_API_DRAIN_SECONDS: "1", DOSSIER_LOG: "error" };
  const api = async () => {
    const child = start("target/debug/api-service", [], environment);
    await until("the API", async () => (await fetch(`${ready.api}/readyz`)).ok);
    return child;
  };
  const setFaults = (faults) => fetch(`${ready.bedrock}/faults`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(faults) });
  let server = await api();

  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  let violations = 0;
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: "en-GB", acceptDownloads: true });
  const page = await context.newPage();
  // The browser's console reports what the content security policy blocks and what a script throws.
  const errors = [];
  page.on("console", (message) => message.type() === "error" && !/Failed to load resource|ERR_/.test(message.text()) && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));

  async function inspect(name) {
    for (const [width, label] of [[1200, "desktop"], [390, "phone"]]) {
      await page.setViewportSize({ width, height: 900 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      assert(!wide, `${name}: the page is wider than a ${label}`);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${OUT}/${name}-${label}-${colorScheme}.png`, fullPage: true });
        // Injected through the browser's own tools, since the page's policy allows no other script.
        await page.evaluate(axe);
        const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        for (const violation of result.violations) {
          violations += 1;
          console.log(`${name} (${label}, ${colorScheme}): ${violation.id}: ${violation.help} (${violation.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ").slice(0, 400)})`);
        }
      }
    }
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
    console.log(`page: inspected ${name}`);
  }

  // Sign-in: a wrong key shows an error, a valid one opens the list.
  await page.goto(`${ready.api}/`);
  await page.fill("#key", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=alert]");
  assert.strictEqual(await page.getAttribute("#key", "aria-invalid"), "true");
  await inspect("sign-in");
  await page.fill("#key", ready.key);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".empty");
  await inspect("list-empty");

  // The errors of the API appear next to their fields.
  await page.click("#nav-nav\\.new");
  await page.waitForSelector("#companyName");
  await page.click("#submit");
  await page.waitForSelector("#companyName-error");
  assert.strictEqual(await page.evaluate(() => document.activeElement.id), "companyName");
  await page.selectOption("#country", "GB");
  assert((await page.textContent("#corporateNumber-hint")).length > 5, "the hint shows an example of the country's number");
  await page.fill("#companyName", "Calder Vane Shipping Ltd");
  await page.fill("#corporateNumber", "not a number");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#corporateNumber-error") && !document.querySelector("#companyName-error"));
  await inspect("form-errors");

  // Submit to download, by keyboard only. The model is slow, so that the progress is visible.
  await setFaults({ latency: "2s" });
  await page.fill("#corporateNumber", "99104372");
  await page.fill("#purpose", "supplier onboarding");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".stages .now");
  await inspect("report-under-way");
  await setFaults({});
  await page.waitForSelector("#file-pdf", { timeout: 60_000 });
  await page.waitForSelector(".finding");
  assert((await page.textContent(".verdict")).includes("High"));
  await page.click(".finding .cite");
  await page.waitForFunction(() => document.activeElement.tagName === "SUMMARY" && document.activeElement.parentElement.open);
  await inspect("report-high");
  const saved = page.waitForEvent("download");
  await page.click("#file-pdf");
  const path = await (await saved).path();
  assert.strictEqual(fs.readFileSync(path).subarray(0, 5).toString(), "%PDF-");
  const opened = context.waitForEvent("page");
  await page.click("#file-html");
  await (await opened).close();

  // Cancel and resubmit while the model is slow.
  await setFaults({ latency: "30s" });
  const submitOther = async () => {
    await page.click("#nav-nav\\.new");
    await page.waitForSelector("#companyName");
    await page.fill("#companyName", "星見川精機株式会社");
    await page.selectOption("#country", "JP");
    await page.fill("#corporateNumber", "1010401998301");
    await page.click("#submit");
  };
  await submitOther();
  await page.waitForFunction(() => document.querySelectorAll(".stages .done").length >= 2, null, { timeout: 60_000 });
  await page.click("#cancel");
  await page.waitForSelector(".status-cancelled", { timeout: 60_000 });
  await inspect("report-cancelled");
  await page.click("#resubmit");
  await page.waitForSelector("#cancel");

  // The API stops and restarts: the page says so and continues.
  server.kill("SIGKILL");
  await page.waitForSelector("#reconnecting");
  await inspect("reconnecting");
  server = await api();
  await page.waitForSelector("#reconnecting", { state: "detached", timeout: 60_000 });
  await setFaults({});
  await page.waitForSelector("#file-pdf", { timeout: 90_000 });
  assert((await page.textContent(".verdict")).includes("Low"));

  // Batch: one line of the file is invalid, and the other one chooses formats.
  await page.click("#nav-nav\\.batch");
  const csv = "\uFEFFcompanyName;corporateNumber;country;purpose;formats\r\n\"Calder Vane Shipping Ltd\";99104372;GB;\"a \"\"quoted\"\" reason\";pdf md\r\nNobody;1;ZZ;;\r\n";
  await page.setInputFiles("#csv", { name: "companies.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.waitForFunction(() => !document.querySelector("#send").disabled);
  await page.click("#send");
  await page.waitForSelector("#outcome");
  assert.strictEqual(await page.locator("section tbody tr").count(), 1);
  assert.strictEqual((await page.textContent("section tbody th")).trim(), "3");
  await inspect("batch");

  // The list: filters, export, language.
  await page.click("#nav-nav\\.reports");
  await until("a completed batch", async () => (await page.locator("tbody .status-completed").count()) === 3);
  await inspect("list");
  const exported = page.waitForEvent("download");
  await page.click("#export");
  assert(fs.readFileSync(await (await exported).path(), "utf8").split("\r\n").length >= 5);
  await page.selectOption("form select >> nth=1", "HIGH");
  await until("the filter", async () => (await page.locator("tbody tr").count()) === 2);
  // Reports that do not match disappear, even if they are older than those that do.
  await page.selectOption("form select >> nth=1", "LOW");
  await until("the other filter", async () => (await page.locator("tbody tr").count()) === 1 && (await page.locator("tbody .level-low").count()) === 1);
  await page.selectOption("form select >> nth=1", "");
  await page.selectOption("#language", "ja");
  await page.waitForFunction(() => document.documentElement.lang === "ja" && document.querySelector("h1").textContent === "レポート一覧");
  await inspect("list-ja");
  await page.click("tbody a >> nth=0");
  await page.waitForSelector(".finding, #findings");
  await page.waitForSelector("#file-pdf");
  assert.strictEqual(await page.locator("#file-html").count(), 0, "a format that was not requested is not offered");
  await inspect("report-ja");
  await page.click("#nav-nav\\.usage");
  await page.waitForSelector("figure");
  await inspect("usage-ja");
  await page.selectOption("#language", "en");
  await page.goto(`${ready.api}/docs`);
  await page.waitForSelector(".call");
  await inspect("docs");

  // Signing out removes every trace of the key.
  await page.goto(`${ready.api}/`);
  await page.click("#sign-out");
  await page.waitForSelector("#key");
  assert.strictEqual(await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])), JSON.stringify([{}, { "dossier.language": "en" }, ""]));

  await browser.close();
  assert.deepStrictEqual(errors, []);
  assert.strictEqual(violations, 0, "axe found accessibility violations");
  console.log("page: all steps passed, and axe found no violation; screenshots are in target/page");
}

main()
  .then(() => 0, (error) => {
    console.error(`page: ${error.stack}`);
    return 1;
  })
  .then((code) => {
    for (const child of children) child.kill("SIGKILL");
    process.exit(code);
  });
