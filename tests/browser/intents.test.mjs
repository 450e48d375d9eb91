// Payments of today in a browser: the Payment Element with 3-D Secure, setup, and hosted Checkout, each on a
// desk and on a phone. SANDBOX_URL names a stripe-sandbox; else BASE_URL is a `sluicegate serve` with one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { picture, start, visitor } from './chromium.mjs';

const SIZES = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };
let browser;
let sandbox;
let server;
let shop;

const PAGE = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Shop</title>
  <style>body { max-width: 460px; margin: 40px auto; padding: 0 16px; font: 16px system-ui } button { padding: 12px 24px }</style>
  <main><h1>A shop</h1><form id="form"><div id="element"></div><button>Pay</button><p id="said" role="status"></p></form></main>`;

function script({ secret, mode, returns, appearance }) {
  const verb = mode === 'setup' ? 'confirmSetup' : 'confirmPayment';
  return `<script src="${sandbox}/js.stripe.com/v3/"></script><script>
    const stripe = Stripe('pk_test_browser_intents');
    const elements = stripe.elements({ clientSecret: '${secret}', appearance: ${JSON.stringify(appearance ?? {})} });
    const element = elements.create('payment');
    window.told = [];
    element.on('ready', () => told.push('ready'));
    element.on('change', ({ complete, value }) => told.push([complete, value.type]));
    element.mount('#element');
    form.onsubmit = async (event) => {
      event.preventDefault();
      const confirmParams = { return_url: '${shop}/thanks' };
      const result = await stripe.${verb}({ elements, confirmParams, redirect: '${returns}' });
      window.result = result;
      said.textContent = result.error ? result.error.message : (result.paymentIntent ?? result.setupIntent).status;
    };</script>`;
}

let current = {};

/** The official loader, as the host serves scripts: with Stripe's address moved to the sandbox. */
async function loader(response) {
  const text = await readFile(new URL('./node_modules/@stripe/stripe-js/dist/index.mjs', import.meta.url), 'utf8');
  response.setHeader('content-type', 'text/javascript');
  response.end(text.replaceAll("'https://js.stripe.com'", `'${sandbox}/js.stripe.com'`));
}

function answer(request, response) {
  if (request.url === '/stripe-js.mjs') {
    loader(response);
    return;
  }
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('content-security-policy', `default-src 'self'; script-src 'self' 'unsafe-inline' ${sandbox}; style-src 'self' 'unsafe-inline'; frame-src ${sandbox}; connect-src ${sandbox}; object-src 'none'`);
  if (request.url.startsWith('/pay')) response.end(PAGE + script(current));
  else if (request.url.startsWith('/embedded')) {
    response.end(`${PAGE}<script src="${sandbox}/js.stripe.com/v3/"></script><script>
      Stripe('pk_test_browser_intents').initEmbeddedCheckout({ clientSecret: '${current.secret}' }).then((checkout) => checkout.mount('#element'));</script>`);
  } else response.end('<!doctype html><html lang="en"><title>Thanks</title><h1>Thank you</h1>');
}

before(async () => {
  sandbox = process.env.SANDBOX_URL ?? (await (await fetch(`${process.env.BASE_URL}/healthz`)).json()).stripe;
  server = http.createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => { server.on('listening', resolve); });
  shop = `http://127.0.0.1:${server.address().port}`;
  browser = await start();
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** A call with the secret key. */
async function api(method, path, params) {
  const body = params && new URLSearchParams(params);
  const answered = await fetch(`${sandbox}/v1/${path}`, {
    method, body, headers: { authorization: 'Bearer sk_test_browser_intents', 'stripe-version': '2026-08-26.dahlia' },
  });
  const object = await answered.json();
  assert.equal(answered.status, 200, JSON.stringify(object));
  return object;
}

const intent = (currency = 'usd') => api('POST', 'payment_intents', { amount: 2500, currency, 'automatic_payment_methods[enabled]': true });

const element = (page) => page.frameLocator('#element iframe');

async function typeCard(page, number) {
  const frame = element(page);
  const entries = { cardnumber: number, 'exp-date': '1234', cvc: '123', postal: '94103' };
  for (const [name, text] of Object.entries(entries)) await frame.locator(`[name="${name}"]`).fill(text);
}

async function shopPage(size, given) {
  current = { returns: 'if_required', ...given };
  const page = await visitor(browser, { viewport: SIZES[size] });
  await page.goto(`${shop}/pay`);
  await page.waitForFunction(() => window.told?.includes('ready'));
  return page;
}

const said = (page) => page.locator('#said');

async function leave(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

for (const size of Object.keys(SIZES)) {
  test(`the Payment Element pays, on a ${size}`, async () => {
    const { client_secret: secret, id } = await intent();
    const page = await shopPage(size, { secret });
    await page.getByRole('button', { name: 'Pay' }).click();
    await said(page).getByText('Your card number is incomplete.').waitFor();
    await typeCard(page, '4000 0000 0000 0002');
    await picture(page, `intents-element-${size}`);
    await page.getByRole('button', { name: 'Pay' }).click();
    await said(page).getByText('Your card was declined.').waitFor();
    assert.equal((await page.evaluate(() => window.result.error.payment_intent.status)), 'requires_payment_method');
    await typeCard(page, '4242 4242 4242 4242');
    await page.getByRole('button', { name: 'Pay' }).click();
    await said(page).getByText('succeeded').waitFor();
    assert.equal((await api('GET', `payment_intents/${id}`)).amount_received, 2500);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= SIZES[size].width, `${width}`);
    await leave(page);
  });

  test(`3-D Secure in a modal is completed and fails, on a ${size}`, async () => {
    for (const [button, words] of [['Complete authentication', 'succeeded'], ['Fail authentication', 'We are unable to authenticate your payment method.']]) {
      const { client_secret: secret } = await intent();
      const page = await shopPage(size, { secret });
      await typeCard(page, '4000 0027 6000 3184');
      await page.getByRole('button', { name: 'Pay' }).click();
      const modal = page.frameLocator('iframe[name="stripe-challenge-frame"]');
      await modal.getByRole('button', { name: button }).waitFor();
      await picture(page, `intents-3ds-${size}`);
      await modal.getByRole('button', { name: button }).click();
      await said(page).getByText(words).waitFor();
      assert.equal(await page.locator('[role="dialog"]').count(), 0);
      await leave(page);
    }
  });

  test(`hosted Checkout is paid and canceled, on a ${size}`, async () => {
    const session = await api('POST', 'checkout/sessions', {
      mode: 'payment', success_url: `${shop}/thanks?s={CHECKOUT_SESSION_ID}`, cancel_url: `${shop}/cart`,
      'line_items[0][price_data][currency]': 'usd', 'line_items[0][price_data][unit_amount]': 1850,
      'line_items[0][price_data][product_data][name]': 'Weir mug', 'line_items[0][quantity]': 2,
    });
    const page = await visitor(browser, { viewport: SIZES[size], javaScriptEnabled: false });
    await page.goto(session.url);
    await picture(page, `intents-checkout-${size}`);
    await page.getByRole('link', { name: 'Back to the shop' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    await page.goto(session.url);
    await page.getByLabel('Email').fill('ann@example.com');
    await page.getByLabel('Card number').fill('4000 0000 0000 9995');
    await page.getByLabel('Expiration date').fill('12 / 34');
    await page.getByLabel('Security code').fill('123');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Your card has insufficient funds.').waitFor();
    await picture(page, `intents-checkout-declined-${size}`);
    await page.getByLabel('Card number').fill('4000 0027 6000 3184');
    await page.getByLabel('Security code').fill('123');
    await page.getByRole('button', { name: 'Pay $37.00' }).click();
    await page.getByRole('button', { name: 'Complete authentication' }).click();
    await page.waitForURL(`${shop}/thanks?s=${session.id}`);
    const paid = await api('GET', `checkout/sessions/${session.id}`);
    assert.equal(paid.payment_status, 'paid');
    await leave(page);
  });
}

test('a method is set up, and the page returns to the shop', async () => {
  const { client_secret: secret, id } = await api('POST', 'setup_intents', { 'automatic_payment_methods[enabled]': true });
  const page = await shopPage('desk', { secret, mode: 'setup', returns: 'always', appearance: { theme: 'night', variables: { borderRadius: '2px' } } });
  await typeCard(page, '4242 4242 4242 4242');
  await page.getByRole('button', { name: 'Pay' }).click();
  await page.waitForURL(/thanks\?setup_intent=seti_.*redirect_status=succeeded/);
  assert.equal((await api('GET', `setup_intents/${id}`)).status, 'succeeded');
  await leave(page);
});

test('tabs show the methods of the intent, and a redirect is authorized', async () => {
  const { client_secret: secret, id } = await intent('eur');
  const page = await shopPage('phone', { secret });
  const frame = element(page);
  await frame.getByRole('radio', { name: 'iDEAL' }).check();
  await picture(page, 'intents-tabs-phone');
  await page.getByRole('button', { name: 'Pay' }).click();
  await page.getByRole('button', { name: 'Authorize test payment' }).click();
  await page.waitForURL(/thanks\?payment_intent=pi_.*redirect_status=succeeded/);
  assert.equal((await api('GET', `payment_intents/${id}`)).status, 'succeeded');
  await leave(page);
});

test('Checkout inside the page', async () => {
  const session = await api('POST', 'checkout/sessions', {
    mode: 'payment', ui_mode: 'embedded_page', return_url: `${shop}/thanks?s={CHECKOUT_SESSION_ID}`,
    'line_items[0][price_data][currency]': 'usd', 'line_items[0][price_data][unit_amount]': 900,
    'line_items[0][price_data][product_data][name]': 'Tea',
  });
  current = { secret: session.client_secret };
  const page = await visitor(browser);
  await page.goto(`${shop}/embedded`);
  const frame = element(page);
  await frame.getByLabel('Email').fill('ann@example.com');
  await frame.getByLabel('Card number').fill('4242424242424242');
  await frame.getByLabel('Expiration date').fill('12/34');
  await frame.getByLabel('Security code').fill('123');
  await frame.getByRole('button', { name: 'Pay $9.00' }).click();
  await page.waitForURL(`${shop}/thanks?s=${session.id}`);
  await leave(page);
});

test('loadStripe of @stripe/stripe-js finds the release that it asks for', async () => {
  const page = await visitor(browser);
  await page.goto(`${shop}/thanks`);
  const found = await page.evaluate(async () => {
    const { loadStripe } = await import('/stripe-js.mjs');
    const stripe = await loadStripe('pk_test_browser_intents');
    const methods = ['confirmPayment', 'handleNextAction', 'createConfirmationToken', 'initEmbeddedCheckout', 'confirmIdealPayment'];
    return { version: window.Stripe.version, missing: methods.filter((name) => typeof stripe[name] !== 'function') };
  });
  assert.deepEqual(found, { version: 'endive', missing: [] });
  await leave(page);
});

test('a server pays with a confirmation token, and the page handles what is asked for', async () => {
  const { client_secret: secret } = await intent();
  const page = await shopPage('desk', { secret });
  await typeCard(page, '4000 0027 6000 3184');
  const token = await page.evaluate(() => stripe.createConfirmationToken({ elements, params: { return_url: 'https://shop.example/' } }));
  assert.match(token.confirmationToken.id, /^ctoken_/);
  const paid = await api('POST', 'payment_intents', {
    amount: 700, currency: 'usd', confirm: true, confirmation_token: token.confirmationToken.id, use_stripe_sdk: true, 'automatic_payment_methods[enabled]': true,
  });
  assert.equal(paid.status, 'requires_action');
  const handled = page.evaluate((clientSecret) => stripe.handleNextAction({ clientSecret }), paid.client_secret);
  await page.frameLocator('iframe[name="stripe-challenge-frame"]').getByRole('button', { name: 'Complete authentication' }).click();
  assert.equal((await handled).paymentIntent.status, 'succeeded');
  const declined = await page.evaluate((clientSecret) => stripe.confirmCardPayment(clientSecret, { payment_method: 'pm_card_chargeDeclined' }), secret);
  assert.equal(declined.error.payment_intent.status, 'requires_payment_method');
  const ended = await page.evaluate((clientSecret) => stripe.confirmCardPayment(clientSecret, { payment_method: 'pm_card_visa' }), secret);
  assert.equal(ended.paymentIntent.status, 'succeeded');
  const wallets = await page.evaluate(() => new Promise((resolve) => {
    stripe.elements({ mode: 'payment', amount: 100, currency: 'usd' }).create('expressCheckout').on('ready', resolve).mount('#said');
  }));
  assert.equal(wallets.availablePaymentMethods, undefined);
  await leave(page);
});
