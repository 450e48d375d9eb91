// The same runtime against stripe-stateful-mock, a third-party Stripe double.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

const require = createRequire(import.meta.url);
const binary = process.env.SLUICEGATE_BIN;
const root = process.env.SLUICEGATE_ROOT;
let server;
let double;

before(async () => {
  // The double logs every request to standard output, which the test runner parses.
  process.env.LOG_LEVEL = "silent";
  const app = require("stripe-stateful-mock").createExpressApp();
  server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  double = `http://127.0.0.1:${server.address().port}`;
});

after(() => server.close());

async function call(name, data, key) {
  const args = ["call", name, "--json", "--root", root, "--stripe", double, "--data", JSON.stringify(data)];
  if (key) args.push("--idempotency-key", key);
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => { out += chunk; });
  child.stderr.on("data", (chunk) => { err += chunk; });
  await once(child, "close");
  try {
    return JSON.parse(out);
  } catch {
    throw new Error(`${name} printed no JSON: ${out}${err}`);
  }
}

async function fromDouble(path) {
  const answer = await fetch(`${double}${path}`, { headers: { Authorization: "Bearer sk_test_sluicegate_sandbox" } });
  return answer.json();
}

test("a customer", async () => {
  const outcome = await call("create_customer", { email: "ada@example.com", source: "tok_visa" });
  assert.equal(outcome.state, "completed", JSON.stringify(outcome));
  const customer = await fromDouble(`/v1/customers/${outcome.gateway.id}`);
  assert.equal(customer.email, "ada@example.com");
});

test("a payment, its repeat, and a refund", async () => {
  const key = `payment-${process.pid}`;
  const data = { amount: 2000, currency: "usd", source: "tok_visa", description: "Outsider" };
  const first = await call("create_payment", data, key);
  assert.equal(first.state, "completed", JSON.stringify(first));
  assert.equal(first.record.properties.amount_cents, 2000);
  assert.equal(first.record.properties.state, "paid");
  const again = await call("create_payment", data, key);
  assert.equal(again.replayed, true);
  assert.equal(again.gateway.id, first.gateway.id);
  const other = await call("create_payment", { ...data, amount: 2001 }, key);
  assert.equal(other.state, "conflict");
  const refund = await call("create_refund", { charge: first.gateway.id, amount: 500 });
  assert.equal(refund.state, "completed", JSON.stringify(refund));
  const charge = await fromDouble(`/v1/charges/${first.gateway.id}`);
  assert.equal(charge.amount_refunded, 500);
  const over = await call("create_refund", { charge: first.gateway.id, amount: 5000 });
  assert.equal(over.state, "failed", "more than the rest is refused");
});

test("authorize, then capture", async () => {
  const held = await call("create_payment", { amount: 900, currency: "usd", source: "tok_visa", capture: false });
  assert.equal(held.record.properties.state, "authorized", JSON.stringify(held));
  const captured = await call("capture_payment", { gateway_id: held.gateway.id });
  assert.equal(captured.state, "completed", JSON.stringify(captured));
  assert.equal(captured.record.properties.state, "paid");
  assert.equal(captured.record.id, held.record.id);
});

test("declines are outcomes", async () => {
  for (const [source, code] of [["tok_chargeDeclined", "card_declined"], ["tok_chargeDeclinedExpiredCard", "expired_card"]]) {
    const outcome = await call("create_payment", { amount: 700, currency: "usd", source });
    assert.equal(outcome.state, "declined", JSON.stringify(outcome));
    assert.equal(outcome.errors[0].code, code);
    assert.equal(outcome.record, null);
  }
});
