// A visitor in the demo shop: buys, refunds, authorizes and captures, is declined, reads the
// events, saves a card, and pays a maker.
// BASE_URL is the address of a `sluicegate serve` with its own sandbox and database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enterCard, picture, popupOf, start, visitor } from './chromium.mjs';

const base = process.env.BASE_URL;
const hook = (name) => `[data-test="${name}"]`;

// The parts of the shop's markup that the tests rely on.
const ROW = hook('payment-row');
const STATE = hook('payment-state');
const FLASH = hook('flash');

let browser;
let page;

before(async () => {
  browser = await start();
  page = await visitor(browser);
});
after(() => browser?.close());

const open = (path) => page.goto(`${base}${path}`);

/** Clicks something that sends a form, and waits for the page that follows. */
async function submitting(action) {
  const answered = page.waitForEvent('response', (answer) => answer.request().method() === 'POST' && answer.url().startsWith(base));
  await action();
  await answered;
  await page.waitForLoadState('load');
}

/** Opens the card popup by the button `name` and pays with a card. */
async function payWith(name, number) {
  await page.locator(hook(name)).click();
  await submitting(() => enterCard(page, { number }));
}

/** What the shop says after a form: `{ kind: 'notice' | 'alert', text }`. */
async function flash() {
  const element = page.locator(FLASH).first();
  return { kind: await element.getAttribute('data-kind'), text: (await element.innerText()).trim() };
}

/** The payments list as `{ text, state }`, newest first. */
async function payments() {
  await open('/payments');
  const rows = await page.locator(ROW).all();
  return Promise.all(rows.map(async (row) => ({
    text: (await row.innerText()).replace(/\s+/g, ' '),
    state: await row.locator(STATE).getAttribute('data-state'),
  })));
}

/** Asks again until an answer is there: events arrive when they arrive. */
async function eventually(what, ask) {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const answer = await ask();
    if (answer) return answer;
    await page.waitForTimeout(500);
  }
  throw new Error(`never came: ${what}`);
}

test('a card pays', async () => {
  await open('/');
  await page.locator(hook('buy-mug')).click();
  const submit = popupOf(page).locator('button[type="submit"]');
  await submit.waitFor();
  assert.match(await submit.innerText(), /\$16\.50/);
  await picture(page, 'buy');
  await submitting(() => enterCard(page, { number: '4242424242424242' }));
  assert.equal((await flash()).kind, 'notice');
  const [payment] = await payments();
  assert.equal(payment.state, 'paid');
  assert.match(payment.text, /Weir mug.*Visa.*4242.*\$16\.50/);
  await picture(page, 'payments');
});

test('a payment is refunded from the list', async () => {
  await open('/payments');
  await submitting(() => page.locator(hook('refund')).first().click());
  assert.equal((await flash()).kind, 'notice');
  const [payment] = await payments();
  assert.equal(payment.state, 'refunded');
  assert.equal(await page.locator(ROW).first().locator(hook('refund')).count(), 0, 'nothing is left to refund');
});

test('a payment is authorized, then captured', async () => {
  await open('/two-steps');
  await payWith('authorize', '4242424242424242');
  assert.equal((await flash()).kind, 'notice');
  assert.equal((await payments())[0].state, 'authorized');
  await open('/two-steps');
  await picture(page, 'two-steps');
  await submitting(() => page.locator(hook('capture')).first().click());
  assert.equal((await flash()).kind, 'notice');
  const [payment] = await payments();
  assert.equal(payment.state, 'paid');
  assert.match(payment.text, /\$48/);
});

test('a declined card is told clearly and pays nothing', async () => {
  const moneyMoved = (list) => list.filter(({ state }) => state !== 'failed').length;
  const earlier = moneyMoved(await payments());
  await open('/');
  await payWith('buy-notebook', '4000000000000002');
  const said = await flash();
  assert.equal(said.kind, 'alert');
  assert.match(said.text, /declined/i);
  await picture(page, 'declined');
  assert.equal(moneyMoved(await payments()), earlier);
});

test('a wrong number is caught in the popup, and the page stays', async () => {
  await open('/');
  await page.locator(hook('buy-notebook')).click();
  await enterCard(page, { number: '4242424242424241' });
  const popup = popupOf(page);
  await popup.getByRole('alert').waitFor();
  assert.equal(await popup.getByRole('alert').innerText(), 'Your card number is invalid.');
  await page.keyboard.press('Escape');
  await page.locator('iframe[name="stripe_checkout_app"]').waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).pathname, '/');
});

test('the events of it all arrive', async () => {
  const wanted = ['charge.succeeded', 'charge.refunded', 'charge.captured', 'charge.failed'];
  await open('/events');
  await eventually(`${wanted.join(', ')}, all completed`, async () => {
    const rows = await page.locator(hook('event-row')).allInnerTexts();
    return wanted.every((name) => rows.some((row) => row.includes(name) && /completed/i.test(row)));
  });
  await picture(page, 'events');
});

test('the list of events renews itself', async () => {
  await open('/events');
  const row = page.locator(hook('event-row')).first();
  const newest = await row.getAttribute('data-key');
  const body = JSON.stringify({ data: { amount: 900, currency: 'usd', source: 'tok_visa' } });
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${process.env.API_TOKEN}` };
  const answer = await fetch(`${base}/api/request_types/create_payment`, { method: 'POST', headers, body });
  assert.equal(answer.status, 200);
  await eventually('a new event at the top', async () => await row.getAttribute('data-key') !== newest);
});

test('a card is saved and pays again', async () => {
  await open('/customer');
  await page.locator(hook('save-card')).click();
  const email = `${'a-long-name-'.repeat(5)}@a-long-domain-of-somebody.example.com`;
  await submitting(() => enterCard(page, { number: '4242424242424242', email }));
  assert.equal((await flash()).kind, 'notice');
  await open('/customer');
  const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(width <= 0, `a long address makes the page ${width} pixels too wide`);
  assert.match(await page.locator(hook('saved-card')).first().innerText(), /4242/);
  await picture(page, 'customer');
  await submitting(() => page.locator(hook('pay-saved')).first().click());
  assert.equal((await flash()).kind, 'notice');
  assert.equal((await payments())[0].state, 'paid');
});

test('an account is opened and paid', async () => {
  await open('/connect');
  await submitting(() => page.locator(hook('create-account')).click());
  assert.equal((await flash()).kind, 'notice');
  await open('/connect');
  await submitting(() => page.locator(hook('add-funds')).click());
  assert.equal((await flash()).kind, 'notice');
  await open('/connect');
  await submitting(() => page.locator(hook('transfer')).first().click());
  assert.equal((await flash()).kind, 'notice', 'the transfer went through');
  await open('/connect');
  await picture(page, 'connect');
  assert.match(await page.locator(hook('transfer-row')).first().innerText(), /\$25/);
});

test('every page fits a phone', async () => {
  const phone = await visitor(browser, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  for (const path of ['/', '/two-steps', '/customer', '/payments', '/connect', '/events']) {
    await phone.goto(`${base}${path}`);
    const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${path} is ${overflow} pixels too wide`);
    await picture(phone, `phone${path.replace('/', '-')}`);
  }
  assert.deepEqual(phone.faults, []);
  await phone.context().close();
});

test('no script complained', () => assert.deepEqual(page.faults, []));
