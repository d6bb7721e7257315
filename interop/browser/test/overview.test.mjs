import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./support.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test("a copy button copies, shows it and says it", async () => {
  const page = await open(browser, "/");
  const button = page.locator("[data-copy-name='IntegrasjonId']").first();
  const wanted = await button.getAttribute("data-copy");
  await button.click();
  await page.locator("#fiks-status", { hasText: "Kopierte IntegrasjonId" }).waitFor({ state: "attached" });
  assert.ok(await button.evaluate((element) => "copied" in element.dataset));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), wanted);
  await page.context().close();
});

test("code is copied whole", async () => {
  const page = await open(browser, "/");
  const figure = page.locator("#kode-java figure");
  await figure.locator("button").click();
  await page.locator("#fiks-status", { hasText: "Kopierte" }).waitFor({ state: "attached" });
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await figure.locator("code").textContent());
  await page.context().close();
});

const shownTime = (page) => page.locator("#klokke").getAttribute("data-now").then(Date.parse);

test("the clock moves forward from the page, and keeps the focus", async () => {
  const page = await open(browser, "/");
  const before = await shownTime(page);
  const button = page.locator("#klokke button", { hasText: "+1 time" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.locator("#klokke", { hasText: "flyttet 1 t framover" }).waitFor();
  assert.ok((await shownTime(page)) - before >= 3_600_000);
  await page.waitForFunction(() => document.activeElement?.id === "klokke-3600");
  assert.match(await page.locator("#klokke").innerText(), /foran den virkelige klokka/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

const polls = (page) => page.waitForResponse((response) => new URL(response.url()).pathname === "/flyt");

test("the flow renews itself, and can be paused", async () => {
  const page = await open(browser, "/");
  await polls(page);
  await page.locator("[data-poll-pause=flyt]").click();
  await page.locator("#fiks-status", { hasText: "på pause" }).waitFor({ state: "attached" });
  let asked = 0;
  page.on("request", (request) => (asked += new URL(request.url()).pathname === "/flyt"));
  // Two of the status' polls take longer than one of the flow's.
  for (let count = 0; count < 2; count += 1) {
    await page.waitForResponse((response) => new URL(response.url()).pathname === "/helse");
  }
  assert.equal(asked, 0);
  await page.locator("[data-poll-pause=flyt]").click();
  await polls(page);
  await page.context().close();
});

test("a filter is kept in the address and by the renewal", async () => {
  const page = await open(browser, "/");
  const filtered = page.waitForResponse((response) => response.url().includes("tilstand=AVVIST"));
  await page.locator("#filter-tilstand").selectOption("AVVIST");
  assert.ok((await filtered).ok());
  await page.waitForURL(/tilstand=AVVIST/);
  const renewed = await polls(page);
  assert.match(renewed.url(), /tilstand=AVVIST/);
  await page.reload();
  assert.equal(await page.locator("#filter-tilstand").inputValue(), "AVVIST");
  const states = await page.locator("#flyt .fiks-flow tbody .ds-tag[data-color]").allInnerTexts();
  assert.ok(states.every((state) => state === "Avvist" || state === "Resendt"), states.join());
  await page.context().close();
});

test("another organisation fills the code with its own values", async () => {
  const page = await open(browser, "/");
  const others = page.locator("nav[aria-label='Velg organisasjon'] a:not([aria-current])");
  if ((await others.count()) === 0) return;
  const name = await others.first().innerText();
  await others.first().click();
  await page.locator("nav[aria-label='Velg organisasjon'] a[aria-current]", { hasText: name }).waitFor();
  const id = await page.locator("[data-copy-name='IntegrasjonId']").first().getAttribute("data-copy");
  const code = page.locator("#kode-java code");
  if (await code.count()) assert.ok((await code.textContent()).includes(id));
  await page.context().close();
});

test("nothing jumps about while the page is read", async () => {
  const page = await open(browser, "/");
  const shift = await page.evaluate(
    () =>
      new Promise((resolve) => {
        let sum = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value))).observe({
          type: "layout-shift",
          buffered: true,
        });
        addEventListener("htmx:afterRequest", () => requestAnimationFrame(() => resolve(sum)), { once: true });
      }),
  );
  assert.ok(shift < 0.1, `layout shift ${shift}`);
  await page.context().close();
});
