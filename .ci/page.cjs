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
  for (const end = Date.now() + timeout; Date.now() < end;) {
    const seen = await condition().catch(() => null);
    if (seen) return seen;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`timed out waiting for ${what}`);
}

async function main() {
  start(
    "target/debug/local-stack",
    ["--port", process.env.PORT ?? "18080", "--without", "api", "--ready-file", READY],
    { ...process.env, DOSSIER_LOG: "error" },
  );
  const ready = await until("the stack", async () => JSON.parse(fs.readFileSync(READY, "utf8")));
  const environment = {
    PATH: process.env.PATH,
    ...ready.env,
    DOSSIER_API_DRAIN_NOTICE_SECONDS: "0",
    DOSSIER_API_DRAIN_SECONDS: "1",
    DOSSIER_LOG: "error",
  };
  const api = async () => {
    const child = start("target/debug/api-service", [], environment);
    await until("the API", async () => (await fetch(`${ready.api}/readyz`)).ok);
    return child;
  };
  const setFaults = (faults) =>
    fetch(`${ready.bedrock}/faults`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(faults),
    });
  let server = await api();

  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  let violations = 0;
  const context = await browser.newContext({
    viewport: { width: 1200, height: 900 },
    locale: "en-GB",
    acceptDownloads: true,
  });
  const page = await context.newPage();
  // The browser's console reports what the content security policy blocks and what a script throws.
  const errors = [];
  const foreign = new Set();
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && ![ready.api, new URL(ready.aws).origin].includes(origin))
      foreign.add(origin);
  });
  page.on(
    "console",
    (message) =>
      message.type() === "error" &&
      !/Failed to load resource|ERR_/.test(message.text()) &&
      errors.push(message.text()),
  );
  page.on("pageerror", (error) => errors.push(String(error)));

  // A text that does not exist is shown by its key.
  const shownKeys = () =>
    page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim();
        if (/^[a-z_]+\.\w+$/.test(text) && !walker.currentNode.parentElement.closest("code, .file-name"))
          found.push(text);
      }
      return found;
    });

  async function inspect(name, { fullPage = true } = {}) {
    if (fullPage) assert.deepStrictEqual(await shownKeys(), [], `${name}: texts that do not exist`);
    for (const [width, label] of [
      [1200, "desktop"],
      [390, "phone"],
      [1800, "wide"],
    ]) {
      await page.setViewportSize({ width, height: 900 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      assert(!wide, `${name}: the page is wider than a ${label}`);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${OUT}/${name}-${label}-${colorScheme}.png`, fullPage });
        // Injected through the browser's own tools, since the page's policy allows no other script.
        await page.evaluate(axe);
        const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        for (const violation of result.violations) {
          violations += 1;
          console.log(
            `${name} (${label}, ${colorScheme}): ${violation.id}: ${violation.help} (${violation.nodes
              .map((node) => `${node.target} ${node.failureSummary}`)
              .join(" | ")
              .slice(0, 400)})`,
          );
        }
      }
    }
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
    console.log(`page: inspected ${name}`);
  }

  // Sign-in: a wrong key shows an error, a valid one opens the dashboard, which says how to begin.
  await page.goto(`${ready.api}/`);
  await page.fill("#key", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=alert]");
  assert.strictEqual(await page.getAttribute("#key", "aria-invalid"), "true");
  await inspect("sign-in");
  await page.fill("#key", ready.key);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".first");
  // The keys of tabs move between the languages of the first request.
  await page.focus("[role=tab]");
  for (const [key, text] of [
    ["ArrowRight", "import requests"],
    ["End", "await fetch("],
    ["ArrowRight", "curl -X POST"],
  ]) {
    await page.keyboard.press(key);
    assert((await page.textContent("[role=tabpanel]")).includes(text), `${key} shows ${text}`);
    assert.strictEqual(
      await page.evaluate(() => document.activeElement.getAttribute("aria-selected")),
      "true",
    );
  }
  // A read that finds nothing new changes nothing: the chosen language and the focus stay.
  await page.keyboard.press("End");
  const again = page.waitForResponse((response) => response.url().includes("/v1/reports?"));
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await (await again).finished();
  await page.evaluate(() => new Promise((done) => setTimeout(done, 200)));
  assert((await page.textContent("[role=tabpanel]")).includes("await fetch("));
  assert.strictEqual(await page.evaluate(() => document.activeElement.getAttribute("role")), "tab");
  await inspect("overview-empty");
  await page.click("#nav-reports");
  await page.waitForSelector(".empty");
  await inspect("list-empty");

  // The errors of the API appear next to their fields.
  await page.click("#nav-new");
  await page.waitForSelector("#companyName");
  await page.click("#submit");
  await page.waitForSelector("#companyName-error");
  assert.strictEqual(await page.evaluate(() => document.activeElement.id), "companyName");
  await page.selectOption("#country", "GB");
  assert(
    (await page.textContent("#corporateNumber-hint")).length > 5,
    "the hint shows an example of the country's number",
  );
  await page.fill("#companyName", "Calder Vane Shipping Ltd");
  await page.fill("#corporateNumber", "not a number");
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    () => document.querySelector("#corporateNumber-error") && !document.querySelector("#companyName-error"),
  );
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
  // Each quote is highlighted in its source: beside the claim, or below it on a phone.
  const places = () =>
    page.evaluate(() =>
      [".claim", ".passages"].map((part) =>
        document.querySelector(`.finding ${part}`).getBoundingClientRect().toJSON(),
      ),
    );
  const [claim, passages] = await places();
  assert(passages.left >= claim.right && passages.top < claim.bottom, "claim and source are side by side");
  await page.setViewportSize({ width: 390, height: 900 });
  const [above, below] = await places();
  assert(below.top >= above.bottom, "the source is below the claim on a phone");
  await page.setViewportSize({ width: 1200, height: 900 });
  assert((await page.textContent(".passage mark")).includes("Nordhavet Maritime Trading FZE"));
  const timed = await page.locator(".timeline .attempt-completed .durations li").allTextContents();
  assert(timed.length >= 4 && timed.every((text) => /\d/.test(text)), `each stage has a duration: ${timed}`);
  await page.click(".finding .cite");
  await page.waitForFunction(
    () => document.activeElement.tagName === "SUMMARY" && document.activeElement.parentElement.open,
  );
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
    await page.click("#nav-new");
    await page.waitForSelector("#companyName");
    await page.fill("#companyName", "星見川精機株式会社");
    await page.selectOption("#country", "JP");
    await page.fill("#corporateNumber", "1010401998301");
    await page.click("#submit");
  };
  await submitOther();
  await page.waitForFunction(() => document.querySelectorAll(".stages .done").length >= 2, null, {
    timeout: 60_000,
  });
  // Each second changes the durations of the timeline only, so a text of it can be selected.
  const heading = await page.waitForSelector("#timeline");
  const durations = () => page.textContent(".timeline .durations");
  const shownFirst = await durations();
  await until("other durations", async () => (await durations()) !== shownFirst);
  assert(await heading.evaluate((node) => node.isConnected), "the timeline is not drawn anew");
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
  assert.deepStrictEqual(
    await page.locator(".timeline .attempt > p > strong").allTextContents(),
    ["Attempt 1", "Attempt 2"],
    "the timeline shows the attempt that was cancelled, too",
  );
  await inspect("report-two-attempts");

  // Batch: a file is dropped on the page, and shows its errors before anything is sent. What only the API can check is
  // shown afterwards.
  await page.click("#nav-batch");
  await page.waitForSelector("#csv");
  const csv = [
    "\uFEFFcompanyName;corporateNumber;country;purpose;formats",
    '"Calder Vane Shipping Ltd";99104372;GB;"a ""quoted"" reason";pdf md',
    "Nobody;1;ZZ;;docx",
    "星見川精機株式会社;1010401998302;JP;;",
    "",
  ].join("\r\n");
  const transfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "companies.csv", { type: "text/csv" }));
    return data;
  }, csv);
  await page.dispatchEvent("h1", "dragover", { dataTransfer: transfer });
  await page.waitForSelector(".drop.over");
  await page.dispatchEvent("h1", "drop", { dataTransfer: transfer });
  await page.waitForSelector("#preview");
  assert.strictEqual(await page.locator(".drop.over").count(), 0);
  assert.strictEqual(await page.locator("tr.wrong").count(), 1);
  assert.strictEqual(await page.locator("tr.wrong li").count(), 2, "every error of a line is shown");
  assert.strictEqual(await page.textContent("#send"), "Request 2 reports");
  await inspect("batch-preview");
  // A file can be chosen instead, also by keyboard.
  await page.setInputFiles("#csv", {
    name: "empty.csv",
    mimeType: "text/csv",
    buffer: Buffer.from("company\r\n"),
  });
  await page.waitForSelector("[role=alert]");
  await page.setInputFiles("#csv", { name: "companies.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.focus("#send");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#outcome");
  assert.strictEqual(await page.locator("section:has(#outcome) tbody tr").count(), 1);
  assert.strictEqual((await page.textContent("section:has(#outcome) tbody th")).trim(), "4");
  await inspect("batch");

  // A batch whose second call fails keeps its file while it is sent, and continues under the same idempotency key. The
  // API is not asked: 1,001 reports would take too long.
  const batches = `${ready.api}/v1/reports/batch`;
  const calls = [];
  let answerFirst;
  const mayAnswer = new Promise((done) => (answerFirst = done));
  await page.route(batches, async (route) => {
    const { reports } = route.request().postDataJSON();
    calls.push({
      key: route.request().headers()["idempotency-key"],
      ids: reports.map((one) => one.customId),
    });
    if (calls.length === 1) await mayAnswer;
    if (calls.length === 2) return route.abort();
    const results = reports.map(({ customId }) => ({ customId, report: {}, error: null }));
    return route.fulfill({ status: 202, json: { results } });
  });
  const long = ["companyName,corporateNumber,country"];
  for (let line = 2; line <= 1001; line += 1) long.push(`Company ${line},9910${line},GB`);
  // The API accepts the same company twice, and a name of 200 characters outside the Basic Multilingual Plane.
  long.push("Company 2,99102,GB", `${"𠮷".repeat(200)},1,constructor`);
  await page.setInputFiles("#csv", {
    name: "long.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(long.join("\n")),
  });
  await page.waitForFunction(() => document.querySelector("#send")?.textContent.includes("1,001"));
  assert((await page.textContent(".warning")).includes("Line 2 is the same company"));
  assert.deepStrictEqual(await page.locator("tr.wrong li").allTextContents(), [
    "constructor is not a country code: use ISO 3166-1 alpha-2, such as GB.",
  ]);
  await page.click("#send");
  await until("the first call", async () => calls.length === 1);
  await page.dispatchEvent("h1", "drop", { dataTransfer: transfer });
  assert(await page.isDisabled("#csv"), "no file can be chosen while another is sent");
  answerFirst();
  await page.waitForSelector("[role=alert]");
  assert.strictEqual(await page.textContent(".file-name"), "long.csv");
  assert((await page.textContent("section:has(#outcome)")).includes("1000 accepted"));
  await page.click("#send");
  await page.waitForFunction(() =>
    document.querySelector("section:has(#outcome)").textContent.includes("1001 accepted"),
  );
  assert.deepStrictEqual(
    calls.map(({ ids }) => [ids[0], ids.length]),
    [
      ["line-2", 1000],
      ["line-1002", 1],
      ["line-2", 1000],
      ["line-1002", 1],
    ],
  );
  assert.strictEqual(new Set(calls.map(({ key }) => key)).size, 1, "the idempotency key stays the same");
  assert(await page.isDisabled("#send"), "a batch that was sent is not sent again");
  await page.unroute(batches);

  // The list: search and filters are in the address, which can be loaded again; export, language.
  await page.click("#nav-reports");
  await until("a completed batch", async () => (await page.locator("tbody .status-completed").count()) === 3);
  await inspect("list");
  // On a phone the filters are folded.
  await page.setViewportSize({ width: 390, height: 900 });
  await page.waitForSelector("#filter-name", { state: "hidden" });
  await page.click("#filters");
  await page.waitForSelector("#filter-name");
  await page.setViewportSize({ width: 1200, height: 900 });
  const exported = page.waitForEvent("download");
  await page.click("#export");
  assert(fs.readFileSync(await (await exported).path(), "utf8").split("\r\n").length >= 5);
  const rows = (count) =>
    until(`${count} rows`, async () => (await page.locator("tbody tr:has(th a)").count()) === count);
  await page.selectOption("#filter-riskLevel", "HIGH");
  await rows(2);
  // Reports that do not match disappear, even if they are older than those that do.
  await page.selectOption("#filter-riskLevel", "LOW");
  await rows(1);
  await page.selectOption("#filter-riskLevel", "");
  await page.fill("#filter-name", "calder");
  await rows(2);
  await page.selectOption("#filter-review", "true");
  assert.strictEqual(new URL(page.url()).hash, "#/reports?name=calder&review=true");
  await page.reload();
  await rows(2);
  assert.strictEqual(await page.inputValue("#filter-name"), "calder");
  await page.click("tbody a >> nth=0");
  await page.waitForSelector("#verdict");
  await page.goBack();
  await rows(2);
  await inspect("list-filtered");
  await page.click("#clear");
  await rows(3);
  assert.strictEqual(new URL(page.url()).hash, "#/reports");

  // What the button for more has loaded is read again with the rest, and pressing it during a read is not lost.
  const { reports: made } = await (
    await fetch(`${ready.api}/v1/reports`, { headers: { authorization: `Bearer ${ready.key}` } })
  ).json();
  const fake = (index, status) => ({
    ...made[0],
    reportId: `00000000-0000-7000-8000-${String(index).padStart(12, "0")}`,
    status,
    progress: { stage: "assess", percent: 40, message: "Assessing the evidence" },
    ...(status === "PENDING" && {
      progress: { stage: "queued", percent: 0, message: "Waiting for a worker" },
    }),
  });
  const lists = (url) => url.pathname === "/v1/reports";
  let firstPages = 0;
  let answerPoll;
  const mayPoll = new Promise((done) => (answerPoll = done));
  await page.route(lists, async (route) => {
    const isFirst = !new URL(route.request().url()).searchParams.has("pageToken");
    if (isFirst) firstPages += 1;
    if (isFirst && firstPages === 2) await mayPoll;
    const status = firstPages > 3 ? "COMPLETED" : "PROCESSING";
    const json = isFirst
      ? { reports: [fake(1, "PROCESSING")], nextPageToken: "next" }
      : { reports: [fake(2, status)], nextPageToken: null };
    // The page may have given up a read that was held back.
    await route.fulfill({ json }).catch(() => null);
  });
  await page.reload();
  await rows(1);
  await until("a second read", async () => firstPages === 2);
  await page.click("#more");
  await rows(2);
  answerPoll();
  await until("a report of the second page that has ended", async () =>
    (await page.getAttribute("tbody tr:nth-child(2) .badge", "class")).includes("status-completed"),
  );
  await rows(2);
  await page.unroute(lists);
  await page.reload();
  await rows(3);

  // The dashboard counts what waits for a person, and leads to it.
  await page.click("#brand");
  await until("the reports to review", async () => (await page.textContent("#tile-review .value")) === "2");
  await inspect("overview");
  // Each tile leads to the reports that it counts.
  await page.route(lists, async (route) => {
    const status = new URL(route.request().url()).searchParams.get("status");
    const counted = { PROCESSING: 2, PENDING: 5 }[status];
    if (counted === undefined) return route.continue();
    const json = {
      reports: Array.from({ length: counted }, (_, at) => fake(at, status)),
      nextPageToken: null,
    };
    return route.fulfill({ json });
  });
  await page.reload();
  await page.waitForSelector("#tile-review");
  await inspect("overview-busy");
  for (const name of ["review", "failed", "processing", "waiting"]) {
    const counted = Number.parseInt(
      await (await page.waitForSelector(`#tile-${name} .value`)).textContent(),
      10,
    );
    await page.click(`#tile-${name}`);
    await page.waitForSelector("#filter-status");
    await rows(counted);
    const hash = new URL(page.url()).hash;
    if (name === "processing") assert.strictEqual(`${counted} ${hash}`, "2 #/reports?status=PROCESSING");
    if (name === "waiting") assert.strictEqual(`${counted} ${hash}`, "5 #/reports?status=PENDING");
    await page.click("#brand");
  }
  await page.unroute(lists);
  // Filters that the API refuses can be cleared.
  await page.goto(`${ready.api}/#/reports?status=foo`);
  await page.waitForSelector("[role=alert]");
  await page.click("#clear");
  await rows(3);
  await page.click("#brand");
  await page.waitForSelector("#tile-review");

  // An instance of 0.2, which may answer while a deployment rolls, knows no reviews and webhooks, and less of a report.
  const earlier = ({ metadata: _, attemptHistory: __, numberCheck: ___, ...report }) => report;
  const early = (url) => /^\/v1\/(reports|deliveries)$/.test(url.pathname);
  await page.route(early, async (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    const problem = (status) =>
      route.fulfill({ status, json: { title: "Unknown", code: "unknown_parameter" } });
    if (searchParams.has("review")) return problem(400);
    if (pathname === "/v1/deliveries") return problem(404);
    const report = earlier(fake(1, searchParams.get("status") ?? "COMPLETED"));
    return route.fulfill({ json: { reports: [report], nextPageToken: null } });
  });
  await page.reload();
  await page.waitForSelector(".unread");
  assert.strictEqual(await page.textContent("#tile-review .value"), "—");
  assert.strictEqual(await page.textContent("#tile-failed .value"), "1");
  await page.unroute(early);
  const one = (url) => url.pathname === `/v1/reports/${made[0].reportId}`;
  await page.route(one, (route) => route.fulfill({ json: earlier(made[0]) }));
  await page.goto(`${ready.api}/#/reports/${made[0].reportId}`);
  await page.waitForSelector("#details");
  await page.waitForSelector("#findings");
  await page.unroute(one);
  await page.goto(`${ready.api}/#/`);
  await page.reload();
  await until("the reports to review", async () => (await page.textContent("#tile-review .value")) === "2");
  await page.focus("#tile-review");
  await page.keyboard.press("Enter");
  await rows(2);

  // A webhook that its receiver does not accept: every attempt is listed, and it can be sent again.
  await page.click("#nav-new");
  await page.waitForSelector("#companyName");
  await page.selectOption("#country", "GB");
  await page.fill("#companyName", "Calder Vane Shipping Ltd");
  await page.fill("#corporateNumber", "99104372");
  await page.fill("#callbackUrl", "https://hooks.invalid/dossier");
  await page.click("#submit");
  await page.waitForSelector("#resend", { timeout: 60_000 });
  await inspect("report-webhook");
  await page.click("#nav-webhooks");
  const attempts = async () => Number.parseInt((await page.textContent("summary")).replace("One", "1"), 10);
  await page.click("summary");
  const before = await until("an attempt", attempts);
  await page.click("button[id^=resend-]");
  await until("another attempt", async () => (await attempts()) > before);
  await inspect("webhooks");
  // The error of an action stays when the next read succeeds.
  const resending = (url) => url.pathname.endsWith("/callback/resend");
  await page.route(resending, (route) => route.fulfill({ status: 503, json: { title: "Unavailable" } }));
  await page.click("button[id^=resend-]");
  await page.waitForSelector("[role=alert]");
  const readAgain = page.waitForResponse((response) => response.url().includes("/v1/deliveries"));
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await (await readAgain).finished();
  await page.evaluate(() => new Promise((done) => setTimeout(done, 200)));
  assert.strictEqual(await page.locator("[role=alert]").count(), 1);
  await page.unroute(resending);
  await page.selectOption("#filter-state", "delivered");
  await page.waitForSelector(".empty");
  assert.strictEqual(new URL(page.url()).hash, "#/webhooks?state=delivered");

  // Japanese.
  await page.click("#nav-reports");
  await rows(4);
  await page.selectOption("#language", "ja");
  await page.waitForFunction(
    () =>
      document.documentElement.lang === "ja" && document.querySelector("h1").textContent === "レポート一覧",
  );
  await inspect("list-ja");
  await page.click("tbody tr:nth-child(2) a");
  await page.waitForSelector(".finding, #findings");
  await page.waitForSelector("#file-pdf");
  assert.strictEqual(
    await page.locator("#file-html").count(),
    0,
    "a format that was not requested is not offered",
  );
  await inspect("report-ja");
  await page.click("#nav-usage");
  await page.waitForSelector(".chart");
  await inspect("usage-ja");
  // A late response to an earlier choice of days is not shown.
  let answerLate;
  const mayBeLate = new Promise((done) => (answerLate = done));
  const usages = (url) => url.pathname === "/v1/usage";
  let lateEnded;
  const late = new Promise((done) => (lateEnded = done));
  await page.route(usages, async (route) => {
    if (new URL(route.request().url()).searchParams.get("from") !== "2026-01-01") return route.continue();
    await mayBeLate;
    await route.fulfill({ status: 503, json: { title: "late" } }).catch(() => null);
    lateEnded();
  });
  const slow = page.waitForRequest((request) => request.url().includes("from=2026-01-01"));
  await page.fill("#from", "2026-01-01");
  await page.dispatchEvent("#from", "change");
  await slow;
  await page.fill("#from", new Date().toISOString().slice(0, 10));
  await page.dispatchEvent("#from", "change");
  await page.waitForSelector(".chart");
  answerLate();
  await late;
  await page.evaluate(() => new Promise((done) => setTimeout(done, 200)));
  assert.strictEqual(await page.locator("[role=alert]").count(), 0);
  await page.unroute(usages);
  await page.click("#nav-overview");
  await page.waitForSelector("#tile-review");
  await inspect("overview-ja");
  await page.click("#nav-new");
  await page.waitForSelector("#companyName");
  await inspect("form-ja");
  await page.click("#nav-batch");
  await page.setInputFiles("#csv", { name: "companies.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.waitForSelector("#preview");
  await inspect("batch-ja");
  await page.click("#nav-webhooks");
  await page.waitForSelector("summary");
  await inspect("webhooks-ja");
  await page.selectOption("#language", "en");

  // The reference of the API: search by keyboard, samples, and a console that sends with the key of the page.
  await page.goto(`${ready.api}/docs`);
  const submitting = "a[href='#tag/reports/POST/v1/reports']";
  await page.waitForSelector(submitting);
  await inspect("docs", { fullPage: false });
  await page.click(submitting);
  const send = page.locator("button", { hasText: "(post /v1/reports)" }).first();
  await send.waitFor();
  await until("the sample of curl", async () =>
    (await page.innerText("#viewer")).includes("Authorization: Bearer $DOSSIER_KEY"),
  );
  await inspect("docs-operation", { fullPage: false });
  await send.click();
  const sent = page.waitForResponse((response) => response.url() === `${ready.api}/v1/reports`);
  await page.getByRole("button", { name: /^Send/ }).first().click();
  assert.strictEqual((await sent).status(), 202);
  await page.screenshot({ path: `${OUT}/docs-console.png` });
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("webhook");
  await page
    .getByRole("option", { name: /callback/i })
    .first()
    .waitFor();
  await page.screenshot({ path: `${OUT}/docs-search.png` });

  // Signing out removes every trace of the key.
  await page.goto(`${ready.api}/`);
  await page.click("#sign-out");
  await page.waitForSelector("#key");
  assert.strictEqual(
    await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])),
    JSON.stringify([{}, { "dossier.language": "en" }, ""]),
  );

  await browser.close();
  assert.deepStrictEqual(errors, []);
  assert.deepStrictEqual([...foreign], [], "the pages load nothing from other hosts");
  assert.strictEqual(violations, 0, "axe found accessibility violations");
  console.log("page: all steps passed, and axe found no violation; screenshots are in target/page");
}

main()
  .then(
    () => 0,
    (error) => {
      console.error(`page: ${error.stack}`);
      return 1;
    },
  )
  .then((code) => {
    for (const child of children) child.kill("SIGKILL");
    process.exit(code);
  });
