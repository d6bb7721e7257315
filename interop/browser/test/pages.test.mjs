import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, open, tooWide, violations } from "./support.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const firstOperation = async () => {
  const page = await open(browser, "/api");
  const path = await page.locator("#operasjoner a[href^='/api/operasjon/']").first().getAttribute("href");
  await page.context().close();
  return path;
};

describe("every page", () => {
  for (const [name, find] of [
    ["the overview", async () => "/"],
    ["the API list", async () => "/api"],
    ["an operation", firstOperation],
  ]) {
    for (const colorScheme of ["light", "dark"]) {
      test(`${name} breaks no accessibility rule in ${colorScheme} colours`, async () => {
        const page = await open(browser, await find(), { colorScheme });
        assert.deepEqual(await violations(page), []);
        assert.deepEqual(page.complaints, []);
        await page.context().close();
      });
    }

    test(`${name} fits 320 pixels`, async () => {
      const page = await open(browser, await find(), { viewport: { width: 320, height: 640 } });
      assert.equal(await tooWide(page), 0);
      assert.deepEqual(await violations(page), []);
      await page.context().close();
    });

    test(`${name} says the same without a script`, async () => {
      const page = await open(browser, await find(), { javaScriptEnabled: false });
      assert.equal(page.answer.status(), 200);
      assert.ok(await page.locator("h1").isVisible());
      assert.equal(await page.locator(".fiks-copy").locator("visible=true").count(), 0);
      await page.context().close();
    });
  }

  test("a page that does not exist says so and passes the same rules", async () => {
    const page = await open(browser, "/api/operasjon/finnes-ikke");
    assert.equal(page.answer.status(), 404);
    assert.match(await page.locator("main").innerText(), /Operasjonen finnes ikke/);
    assert.deepEqual(await violations(page), []);
    await page.context().close();
  });
});

describe("the keyboard", () => {
  test("reaches the content past the menu, and shows where it is", async () => {
    const page = await open(browser, "/");
    await page.keyboard.press("Tab");
    const skip = page.locator(":focus");
    assert.equal(await skip.innerText(), "Hopp til innholdet");
    assert.ok((await skip.boundingBox()).width > 100);
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "innhold");
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.querySelector("main").contains(document.activeElement)));
    await page.context().close();
  });

  test("walks through everything that can be used, and each shows its focus", async () => {
    const page = await open(browser, "/api");
    const usable = await page.locator("a[href], button, input:not([type=hidden]), select, summary").locator("visible=true").count();
    const seen = new Set();
    for (let step = 0; step < usable + 1; step += 1) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const { activeElement: element } = document;
        const style = getComputedStyle(element);
        const shown = style.outlineStyle !== "none" || style.boxShadow !== "none" || element.matches(".ds-skip-link");
        return element === document.body ? null : { shown, html: element.outerHTML.slice(0, 90), text: element.textContent };
      });
      if (!focus) continue;
      assert.ok(focus.shown, `no visible focus: ${focus.html}`);
      seen.add(focus.html + focus.text);
    }
    assert.ok(seen.size >= usable - 1, `${seen.size} of ${usable}`);
    await page.context().close();
  });
});
