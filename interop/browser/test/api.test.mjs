import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, violations } from "./support.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const operations = "#operasjoner a[href^='/api/operasjon/']";

test("the search narrows the list as one types, and stays in the address", async () => {
  const page = await open(browser, "/api");
  const all = await page.locator(operations).count();
  assert.ok(all > 0);
  await page.locator("#sok").pressSequentially("finnes garantert ikke");
  await page.locator("#operasjoner", { hasText: "0 operasjoner" }).waitFor();
  await page.waitForURL(/q=finnes/);
  await page.locator("#sok").fill("");
  await page.waitForFunction(([selector, all]) => document.querySelectorAll(selector).length === all, [operations, all]);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("an operation is called from its page and shows answer and command", async () => {
  const page = await open(browser, "/api?q=GET%20status");
  const found = page.locator(operations);
  if ((await found.count()) === 0) return;
  await found.first().click();
  await page.locator("button", { hasText: "Send forespørselen" }).click();
  await page.locator("#utfall h3", { hasText: "Svar" }).waitFor();
  assert.match(await page.locator("#utfall .ds-tag").innerText(), /^\d{3} /);
  await page.locator("#utfall summary", { hasText: "curl" }).click();
  assert.match(await page.locator("#utfall pre").last().innerText(), /^curl -i -X GET http/);
  assert.deepEqual(await violations(page), []);
  await page.context().close();
});
