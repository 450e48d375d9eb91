// A person's way through the demo shop in a real browser: buy, refund, two steps, a decline, the events.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Browser, eventually } from "./chromium.mjs";

const base = process.env.SLUICEGATE_URL;
const pictures = process.env.PICTURES;
let browser;
let page;

before(async () => {
  browser = await Browser.start(process.env.CHROMIUM);
  page = await browser.page();
});
after(() => browser.stop());

afterEach(async (context) => {
  if (pictures) await page.picture(join(pictures, `${context.name.replace(/\W+/g, "-")}.png`));
  assert.deepEqual(page.complaints.splice(0), [], "the page complains about nothing");
});

/** Presses a button that opens the card popup, and pays there. */
async function pay(button, number) {
  await page.click(`[data-test="${button}"]`);
  const popup = await page.frame("checkout.stripe.com");
  const needsEmail = await page.run("document.querySelector('[name=email]').offsetParent !== null", popup.context);
  if (needsEmail) await page.type("[name=email]", "ada@example.com", popup);
  await page.type("[name=cardnumber]", number, popup);
  await page.type("[name='exp-date']", "1240", popup);
  await page.type("[name=cvc]", "123", popup);
  await page.click(".Submit", popup);
}

/** The message after what was just done. */
async function told(kind, words) {
  const text = await eventually(`told ${words}`, async () => {
    const shown = await page.text(`[data-test="flash"][data-kind="${kind}"]`);
    return words.test(shown) && shown;
  });
  return text;
}

const states = () => page.run("[...document.querySelectorAll('[data-test=payment-state]')].map((one) => one.innerText)");

test("a person buys with 4242 and sees the payment", async () => {
  await page.open(`${base}/`);
  await pay("buy-mug", "4242424242424242");
  await told("notice", /thank you/i);
  assert.match(await page.run("location.pathname"), /\/payments$/);
  assert.match(await page.text("[data-test=payment-row]"), /\$16\.50/);
  assert.match((await states())[0], /paid/i);
});

test("and gives it back", async () => {
  await page.open(`${base}/payments`);
  await page.click("[data-test=refund]");
  await told("notice", /refunded/i);
  assert.match((await states())[0], /refunded/i);
});

test("authorizes another and captures it", async () => {
  await page.open(`${base}/two-steps`);
  await pay("authorize", "4242424242424242");
  await told("notice", /promised/i);
  assert.match((await states())[0], /authorized/i);
  await page.click("[data-test=capture]");
  await told("notice", /captured/i);
  await page.open(`${base}/payments`);
  assert.match((await states())[0], /paid/i);
});

test("is told clearly that a card is declined", async () => {
  await page.open(`${base}/`);
  await pay("buy-tote", "4000000000000002");
  await told("alert", /declined/i);
  await page.open(`${base}/payments`);
  assert.match((await states())[0], /failed/i);
});

test("saves a card and pays with it again", async () => {
  await page.open(`${base}/customer`);
  await pay("save-card", "5555555555554444");
  await told("notice", /saved/i);
  assert.match(await page.text("[data-test=saved-card]"), /4444/);
  await page.click("[data-test=pay-saved]");
  await told("notice", /thank you|received/i);
});

test("connects a maker and pays them", async () => {
  await page.open(`${base}/connect`);
  await page.click("[data-test=add-funds]");
  await told("notice", /available/i);
  await page.click("[data-test=create-account]");
  await told("notice", /account/i);
  await page.click("[data-test=transfer]");
  await told("notice", /transfer/i);
  assert.match(await page.text("[data-test=transfer-row]"), /\$25/);
});

test("sees the events of all that", async () => {
  await page.open(`${base}/events`);
  for (const name of ["charge.succeeded", "charge.refunded", "charge.captured", "charge.failed", "transfer.created"]) {
    await eventually(`${name} is listed as completed`, () => page.run(`[...document.querySelectorAll('[data-test=event-row]')]
      .some((row) => row.innerText.includes(${JSON.stringify(name)}) && /completed/i.test(row.innerText))`));
  }
});

test("the list of events renews itself", async () => {
  await page.open(`${base}/events`);
  const count = () => page.run("document.querySelectorAll('[data-test=event-row]').length");
  const before = await count();
  const data = { amount: 900, currency: "usd", source: "tok_visa" };
  const paid = await fetch(`${base}/api/request_types/create_payment`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ data }),
  });
  assert.equal(paid.status, 200);
  const isFull = before >= 30;
  await eventually("a new row appears", async () => isFull || await count() > before);
});
