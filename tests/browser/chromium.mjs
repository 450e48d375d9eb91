// Starts the installed Chromium and opens pages that record their errors.
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** The browser named by CHROMIUM. */
export function start() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
}

/** A page of a new visitor; `page.faults` collects errors of scripts and what a content policy stopped. */
export async function visitor(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 820 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) page.faults.push(text);
  });
  return page;
}

/** Keeps a picture when SCREENSHOTS names a folder. */
export async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.waitForTimeout(300); // what moves has come to rest
  await page.screenshot({ path: `${folder}/${name}.png` });
}

/** The popup of checkout.js on a page. */
export const popupOf = (page) => page.frameLocator('iframe[name="stripe_checkout_app"]');

/** Types a card into the open popup and sends it. */
export async function enterCard(page, { number, email = 'visitor@example.com', expiry = '12/34', cvc = '123', zip = '94103' }) {
  const popup = popupOf(page);
  await popup.locator('[name="cardnumber"]').waitFor();
  const fields = { email, cardnumber: number, 'exp-date': expiry, cvc, postal: zip };
  for (const [name, text] of Object.entries(fields)) {
    const input = popup.locator(`[name="${name}"]`);
    if (await input.isVisible()) await input.fill(text);
  }
  await popup.locator('button[type="submit"]').click();
}
