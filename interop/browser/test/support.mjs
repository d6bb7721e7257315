// A browser at the environment's address.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const address = () => {
  const { FIKS_URL, FIKS_DEV_JSON } = process.env;
  if (FIKS_URL) return FIKS_URL;
  if (FIKS_DEV_JSON) return JSON.parse(readFileSync(FIKS_DEV_JSON, "utf8")).api.http;
  throw new Error("Set FIKS_DEV_JSON to the dev.json of a running «fiks dev», or FIKS_URL to its address.");
};

export const base = address().replace(/\/$/, "");
// Clipboards exist in secure contexts only, and a name for this machine is one as well as its number.
export const origin = new URL(base).origin;

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });

// A page that remembers what the browser complained of.
export const open = async (browser, path, options = {}) => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: "nb-NO",
    timezoneId: "Europe/Oslo",
    ...options,
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.answer = await page.goto(base + path);
  return page;
};

// Runs axe through the debugger, since the pages' own policy keeps foreign scripts out.
export const violations = async (page) => {
  const session = await page.context().newCDPSession(page);
  const expression = `${axe};axe.run().then((result) => JSON.stringify(result.violations))`;
  const { result } = await session.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  return JSON.parse(result.value).map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
};

export const tooWide = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
