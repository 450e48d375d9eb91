// The shop's pages of today, on a desk and on a phone: the Payment Element with 3-D Secure, Stripe's own page,
// and a subscription whose renewal fails and recovers. Each page is examined by axe.
// BASE_URL is the address of a `sluicegate serve` with its own sandbox and database.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { picture, start, visitor } from './chromium.mjs';

const base = process.env.BASE_URL;
const hook = (name) => `[data-test="${name}"]`;
const SIZES = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };
const AXE = new URL('./node_modules/axe-core/axe.min.js', import.meta.url);

let browser;
before(async () => { browser = await start(); });
after(() => browser?.close());

async function shopPage(size, path) {
  const page = await visitor(browser, { viewport: SIZES[size], bypassCSP: true });
  await page.goto(base + path);
  return page;
}

async function leave(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** No fault that axe finds, and nothing wider than the screen. */
async function examine(page, size) {
  await page.addScriptTag({ content: await readFile(AXE, 'utf8') });
  const faults = await page.evaluate(async () => {
    const { violations } = await window.axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  });
  assert.deepEqual(faults, []);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= SIZES[size].width, `${page.url()} is ${width} wide`);
}

/** Fills the Payment Element and sends its form by the keyboard. */
async function pay(page, name, number) {
  const button = page.locator(hook(name));
  const frame = page.frameLocator('[data-stripe-element] iframe').first();
  const entries = { cardnumber: number, 'exp-date': '1234', cvc: '123', postal: '94103' };
  await page.waitForFunction((selector) => !document.querySelector(selector).disabled, hook(name));
  for (const [field, text] of Object.entries(entries)) await frame.locator(`[name="${field}"]`).fill(text);
  await button.focus();
  await page.keyboard.press('Enter');
}

async function press(page, name) {
  await page.locator(hook(name)).focus();
  await page.keyboard.press('Enter');
}

async function flash(page, kind) {
  const said = page.locator(`${hook('flash')}[data-kind="${kind}"]`);
  await said.waitFor();
  return said.innerText();
}

/** Asks again until it holds: events arrive when they arrive. */
async function eventually(page, what, holds) {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    if (await holds()) return;
    await page.waitForTimeout(250);
  }
  throw new Error(`never came: ${what}`);
}

/** The customer portal, an invoice on its page, and back. */
async function portal(page, size) {
  await press(page, 'portal');
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await picture(page, `today-portal-${size}`);
  await examine(page, size);
  await page.getByText('Add a card').press('Enter');
  await page.getByLabel('Card number').fill('4242 4242 4242 4241');
  await page.getByLabel('Expiration date').fill('12 / 34');
  await page.getByLabel('Security code').fill('123');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('Your card number is incorrect.').waitFor();
  await examine(page, size);
  await page.getByRole('button', { name: 'Cancel at the end of the period' }).press('Enter');
  await page.getByRole('button', { name: 'Keep it' }).press('Enter');
  await page.getByRole('link', { name: /-0001$/ }).click();
  await page.getByText('This invoice is paid.').waitFor();
  await examine(page, size);
  await page.goto(`${base}/subscription`);
}

const firstState = (page) => page.locator(hook('payment-state')).first().getAttribute('data-state');

for (const size of Object.keys(SIZES)) {
  test(`any method pays, is declined, and asks the bank, on a ${size}`, async () => {
    const page = await shopPage(size, '/element');
    await page.locator(hook('pay-element')).click();
    await page.frameLocator('[data-stripe-element] iframe').getByText('Your card number is incomplete.').waitFor();
    await picture(page, `today-element-${size}`);
    await examine(page, size);
    await pay(page, 'pay-element', '4000000000000002');
    assert.match(await flash(page, 'alert'), /declined/);
    assert.equal(new URL(page.url()).pathname, '/element');
    await pay(page, 'pay-element', '4242424242424242');
    await flash(page, 'notice');
    assert.equal(new URL(page.url()).pathname, '/payments');
    assert.equal(await firstState(page), 'paid');
    await examine(page, size);

    for (const [button, state] of [['Complete authentication', 'paid'], ['Fail authentication', 'pending']]) {
      await page.goto(`${base}/element`);
      await pay(page, 'pay-element', '4000002760003184');
      await page.getByRole('button', { name: button }).waitFor();
      await picture(page, `today-bank-${size}`);
      await page.getByRole('button', { name: button }).click();
      await page.waitForURL(/payments\?payment_intent=pi_/);
      await eventually(page, `a payment that is ${state}`, async () => {
        await page.goto(`${base}/payments`);
        return await firstState(page) === state;
      });
    }
    await leave(page);
  });

  test(`a visitor pays on Stripe's own page, and comes back, on a ${size}`, async () => {
    const page = await shopPage(size, '/checkout');
    await examine(page, size);
    await press(page, 'checkout');
    await page.getByLabel('Email').fill('ann@example.com');
    await page.getByLabel('Card number').fill('4242 4242 4242 4242');
    await page.getByLabel('Expiration date').fill('12 / 34');
    await page.getByLabel('Security code').fill('123');
    await page.getByRole('button', { name: 'Pay $25.50' }).click();
    await page.locator(hook('returned')).waitFor();
    const row = page.locator(hook('session-row')).first();
    await eventually(page, 'a paid session', async () => await row.locator(hook('session-payment')).getAttribute('data-state') === 'paid');
    assert.equal(await row.locator(hook('session-state')).getAttribute('data-state'), 'complete');
    await picture(page, `today-checkout-${size}`);
    await examine(page, size);
    await leave(page);
  });

  test(`a renewal fails, and recovers with another card, on a ${size}`, async () => {
    const page = await shopPage(size, '/subscription');
    await picture(page, `today-plan-${size}`);
    await examine(page, size);
    for (const step of ['box-plan', 'box-clock', 'box-customer']) {
      if (step === 'box-plan' && await page.locator(hook(step)).count() === 0) continue;
      await press(page, step);
      await flash(page, 'notice');
      await page.goto(`${base}/subscription`);
    }
    await pay(page, 'box-method', '4242424242424242');
    await flash(page, 'notice');
    await press(page, 'box-subscribe');
    await flash(page, 'notice');
    const state = () => page.locator(hook('subscription-state')).getAttribute('data-state');
    const invoices = () => page.locator(hook('invoice-state')).evaluateAll((all) => all.map(({ dataset }) => dataset.state));
    await eventually(page, 'an active subscription', async () => await state() === 'active' && (await invoices()).join() === 'paid');
    await picture(page, `today-subscribed-${size}`);
    await examine(page, size);

    await pay(page, 'another-card', '4000000000000341');
    await flash(page, 'notice');
    await press(page, 'use-card');
    await flash(page, 'notice');
    await press(page, 'month');
    await flash(page, 'notice');
    await eventually(page, 'a renewal that failed', async () => await state() === 'past_due' && (await invoices()).join() === 'open,paid');
    await picture(page, `today-past-due-${size}`);
    await examine(page, size);

    await page.goto(`${base}/subscription`);
    await pay(page, 'another-card', '5555555555554444');
    await flash(page, 'notice');
    await press(page, 'use-card');
    await flash(page, 'notice');
    await press(page, 'days');
    await flash(page, 'notice');
    await eventually(page, 'a renewal that recovered', async () => await state() === 'active' && (await invoices()).join() === 'paid,paid');
    await picture(page, `today-recovered-${size}`);
    await portal(page, size);
    await press(page, 'cancel-subscription');
    await flash(page, 'notice');
    await eventually(page, 'the end', async () => await state() === 'canceled');
    await examine(page, size);
    await leave(page);
  });
}
