// The sandbox's js.stripe.com/v3 and checkout.js in a page of another origin, with a content policy as
// strict as the shop's. BASE_URL is a `sluicegate serve`; its /healthz returns the sandbox's address.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { enterCard, picture, popupOf, start, visitor } from './chromium.mjs';

const KEY = 'pk_test_browser_scripts';
let browser;
let sandbox;
let server;
let shop;

const PAGES = {
  '/checkout': () => `<title>Shop</title><h1>A shop</h1><button id="pay">Pay</button> <a href="#">Elsewhere</a>
    <script src="${sandbox}/checkout.stripe.com/checkout.js"></script>
    <script>
      const told = [];
      const handler = StripeCheckout.configure({
        key: '${KEY}', locale: 'auto', name: 'Millrace', amount: '500', currency: 'usd', panelLabel: 'Pay {{amount}}', zipCode: true,
        token: (...given) => told.push(['token', ...given]), opened: () => told.push(['opened']), closed: () => told.push(['closed']),
      });
      pay.onclick = () => handler.open({ description: 'Weir mug' });
    </script>`,
  '/button': () => `<form action="/thanks" method="post"><script class="stripe-button" data-key="${KEY}" data-amount="999"
      data-currency="jpy" data-name="Millrace" data-email="me@example.com" data-billing-address="true"
      src="${sandbox}/checkout.stripe.com/checkout.js"></script></form>`,
  '/elements': () => `<style>.StripeElement { padding: 12px; border: 1px solid #ccc; margin: 8px }</style>
    <div id="card"></div><div id="number"></div><div id="expiry"></div><div id="cvc"></div>
    <script src="${sandbox}/js.stripe.com/v3/"></script>
    <script>
      const told = [];
      const stripe = Stripe('${KEY}');
      const card = stripe.elements().create('card', { style: { base: { color: 'rgb(18, 52, 86)' } } });
      card.on('ready', () => told.push('ready'));
      card.addEventListener('change', (event) => told.push(event));
      card.mount('#card');
      const parts = stripe.elements();
      parts.create('cardNumber').mount('#number');
      parts.create('cardExpiry').mount(document.getElementById('expiry'));
      parts.create('cardCvc').mount('#cvc');
    </script>`,
};

function answer(request, response) {
  const policy = `default-src 'self'; script-src 'self' 'unsafe-inline' ${sandbox}; style-src 'self' 'unsafe-inline'; `
    + `frame-src 'self' ${sandbox}; connect-src 'self' ${sandbox}; object-src 'none'; form-action 'self'`;
  response.setHeader('content-security-policy', policy);
  response.setHeader('referrer-policy', 'same-origin');
  if (request.method === 'POST') {
    response.setHeader('content-type', 'text/plain');
    request.pipe(response);
    return;
  }
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><meta name="viewport" content="width=device-width">${PAGES[request.url]?.() ?? 'Nothing here.'}`);
}

before(async () => {
  sandbox = (await (await fetch(`${process.env.BASE_URL}/healthz`)).json()).stripe;
  server = http.createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => { server.on('listening', resolve); });
  shop = `http://127.0.0.1:${server.address().port}`;
  browser = await start();
});
after(async () => {
  await browser?.close();
  server?.close();
});

async function at(path, options) {
  const page = await visitor(browser, options);
  await page.goto(`${shop}${path}`);
  return page;
}

const gone = (page) => page.locator('iframe[name="stripe_checkout_app"]').waitFor({ state: 'detached' });

/** Ends a page; nothing may have gone wrong in it. */
async function leave(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

test('checkout gives the page a token', async () => {
  const page = await at('/checkout');
  await page.click('#pay');
  await popupOf(page).getByRole('button', { name: 'Pay $5.00' }).waitFor();
  await picture(page, 'checkout');
  await enterCard(page, { number: '4242424242424242', email: 'me@example.com' });
  await gone(page);
  const told = await page.evaluate(() => told);
  assert.deepEqual(told.map(([name]) => name), ['opened', 'token', 'closed']);
  const [, token, args] = told[1];
  assert.match(token.id, /^tok_/);
  assert.equal(token.email, 'me@example.com');
  assert.equal(token.card.address_zip, '94103');
  assert.deepEqual(args, {});
  assert.equal(await page.evaluate(() => document.activeElement.id), 'pay', 'the focus goes back');
  await leave(page);
});

test('checkout is found by the selectors of older page objects', async () => {
  const page = await at('/checkout');
  await page.click('#pay');
  const popup = popupOf(page);
  await popup.locator('[type="email"]').fill('me@example.com');
  const number = popup.locator('.Fieldset-childLeftRight > .Textbox-inputRow > input[type=tel].Fieldset-input.Textbox-control');
  assert.equal(await number.count(), 1);
  await number.fill('4000000000000341');
  await popup.locator('.Fieldset-childLeft input').fill('1234');
  await popup.locator('.Fieldset-childRight input').fill('123');
  await popup.locator('.Fieldset-childLeftRight.Fieldset-childBottom input').fill('94103');
  await popup.locator('button[type=submit]').click();
  await gone(page);
  await leave(page);
});

test('checkout is worked by the keyboard alone', async () => {
  const page = await at('/checkout');
  await page.focus('#pay');
  await page.keyboard.press('Enter');
  await popupOf(page).locator('[name="email"]:focus').waitFor();
  await page.keyboard.type('me@example.com');
  await page.keyboard.press('Tab');
  await page.keyboard.type('4242424242424242123412394103', { delay: 5 });
  await page.keyboard.press('Enter');
  await gone(page);
  await page.keyboard.press('Enter');
  await popupOf(page).locator('[name="email"]:focus').waitFor();
  for (let press = 0; press < 25; press += 1) await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'stripe_checkout_app', 'the focus stays inside');
  await page.keyboard.press('Escape');
  await gone(page);
  assert.equal(await page.evaluate(() => told.at(-1)[0]), 'closed');
  await leave(page);
});

test('checkout shows what the API refuses, and lets the visitor go on', async () => {
  const page = await at('/checkout');
  await page.evaluate(() => handler.open({ key: 'pk_live_0123456789' }));
  const popup = popupOf(page);
  await popup.locator('[data-fill]').first().click();
  await popup.locator('button[type=submit]').click();
  await popup.getByRole('alert').waitFor();
  assert.match(await popup.getByRole('alert').innerText(), /live keys/);
  await picture(page, 'checkout-refused');
  assert.ok(await popup.locator('button[type=submit]').isEnabled());
  await popup.getByRole('button', { name: 'Close' }).click();
  await gone(page);
  await leave(page);
});

test('checkout hears nobody but its own popup', async () => {
  const page = await at('/checkout');
  await page.click('#pay');
  await popupOf(page).locator('[name="email"]').waitFor();
  await page.evaluate(() => {
    const forged = { sluicegate: 'checkout-1', type: 'token', data: { token: { id: 'tok_forged' }, args: {} } };
    window.postMessage(forged, '*');
    return new Promise((resolve) => { setTimeout(resolve, 200); });
  });
  assert.deepEqual(await page.evaluate(() => told.map(([name]) => name)), ['opened']);
  await leave(page);
});

test('checkout fits a phone', async () => {
  const page = await at('/checkout', { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true });
  await page.tap('#pay');
  const popup = popupOf(page);
  await popup.locator('[data-fill]').first().waitFor();
  const wide = await popup.locator('body').evaluate((body) => body.ownerDocument.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${wide} pixels too wide`);
  await picture(page, 'checkout-phone');
  await popup.locator('[data-fill]').first().tap();
  await popup.locator('button[type=submit]').tap();
  await gone(page);
  await leave(page);
});

test('the stripe-button sends its form with the token', async () => {
  const page = await at('/button');
  await page.click('.stripe-button-el');
  const popup = popupOf(page);
  await popup.getByRole('button', { name: 'Pay ¥999' }).waitFor();
  await popup.locator('[data-fill]').first().click();
  await picture(page, 'checkout-address');
  await popup.locator('button[type=submit]').click();
  await page.waitForURL('**/thanks');
  const sent = new URLSearchParams(await page.innerText('body'));
  assert.match(sent.get('stripeToken'), /^tok_/);
  assert.equal(sent.get('stripeTokenType'), 'card');
  assert.equal(sent.get('stripeEmail'), 'me@example.com');
  assert.equal(sent.get('stripeBillingAddressZip'), '94103');
  await leave(page);
});

const field = (page, number) => page.frameLocator(`iframe[name="__privateStripeFrame${number}"]`);

test('a card element tells what happens in it', async () => {
  const page = await at('/elements');
  const inside = field(page, 5);
  await inside.locator('[name="cardnumber"]').click();
  await page.keyboard.type('378282246310005', { delay: 5 });
  await inside.locator('[name="exp-date"]:focus').waitFor();
  await page.keyboard.type('0119');
  await page.waitForFunction(() => told.at(-1).error?.code === 'invalid_expiry_year_past');
  for (let press = 0; press < 4; press += 1) await page.keyboard.press('Backspace');
  await page.keyboard.type('1234123494103', { delay: 5 });
  await page.waitForFunction(() => told.at(-1).complete);
  const told = await page.evaluate(() => told);
  assert.equal(told[0], 'ready');
  const whole = { elementType: 'card', empty: false, complete: true, error: undefined, brand: 'amex', value: { postalCode: '94103' } };
  assert.deepEqual(told.at(-1), whole);
  const classes = await page.evaluate(() => [...document.querySelector('#card').classList].sort());
  assert.deepEqual(classes, ['StripeElement', 'StripeElement--complete', 'StripeElement--focus']);
  assert.equal(await inside.locator('[name="cvc"]').evaluate((input) => getComputedStyle(input).color), 'rgb(18, 52, 86)');
  await picture(page, 'elements');
  const { token } = await page.evaluate(() => stripe.createToken(card, { name: 'Jane' }));
  assert.deepEqual([token.card.brand, token.card.name, token.card.address_zip], ['American Express', 'Jane', '94103']);
  const made = await page.evaluate(() => Promise.all([
    stripe.createPaymentMethod({ type: 'card', card, billing_details: { name: 'Jane' } }),
    stripe.createPaymentMethod('card', card, { billing_details: { name: 'Jane' } }),
  ]));
  for (const { paymentMethod } of made) {
    assert.equal(paymentMethod.card.last4, '0005');
    assert.equal(paymentMethod.billing_details.name, 'Jane');
    assert.equal(paymentMethod.billing_details.address.postal_code, '94103');
  }
  await leave(page);
});

test('an unfinished card is refused before any call', async () => {
  const page = await at('/elements');
  await field(page, 5).locator('[name="cardnumber"]').fill('4242424242424241');
  const { error } = await page.evaluate(() => stripe.createToken(card));
  assert.deepEqual(error, { type: 'validation_error', code: 'invalid_number', message: 'Your card number is invalid.' });
  await page.evaluate(() => card.clear());
  await page.waitForFunction(() => told.at(-1).empty);
  await leave(page);
});

test('a card in three parts becomes one token', async () => {
  const page = await at('/elements');
  await field(page, 6).locator('[name="cardnumber"]').fill('4000000000000002');
  await field(page, 7).locator('[name="exp-date"]').fill('1/40');
  const number = () => page.evaluate(() => stripe.createToken(parts.getElement('cardNumber')));
  assert.equal((await number()).error.code, 'incomplete_cvc');
  await field(page, 8).locator('[name="cvc"]').fill('999');
  const { token } = await number();
  assert.deepEqual([token.card.last4, token.card.exp_month, token.card.exp_year], ['0002', 1, 2040]);
  await leave(page);
});

test('an element comes, goes and ends', async () => {
  const page = await at('/elements');
  await page.waitForFunction(() => told[0] === 'ready');
  const names = await page.evaluate(async () => {
    const nameOf = () => document.querySelector('#card iframe')?.name;
    const first = nameOf();
    card.unmount();
    const none = nameOf();
    const { error } = await stripe.createToken(card);
    card.mount('#card');
    const second = nameOf();
    card.destroy();
    let ended = '';
    try { card.mount('#card'); } catch (fault) { ended = fault.message; }
    return { first, none, error: error.type, second, ended };
  });
  assert.match(names.ended, /already been destroyed/);
  delete names.ended;
  assert.deepEqual(names, { first: '__privateStripeFrame5', none: undefined, error: 'invalid_request_error', second: '__privateStripeFrame9' });
  await leave(page);
});

test('tokens of other things, uploads, and what the sandbox refuses', async () => {
  const page = await at('/elements');
  const bank = { country: 'US', currency: 'usd', account_number: '000123456789', routing_number: '110000000', account_holder_name: 'Jane', account_holder_type: 'individual' };
  const asked = [
    ['bank_account', bank, /^btok_/], ['account', { business_type: 'individual', individual: { first_name: 'Jane' }, tos_shown_and_accepted: true }, /^ct_/],
    ['person', { person: { first_name: 'Jane' } }, /^cpt_/], ['pii', { personal_id_number: '000000000' }, /^pii_/],
  ];
  for (const [kind, data, id] of asked) {
    const { token } = await page.evaluate(([kind, data]) => stripe.createToken(kind, data), [kind, data]);
    assert.match(token.id, id);
  }
  const uploaded = await page.evaluate(async () => {
    const body = new FormData();
    body.append('purpose', 'identity_document');
    body.append('file', new Blob(['x'], { type: 'image/png' }), 'passport.png');
    const headers = { Authorization: `Bearer ${stripe._apiKey}` };
    return (await fetch('https://uploads.stripe.com/v1/files', { method: 'POST', headers, body })).json();
  });
  assert.match(uploaded.id, /^file_/);
  const refused = await page.evaluate(async () => [
    await new Stripe(stripe._apiKey, { stripeAccount: 'acct_unknown' }).createToken('pii', { id_number: '1' }),
    await stripe.confirmCardPayment('pi_1_secret_2', { payment_method: 'pm_card_visa' }),
    await stripe.createToken('bank_account', {}),
  ]);
  assert.equal(refused[0].error.code, 'account_invalid');
  assert.ok(refused.every(({ error }) => error.message), 'an error, never a throw');
  await leave(page);
});
