// Webhooks signed by the official Node SDK are accepted; changed, old and foreign ones are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import Stripe from "stripe";

const base = process.env.SLUICEGATE_URL;
const secret = process.env.WEBHOOK_SECRET;
const stripe = new Stripe("sk_test_outsider", { telemetry: false });
let count = 0;

function event(fields = {}) {
  count += 1;
  return JSON.stringify({
    id: `evt_node_${process.pid}_${count}`, object: "event", type: "charge.refunded", livemode: false,
    created: Math.floor(Date.now() / 1000), data: { object: { id: "ch_unknown", object: "charge" } },
    note: "äöü € <&>", ...fields,
  }, null, 2);
}

function sign(payload, options = {}) {
  return stripe.webhooks.generateTestHeaderString({ payload, secret, ...options });
}

async function deliver(payload, header) {
  const headers = { "Content-Type": "application/json; charset=utf-8" };
  if (header !== undefined) headers["Stripe-Signature"] = header;
  const answer = await fetch(`${base}/webhooks/listen`, { method: "POST", headers, body: payload });
  return answer.status;
}

test("a signed event is accepted, and again as a duplicate", async () => {
  const payload = event();
  assert.equal(await deliver(payload, sign(payload)), 200);
  assert.equal(await deliver(payload, sign(payload)), 200);
});

test("an event nobody processes is stored and answered 200", async () => {
  const payload = event({ type: "radar.early_fraud_warning.created" });
  assert.equal(await deliver(payload, sign(payload)), 200);
});

test("a wrong secret is refused", async () => {
  const payload = event();
  assert.equal(await deliver(payload, sign(payload, { secret: "whsec_somebody_elses" })), 400);
});

test("a timestamp older than 300 seconds is refused", async () => {
  const payload = event();
  const timestamp = Math.floor(Date.now() / 1000) - 400;
  assert.equal(await deliver(payload, sign(payload, { timestamp })), 400);
});

test("a changed byte is refused", async () => {
  const payload = event();
  assert.equal(await deliver(payload.replace("ch_unknown", "ch_unknowm"), sign(payload)), 400);
});

test("a missing signature is refused", async () => {
  assert.equal(await deliver(event(), undefined), 400);
});

test("two v1, one of them ours, are accepted, as while a secret is rolled", async () => {
  const payload = event();
  const [time, v1] = sign(payload).split(",");
  const other = `v1=${"0".repeat(64)}`;
  assert.equal(await deliver(payload, `${time},${other},${v1}`), 200);
});
