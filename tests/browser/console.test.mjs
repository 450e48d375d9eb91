// An operator's way into the console, by keyboard only, on a wide and on a narrow screen.
// API_TOKEN is a token of the server at BASE_URL with the scope `operate`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { picture, start, visitor } from './chromium.mjs';

const base = process.env.BASE_URL;
const token = process.env.API_TOKEN;

let browser;
before(async () => {
  browser = await start();
});
after(() => browser?.close());

/** The page is no wider than its screen. */
async function fits(page) {
  const [inside, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(inside <= screen, `${page.url()} is ${inside} px wide on ${screen}`);
}

/** Presses Tab until the focus is on an element with this text or label. */
async function tabTo(page, name) {
  for (let tries = 0; tries < 80; tries += 1) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element.labels?.[0]?.textContent ?? '';
      return `${label} ${element.textContent} ${element.getAttribute('aria-label') ?? ''}`;
    });
    if (found.includes(name)) return;
  }
  assert.fail(`the focus never came to "${name}"`);
}

for (const width of [1280, 390]) {
  test(`an operator signs in, tries a request type and signs out at ${width} px`, async () => {
    const page = await visitor(browser, { viewport: { width, height: 820 } });
    await page.goto(`${base}/console`);
    await fits(page);
    await picture(page, `console-sign-in-${width}`);
    // The field has the focus.
    await page.keyboard.type('not the token');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    assert.match(await page.locator('[role=alert]').textContent(), /not known/);
    await fits(page);
    await page.keyboard.type(token);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    assert.equal(await page.locator('h1').textContent(), 'Console');
    assert.match(await page.locator('header').textContent(), /Scope: operate/);
    await fits(page);
    await picture(page, `console-${width}`);
    await tabTo(page, 'create_customer');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    await fits(page);
    await tabTo(page, 'email');
    await page.keyboard.type('operator@b.example');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.getElementById('outcome').textContent.includes('HTTP'));
    assert.match(await page.locator('#outcome').textContent(), /HTTP 200[^]*completed/);
    await fits(page);
    await picture(page, `console-request-type-${width}`);
    await page.goto(`${base}/console`);
    await Promise.all([page.waitForNavigation(), page.locator('tbody a').first().click()]);
    await fits(page);
    await tabTo(page, 'Sign out');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    await page.goto(`${base}/console`);
    assert.equal(await page.locator('h1').textContent(), 'Sign in to the console');
    assert.deepEqual(page.faults, []);
  });
}
